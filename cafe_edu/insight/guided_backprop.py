"""Guided backpropagation: on the way back only what speaks for the target goes on."""

from cafe_edu.insight.objective import score_of
from cafe_edu.insight.targets import as_item, find_target
from cafe_edu.layer import Layer


class GuidedReLU(Layer):
    r"""A ReLU with another way back: the gradient must be positive, and so must the input.

    .. math:: y = \max(x, 0) + \alpha \min(x, 0), \qquad dx = dy\, [x > 0]\, [dy > 0]

    It is no gradient any more: it asks which inputs make the target larger through units that all make it larger.
    """

    options_field = "relu_param"
    in_place = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        x = bottom[0].data
        self.positive = x > 0  # kept, because in place y overwrites x
        top[0].data[...] = self.xp.where(self.positive, x, self.options.negative_slope * x)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            dy = top[0].diff
            bottom[0].diff[...] = dy * self.positive * (dy > 0)


def guided_backprop(net, image, target, probability=False):
    r"""Return the score's slope, with every ReLU of the net made a `GuidedReLU`.

    Parameters
    ----------
    net, image, target, probability
        As in `cafe_edu.insight.saliency.saliency`.

    Returns
    -------
    array, the shape of the image
        In a net without ReLU it is the gradient.

    References
    ----------
    Springenberg, Dosovitskiy, Brox, Riedmiller 2015, "Striving for simplicity: the all convolutional net".
    """
    x = as_item(net, find_target(net, target).position, image)
    return score_of(net, target, probability, layers={"ReLU": GuidedReLU}).slope(x)[1][0]
