r"""The gradient check: does backward say what forward does?

For a random upstream gradient r, the layer's own gradient of :math:`L = \sum r\, y` is held against central differences

.. math:: \frac{\partial L}{\partial x_i} \approx \frac{L(x_i + h) - L(x_i - h)}{2h}

in float64. Before backward runs, all diffs are filled with random numbers: a parameter's must be added to, a bottom's
overwritten. A check with r = 1 and zeroed diffs passes layers that get all three wrong.
"""

import numpy as np

from cafe_edu.testing.trial import CheckFailed

STEP = 1e-5


def check_gradient(trial, rtol=1e-6, seed=1):
    """Compare every gradient of a layer with central differences.

    Parameters
    ----------
    trial : Trial
        From ``make_layer``, in float64, its inputs away from kinks (no ReLU at 0, no equal maxima).
    rtol : float
        Allowed error, relative to the largest entry of each gradient.
    seed : int

    Raises
    ------
    CheckFailed
        Saying which gradient, where, what was expected, what was found and, if it is one of the
        usual mistakes, which.

    Examples
    --------
    >>> from cafe_edu.testing import make_layer
    >>> x = np.random.default_rng(0).normal(size=(3, 4))
    >>> check_gradient(make_layer("InnerProduct", x, spec="inner_product_param { num_output: 2 }"))
    """
    rng = np.random.default_rng(seed)
    layer = trial.layer
    for blob in layer.params:
        if not blob.data.any():
            blob.data = rng.normal(size=blob.shape)  # a weight of zeros would hide mistakes
    tops = trial.forward()
    upstream = [rng.normal(size=y.shape) for y in tops]
    bottoms = [i for i in range(len(trial.bottom)) if i not in layer.no_gradient]
    numeric = {("bottom", i): _numeric(trial, trial.bottom[i], upstream) for i in bottoms}
    numeric |= {("parameter", i): _numeric(trial, blob, upstream) for i, blob in enumerate(layer.params)}

    trial.forward()
    before = {}
    for kind, i in numeric:
        blob = trial.bottom[i] if kind == "bottom" else layer.params[i]
        blob.diff = before[kind, i] = rng.normal(size=blob.shape)
    trial.backward(*upstream)
    for (kind, i), expected in numeric.items():
        blob = trial.bottom[i] if kind == "bottom" else layer.params[i]
        found = blob.diff - before[kind, i] if kind == "parameter" else blob.diff
        _compare(f"{kind} {i}", kind, found, expected, before[kind, i], rtol)


def _numeric(trial, blob, upstream):
    gradient = np.zeros(blob.shape)
    flat = blob.data.reshape(-1)
    for i in range(flat.size):
        old = flat[i]
        ends = []
        for value in (old + STEP, old - STEP):
            flat[i] = value
            ends.append(sum((r * y).sum() for r, y in zip(upstream, trial.forward(), strict=True)))
        flat[i] = old
        gradient.reshape(-1)[i] = (ends[0] - ends[1]) / (2 * STEP)
    return gradient


def _compare(name, kind, found, expected, before, rtol):
    allowed = rtol * max(1e-3, np.abs(expected).max(initial=0))
    if not (np.abs(found - expected) > allowed).any() and np.isfinite(found).all():
        return
    worst = np.unravel_index(np.argmax(np.nan_to_num(np.abs(found - expected), nan=np.inf)), found.shape)
    message = (
        f"gradient of {name}: at index {tuple(map(int, worst))} expected {expected[worst]:.8g} (central differences), "
        f"found {found[worst]:.8g}"
    )

    def close(a, b):
        return np.abs(a - b).max(initial=0) <= allowed

    if kind == "parameter" and close(found + before, expected):
        message += "; the diff was overwritten: parameters are added to (`+=`), because layers can share them"
    elif kind == "bottom" and close(found - before, expected):
        message += "; the diff was added to: a bottom's is overwritten (`[...] =`)"
    elif close(-found, expected):
        message += "; the sign is turned round"
    elif not found.any():
        message += "; it is zero everywhere"
    elif close(found, before) or (kind == "parameter" and not found.any()):
        message += "; backward did not write it"
    else:
        ratio = found[np.abs(expected) > allowed] / expected[np.abs(expected) > allowed]
        if ratio.size and np.ptp(ratio) < 1e-4 * abs(ratio.mean()):
            message += f"; it is {ratio.mean():.6g} times the right one everywhere (a mean for a sum?)"
        else:
            message += "; does backward multiply by the top's diff?"
    raise CheckFailed(message)
