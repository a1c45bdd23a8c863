r"""The gradient check: does backward say what forward does?

For a random upstream gradient r, the layer's own gradient of :math:`L = \sum r\, y` is held against central
differences

.. math:: \frac{\partial L}{\partial x_i} \approx \frac{L(x_i + h) - L(x_i - h)}{2h}

in float64. Before backward runs, all diffs are filled with random numbers: a parameter's must be added to, a
bottom's overwritten. A check with r = 1 and zeroed diffs passes layers that get all three wrong.
"""

import numpy as np

from cafe_edu.testing.trial import CheckFailed, numbers

STEP = 1e-5


def check_gradient(trial, rtol=1e-6, seed=1, numeric=None):
    """Compare every gradient of a layer with central differences.

    Parameters
    ----------
    trial : Trial
        From ``make_layer``, in float64, its inputs away from kinks (no ReLU at 0, no equal maxima). On a GPU it
        takes long: each number is moved by itself.
    rtol : float
        Allowed error, relative to the largest entry of each gradient.
    seed : int
    numeric : dict of name -> array, optional
        The central differences, where `both_gradients` has found them with this seed: they are what takes long.

    Raises
    ------
    CheckFailed
        Saying which gradient, where, what was expected, what was found and, if it is one of the usual
        mistakes, which.

    Examples
    --------
    >>> from cafe_edu.testing import make_layer
    >>> x = np.random.default_rng(0).normal(size=(3, 4))
    >>> check_gradient(make_layer("InnerProduct", x, spec="inner_product_param { num_output: 2 }"))
    """
    rng, blobs, upstream = _prepare(trial, seed)
    if numeric is None:
        numeric = {name: _numeric(trial, blob, upstream) for name, blob in blobs.items()}

    trial.forward()
    before = {name: rng.normal(size=blob.shape) for name, blob in blobs.items()}
    after = _backward(trial, blobs, before, upstream)
    twice = _backward(trial, blobs, before, [2 * r for r in upstream])
    alone = _backward(trial, blobs, before, upstream, propagate_down=False)
    for name, expected in numeric.items():
        shift = before[name] if name.startswith("parameter") else 0
        found, doubled = after[name] - shift, twice[name] - shift
        _compare(name, found, expected, before[name], doubled, rtol)
        if name.startswith("parameter") and not np.allclose(alone[name], after[name]):
            raise CheckFailed(
                f"gradient of {name}: it is another where `propagate_down` is False, as in a net's first "
                f"layer; only the bottom's gradient may depend on it"
            )


def both_gradients(trial, seed=1):
    """Return every gradient twice: as differences say, and as backward does.

    Parameters
    ----------
    trial : Trial
        As for `check_gradient`.
    seed : int

    Returns
    -------
    dict of name -> (array, array)
        "bottom 0", "parameter 0", ...; numeric and analytic, of the blob's shape.

    Examples
    --------
    >>> from cafe_edu.testing import make_layer
    >>> both = both_gradients(make_layer("Power", np.ones((1, 2)), spec="power_param { scale: 3 }"))
    >>> numeric, analytic = both["bottom 0"]
    >>> bool(np.allclose(numeric, analytic))
    True
    """
    rng, blobs, upstream = _prepare(trial, seed)
    numeric = {name: _numeric(trial, blob, upstream) for name, blob in blobs.items()}
    trial.forward()
    before = {name: rng.normal(size=blob.shape) for name, blob in blobs.items()}
    after = _backward(trial, blobs, before, upstream)
    return {
        name: (numeric[name], after[name] - (before[name] if name.startswith("parameter") else 0)) for name in blobs
    }


def _prepare(trial, seed):
    """Return the generator, the blobs whose gradients there are, by name, and a random gradient for each top."""
    rng, fill, layer = np.random.default_rng(seed), np.random.default_rng([seed, 1]), trial.layer
    for blob in layer.params:
        if not blob.data.any():
            blob.data = fill.normal(size=blob.shape)  # a weight of zeros would hide mistakes
    blobs = {f"bottom {i}": b for i, b in enumerate(trial.bottom) if i not in layer.no_gradient}
    blobs |= {f"parameter {i}": b for i, b in enumerate(layer.params)}
    return rng, blobs, [rng.normal(size=y.shape) for y in trial.forward()]


def _backward(trial, blobs, before, upstream, propagate_down=True):
    """The diffs after one backward, from those before it."""
    for name, blob in blobs.items():
        blob.diff = before[name]
    trial.backward(*upstream, propagate_down=propagate_down)
    return {name: numbers(blob.diff) for name, blob in blobs.items()}


def _numeric(trial, blob, upstream):
    gradient = np.zeros(blob.shape)
    flat = blob.data.reshape(-1)
    for i in range(flat.size):
        old = float(flat[i])
        ends = []
        for value in (old + STEP, old - STEP):
            flat[i] = value
            ends.append(sum((r * y).sum() for r, y in zip(upstream, trial.forward(), strict=True)))
        flat[i] = old
        gradient.reshape(-1)[i] = (ends[0] - ends[1]) / (2 * STEP)
    return gradient


def _compare(name, found, expected, before, doubled, rtol):
    allowed = rtol * max(1e-3, np.abs(expected).max(initial=0))

    def close(a, b):
        return bool((np.abs(a - b) <= allowed).all())  # NaN is not close to anything

    if close(found, expected):
        return
    error = np.nan_to_num(np.abs(found - expected), nan=np.inf)
    worst = np.unravel_index(np.argmax(error), error.shape)
    message = (
        f"gradient of {name}: at index {tuple(map(int, worst))} expected {expected[worst]:.8g} "
        f"(central differences), found {found[worst]:.8g}"
    )
    large = np.abs(expected) > allowed
    ratio = found[large] / expected[large]
    parameter = name.startswith("parameter")
    if parameter and close(found + before, expected):
        message += "; the diff was overwritten: parameters are added to (`+=`), because layers can share them"
    elif not parameter and close(found - before, expected):
        message += "; the diff was added to: a bottom's is overwritten (`[...] =`)"
    elif close(-found, expected):
        message += "; the sign is turned round"
    elif not parameter and close(found, before):
        message += "; backward did not write it"
    elif not found.any():
        message += "; it is zero everywhere"
    elif close(doubled, found):
        message += "; it does not change with the top's diff: multiply by `top[0].diff`"
    elif ratio.size and np.ptp(ratio) < 1e-4 * abs(ratio.mean()):
        message += f"; it is {ratio.mean():.6g} times the right one everywhere (a mean for a sum?)"
    raise CheckFailed(message)
