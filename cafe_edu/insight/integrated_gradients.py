"""Integrated gradients: what each pixel gave to the score, on the way from nothing to the image."""

import numpy as np

from cafe_edu.errors import ShapeError
from cafe_edu.insight.objective import score_of
from cafe_edu.insight.targets import as_item, find_target

BATCH = 4  # points of the way at once


def integrated_gradients(net, image, target, baseline=0, steps=32, probability=False):
    r"""Return the image's difference from a baseline, times the mean slope on the straight way between them.

    .. math:: M = (x - x') \odot \int_0^1 \frac{\partial S}{\partial x}\big(x' + \alpha (x - x')\big)\, d\alpha
              \approx (x - x') \odot \frac{1}{m} \sum_{k=1}^{m}
              \frac{\partial S}{\partial x}\Big(x' + \tfrac{k - 1/2}{m} (x - x')\Big)

    It is complete: :math:`\sum M = S(x) - S(x')`, up to what the m steps miss.

    Parameters
    ----------
    net, image, target, probability
        As in `cafe_edu.insight.saliency.saliency`.
    baseline : float or array
        :math:`x'`, an image that says nothing; 0 is black, or the mean where a mean was taken off.
    steps : int
        m.

    Returns
    -------
    array, the shape of the image
        Positive where the input speaks for the target.

    References
    ----------
    Sundararajan, Taly, Yan 2017, "Axiomatic attribution for deep networks".
    """
    position = find_target(net, target).position
    x = as_item(net, position, image)
    if steps < 1:
        raise ShapeError(f"expected 1 or more steps, found {steps}")
    x0 = np.zeros_like(x) + baseline if np.ndim(baseline) == 0 else as_item(net, position, baseline)
    objective = score_of(net, target, probability)
    alphas, total = (np.arange(steps) + 0.5) / steps, np.zeros(x.shape[1:])
    for first in range(0, steps, BATCH):
        some = alphas[first : first + BATCH].reshape(-1, *[1] * (x.ndim - 1))
        total += objective.slope(x0 + some * (x - x0))[1].sum(axis=0)
    return (x - x0)[0] * total / steps
