"""Data: images and labels from a database, batch after batch."""

from cafe_edu.data.chance import seed_from
from cafe_edu.data.databases import open_database
from cafe_edu.data.datasets import resolve_source
from cafe_edu.data.prefetch import Prefetcher
from cafe_edu.data.record_batches import RecordBatches
from cafe_edu.data.transformer import Transformer, refuse_old_fields
from cafe_edu.data_layer import DataLayer
from cafe_edu.layer import register


@register("Data")
class Data(DataLayer):
    r"""Read the next N items of a database, and begin again after the last.

    .. math:: y_n = s \, (x_{i + n} - m)

    with the scale s, mean m, crop and mirror of ``transform_param`` (see `Transformer`). A thread makes the next
    batches while the net computes (see `Prefetcher`).

    Options (``data_param``)
    ------------------------
    source : str
        The folder of the database, or a known set's such as ``digits/digits_train_lmdb``
        (see `cafe_edu.data.datasets.resolve_source`).
    batch_size : int
        N, how many items at a time.
    backend : LEVELDB or LMDB, default=LEVELDB
        The kind of database. LevelDB needs the package plyvel.
    prefetch : int, default=4
        How many batches are made ahead of time; 0 makes each when it is needed.
    force_encoded_color : bool, default=false
        Read encoded images in colour, like ``force_color`` in ``transform_param``.
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
    num_top = (1, 2)

    def setup(self, bottom):
        refuse_old_fields(self.options)
        batch_size, source = self.required("batch_size"), self.required("source")
        transformer = Transformer(self.spec.transform_param, self.phase, self.rng, self.folder)
        backend = self.options.DB.Name(self.options.backend)
        records = RecordBatches(
            open_database(resolve_source(source, self.folder), backend),
            batch_size,
            transformer,
            seed_from(self.rng),
            color=True if self.options.force_encoded_color else transformer.color,
            rand_skip=self.options.rand_skip,
            dtype=self.dtype,
        )
        self.batches = Prefetcher(records, self.options.prefetch)
