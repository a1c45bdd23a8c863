"""The fast engine for a CPU: compiled loops (``loops_cpu.py``), and BLAS in blocks that stay in the cache.

A batch is shared out among the threads of a crew, an equal part of the images each. Within a part, a convolution goes
block by block: the columns of a block are written (im2col), multiplied and read again before anything pushes them out
of the core's own cache. So the copying that im2col costs never reaches the memory.

Arrays are as in ``plain.py``, which computes what is not for images (other than two spatial axes).
"""

import math

import numpy as np

from cafe_edu.arrays.depthwise import pays
from cafe_edu.arrays.scratch import scratch
from cafe_edu.arrays.windows import Window
from cafe_edu.engines import loops_cpu, plain
from cafe_edu.engines.crew import alone, crew
from cafe_edu.engines.plain import *  # noqa: F403 (what stands not below is plain's)

BLOCK = 2**18  #: numbers in the columns of a block: 1 MB of float32
TWO_BY_TWO = Window.square(2, stride=2)
SMALL = 256  #: numbers in the largest output map that counts as small
FLAT = 2**15  #: numbers below which an elementwise loop is not shared out


def conv_forward(x, W, b, window, group, y):
    """Write ``y = W * x + b`` (``b`` may be None)."""
    if y.ndim != 4 or not y.size or pays(W, window, y.shape[2:], group):
        plain.conv_forward(x, W, b, window, group, y)
        return
    (N, O, OH, OW), WG = y.shape, W.reshape(group, len(W) // group, -1)
    K, b = WG.shape[2], np.zeros(O, y.dtype) if b is None else b
    blocks = _blocks(0, N, OH, OW, group * K)

    def work(part):
        for images, last, top, rows in blocks[part]:
            X = _arranged(x[images], last)
            m, n = len(X), _last(X, x)
            cols = _columns(X, n, window, OW, top, rows).reshape(m, group, K, -1)
            whole = rows == OH and not last
            Y = y[images] if whole else scratch("Y", (m, O, rows * OW * n), y)
            np.matmul(WG, cols, out=Y.reshape(m, group, O // group, -1))
            if last:
                loops_cpu.spread(Y.reshape(O, OH * OW, n), b, y[images].reshape(n, O, OH * OW))
            else:
                np.add(Y.reshape(m, O, rows, OW), b[:, None, None], out=y[images, :, top : top + rows])

    with alone():
        crew().share(work, len(blocks))


def conv_backward(x, W, dy, window, group, dW, db, dx):
    """Add to ``dW`` and ``db``, overwrite ``dx``; what is None is not wanted (without ``dW``, ``x`` is not read)."""
    if dy.ndim != 4 or not dy.size or pays(W, window, dy.shape[2:], group):
        plain.conv_backward(x, W, dy, window, group, dW, db, dx)
        return
    (N, O, OH, OW), WG = dy.shape, W.reshape(group, len(W) // group, -1)
    K, sums = WG.shape[2], []

    def work(part):
        dW_part, db_part = np.zeros((group, K, O // group), dy.dtype), np.zeros(O, dy.dtype)
        for images, last, top, rows in _blocks(part.start, part.stop, OH, OW, group * K):
            dY = _collected(dy[images], last, top, rows)
            m, n = len(dY), dY.shape[2] // (rows * OW)
            if db is not None:
                db_part += dY.sum(axis=(0, 2))
            dY = dY.reshape(m, group, O // group, -1)
            if dW is not None:
                cols = _columns(_arranged(x[images], last), n, window, OW, top, rows).reshape(m, group, K, -1)
                # (X dYᵀ)ᵀ for dY Xᵀ: the same numbers, and BLAS is faster where the larger matrix comes first
                dW_part += (cols @ dY.swapaxes(2, 3)).sum(axis=0)
            if dx is not None:
                at_once = _pointwise(window) and not last and rows == OH  # its columns are dx
                dX = dx[images] if at_once else scratch("cols", (m, group * K, rows, OW * n), dy)
                np.matmul(WG.swapaxes(1, 2), dY, out=dX.reshape(m, group, K, -1))
                if not at_once:
                    _back(dX, n, window, top, dx[images], last)
        sums.append((part.start, dW_part, db_part))

    with alone():
        crew().share(work, N)
    for _, dW_part, db_part in sorted(sums, key=lambda one: one[0]):  # in one order: the same sum every time
        if dW is not None:
            dW += dW_part.swapaxes(1, 2).reshape(W.shape)
        if db is not None:
            db += db_part


def max_forward(x, window, y, want_index):
    """Write the largest input of each window; return its place in the window, or None if it is not wanted."""
    places = math.prod(window.kernel)
    index = np.empty(y.shape, np.uint8 if places <= 256 else np.int32)
    numbers = np.arange(places, dtype=index.dtype)
    inside = all(2 * o <= size for o, size in zip(y.shape[2:], x.shape[2:], strict=True))
    if window == TWO_BY_TWO and inside:
        crew().share(lambda part: loops_cpu.max_forward_2x2(x[part], numbers, y[part], index[part]), len(x))
    else:
        shape = window.kernel, window.stride, window.pad, numbers
        crew().share(lambda part: loops_cpu.max_forward(x[part], *shape, y[part], index[part]), len(x))
    return index if want_index else None


def max_backward(dy, index, window, dx):
    """Overwrite ``dx``: each output's gradient goes to the one input that was largest."""
    shape = window.kernel, window.stride, window.pad
    crew().share(lambda part: loops_cpu.max_backward(dy[part], index[part], *shape, dx[part]), len(dx))


def ave_forward(x, window, y):
    """Write the mean of each window; padding counts as zeros."""
    shape = window.kernel, window.stride, window.pad
    crew().share(lambda part: loops_cpu.ave_forward(x[part], *shape, y[part]), len(x))


def ave_backward(dy, window, dx):
    """Overwrite ``dx``: each input of a window gets an equal share of its output's gradient."""
    shape = window.kernel, window.stride, window.pad
    crew().share(lambda part: loops_cpu.ave_backward(dy[part], *shape, dx[part]), len(dx))


def relu_forward(x, y, positive):
    """Write max(x, 0) to ``y``, and to ``positive`` where x is positive; ``y`` may be ``x``."""
    _flat(loops_cpu.relu_forward, x, y, positive)


def relu_backward(dy, positive, dx):
    """Write to ``dx`` what of ``dy`` passes; ``dx`` may be ``dy``."""
    _flat(loops_cpu.relu_backward, dy, positive, dx)


def sgd_update(w, g, h, scale, decay, momentum, rate):
    """Walk one step downhill, all in place, in one pass through memory."""
    numbers = [w.dtype.type(number) for number in (scale, decay, momentum, rate)]
    _flat(lambda *arrays: loops_cpu.sgd_update(*arrays, *numbers), w, g, h)


def _flat(loop, *arrays):
    """Run an elementwise loop over whole arrays, shared out if they are long."""
    lines = [array.reshape(-1) for array in arrays]
    if lines[0].size < FLAT:
        loop(*lines)
    else:
        crew().share(lambda part: loop(*(line[part] for line in lines)), lines[0].size)


def _blocks(first, end, OH, OW, K):
    """Cut images into blocks of at most BLOCK numbers in columns.

    A block is (slice of images, are they to be the last axis?, first output row, output rows). Of large
    maps it is some whole images or, of a very large one, some rows; of small maps, images that become the last axis,
    as their rows alone would make short runs and small products.
    """
    n = max(1, BLOCK // max(1, K * OH * OW))
    rows = min(OH, max(1, BLOCK // max(1, K * OW))) if n == 1 else OH
    tops = [(top, min(rows, OH - top)) for top in range(0, OH, rows)]
    slices = [slice(i, min(i + n, end)) for i in range(first, end, n)]
    return [(one, OH * OW <= SMALL and one.stop - one.start > 1, *row) for one in slices for row in tops]


def _arranged(x, last):
    """Return images (n, C, H, W) as they are or, if they are to be last, as (1, C, H, W n)."""
    if not last:
        return x
    n, C, H, W = x.shape
    X = scratch("x", (1, C, H, W * n), x)
    loops_cpu.images_last(x.reshape(n, -1), X.reshape(-1, n))
    return X


def _last(X, x):
    """How many images stand side by side in the last axis."""
    return X.shape[3] // x.shape[3]


def _collected(dy, last, top, rows):
    """Return the gradients (n, O, OH, OW) of some rows as (n, O, rows OW) or, images last, as (1, O, rows OW n)."""
    n, O, OH, OW = dy.shape
    if last:
        dY = scratch("Y", (1, O, OH * OW * n), dy)
        loops_cpu.collect(dy.reshape(n, O, OH * OW), dY.reshape(O, OH * OW, n))
        return dY
    if rows == OH:
        return dy.reshape(n, O, OH * OW)
    dY = scratch("Y", (n, O, rows * OW), dy)
    dY.reshape(n, O, rows, OW)[...] = dy[:, :, top : top + rows]
    return dY


def _columns(x, n, window, OW, top, rows):
    """The columns (m, C kh kw, rows, OW n) of images (m, C, H, W n); of a 1 x 1 window, the images themselves."""
    if _pointwise(window):
        return x[:, :, top : top + rows]
    cols = scratch("cols", (len(x), x.shape[1] * math.prod(window.kernel), rows, OW * n), x)
    loops_cpu.im2col(x, n, window.kernel, window.stride, window.pad, window.dilation, OW, top, rows, cols)
    return cols


def _pointwise(window):
    return {*window.kernel, *window.stride} <= {1} and not any(window.pad)


def _back(cols, n, window, top, dx, last):
    """Add the columns of a block back to dx; the first rows of an image overwrite it."""
    target = scratch("x", (1, *dx.shape[1:3], dx.shape[3] * n), dx) if last else dx
    if top == 0:
        target[...] = 0
    rows, OW = cols.shape[2], cols.shape[3] // n
    loops_cpu.col2im(cols, n, window.kernel, window.stride, window.pad, window.dilation, OW, top, rows, target)
    if last:
        loops_cpu.images_first(target.reshape(-1, n), dx.reshape(n, -1))
