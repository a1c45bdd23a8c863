r"""Stochastic pooling: each window draws one of its inputs, the large ones more often.

.. math:: p_j = \frac{x_j}{\sum_i x_i}, \qquad \text{TRAIN: } y = x_J,\; J \sim p \qquad
          \text{TEST: } y = \sum_j p_j x_j = \frac{\sum_j x_j^2}{\sum_j x_j}

Inputs must be 0 or more, as behind a ReLU; there is no padding.

Shapes: x (N, C, H, W), y and draws (N, C, OH, OW).

References
----------
Zeiler and Fergus 2013; Caffe: ``src/caffe/layers/pooling_layer.cu``. Lesson: day 11.
"""

import math

from cafe_edu.arrays.windows import shifts
from cafe_edu.device import array_module
from cafe_edu.errors import DataError


def draw_forward(x, window, draws, y):
    """Write to ``y`` the input that each window draws.

    A window's inputs lie end to end on a line, each as long as it is large; the draw, of (0, 1], says
    where on the line to stop.

    Returns
    -------
    array of y's shape
        The place in the kernel (row by row) that was drawn, for ``pooling.max_backward``.
    """
    xp = array_module(x)
    stop = draws * _sums(x, window, y.shape)
    reached = xp.zeros_like(y)
    index = xp.zeros(y.shape, xp.uint8 if math.prod(window.kernel) <= 256 else xp.int32)
    for _, seen, source in shifts(x.shape[2:], y.shape[2:], window):
        reached[:, :, *seen] += x[:, :, *source]
        index += reached < stop
    y[...] = 0
    for number, (_, seen, source) in enumerate(shifts(x.shape[2:], y.shape[2:], window)):
        y[:, :, *seen] += x[:, :, *source] * (index[:, :, *seen] == number)
    return index


def mean_forward(x, window, y):
    """Write the mean of each window, weighted by the inputs themselves; of zeros only, 0."""
    total = _sums(x, window, y.shape)
    y[...] = 0
    for _, seen, source in shifts(x.shape[2:], y.shape[2:], window):
        y[:, :, *seen] += x[:, :, *source] ** 2
    y /= total + (total == 0)


def mean_backward(x, dy, window, dx):
    r"""Overwrite ``dx``: :math:`dx_j = dy\, (2 x_j - y) / \sum_i x_i`, summed over the windows that see j."""
    y = array_module(x).empty_like(dy)
    mean_forward(x, window, y)
    total = _sums(x, window, y.shape)
    share = dy * (total > 0) / (total + (total == 0))
    dx[...] = 0
    for _, seen, source in shifts(x.shape[2:], y.shape[2:], window):
        dx[:, :, *source] += share[:, :, *seen] * (2 * x[:, :, *source] - y[:, :, *seen])


def _sums(x, window, shape):
    """The sum of each window.

    Raises
    ------
    DataError
        If an input is negative: it cannot be a probability.
    """
    if (x < 0).any():
        raise DataError(
            f"expected inputs of 0 or more for stochastic pooling (put a ReLU before it), found {float(x.min()):g}"
        )
    total = array_module(x).zeros(shape, x.dtype)
    for _, seen, source in shifts(x.shape[2:], shape[2:], window):
        total[:, :, *seen] += x[:, :, *source]
    return total
