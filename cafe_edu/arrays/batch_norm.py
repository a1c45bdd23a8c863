r"""Channels brought to mean 0 and variance 1.

.. math:: y = \frac{x - \mu_c}{\sigma_c}, \qquad
          dx = \frac{dy - \overline{dy} - y\, \overline{y\, dy}}{\sigma_c}, \qquad \sigma_c = \sqrt{v_c + \epsilon}

Means run over all that a channel has: x is (N, C, P), items, channels and the numbers of a channel in one item.
"""

from cafe_edu.device import array_module


def batch_norm_forward(x, eps, y, kept):
    """Write the normalized ``x`` to ``y``, which may be ``x``, and to ``kept``, unless it is None.

    Returns
    -------
    mean, variance, std : array (C,)

    Examples
    --------
    >>> import numpy as np
    >>> y = np.empty((2, 1, 2))
    >>> batch_norm_forward(np.array([[[1.0, 1]], [[5, 5]]]), 0.0, y, None)
    (array([3.]), array([4.]), array([2.]))
    >>> y.ravel()
    array([-1., -1.,  1.,  1.])
    """
    xp = array_module(x)
    mean = x.mean(axis=(0, 2))
    variance = xp.square(x - mean[:, None]).mean(axis=(0, 2))
    std = xp.sqrt(variance + x.dtype.type(eps))
    normalize(x, mean, std, y, kept)
    return mean, variance, std


def normalize(x, mean, std, y, kept):
    """Write ``(x - mean) / std`` to ``y``, which may be ``x``, and to ``kept``, unless it is None."""
    array_module(x).divide(x - mean[:, None], std[:, None], out=y)
    if kept is not None:
        kept[...] = y


def batch_norm_backward(dy, y, std, dx):
    """Overwrite ``dx``, which may be ``dy``."""
    xp, over = array_module(dy), {"axis": (0, 2), "keepdims": True}
    slope = dy - dy.mean(**over) - y * (y * dy).mean(**over)
    xp.divide(slope, std[:, None], out=dx)
