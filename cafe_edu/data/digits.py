"""The digits that are always at hand: 1,797 handwritten ones that come with scikit-learn."""

import numpy as np


def read_digits():
    """Return the digits of the UCI repository, enlarged and split.

    scikit-learn carries the 8x8 images. Every fifth image of each digit, in a fixed shuffled order,
    is for testing. All were written by the same 13 people, and both parts hold digits of each of
    them: a net is tested on new digits of known hands, which is easier than on a new hand.

    Returns
    -------
    x_train, y_train, x_test, y_test : ndarray
        Images (1437, 1, 28, 28) and (360, 1, 28, 28), uint8, white on black; labels int64. The order is
        shuffled once and for all, so that reading from the front gives mixed digits.

    References
    ----------
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    1998. https://doi.org/10.24432/C50P49

    Examples
    --------
    >>> x_train, y_train, x_test, y_test = read_digits()
    >>> x_train.shape, x_test.shape, y_test[:8].tolist()
    ((1437, 1, 28, 28), (360, 1, 28, 28), [2, 4, 7, 8, 0, 2, 3, 6])
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    x, y = enlarge(digits.images)[:, np.newaxis], digits.target.astype(np.int64)
    order = np.random.RandomState(1998).permutation(len(y))  # this generator's numbers never change
    by_digit = order[np.argsort(y[order], kind="stable")]
    for_testing = np.zeros(len(y), bool)
    for_testing[by_digit[::5]] = True
    train, test = order[~for_testing[order]], order[for_testing[order]]
    return x[train], y[train], x[test], y[test]


def enlarge(images):
    r"""Enlarge 8x8 images of ink counts to 28x28 pixels that look like MNIST's.

    Each pixel of an 8x8 image counts the black dots, 0 to 16, in a 4x4 block of the scanned page.
    A smooth surface is laid through the counts, :math:`s = U x U^\top`, and cut as a pen would
    cut it: below 0.3 of full ink is paper, above 0.9 is ink. Like MNIST's digits these fill 20x20 pixels
    and have a margin of 4.

    Parameters
    ----------
    images : ndarray, (N, 8, 8)
        0 (paper) to 16 (ink).

    Returns
    -------
    ndarray of uint8, (N, 28, 28)
        0 (paper) to 255 (ink).
    """
    U = _cubic_weights(20, 8)
    ink = U @ (images / 16) @ U.T
    levels = np.clip((ink - 0.3) / (0.9 - 0.3), 0, 1) * 255
    levels = np.rint(levels.round(6)).astype(np.uint8)  # first away the last bits, where machines differ
    return np.pad(levels, ((0, 0), (4, 4), (4, 4)))


def _cubic_weights(n, m):
    """Weights (n, m) that read m samples at n places, by cubic convolution (Keys 1981); paper around them."""
    places = (np.arange(n) + 0.5) * m / n - 0.5
    t = np.abs(places[:, np.newaxis] - np.arange(m))
    near = 1.5 * t**3 - 2.5 * t**2 + 1
    far = -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.where(t < 1, near, np.where(t < 2, far, 0))
