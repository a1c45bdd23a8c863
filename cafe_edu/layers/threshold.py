"""Threshold: yes or no."""

from cafe_edu.layer import Layer, register


@register("Threshold")
class Threshold(Layer):
    r"""Say 1 where a number is above a threshold and 0 where it is not.

    .. math:: y = 1 \text{ where } x > t, \quad 0 \text{ elsewhere}

    A step is flat on both sides: there is no gradient, and nothing behind it can learn.

    Options (``threshold_param``)
    -----------------------------
    threshold : float, default=0
        t.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; may be in place

    References
    ----------
    McCulloch and Pitts 1943; Caffe: ``src/caffe/layers/threshold_layer.cpp``. Lesson: day 7.
    """

    options_field = "threshold_param"
    in_place = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        top[0].data[...] = bottom[0].data > self.options.threshold
