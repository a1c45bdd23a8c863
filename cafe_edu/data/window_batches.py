"""Batches of windows drawn at random, some with objects and some without: what a WindowData layer reads."""

import numpy as np

from cafe_edu import files
from cafe_edu.data.chance import BATCH, generator
from cafe_edu.data.images import decode_image, load_image, read_bytes
from cafe_edu.data.prefetch import checked_state
from cafe_edu.data.window_crop import crop_window
from cafe_edu.errors import DataError, noting


class WindowBatches:
    r"""N windows at a time, drawn at random with repetition; a source for `Prefetcher`.

    First come :math:`N - \lfloor f N \rfloor` background windows, labelled 0, then :math:`\lfloor f N \rfloor`
    foreground windows, with f the share ``fg_fraction``. Foreground is what overlaps an object by ``fg_threshold`` at
    least, background what stays below ``bg_threshold``; what lies between is never drawn.

    .. math:: y = s \, (x - m)

    with the mean m and the scale s; where a window reaches beyond its image, y is 0.

    Parameters
    ----------
    windows : list of Window
        What `cafe_edu.data.windows_file.read_windows` returns.
    batch_size : int
    options : WindowDataParameter
        ``fg_threshold``, ``bg_threshold``, ``fg_fraction``, ``context_pad``, ``crop_mode``, ``cache_images``,
        ``root_folder``.
    crop_size : int
        Height and width of a window once it is warped.
    seed : int
        Of all chance here (see `cafe_edu.data.chance`).
    scale : float, default=1
    mean : array (C, crop_size, crop_size) or (C, 1, 1) or (1, 1, 1), default=0
    mirror : bool
        Mirror half of the windows.
    folder : Path, optional
        Where images are looked for, after the current folder.
    dtype : dtype, default=float32

    Raises
    ------
    DataError
        If there is no window of a kind that a batch needs, or a foreground window has label 0. Later, if an image is
        missing or damaged, or a window lies outside it.
    """

    def __init__(
        self, windows, batch_size, options, crop_size, seed, *, scale=1, mean=0, mirror=False, folder=None,
        dtype=np.float32,
    ):  # fmt: skip
        self.batch_size, self.options, self.crop_size, self.seed = batch_size, options, crop_size, seed
        self.scale, self.mean, self.mirror = np.float32(scale), mean, mirror
        self.folder, self.dtype = folder, dtype
        self.batch = 0
        self._files = {}  # of cache_images: image name -> what its file holds
        below = min(options.fg_threshold, options.bg_threshold)  # float32, and so the overlaps must be
        self.foreground = [window for window in windows if np.float32(window.overlap) >= options.fg_threshold]
        self.background = [window for window in windows if np.float32(window.overlap) < below]
        self._check()

    def _check(self):
        for window in self.foreground:
            if window.label < 1:
                raise DataError(
                    f"expected a label of 1 or more for a window that shows an object (overlap {window.overlap:g}), "
                    f"found {window.label}: {window.box} of {window.image}"
                )
        self.objects = int(np.float32(self.batch_size) * np.float32(self.options.fg_fraction))
        if not 0 <= self.objects <= self.batch_size:
            raise DataError(f"expected an `fg_fraction` from 0 to 1, found {self.options.fg_fraction:g}")
        if self.objects and not self.foreground:
            raise DataError(f"expected windows that overlap an object by {self.options.fg_threshold:g}, found none")
        if self.objects < self.batch_size and not self.background:
            least = min(self.options.fg_threshold, self.options.bg_threshold)
            raise DataError(f"expected windows that overlap objects by less than {least:g}, found none")

    rank, ranks = 0, 1  # of those, each of which draws windows of its own (see `Prefetcher.shard`)

    def shapes(self):
        return [(self.batch_size, 3, self.crop_size, self.crop_size), (self.batch_size,)]

    def read(self):
        chance = generator(self.seed, BATCH, self.batch, self.rank)
        x, labels = (np.zeros(shape, self.dtype) for shape in self.shapes())
        for n in range(self.batch_size):
            is_object = n >= self.batch_size - self.objects
            windows = self.foreground if is_object else self.background
            window = windows[chance.integers(len(windows))]
            mirrored = bool(self.mirror and chance.integers(2))
            self._write(window, mirrored, x[n])
            labels[n] = window.label if is_object else 0
        self.batch += 1
        return [x, labels]

    def state(self):
        return {"batch": self.batch, "seed": self.seed}

    def restore(self, state):
        state = checked_state(state, self.state(), "a WindowData layer")
        self.batch, self.seed = state["batch"], state["seed"]

    def close(self):
        """Nothing stays open between two images."""

    def _write(self, window, mirrored, y):
        o = self.options
        square = o.crop_mode == "square"
        image = self._image(window.image)
        with noting(f"in {window.image}"):
            x, left, top = crop_window(image, window.box, self.crop_size, o.context_pad, square, mirrored)
        _, h, w = x.shape
        place = slice(None), slice(top, top + h), slice(left, left + w)
        y[place] = (x - np.broadcast_to(np.float32(self.mean), y.shape)[place]) * self.scale

    def _image(self, name):
        path = files.find(self.options.root_folder + name, self.folder)
        if not self.options.cache_images:
            return load_image(path)
        if name not in self._files:
            self._files[name] = read_bytes(path)
        with noting(f"in {path}"):
            return decode_image(self._files[name], color=True)
