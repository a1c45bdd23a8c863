"""LSTMUnit: one step of an LSTM, its four gates given."""

from cafe_edu.arrays.lstm import lstm_step, lstm_step_backward
from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register


@register("LSTMUnit")
class LSTMUnit(Layer):
    r"""From the old cell and the inputs of the gates, make the new cell and what it shows.

    .. math:: c' = k\, \sigma(f)\, c + \sigma(i) \tanh(g), \qquad h' = \sigma(o) \tanh(c')

    i, f, o, g lie side by side in bottom[1], in this order. Where k, the cont, is 0 a new sequence begins: c is
    forgotten. It has no weights: the layers before it make the gates' inputs of x and h.

    Shapes
    ------
    bottom[0] : c, (1, N, H)
    bottom[1] : i, f, o, g, (1, N, 4H)
    bottom[2] : k, (1, N), 0 or 1; takes no gradient
    top[0] : c', (1, N, H)
    top[1] : h', (1, N, H)

    Gradients
    ---------
    .. math:: dc' \mathrel{+}= dh'\, \sigma(o) (1 - \tanh^2 c'), \qquad dc = k\, \sigma(f)\, dc'

    and each gate's through its own curve: :math:`\sigma' = \sigma (1 - \sigma)`, :math:`\tanh' = 1 - \tanh^2`.

    References
    ----------
    Hochreiter and Schmidhuber 1997; Caffe: ``src/caffe/layers/lstm_unit_layer.cpp``. Lesson: day 20.
    """

    num_bottom = 3
    num_top = 2
    no_gradient = (2,)

    def top_shapes(self, bottom_shapes):
        c, gates, cont = bottom_shapes
        if len(c) != 3 or c[0] != 1 or gates != (1, c[1], 4 * c[2]) or cont != c[:2]:
            raise ShapeError(
                f"expected a cell (1, N, H), gates (1, N, 4H) and cont (1, N), found {c}, {gates} and {cont}"
            )
        return [c, c]

    def forward(self, bottom, top):
        c, gates, k = (blob.data[0] for blob in bottom)
        self.new, h = lstm_step(c, gates, k)  # kept, because a later layer may overwrite the top
        top[0].data[0], top[1].data[0] = self.new, h

    def backward(self, top, propagate_down, bottom):
        c, gates, k = (blob.data[0] for blob in bottom)
        slopes = lstm_step_backward(c, gates, k, self.new, top[0].diff[0], top[1].diff[0])
        for blob, slope, wanted in zip(bottom, slopes, propagate_down, strict=False):  # none to cont
            if wanted:
                blob.diff[0] = slope
