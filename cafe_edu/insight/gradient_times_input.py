"""Gradient times input: what each pixel gives to the score, if the net were linear."""

from cafe_edu.insight.objective import score_of
from cafe_edu.insight.targets import as_item, find_target


def gradient_times_input(net, image, target, probability=False):
    r"""Return each number of the input times the score's slope along it.

    .. math:: M = x \odot \frac{\partial S}{\partial x}

    Of a linear net without biases these are the terms whose sum is the score. Where a net bends, they are those of the
    plane that touches it at x. A pixel that is 0 gives nothing.

    Parameters
    ----------
    net, image, target, probability
        As in `cafe_edu.insight.saliency.saliency`.

    Returns
    -------
    array, the shape of the image
        Positive where the input speaks for the target.

    References
    ----------
    Shrikumar, Greenside, Shcherbina, Kundaje 2016, "Not just a black box".
    """
    x = as_item(net, find_target(net, target).position, image)
    return (x * score_of(net, target, probability).slope(x)[1])[0]
