"""Extract features: what a trained net makes of its data, written to databases."""

import contextlib
import logging

import numpy as np

from cafe_edu.data.databases import database_writer
from cafe_edu.device import to_numpy
from cafe_edu.errors import NetError, SpecError
from cafe_edu.net import Net
from cafe_edu.proto.caffe_pb2 import Datum

log = logging.getLogger("cafe_edu")


def extract_features(weights, model, blobs, databases, batches, backend="lmdb", device="cpu", progress=False):
    """Run a net forward and keep some of its blobs, item by item.

    The items of each blob become Datums of floats in a database of its own, their keys counted with ten digits. All
    databases appear at the end, whole.

    Parameters
    ----------
    weights, model : path
        A .caffemodel, and the prototxt of a net with data layers of its own; its TEST phase is run.
    blobs : sequence of str
        Names of the blobs to keep.
    databases : sequence of path
        One for each; none of them may exist.
    batches : int
        How many batches to run.
    backend : "lmdb" or "leveldb"
    device : {"cpu", "gpu"}
    progress : bool
        Show a progress bar.

    Returns
    -------
    dict of blob name -> int
        Items written.

    Raises
    ------
    CafeError
        For whatever is missing or does not fit, by name.

    References
    ----------
    Caffe: ``tools/extract_features.cpp``.
    """
    if len(blobs) != len(databases):
        raise SpecError(f"expected one database for each blob, found {len(blobs)} blobs and {len(databases)} databases")
    if batches < 1:
        raise SpecError(f"expected 1 batch or more, found {batches}")
    net = Net(model, "TEST", weights=weights, device=device)
    for name in blobs:
        if name not in net.blobs:
            raise NetError(f"no blob {name!r} in net {net.name!r}; there are {', '.join(net.blobs)}")
    log.info("Extracting Features")
    rounds = range(batches)
    if progress:
        from tqdm.auto import tqdm

        rounds = tqdm(rounds, desc="extracting", unit=" batches")
    counts = dict.fromkeys(blobs, 0)
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(database_writer(path, backend)) for path in databases]
        for _ in rounds:
            net.forward()
            for name, put in zip(blobs, writers, strict=True):
                for item in _items(to_numpy(net.blobs[name].data), name):
                    put(b"%010d" % counts[name], _datum(item).SerializeToString())
                    counts[name] += 1
                    if counts[name] % 1000 == 0:
                        log.info("Extracted features of %d query images for feature blob %s", counts[name], name)
    for name, count in counts.items():
        if count % 1000:
            log.info("Extracted features of %d query images for feature blob %s", count, name)
    log.info("Successfully extracted the features!")
    return counts


def _items(x, name):
    """The items of a blob, each (C, H, W); Caffe counts the axes that are not there as 1."""
    if not 1 <= x.ndim <= 4:
        raise NetError(f"expected a blob of 1 to 4 axes, whose items a Datum can hold, found {name!r} {x.shape}")
    return x.reshape(len(x), *x.shape[1:], *(1,) * (4 - x.ndim))


def _datum(item):
    channels, height, width = item.shape
    datum = Datum(channels=channels, height=height, width=width)
    datum.float_data.extend(np.asarray(item, np.float32).ravel().tolist())
    return datum
