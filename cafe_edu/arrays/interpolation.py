r"""Linear interpolation: numbers between numbers.

One axis at a time, it is a product with a matrix that has at most two numbers in each row. So an image
is enlarged as :math:`y = A x B^\top`, and the way back is :math:`dx = A^\top dy\, B`. Lesson: day 18.
"""

import numpy as np


def linear_matrix(n, out):
    r"""Return the (out, n) matrix that lays ``out`` points evenly over ``n`` numbers, first on first, last on last.

    .. math:: A_{i,j} = \max\bigl(0,\; 1 - |p_i - j|\bigr), \qquad p_i = i\, \frac{n - 1}{\mathrm{out} - 1}

    A single point lies on the first number.

    Examples
    --------
    >>> linear_matrix(2, 3)
    array([[1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ]])
    """
    # whole numbers are multiplied first: a point that lies on a number then lies on it exactly
    points = np.arange(out) * (n - 1) / max(1, out - 1)
    return np.maximum(0, 1 - np.abs(points[:, None] - np.arange(n)))
