"""Batches of image files that a list names: what an ImageData layer reads."""

import numpy as np

from cafe_edu import files
from cafe_edu.data.chance import BATCH, START, generator, order
from cafe_edu.data.images import load_image
from cafe_edu.data.prefetch import checked_state
from cafe_edu.errors import DataError, noting


class ImageBatches:
    """The next N images of a list, again and again from its beginning; a source for `Prefetcher`.

    Parameters
    ----------
    images : list of (name, label)
        What `cafe_edu.data.image_list.read_image_list` returns.
    batch_size : int
    transformer : Transformer
    seed : int
        Of all chance here (see `cafe_edu.data.chance`).
    root : str
        Put before each name as it is: it wants its slash.
    folder : Path, optional
        Where names are looked for, after the current folder.
    color : bool
        Read three channels (blue, green, red), or one.
    size : (H, W), optional
        What each image is resized to.
    shuffle : bool
        Another order for each time through the list.
    rand_skip : int, default=0
        Begin at a random one of the first so many images.
    dtype : dtype, default=float32

    Raises
    ------
    DataError
        Later, if an image is missing, damaged or of another size than its batch's first one; with its name.
    """

    def __init__(
        self, images, batch_size, transformer, seed, *, root="", folder=None, color=True, size=None,
        shuffle=False, rand_skip=0, dtype=np.float32,
    ):  # fmt: skip
        self.images, self.batch_size, self.transformer = images, batch_size, transformer
        self.root, self.folder, self.color, self.size = root, folder, color, size
        self.shuffle, self.dtype = shuffle, dtype
        skip = int(generator(seed, START).integers(rand_skip)) if rand_skip else 0
        if skip >= len(images):
            raise DataError(f"expected a `rand_skip` of at most the list's {len(images)} images, found {rand_skip}")
        self._go_to(0, skip, 0, seed)

    rank, ranks = 0, 1  # of those that share the images out (see `Prefetcher.shard`)

    def shapes(self):
        here = self.state()
        try:
            self._move_on(self.rank)
            x, path, _ = self._item()
        finally:
            if self.rank:
                self._go_to(**here)
        with noting(f"in {path}"):
            item = self.transformer.shape(x.shape)
        return [(self.batch_size, *item), (self.batch_size,)]

    def read(self):
        self.transformer.rng = generator(self.seed, BATCH, self.batch, self.rank)
        x, labels = None, np.empty(self.batch_size, self.dtype)
        for n in range(self.batch_size):
            self._move_on(self.rank)
            item, path, labels[n] = self._item()
            with noting(f"in {path}"):
                if x is None:
                    x = np.empty((self.batch_size, *self.transformer.shape(item.shape)), self.dtype)
                self.transformer(item, out=x[n])
            self._move_on(self.ranks - self.rank)  # so all ranks stand at the same image between two items
        self.batch += 1
        return [x, labels]

    def state(self):
        return {"epoch": self.epoch, "position": self.position, "batch": self.batch, "seed": self.seed}

    def restore(self, state):
        state = checked_state(state, self.state(), "an ImageData layer")
        if state["position"] >= len(self.images):
            raise DataError(f"expected a position in a list of {len(self.images)} images, found {state['position']}")
        self._go_to(**state)

    def close(self):
        """Nothing stays open between two images."""

    def _go_to(self, epoch, position, batch, seed):
        self.epoch, self.position, self.batch, self.seed = epoch, position, batch, seed
        self._order = order(len(self.images), seed, epoch, self.shuffle)

    def _move_on(self, count):
        for _ in range(count):
            self.position += 1
            if self.position == len(self.images):
                self._go_to(self.epoch + 1, 0, self.batch, self.seed)

    def _item(self):
        """The image at this position (C, H, W), its path and its label."""
        name, label = self.images[self._order[self.position]]
        path = files.find(self.root + name, self.folder)
        return load_image(path, self.color, self.size), path, label
