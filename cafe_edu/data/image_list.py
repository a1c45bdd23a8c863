"""Image lists: a text file with an image's name and its label on each line."""

import pathlib

from cafe_edu.errors import DataError


def read_image_list(path):
    """Return the (name, label) pairs of an image list.

    A line is ``name label``, parted at its last space, so a name may hold spaces. Lines without anything are passed
    over. Caffe reads a label that is no number as 0; here it is an error.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    list of (str, int)

    Raises
    ------
    DataError
        If the file is missing, empty or no text, or a line is none of these; with the line's number.

    References
    ----------
    Caffe: ``src/caffe/layers/image_data_layer.cpp``, ``tools/convert_imageset.cpp``.

    Examples
    --------
    >>> import tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "list.txt"
    >>> _ = path.write_text("cat.jpg 0" + chr(10) + "my dog.jpg 1")
    >>> read_image_list(path)
    [('cat.jpg', 0), ('my dog.jpg', 1)]
    """
    found = []
    for number, line in enumerate(read_text(path, "a list of images").split("\n"), 1):
        name, space, label = line.rstrip().rpartition(" ")
        if line.strip() == "":
            continue
        try:
            label = int(label)
        except ValueError:
            space = ""
        if not space or not name.strip() or not -(2**31) <= label < 2**31:
            raise DataError(f"{path}, line {number}: expected an image's name, a space and its label, found {line!r}")
        found.append((name, label))
    if not found:
        raise DataError(f"{path}: expected a list of images, one to a line, found an empty file")
    return found


def read_text(path, what):
    """Return a text file whole; ``what`` says in an error what it should have been."""
    try:
        return pathlib.Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: expected {what}, found a file that is no text (UTF-8)") from None
    except (OSError, ValueError) as error:  # ValueError: a name that holds a zero byte
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
