"""Batches of rows of HDF5 files: what an HDF5Data layer reads."""

import numpy as np

from cafe_edu.data.chance import order
from cafe_edu.data.hdf5_list import read_hdf5
from cafe_edu.data.prefetch import checked_state
from cafe_edu.errors import DataError


class Hdf5Batches:
    """The next N rows of HDF5 files, file after file, again and again; one file at a time is in memory.

    Parameters
    ----------
    paths : list of Path
        What `cafe_edu.data.hdf5_list.read_hdf5_list` returns.
    names : sequence of str
        The datasets.
    batch_size : int
    seed : int
        Of all chance here (see `cafe_edu.data.chance`).
    shuffle : bool
        Another order of the files for each time through them, and of the rows for each time through a file.
    dtype : dtype, default=float32

    Raises
    ------
    DataError
        If the first file is damaged or does not fit. Later, the same of another file, or if its items have another
        shape than the first file's.
    """

    def __init__(self, paths, names, batch_size, seed, shuffle=False, dtype=np.float32):
        self.paths, self.names, self.batch_size = paths, names, batch_size
        self.shuffle, self.dtype = shuffle, dtype
        self._path = self._arrays = None  # the file in memory
        self._shapes = None
        self._go_to(0, 0, 0, seed)

    rank, ranks = 0, 1  # of those that share the rows out (see `Prefetcher.shard`)

    def shapes(self):
        return [(self.batch_size, *shape) for shape in self._shapes]

    def read(self):
        batch = [np.empty(shape, self.dtype) for shape in self.shapes()]
        for n in range(self.batch_size):
            self._move_on(self.rank)
            row = self._rows[self.row]
            for array, rows in zip(batch, self._arrays, strict=True):
                array[n] = rows[row]
            self._move_on(self.ranks - self.rank)  # so all ranks stand at the same row between two items
        return batch

    def state(self):
        return {"epoch": self.epoch, "file": self.file, "row": self.row, "seed": self.seed}

    def restore(self, state):
        state = checked_state(state, self.state(), "an HDF5Data layer")
        if state["file"] >= len(self.paths):
            raise DataError(f"expected a place in a list of {len(self.paths)} files, found file {state['file']}")
        self._go_to(**state)

    def close(self):
        """No file stays open between two reads."""

    def _move_on(self, count):
        """To a later row, or file or epoch."""
        for _ in range(count):
            if self.row + 1 < len(self._rows):
                self.row += 1
            elif self.file + 1 < len(self.paths):
                self._go_to(self.epoch, self.file + 1, 0, self.seed)
            else:
                self._go_to(self.epoch + 1, 0, 0, self.seed)

    def _go_to(self, epoch, file, row, seed):
        path = self.paths[order(len(self.paths), seed, epoch, self.shuffle)[file]]
        if path != self._path:
            arrays = read_hdf5(path, self.names)
            shapes = [array.shape[1:] for array in arrays]
            if self._shapes not in (None, shapes):
                raise DataError(f"{path}: expected items of shapes {self._shapes}, as before, found {shapes}")
            self._path, self._arrays, self._shapes = path, arrays, shapes
        if row >= len(self._arrays[0]):
            raise DataError(f"{path}: expected a place in {len(self._arrays[0])} items, found row {row}")
        self.epoch, self.file, self.row, self.seed = epoch, file, row, seed
        self._rows = order(len(self._arrays[0]), seed, epoch, self.shuffle, part=1 + file)
