"""Windows files: images, and boxes in them with what they show; R-CNN's format."""

import dataclasses

from cafe_edu.data.image_list import read_text
from cafe_edu.errors import DataError


@dataclasses.dataclass(frozen=True)
class Window:
    """One box in one image.

    Attributes
    ----------
    image : str
        The image's name.
    label : int
        The class of the object that the box overlaps most.
    overlap : float
        Intersection over union with that object's own box, 0 to 1.
    box : (x1, y1, x2, y2)
        The first and the last column and row, both inside.
    """

    image: str
    label: int
    overlap: float
    box: tuple


def read_windows(path):
    """Return the windows of a windows file, in the file's order.

    For each image there are the lines ``# NUMBER``, the image's name, its channels, height and width, the number of
    its windows, and for each window ``class overlap x1 y1 x2 y2``. As in Caffe, height and width are read and not
    used. Each image must have 3 channels: Caffe reads all of them in colour, and with another number here writes
    beyond the end of its batch.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    list of Window

    Raises
    ------
    DataError
        If the file is missing or a line is none of these; with the line's number.

    References
    ----------
    Caffe: ``src/caffe/layers/window_data_layer.cpp``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "windows.txt"
    >>> _ = path.write_text('''# 0
    ... cat.jpg
    ... 3
    ... 360
    ... 480
    ... 1
    ... 7 0.8 10 20 109 219
    ... ''')
    >>> read_windows(path)
    [Window(image='cat.jpg', label=7, overlap=0.8, box=(10, 20, 109, 219))]
    """
    lines = _Lines(path)
    found = []
    while not lines.at_end():
        lines.numbers("`# ` and the image's number", int, mark="#")
        image = lines.next("an image's name")
        (channels,) = lines.numbers("the image's channels", int)
        if channels != 3:
            lines.refuse("3, the channels of a colour image", str(channels))
        lines.numbers("the image's height", int)
        lines.numbers("the image's width", int)
        (count,) = lines.numbers("how many windows follow", int)
        for _ in range(count):
            label, overlap, *box = lines.numbers("class overlap x1 y1 x2 y2", int, float, int, int, int, int)
            found.append(Window(image, label, overlap, tuple(box)))
    if not found:
        raise DataError(f"{path}: expected images with windows, found none")
    return found


class _Lines:
    """The lines of a file that hold anything, and where one is in them."""

    def __init__(self, path):
        self.path = path
        lines = enumerate(read_text(path, "a windows file").split("\n"), 1)
        self.lines = [(number, line.strip()) for number, line in lines if line.strip()]
        self.at = 0

    def at_end(self):
        return self.at == len(self.lines)

    def next(self, expected):
        if self.at_end():
            raise DataError(f"{self.path}: expected {expected}, found the end of the file")
        self.at += 1
        return self.lines[self.at - 1][1]

    def numbers(self, expected, *kinds, mark=None):
        """Return the numbers of the next line, one of each kind, after ``mark``."""
        line = self.next(expected)
        words = line.replace("#", "# ", 1).split() if mark else line.split()
        if mark and words.pop(0) != mark:
            self.refuse(expected, line)
        try:
            found = [kind(word) for kind, word in zip(kinds, words, strict=True)]
        except ValueError:
            self.refuse(expected, line)
        if not all(-(2**31) < number < 2**31 for number in found):  # nan is none of these
            self.refuse(expected, line)
        return found

    def refuse(self, expected, found):
        number = self.lines[self.at - 1][0]
        raise DataError(f"{self.path}, line {number}: expected {expected}, found {found!r}")
