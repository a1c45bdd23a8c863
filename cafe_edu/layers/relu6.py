"""ReLU6: a ReLU with a ceiling."""

from cafe_edu.layer import Layer, register


@register("ReLU6")
class ReLU6(Layer):
    r"""Keep what lies between 0 and 6; what is below becomes 0, what is above 6.

    .. math:: y = \min(\max(x, 0), 6)

    A number that cannot grow beyond 6 needs no bits for more, so nets for telephones use it.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; may be in place

    Gradients
    ---------
    .. math:: dx = dy \text{ where } 0 < x < 6, \quad 0 \text{ elsewhere}

    References
    ----------
    Howard et al. 2017, Sandler et al. 2018. Not of stock Caffe: ports of MobileNet and SSDLite to Caffe have
    it, without options. Lesson: day 7.
    """

    stock = False
    in_place = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        x = bottom[0].data
        self.inside = (x > 0) & (x < 6)  # kept: in place y overwrites x
        self.xp.clip(x, 0, 6, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            self.xp.multiply(top[0].diff, self.inside, out=bottom[0].diff)
