"""Deconvnet: the way back where a ReLU treats the gradient as it treats its input."""

from cafe_edu.insight.objective import score_of
from cafe_edu.insight.targets import as_item, find_target
from cafe_edu.layer import Layer


class DeconvnetReLU(Layer):
    r"""A ReLU with another way back: it is applied to the gradient, whatever the input was.

    .. math:: y = \max(x, 0) + \alpha \min(x, 0), \qquad dx = \max(dy, 0)
    """

    options_field = "relu_param"
    in_place = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        x = bottom[0].data
        top[0].data[...] = self.xp.where(x > 0, x, self.options.negative_slope * x)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            self.xp.maximum(top[0].diff, 0, out=bottom[0].diff)


def deconvnet(net, image, target, probability=False):
    r"""Return what a deconvolutional net on top of this one paints for the target.

    Convolutions run backward with the same filters, max pooling puts numbers back to where the largest stood (the
    "switches"), and ReLU is applied on the way back too: the backward pass of Caffe's layers with another ReLU. Without
    a max pooling the picture depends on the image only by the place of the unit.

    It is made for one unit of a map, where it is largest. The class of a net that ends with the mean of a map starts
    from every place of that map, those where it is 0 included, and what is painted need not lie on what the class is
    about; `cafe_edu.insight.grad_cam.strongest_unit` is then the better target.

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
    Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks", section 2.
    """
    x = as_item(net, find_target(net, target).position, image)
    return score_of(net, target, probability, layers={"ReLU": DeconvnetReLU}).slope(x)[1][0]
