"""Two trials held side by side: the same outputs, the same gradients, or a ``CheckFailed`` that shows both."""

import numpy as np

from cafe_edu.testing.trial import CheckFailed, numbers


def same(what, found, expected, rtol=1e-9, atol=1e-12):
    """Raise ``CheckFailed`` unless two arrays agree; ``what`` says what it means if they do not."""
    if found.shape != expected.shape or not np.allclose(found, expected, rtol=rtol, atol=atol):
        raise CheckFailed(f"{what}: expected {_short(expected)}, found {_short(found)}")


def same_run(when, one, other, gradient, **tolerance):
    """Raise ``CheckFailed`` unless forward and, if there is a gradient, backward give the same in both trials."""
    for a, b in zip(one.forward(), other.forward(), strict=True):
        same(f"{when} the output is another", a, b, **tolerance)
    if gradient:
        dy = upstream(other)
        for a, b in zip(one.backward(*dy), other.backward(*dy), strict=True):
            same(f"{when} the gradient is another", a, b, **tolerance)
        for a, b in zip(one.layer.params, other.layer.params, strict=True):
            same(f"{when} a parameter's gradient is another", numbers(a.diff), numbers(b.diff), **tolerance)


def upstream(one):
    """Return a random gradient for each top."""
    rng = np.random.default_rng(4)
    return [rng.normal(size=blob.shape) for blob in one.top]


def _short(array):
    return np.array2string(array, threshold=6, precision=4).replace("\n", " ") + f" of shape {array.shape}"
