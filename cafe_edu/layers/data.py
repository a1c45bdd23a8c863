"""Data: images and labels from a database, batch after batch."""

import numpy as np

from cafe_edu.data.datasets import resolve_source
from cafe_edu.data.datum import datum_to_array
from cafe_edu.data.lmdb_db import LmdbReader
from cafe_edu.data.transformer import Transformer
from cafe_edu.errors import DataError, SpecError
from cafe_edu.layer import Layer, register


@register("Data")
class Data(Layer):
    r"""Read the next N items of an LMDB, and begin again after the last.

    .. math:: y_n = s \, (x_{i + n} - m)

    with the scale s, mean m, crop and mirror of ``transform_param`` (see `Transformer`).

    Options (``data_param``)
    ------------------------
    source : str
        The folder of the database, or a known set's such as ``digits/digits_train_lmdb``
        (see `cafe_edu.data.datasets.resolve_source`).
    batch_size : int
        N, how many items at a time.
    backend : LEVELDB or LMDB, default=LEVELDB
        The kind of database. Only LMDB is read so far.
    rand_skip : int, default=0
        Begin at a random one of the first ``rand_skip`` items.

    Shapes
    ------
    top[0] : items, (N, C, H, W); C, H and W are those of the batch's first item, after cropping
    top[1] : labels, (N,), if it is named

    References
    ----------
    Caffe: ``src/caffe/layers/data_layer.cpp``. Lesson: day 6.
    """

    options_field = "data_param"
    num_bottom = 0
    num_top = (1, 2)

    def setup(self, bottom):
        for field in ("scale", "mean_file", "crop_size", "mirror"):
            if self.options.HasField(field):
                raise SpecError(f"`{field}` in `data_param` is Caffe's old way: move it to `transform_param`")
        if self.options.backend != self.options.LMDB:
            raise SpecError(
                "expected `backend: LMDB` in `data_param`, found LEVELDB (which is also what none means): "
                "only LMDB is read so far"
            )
        self.batch_size = self.required("batch_size")
        self.transformer = Transformer(self.spec.transform_param, self.phase, self.rng, self.folder)
        self.reader = LmdbReader(resolve_source(self.required("source"), self.folder))
        if self.options.rand_skip:
            self.reader.skip(self.rng.integers(self.options.rand_skip))

    def top_shapes(self, bottom_shapes):
        item = self._unpack(*self.reader.peek())
        shapes = [(self.batch_size, *self.transformer.shape(item.shape)), (self.batch_size,)]
        return shapes[: len(self.spec.top)]

    def forward(self, bottom, top):
        on_cpu = self.xp is np
        y = top[0].data if on_cpu else np.empty(top[0].shape, self.dtype)
        labels = np.empty(self.batch_size, self.dtype)
        for n in range(self.batch_size):
            key, datum = self.reader.next()
            item = self._unpack(key, datum)
            try:
                self.transformer(item, out=y[n])
            except DataError as error:
                error.add_note(self._place(key))
                raise
            labels[n] = datum.label
        if not on_cpu:
            top[0].data = y
        if len(top) == 2:
            top[1].data = labels

    def backward(self, top, propagate_down, bottom):
        pass  # nothing lies below

    def state(self):
        """Which record comes next; for a training that is resumed exactly."""
        return {"key": self.reader.key.hex()}

    def restore(self, state):
        self.reader.seek(bytes.fromhex(state["key"]))

    def _unpack(self, key, datum):
        """The pixels of a record, (C, H, W)."""
        try:
            return datum_to_array(datum, True if self.options.force_encoded_color else self.transformer.color)
        except DataError as error:
            error.add_note(self._place(key))
            raise

    def _place(self, key):
        return f"in record {key.decode(errors='replace')!r} of {self.reader.path}"
