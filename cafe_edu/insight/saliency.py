"""Saliency: how fast the score changes with each pixel."""

import numpy as np

from cafe_edu.insight.objective import score_of
from cafe_edu.insight.targets import as_item, find_target


def saliency(net, image, target, probability=False):
    r"""Return the size of the score's slope at each pixel.

    .. math:: M_{ij} = \max_c \left| \frac{\partial S}{\partial x_{cij}} \right|

    A bright pixel is one where a small change would change the score much; whether up or down, and whether the pixel is
    bright or dark now, does not matter.

    Parameters
    ----------
    net : Net
    image : array (C, H, W), or the shape of the net's items
        As the net sees it.
    target : int, (str, int) or (str, int, int, int)
        A class (its score before the softmax), a channel of a layer (where it is largest), or one of its places.
    probability : bool
        Of a class: the slope of its probability instead of its score.

    Returns
    -------
    array (H, W)
        For items that are not images, their shape.

    References
    ----------
    Simonyan, Vedaldi, Zisserman 2014, "Deep inside convolutional networks", section 3.

    Examples
    --------
    >>> from cafe_edu import Net
    >>> net = Net('''
    ...     layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
    ...     layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 2 } }
    ...     layer { name: "p" type: "Softmax" bottom: "y" top: "p" }
    ... ''')
    >>> net.params["ip"][0].data = [[1, -3], [0, 0]]
    >>> saliency(net, [5, 7], 0).tolist()
    [1.0, 3.0]
    """
    x = as_item(net, find_target(net, target).position, image)
    dx = np.abs(score_of(net, target, probability).slope(x)[1][0])
    return dx.max(axis=0) if dx.ndim == 3 else dx
