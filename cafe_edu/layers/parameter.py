"""Parameter: a learned blob as a top."""

from cafe_edu.layer import Layer, register


@register("Parameter")
class Parameter(Layer):
    r"""Give a learned blob to other layers as if it were data.

    .. math:: y = W

    W starts at zero: there is no filler.

    Options (``parameter_param``)
    -----------------------------
    shape : BlobShape

    Shapes
    ------
    top[0] : y, as ``shape`` says
    params : W, the same

    Gradients
    ---------
    .. math:: dW = dy

    References
    ----------
    Caffe: ``src/caffe/layers/parameter_layer.cpp``. There the top is the parameter's own memory, so that each
    backward writes over the gradient of the one before (with ``iter_size`` only the last counts), and a layer in place
    behind it writes over the parameter; a copy does neither. Lesson: day 8.
    """

    options_field = "parameter_param"
    num_bottom = 0

    def setup(self, bottom):
        self.weight = self.add_param("weight", tuple(self.options.shape.dim))

    def top_shapes(self, bottom_shapes):
        return [self.weight.shape]

    def forward(self, bottom, top):
        top[0].data = self.weight.data

    def backward(self, top, propagate_down, bottom):
        self.weight.diff += top[0].diff
