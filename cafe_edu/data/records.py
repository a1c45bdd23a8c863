"""Records: images and labels made into what a database stores, each under a counted key."""

from cafe_edu.data.datum import array_to_datum
from cafe_edu.errors import DataError
from cafe_edu.proto.caffe_pb2 import Datum


def counted(pairs, path, progress=False):
    """Yield a (key, bytes) record for each pair; keys have eight digits, so that their order is the pairs' order.

    Parameters
    ----------
    pairs : iterable of (ndarray (C, H, W), int), or of Datum
    path : Path
        Where they go, for the progress bar and the error.
    progress : bool

    Raises
    ------
    DataError
        After the last one, if there was none.

    Examples
    --------
    >>> [(key, len(record)) for key, record in counted([Datum(label=5), Datum(label=6)], "db")]
    [(b'00000000', 2), (b'00000001', 2)]
    """
    if progress:
        from tqdm.auto import tqdm

        pairs = tqdm(pairs, desc=f"writing {path.name}", unit=" items")
    count = 0
    for pair in pairs:
        datum = pair if isinstance(pair, Datum) else array_to_datum(*pair)
        yield b"%08d" % count, datum.SerializeToString()
        count += 1
    if count == 0:
        raise DataError(f"{path}: nothing to write: expected at least one (array, label) pair, found none")
