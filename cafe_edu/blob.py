"""Blob: an N-dimensional array that flows through a net, and the gradient that flows back."""

import math

import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.errors import NetError, ShapeError

MOST = 2**31 - 1  #: numbers in a blob, as in Caffe


class Memory:
    """A flat array of ``capacity`` numbers, made (as zeros) when it is first asked for.

    Two blobs that share a ``Memory`` see the same numbers.
    """

    def __init__(self, capacity, dtype, xp, array=None):
        self.capacity, self.dtype, self.xp = capacity, np.dtype(dtype), xp
        self._array = array
        self.forgotten = False  # do the numbers count as zeros that nobody has written yet?
        self.passed_on = False  # does this memory serve another blob by now? (see `memory_plan`)
        self.copy = None  # the same numbers elsewhere, until somebody asks for these, as he may write

    def array(self):
        self.copy = None
        if self.passed_on:
            raise NetError('these numbers are gone: the net keeps its outputs only; make it with keep="all" to look')
        if self._array is None:
            self._array = self.xp.zeros(self.capacity, self.dtype)
        elif self.forgotten:
            self._array[...] = 0
        self.forgotten = False
        return self._array

    def to_overwrite(self):
        """The array, for one who writes all of it."""
        self.forgotten = False
        return self.array()

    def lie_in(self, place):
        """Stand in these bytes, until further notice of unknown contents."""
        self._array, self.passed_on = place.view(self.dtype), True

    @property
    def nbytes(self):
        """Bytes in use: 0 until the array is first asked for."""
        return 0 if self._array is None else self._array.nbytes


class Blob:
    """Numbers (``data``) and, beside them, the slope of the loss along each one (``diff``).

    Parameters
    ----------
    shape : sequence of int
        Any number of axes; ``()`` is a single number. Images are (N, C, H, W).
    dtype : dtype, default=float32
        float32 as in Caffe; float64 to check gradients.
    name : str
        Shown in errors and tables.
    xp : module, default=numpy
        numpy or cupy: where the numbers live.

    Examples
    --------
    >>> x = Blob((2, 3), name="x")
    >>> x.data = [[1, 2, 3], [4, 5, 6]]     # copies in; the shape must be equal
    >>> x.diff += 0.5                       # made on first use, as zeros
    >>> x.update()                          # data -= diff, one step downhill
    >>> x.data
    array([[0.5, 1.5, 2.5],
           [3.5, 4.5, 5.5]], dtype=float32)
    >>> x
    Blob 'x' (2, 3) float32

    References
    ----------
    Caffe: ``include/caffe/blob.hpp``. Lesson: day 8.
    """

    def __init__(self, shape=(), dtype=np.float32, name="", xp=np):
        self.dtype, self.name, self.xp = np.dtype(dtype), name, xp
        self._data = Memory(0, dtype, xp)
        self._diff = Memory(0, dtype, xp)
        self.reshape(*shape)

    def reshape(self, *shape):
        """Give the blob a new shape. Memory is kept while it is large enough, and made anew when not."""
        if not all(_is_length(n) for n in shape):
            raise ShapeError(
                f"expected whole axes of length 0 or more, as in reshape(2, 3), found {shape} for blob {self.name!r}"
            )
        count = math.prod(int(n) for n in shape)
        if count > MOST:
            raise ShapeError(f"expected at most {MOST} numbers, found {count}: {shape} for blob {self.name!r}")
        self.shape, self.count = tuple(int(n) for n in shape), count
        if self.count > self._data.capacity:
            self._data = Memory(self.count, self.dtype, self.xp)
        if self.count > self._diff.capacity:
            self._diff = Memory(self.count, self.dtype, self.xp)

    @property
    def data(self):
        """The numbers, an array of ``shape``. Assigning copies in and never broadcasts."""
        return self._data.array()[: self.count].reshape(self.shape)

    @data.setter
    def data(self, values):
        self._copy_in(self.data, values, "data")

    @property
    def diff(self):
        """The gradient of the loss with respect to ``data``, of the same shape; zeros at first."""
        return self._diff.array()[: self.count].reshape(self.shape)

    @diff.setter
    def diff(self, values):
        self._copy_in(self.diff, values, "diff")

    def take_data(self, values):
        """Use this array from now on, without a copy: it must be nobody else's.

        >>> x, values = Blob((3,)), np.float32([1, 2, 3])
        >>> x.take_data(values)
        >>> np.shares_memory(x.data, values)
        True
        """
        values = self.xp.asarray(values, self.dtype)
        if values.shape != self.shape:
            raise ShapeError(f"expected data of shape {self.shape} for blob {self.name!r}, found {values.shape}")
        self._data = Memory(self.count, self.dtype, self.xp, self.xp.ascontiguousarray(values).reshape(-1))

    def forget_diff(self):
        """Make the gradient zero; the zeros are written when somebody looks, which may be never."""
        self._diff.forgotten = self._diff.nbytes > 0

    def add_product(self, a, b, product=None):
        """Add the matrix product a @ b to the gradient, which is a matrix; in place of a forgotten one, write it.

        A large layer saves two passes through its memory by this, and an array of the weights' size. ``product`` is
        an engine's, by default this module's ``matmul``.

        >>> W = Blob((2, 2))
        >>> W.add_product(np.float32([[1], [2]]), np.float32([[3, 4]]))
        >>> W.diff
        array([[3., 4.],
               [6., 8.]], dtype=float32)
        """
        if self._diff.forgotten and self.count == self._diff.capacity:
            (product or self.xp.matmul)(a, b, out=self._diff.to_overwrite().reshape(self.shape))
        else:
            self.diff[...] += a @ b

    def lend_copy(self, copy):
        """Say that ``copy`` holds the same numbers, so that the next layer, in place, need not copy them too."""
        self._data.copy = copy

    def borrow_copy(self):
        """Return the array that was lent, to read; None if there is none or somebody has seen ``data`` since.

        >>> x, copy = Blob((2,)), np.zeros(2, np.float32)
        >>> x.lend_copy(copy)
        >>> x.borrow_copy() is copy
        True
        >>> x.data[0] = 1
        >>> x.borrow_copy() is None
        True
        """
        return self._data.copy

    def _copy_in(self, mine, values, what):
        values = self.xp.asarray(values)
        if values.shape != self.shape:
            raise ShapeError(f"expected {what} of shape {self.shape} for blob {self.name!r}, found {values.shape}")
        mine[...] = values

    def share_data(self, owner):
        """Use the numbers of ``owner`` from now on (same count, any shape)."""
        self._data = self._shared(owner, owner._data)

    def share_diff(self, owner):
        """Use the gradient of ``owner`` from now on (same count, any shape)."""
        self._diff = self._shared(owner, owner._diff)

    def share(self, owner):
        """Use both: two parameters become one."""
        self.share_data(owner)
        self.share_diff(owner)

    def shares_with(self, other):
        """Are these the same numbers under two names?"""
        return self._data is other._data

    def shares_diff_with(self, other):
        """Are their gradients the same numbers?"""
        return self._diff is other._diff

    def _shared(self, owner, memory):
        if owner.count != self.count:
            raise ShapeError(
                f"blob {self.name!r} {self.shape} cannot share with {owner.name!r} {owner.shape}: "
                f"{self.count} numbers against {owner.count}"
            )
        return memory

    def _legacy(self, axis):
        """Length of one of the four axes that every blob had before 2015; a missing one reads as 1."""
        if len(self.shape) > 4:
            raise ShapeError(f"num, channels, height, width are names of 4 axes; blob {self.name!r} is {self.shape}")
        return self.shape[axis] if axis < len(self.shape) else 1

    num = property(lambda self: self._legacy(0), doc="Caffe's old name of ``shape[0]``.")
    channels = property(lambda self: self._legacy(1), doc="Caffe's old name of ``shape[1]``.")
    height = property(lambda self: self._legacy(2), doc="Caffe's old name of ``shape[2]``.")
    width = property(lambda self: self._legacy(3), doc="Caffe's old name of ``shape[3]``.")

    def update(self):
        """Walk one step downhill: ``data -= diff``."""
        self.data[...] -= self.diff

    @property
    def nbytes(self):
        """Bytes held by data and diff; what was never used takes none."""
        return self._data.nbytes + self._diff.nbytes

    def __repr__(self):
        return f"Blob {self.name!r} {self.shape} {self.dtype}"

    def _repr_html_(self):
        from cafe_edu.summary import blob_html

        return blob_html(self)

    def __array__(self, dtype=None, copy=None):
        return np.array(to_numpy(self.data), dtype=dtype, copy=copy)


def _is_length(n):
    try:
        return n >= 0 and n == int(n)
    except (TypeError, ValueError, OverflowError):
        return False
