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
from cafe_edu.engines.fast_depthwise_cpu import depthwise_backward, depthwise_forward
from cafe_edu.engines.fast_normalization_cpu import *  # noqa: F403 (BatchNorm, Scale, LRN; what is in neither is plain's)

BLOCK = 2**19  #: numbers in the columns of a block: 2 MB of float32
TWO_BY_TWO = Window.square(2, stride=2)
MANY = 256  #: rows of a product from which they are shared out, not the columns
MUCH = 128  #: outputs of a convolution from which its products leave its copies behind
RUN = 128  #: numbers that a copy should move at least
FLAT = 2**15  #: numbers below which an elementwise loop is not shared out


def conv_forward(x, W, b, window, group, y):
    """Write ``y = W * x + b`` (``b`` may be None)."""
    if y.ndim != 4 or not y.size:
        plain.conv_forward(x, W, b, window, group, y)
        return
    if pays(W, window, y.shape[2:], group):
        depthwise_forward(x, W, b, window, y)
        return
    (N, O, OH, OW), WG = y.shape, W.reshape(group, len(W) // group, -1)
    K, b = WG.shape[2], np.zeros(O, y.dtype) if b is None else b
    blocks = _blocks(0, N, y.shape, K * group, hands=len(crew().others) + 1)

    def work(part):
        for images, last, top, rows in blocks[part]:
            X = _arranged(x[images], last)
            m, n = len(X), X.shape[3] // x.shape[3]
            whole = rows == OH and not last
            Y = y[images] if whole else scratch("Y", (m, O, rows * OW * n), y)
            Y = Y.reshape(m, group, O // group, -1)
            for some, of_W, first in _channels(X, WG, window, rows * OW * n):
                cols = _columns(X[:, some], n, window, OW, top, rows).reshape(m, group, -1, Y.shape[3])
                if first:
                    np.matmul(of_W, cols, out=Y)
                else:
                    Y += np.matmul(of_W, cols, out=scratch("part", Y.shape, Y))
            if last:
                loops_cpu.spread(Y.reshape(O, OH * OW, n), b, y[images].reshape(n, O, OH * OW))
            else:
                np.add(Y.reshape(m, O, rows, OW), b[:, None, None], out=y[images, :, top : top + rows])

    with alone():
        crew().share(work, len(blocks))


def conv_backward(x, W, dy, window, group, dW, db, dx):
    """Add to ``dW`` and ``db``, overwrite ``dx``; what is None is not wanted (without ``dW``, ``x`` is not read)."""
    if dy.ndim != 4 or not dy.size:
        plain.conv_backward(x, W, dy, window, group, dW, db, dx)
        return
    if pays(W, window, dy.shape[2:], group):
        depthwise_backward(x, W, dy, window, dW, db, dx)
        return
    (N, O, _, OW), WG = dy.shape, W.reshape(group, len(W) // group, -1)
    K, sums = WG.shape[2], []
    like = x if dx is None else dx

    def work(part):
        dW_part, db_part = np.zeros((group, K, O // group), dy.dtype), np.zeros(O, dy.dtype)
        for images, last, top, rows in _blocks(part.start, part.stop, dy.shape, K * group):
            dY = _collected(dy[images], last, top, rows)
            m, n = len(dY), dY.shape[2] // (rows * OW)
            if db is not None:
                db_part += dY.sum(axis=(0, 2))
            dY = dY.reshape(m, group, O // group, -1)
            X = None if dW is None else _arranged(x[images], last)
            dX = None if dx is None else _target(dx[images], last, n, top)
            for some, of_W, _ in _channels(like[images] if X is None else X, WG, window, dY.shape[3]):
                k = _rows(some, window, K) if group == 1 else slice(None)
                if dW is not None:
                    cols = _columns(X[:, some], n, window, OW, top, rows).reshape(m, group, -1, dY.shape[3])
                    # (X dYᵀ)ᵀ for dY Xᵀ: the same numbers, and BLAS is faster where the larger matrix comes first
                    dW_part[:, k] += (cols @ dY.swapaxes(2, 3)).sum(axis=0)
                if dx is not None:
                    _back(of_W, dY, n, window, OW, top, rows, dX[:, some])
            if dx is not None and last:
                loops_cpu.images_first(dX.reshape(-1, n), dx[images].reshape(n, -1))
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
    X, Y, I = _planes(x), _planes(y), _planes(index)
    if window == TWO_BY_TWO and inside:
        crew().share(lambda part: loops_cpu.max_forward_2x2(X[part], numbers, Y[part], I[part]), len(X))
    else:
        shape = window.kernel, window.stride, window.pad, numbers
        crew().share(lambda part: loops_cpu.max_forward(X[part], *shape, Y[part], I[part]), len(X))
    return index if want_index else None


def max_backward(dy, index, window, dx):
    """Overwrite ``dx``: each output's gradient goes to the one input that was largest."""
    shape = window.kernel, window.stride, window.pad
    dY, I, dX = _planes(dy), _planes(index), _planes(dx)
    crew().share(lambda part: loops_cpu.max_backward(dY[part], I[part], *shape, dX[part]), len(dX))


def ave_forward(x, window, y):
    """Write the mean of each window; padding counts as zeros."""
    shape = window.kernel, window.stride, window.pad
    X, Y = _planes(x), _planes(y)
    crew().share(lambda part: loops_cpu.ave_forward(X[part], *shape, Y[part]), len(X))


def ave_backward(dy, window, dx):
    """Overwrite ``dx``: each input of a window gets an equal share of its output's gradient."""
    shape = window.kernel, window.stride, window.pad
    dY, dX = _planes(dy), _planes(dx)
    crew().share(lambda part: loops_cpu.ave_backward(dY[part], *shape, dX[part]), len(dX))


def product(a, b, out):
    """Write the matrix product a b to ``out``.

    A part for each hand: BLAS's own threads would go on turning for some time after, in the way of the crew.
    """
    rows, columns = out.shape
    if rows * columns * a.shape[1] < FLAT:
        np.matmul(a, b, out=out)
        return

    by_rows = rows >= min(columns, MANY)  # of few rows, every hand would read all of b

    def work(part):
        if by_rows:
            np.matmul(a[part], b, out=out[part])
        else:
            out[:, part] = np.matmul(a, b[:, part])

    with alone():
        crew().share(work, rows if by_rows else columns)


def relu_forward(x, y, positive):
    """Write max(x, 0) to ``y``, which may be ``x``, and to ``positive`` (bool, or None) where x is positive."""
    if positive is None:
        _flat(loops_cpu.relu, x, y)
    else:
        _flat(loops_cpu.relu_forward, x, y, positive)


def relu_backward(dy, positive, dx):
    """Write to ``dx`` what of ``dy`` passes; ``dx`` may be ``dy``."""
    _flat(loops_cpu.relu_backward, dy, positive, dx)


def sgd_update(w, g, h, scale, decay, momentum, rate):
    """Walk one step downhill, all in place, in one pass through memory."""
    numbers = [w.dtype.type(number) for number in (scale, decay, momentum, rate)]
    _flat(lambda *arrays: loops_cpu.sgd_update(*arrays, *numbers), w, g, h)


def adam_update(w, g, m, v, scale, decay, beta1, beta2, rate, delta):
    """Walk one step of Adam, all in place, in one pass through memory."""
    numbers = (scale, decay, beta1, 1 - beta1, beta2, 1 - beta2, rate, delta)
    numbers = [w.dtype.type(number) for number in numbers]
    _flat(lambda *arrays: loops_cpu.adam_update(*arrays, *numbers), w, g, m, v)


def _planes(x):
    """The planes of images (N, C, H, W), one channel each: (N C, 1, H, W)."""
    return x.reshape(-1, 1, *x.shape[2:])


def _flat(loop, *arrays):
    """Run an elementwise loop over whole arrays, shared out if they are long."""
    lines = [array.reshape(-1) for array in arrays]
    if lines[0].size < FLAT:
        loop(*lines)
    else:
        crew().share(lambda part: loop(*(line[part] for line in lines)), lines[0].size)


def _blocks(first, end, y_shape, K, hands=1):
    """Cut images into blocks: (slice of images, are they to be the last axis?, first output row, output rows).

    Where rows are short, some images become the last axis, so that copies move RUN numbers at a time. That costs a
    transposition of outputs; few columns (K for O outputs) are not worth it, and with MUCH to multiply for each
    column copies hardly count. Otherwise a block is some whole images or, of a very large one, some rows.
    """
    _, O, OH, OW = y_shape
    n = -(-RUN // OW)
    if n > 1 and 2 * O <= K and O < MUCH and end - first > 1:
        return [(slice(i, min(i + n, end)), i + 1 < end, 0, OH) for i in range(first, end, n)]
    n = max(1, BLOCK // max(1, K * OH * OW))
    rows = min(OH, max(1, BLOCK // max(1, K * OW))) if n == 1 else OH
    if end - first < hands:  # fewer images than hands: each takes some rows
        n, rows = 1, min(rows, -(-OH // hands))
    tops = [(top, min(rows, OH - top)) for top in range(0, OH, rows)]
    return [(slice(i, min(i + n, end)), False, *row) for i in range(first, end, n) for row in tops]


def _channels(X, WG, window, P):
    """Cut channels so that their columns, of P numbers each, stay a block: (channels, their weights, the first?)."""
    C, places = X.shape[1], math.prod(window.kernel)
    few = -(-4 * WG.shape[1] // places)  # fewer are not worth the adding up of their outputs
    c = C if len(WG) > 1 else max(few, BLOCK // max(1, len(X) * places * P))
    for start in range(0, C, c):
        some = slice(start, min(start + c, C))
        yield some, WG if c >= C else WG[:, :, _rows(some, window, C * places)], start == 0


def _rows(channels, window, K):
    """Where the columns of some channels stand among all K."""
    places = math.prod(window.kernel)
    return slice(channels.start * places, min(channels.stop * places, K))


def _arranged(x, last):
    """Return images (n, C, H, W) as they are or, if they are to be last, as (1, C, H, W n)."""
    if not last:
        return x
    n, C, H, W = x.shape
    X = scratch("x", (1, C, H, W * n), x)
    loops_cpu.images_last(x.reshape(n, -1), X.reshape(-1, n))
    return X


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


def _target(dx, last, n, top):
    """Where the columns of a block are added back to: dx, or work space with the images last; zeros at first."""
    target = scratch("dx", (1, *dx.shape[1:3], dx.shape[3] * n), dx) if last else dx
    if top == 0:
        target[...] = 0
    return target


def _back(WG, dY, n, window, OW, top, rows, dX):
    """Add to some channels of dX (m, C, H, W n) what the gradients dY (m, G, O / G, P) send back to them."""
    m, C = dX.shape[:2]
    cols = scratch("cols", (m, C * math.prod(window.kernel), rows, OW * n), dY)
    np.matmul(WG.swapaxes(1, 2), dY, out=cols.reshape(m, len(WG), WG.shape[2], -1))
    if _pointwise(window):
        dX[:, :, top : top + rows] = cols
    else:
        loops_cpu.col2im(cols, n, window.kernel, window.stride, window.pad, window.dilation, OW, top, rows, dX)
