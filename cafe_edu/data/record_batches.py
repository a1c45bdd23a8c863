"""Batches of a database's records: what a Data layer reads."""

import numpy as np

from cafe_edu.data.chance import BATCH, START, generator
from cafe_edu.data.datum import datum_to_array
from cafe_edu.data.prefetch import checked_state
from cafe_edu.errors import DataError, noting


class RecordBatches:
    """The next N records of a database, again and again from the first; a source for `Prefetcher`.

    Parameters
    ----------
    reader : what `cafe_edu.data.databases.open_database` returns
    batch_size : int
    transformer : Transformer
    seed : int
        Of all chance here (see `cafe_edu.data.chance`).
    color : bool, optional
        For encoded records: True forces three channels, False one.
    rand_skip : int, default=0
        Begin at a random one of the first so many records.
    dtype : dtype, default=float32

    Examples
    --------
    >>> from cafe_edu.data import databases, datasets, transformer
    >>> from cafe_edu.proto.caffe_pb2 import TransformationParameter
    >>> reader = databases.open_database(datasets.lmdb("digits", "test"), "LMDB")
    >>> plain = transformer.Transformer(TransformationParameter(), "TEST", None)
    >>> batches = RecordBatches(reader, 4, plain, seed=0)
    >>> x, labels = batches.read()
    >>> x.shape, labels
    ((4, 1, 28, 28), array([2., 4., 7., 8.], dtype=float32))
    >>> batches.state()
    {'key': '00000004', 'batch': 1, 'seed': 0}
    >>> batches.close()
    """

    def __init__(self, reader, batch_size, transformer, seed, color=None, rand_skip=0, dtype=np.float32):
        self.reader, self.batch_size, self.transformer = reader, batch_size, transformer
        self.seed, self.color, self.dtype = seed, color, dtype
        self.batch = 0
        if rand_skip:
            reader.skip(int(generator(seed, START).integers(rand_skip)))

    rank, ranks = 0, 1  # of those that share the records out (see `Prefetcher.shard`)

    def shapes(self):
        here = self.reader.key()
        try:
            self.reader.skip(self.rank)
            key, datum = self.reader.peek()
        finally:
            self.reader.seek(here)
        with noting(self._place(key)):
            item = self.transformer.shape(datum_to_array(datum, self.color).shape)
        return [(self.batch_size, *item), (self.batch_size,)]

    def read(self):
        self.transformer.rng = generator(self.seed, BATCH, self.batch, self.rank)
        keys, items, labels = [], [], []
        for _ in range(self.batch_size):
            self.reader.skip(self.rank)
            key, datum = self.reader.next()
            self.reader.skip(self.ranks - 1 - self.rank)  # so all ranks stand at the same record between two items
            keys.append(key)
            labels.append(datum.label)
            try:
                items.append(datum_to_array(datum, self.color))
            except DataError as error:
                error.add_note(self._place(key))
                raise
        x = self._transformed(keys, items)
        self.batch += 1
        return [x, np.array(labels, self.dtype)]

    def _transformed(self, keys, items):
        """The batch (N, C, h, w); at once, if all items are treated alike, which keeps Python's lock for less long."""
        if self.transformer.alike and len({(item.shape, item.dtype) for item in items}) == 1:
            with noting(self._place(keys[0])):
                return self.transformer.together(np.stack(items), self.dtype)
        x = None
        for n, (key, item) in enumerate(zip(keys, items, strict=True)):
            with noting(self._place(key)):
                if x is None:
                    x = np.empty((self.batch_size, *self.transformer.shape(item.shape)), self.dtype)
                self.transformer(item, out=x[n])
        return x

    def state(self):
        return {"key": self.reader.key().decode("latin-1"), "batch": self.batch, "seed": self.seed}

    def restore(self, state):
        state = checked_state(state, self.state(), "a Data layer")
        self.reader.seek(state["key"].encode("latin-1", "replace"))
        self.batch, self.seed = state["batch"], state["seed"]

    def close(self):
        self.reader.close()

    def _place(self, key):
        return f"in record {key.decode(errors='replace')!r} of {self.reader.path}"
