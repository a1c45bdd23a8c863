"""Images and answers, class by class."""

import numpy as np

from cafe_edu.errors import DataError, ShapeError


def checked_labels(labels, count=None, what="labels"):
    """Return labels as a flat array of integers; an error if they are not ``count`` whole numbers of 0 or more."""
    found = np.asarray(labels)
    if found.size == 0 or (found.ndim > 1 and found.size != len(found)):
        raise ShapeError(f"expected {what}, one for each item, found an array of {found.shape}")
    whole = found.ravel().astype(np.int64)
    if not np.array_equal(whole, found.ravel()) or whole.min() < 0:
        raise DataError(f"expected {what} that are whole numbers of 0 or more, found {_first_bad(found.ravel())}")
    if count is not None and len(whole) != count:
        raise ShapeError(f"expected {count} {what}, one for each item, found {len(whole)}")
    return whole


def _first_bad(values):
    return next(value for value in values.tolist() if value < 0 or value != int(value))


def class_means(images, labels):
    """Return the classes there are, how many images each has, and their mean image.

    Parameters
    ----------
    images : array (N, ...)
    labels : sequence of N

    Returns
    -------
    classes, counts : array (K,)
    means : array (K, ...)

    Examples
    --------
    >>> class_means(np.array([[1.0, 2], [3, 4], [5, 9]]), [0, 2, 0])
    (array([0, 2]), array([2, 1]), array([[3. , 5.5],
           [3. , 4. ]]))
    """
    images = np.asarray(images)
    labels = checked_labels(labels, len(images))
    classes, counts = np.unique(labels, return_counts=True)
    return classes, counts, np.stack([images[labels == k].mean(axis=0, dtype=np.float64) for k in classes])


def confusion(labels, answers, classes=None):
    """Return how often an item of class i (row) was taken for class j (column).

    Parameters
    ----------
    labels, answers : sequence of N
    classes : int, optional
        How many there are; by default one more than the largest seen.

    Returns
    -------
    array (classes, classes) of int

    Examples
    --------
    >>> confusion([0, 0, 1, 2], [0, 1, 1, 0])
    array([[1, 1, 0],
           [0, 1, 0],
           [1, 0, 0]])
    """
    labels = checked_labels(labels)
    answers = checked_labels(answers, len(labels), "answers")
    most = max(labels.max(), answers.max()) + 1
    if classes is not None and classes < most:
        raise DataError(f"expected labels and answers below {classes}, the number of classes, found {most - 1}")
    counts = np.zeros((classes or most,) * 2, int)
    np.add.at(counts, (labels, answers), 1)
    return counts


def hardest(labels, probabilities, n=25):
    """Return the indices of the n items whose right class got the least probability, the least first.

    Parameters
    ----------
    labels : sequence of N
    probabilities : array (N, K)
    n : int

    Returns
    -------
    array of at most n indices

    Examples
    --------
    >>> hardest([0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.5, 0.5]], n=2)
    array([1, 2])
    """
    p = np.asarray(probabilities)
    if p.ndim != 2:
        raise ShapeError(f"expected probabilities (N, classes), found {p.shape}")
    labels = checked_labels(labels, len(p))
    if labels.max() >= p.shape[1]:
        raise DataError(f"expected labels below {p.shape[1]}, the number of probabilities, found {labels.max()}")
    return np.argsort(p[np.arange(len(p)), labels], kind="stable")[:n]
