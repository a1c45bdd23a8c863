"""Embed: whole numbers become learned vectors."""

from cafe_edu.arrays.indices import add_rows, as_indices
from cafe_edu.layer import Layer, register


@register("Embed")
class Embed(Layer):
    r"""Look each index up in a table whose rows are learned.

    .. math:: y_m = W_{i_m} + b

    It is an InnerProduct of one-hot vectors that never writes them down.

    Options (``embed_param``)
    -------------------------
    num_output : int
        N, the length of a row.
    input_dim : int
        K, the number of rows.
    bias_term : bool, default=true
    weight_filler, bias_filler : FillerParameter

    Shapes
    ------
    bottom[0] : i, whole numbers 0 .. K - 1, any shape; takes no gradient
    top[0] : y, (shape of i..., N)
    params : weight W, (K, N); bias b, (N,)

    Gradients
    ---------
    .. math:: dW_k = \sum_{m:\, i_m = k} dy_m, \qquad db = \sum_m dy_m

    References
    ----------
    Caffe: ``src/caffe/layers/embed_layer.cpp``. Real Caffe reads beyond its memory at an index out of range, and
    aborts where ``force_backward`` asks for the gradient of the indices; here the first is an error and the
    second is left out. Lesson: day 20.
    """

    options_field = "embed_param"
    no_gradient = (0,)

    def setup(self, bottom):
        N, K = self.required("num_output"), self.required("input_dim")
        self.weight = self.add_param("weight", (K, N), self.options.weight_filler)
        self.bias = self.add_param("bias", (N,), self.options.bias_filler) if self.options.bias_term else None

    def top_shapes(self, bottom_shapes):
        return [(*bottom_shapes[0], self.weight.shape[1])]

    def forward(self, bottom, top):
        self.index, y = as_indices(bottom[0].data, self.weight.shape[0], "row"), top[0].data
        y[...] = self.weight.data[self.index]
        if self.bias is not None:
            y += self.bias.data

    def backward(self, top, propagate_down, bottom):
        dy = top[0].diff.reshape(-1, self.weight.shape[1])
        add_rows(self.weight.diff, self.index.reshape(-1), dy)
        if self.bias is not None:
            self.bias.diff += dy.sum(axis=0)
