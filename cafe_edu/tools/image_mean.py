"""The mean image of a database, to be taken away from each image before a net sees it."""

import logging

import numpy as np

from cafe_edu.data.databases import open_database
from cafe_edu.data.datum import datum_to_array
from cafe_edu.errors import DataError
from cafe_edu.files import replacing
from cafe_edu.proto.caffe_pb2 import BlobProto

log = logging.getLogger("cafe_edu")


def compute_image_mean(database, backend="lmdb", progress=False):
    r"""Return the mean of all items of a database.

    .. math:: m = \frac{1}{N} \sum_n x_n

    The sum is taken in float64, so it is right for any number of images; Caffe's float32 sum begins to round after
    some 65,000. `write_mean` writes the result for a ``mean_file``.

    Parameters
    ----------
    database : path
    backend : "lmdb" or "leveldb"
    progress : bool
        Show a progress bar.

    Returns
    -------
    float32 array (C, H, W)

    Raises
    ------
    DataError
        If the database is missing or damaged, or its items differ in shape.

    References
    ----------
    Caffe: ``tools/compute_image_mean.cpp``.
    """
    with open_database(database, backend) as reader:
        log.info("Starting iteration")
        records = reader
        if progress:
            from tqdm.auto import tqdm

            records = tqdm(reader, desc="adding images", total=len(reader), unit=" images")
        total, count = None, 0
        for key, datum in records:
            x = datum_to_array(datum)
            if total is None:
                total = np.zeros(x.shape)
            if x.shape != total.shape:
                raise DataError(f"{database}, record {key.decode(errors='replace')!r}: expected the first item's shape "
                                f"{total.shape}, found {x.shape}")  # fmt: skip
            total += x
            count += 1
            if count % 10000 == 0:
                log.info("Processed %d files.", count)
    if count % 10000:
        log.info("Processed %d files.", count)
    return total.astype(np.float32) / np.float32(count)


def write_mean(path, mean):
    """Write a mean image (C, H, W) as a .binaryproto, byte for byte as Caffe's tool does: with the old four axes."""
    channels, height, width = mean.shape
    blob = BlobProto(num=1, channels=channels, height=height, width=width, data=mean.ravel())
    with replacing(path) as new:
        new.write_bytes(blob.SerializeToString())
