"""Convert an image set: a list of image files and labels becomes a database."""

import collections
import concurrent.futures
import io
import itertools
import logging
import os
import pathlib

import numpy as np

from cafe_edu.data.databases import database_writer
from cafe_edu.data.datum import array_to_datum
from cafe_edu.data.image_list import read_image_list
from cafe_edu.data.images import load_image, read_bytes
from cafe_edu.errors import DataError, SpecError
from cafe_edu.proto.caffe_pb2 import Datum

log = logging.getLogger("cafe_edu")

CHUNK = 32  # images that a thread takes at a time: with fewer, handing over costs more than reading


def convert_imageset(
    root, listfile, database, *, gray=False, shuffle=False, backend="lmdb", resize_height=0, resize_width=0,
    check_size=False, encoded=False, encode_type="", seed=None, progress=False,
):  # fmt: skip
    """Read the images of a list and write them, with their labels, to a new database.

    The key of a record is its number in the list (after shuffling), in eight digits, ``_``, and its name. An image
    that cannot be read is logged and left out, as in Caffe; its number stays unused.

    Parameters
    ----------
    root : str
        What stands before each name of the list. The two are joined as they are, so a folder needs its slash.
    listfile : path
        Lines ``NAME LABEL``; the last blank divides them, so a name may hold blanks.
    database : path
        The folder to make. It must not exist; it appears whole or not at all.
    gray : bool
        One channel instead of three.
    shuffle : bool
        Change the order of the list by chance.
    backend : "lmdb" or "leveldb"
    resize_height, resize_width : int
        The size all images get; 0 and 0 leave them as they are.
    check_size : bool
        Insist that all images hold as many numbers as the first.
    encoded : bool
        Keep image files instead of pixels.
    encode_type : str
        Their kind, ``png`` or ``jpg``; by default that of each file. Files of this kind are kept byte for byte where
        nothing else is asked of them.
    seed : int, optional
        Of the shuffling.
    progress : bool
        Show a progress bar.

    Returns
    -------
    dict
        images (written), left_out (names of files that could not be read), database (path).

    Raises
    ------
    DataError
        If the list is missing or damaged, the database is there already, no image can be read, or sizes differ.

    References
    ----------
    Caffe: ``tools/convert_imageset.cpp``, ``ReadImageToDatum`` in ``src/caffe/util/io.cpp``.
    """
    if (resize_height > 0) != (resize_width > 0) or min(resize_height, resize_width) < 0:
        raise SpecError(
            f"expected resize_height and resize_width, or neither, found {resize_height} and {resize_width}"
        )
    if encode_type and not encoded:
        log.info("encode_type specified, assuming encoded=true.")
        encoded = True
    lines = read_image_list(listfile)
    if shuffle:
        log.info("Shuffling data")
        np.random.default_rng(seed).shuffle(lines)
    log.info("A total of %d images.", len(lines))

    def read(numbered):
        return [_datum(i, f"{root}{name}", label, settings) for i, (name, label) in numbered]

    settings = gray, (resize_height, resize_width), encoded, encode_type.lower().lstrip(".")
    numbered = enumerate(lines)
    chunks = iter(lambda: list(itertools.islice(numbered, CHUNK)), [])
    found = (datum for some in _in_order(read, chunks) for datum in some)
    if progress:
        from tqdm.auto import tqdm

        found = tqdm(found, desc=f"writing {pathlib.Path(database).name}", total=len(lines), unit=" images")
    left_out, count, size = [], 0, None
    with database_writer(database, backend) as put:
        for (name, _), datum in zip(lines, found, strict=True):
            if isinstance(datum, DataError):
                log.error("%s", datum.one_line())
                left_out.append(name)
                continue
            if check_size:
                size = size or len(datum.data)
                if len(datum.data) != size:
                    raise DataError(f"{root}{name}: expected {size} bytes as in the first image, found "
                                    f"{len(datum.data)}; resize_height and resize_width make them equal")  # fmt: skip
            put(b"%08d_%s" % (count + len(left_out), name.encode()), datum.SerializeToString())
            count += 1
            if count % 1000 == 0:
                log.info("Processed %d files.", count)
        if not count:
            raise DataError(f"{database}: nothing to write: none of {len(lines)} images could be read: "
                            f"the first is {root}{left_out[0]} (does the root folder end in a slash?)")  # fmt: skip
    if count % 1000:
        log.info("Processed %d files.", count)
    return {"images": count, "left_out": left_out, "database": str(database)}


def _datum(number, path, label, settings):
    """One image as a Datum; or the DataError that says why not."""
    gray, size, encoded, kind = settings
    size = size if any(size) else None
    try:
        if not encoded:
            datum = array_to_datum(load_image(path, not gray, size), label)
            datum.encoded = False  # Caffe says so in so many bytes
            return datum
        content, ending = read_bytes(path), pathlib.Path(path).suffix.lower().lstrip(".")
        pixels = load_image(path, not gray, size)  # also a file that is kept as it is must be an image
        kind = kind or ending
        same = kind == ending or (kind == "jpg" and ending == "jpeg")
        if not same or size or gray:
            content = _encode(pixels, kind, path)
        return Datum(data=content, label=label, encoded=True)
    except DataError as error:
        return error


def _encode(pixels, kind, path):
    """The bytes of an image file of a kind (png, jpg, ...)."""
    from PIL import Image

    known = Image.registered_extensions()
    if f".{kind}" not in known:
        raise SpecError(f"{path}: expected encode_type png, jpg or another kind that pillow writes, found {kind!r}")
    rgb = np.ascontiguousarray(pixels[::-1].transpose(1, 2, 0))
    image, file = Image.fromarray(rgb[:, :, 0] if len(pixels) == 1 else rgb), io.BytesIO()
    image.save(file, known[f".{kind}"], **({"quality": 95} if kind in ("jpg", "jpeg") else {}))
    return file.getvalue()


def _in_order(function, items):
    """Yield function(item) of each item in their order; as many threads as there are cores work ahead."""
    workers = os.cpu_count() or 1
    waiting = collections.deque()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
