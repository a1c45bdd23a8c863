"""LSTM: a recurrent layer whose cell can keep a number for a long time."""

from cafe_edu import sequences
from cafe_edu.arrays.lstm import lstm_step, lstm_step_backward
from cafe_edu.layer import Layer, register


@register("LSTM")
class LSTM(Layer):
    r"""Read a sequence step by step; gates decide what the cell forgets, takes in and shows.

    .. math:: a_t = W_{hc}\, k_t h_{t-1} + W_{xc}\, x_t + b_c \; [+ W_{xs}\, s]

    .. math:: c_t = k_t\, \sigma(f)\, c_{t-1} + \sigma(i) \tanh(g), \qquad h_t = \sigma(o) \tanh(c_t)

    i, f, o, g are the four parts of :math:`a_t`, in this order. :math:`k_t` (the cont) is 0 where a new sequence
    begins: then h and c are forgotten. The states after the last step are kept for the next forward. Caffe builds
    a net of T copies with shared weights; this is the same sum, as a loop.

    Options (``recurrent_param``)
    -----------------------------
    num_output : int
        H.
    weight_filler, bias_filler : FillerParameter
    expose_hidden : bool, default=false
        The states before the first step are the last bottoms, those after the last step the last tops.

    Shapes
    ------
    bottom[0] : x, (T, N, ...)
    bottom[1] : k, (T, N)
    bottom[2] : s, static, (N, ...); optional
    last bottoms : h_0, c_0, (1, N, H) each; with ``expose_hidden``
    top[0] : h, (T, N, H)
    top[1], top[2] : h_T, c_T, (1, N, H) each; with ``expose_hidden``
    params : W_xc (4H, D); b_c (4H,); W_xs (4H, S) with a static bottom; W_hc (4H, H)

    Gradients
    ---------
    Back through time, t = T .. 1: the step's own (``arrays/lstm.py``) gives da_t and dc_{t-1};
    :math:`dh_{t-1} = k_t\, W_{hc}^\top da_t`; weights add up over t. As in Caffe none comes from h_T and c_T, and
    none goes to h_0 and c_0.

    References
    ----------
    Hochreiter, Schmidhuber 1997; Caffe: ``src/caffe/layers/lstm_layer.cpp``, ``recurrent_layer.cpp``. Lesson: day 20.
    """

    options_field = "recurrent_param"
    num_bottom = (2, 5)
    num_top = (1, 3)
    no_gradient = (1,)

    def setup(self, bottom):
        H = sequences.setup(self, bottom, states=2)
        self.W_xc = self.add_param("W_xc", (4 * H, sequences.width(bottom[0].shape, 2)), self.options.weight_filler)
        self.b_c = self.add_param("b_c", (4 * H,), self.options.bias_filler)
        self.W_xs = sequences.static_weight(self, bottom, 4 * H)
        self.W_hc = self.add_param("W_hc", (4 * H, H), self.options.weight_filler)

    def top_shapes(self, bottom_shapes):
        return sequences.top_shapes(self, bottom_shapes, self.W_xc.shape[1])

    def forward(self, bottom, top):
        xp, k, H = self.xp, bottom[1].data, self.options.num_output
        self.a = sequences.inputs(self, bottom, self.W_xc, self.b_c)  # (T, N, 4H)
        h, c = sequences.first_states(self, bottom)
        T, N = k.shape
        self.before = xp.empty((T, N, H), self.dtype)
        self.c = xp.empty((T + 1, N, H), self.dtype)
        self.c[0] = c
        for t in range(T):
            self.before[t] = k[t][:, None] * h
            self.a[t] += self.before[t] @ self.W_hc.data.T
            self.c[t + 1], h = lstm_step(self.c[t], self.a[t], k[t])
            top[0].data[t] = h
        sequences.keep_states(self, top, h, self.c[T])

    def backward(self, top, propagate_down, bottom):
        xp, k, H = self.xp, bottom[1].data, self.options.num_output
        dh, da = top[0].diff.copy(), xp.empty_like(self.a)
        dc = xp.zeros_like(self.c[0])
        for t in reversed(range(len(da))):
            dc, da[t] = lstm_step_backward(self.c[t], self.a[t], k[t], self.c[t + 1], dc, dh[t])
            if t:
                dh[t - 1] += k[t][:, None] * (da[t] @ self.W_hc.data)
        self.W_hc.diff += da.reshape(-1, 4 * H).T @ self.before.reshape(-1, H)
        sequences.inputs_backward(self, bottom, propagate_down, self.W_xc, self.b_c, da)
