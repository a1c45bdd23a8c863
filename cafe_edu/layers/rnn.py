"""RNN: one layer, used again at each step of a sequence."""

from cafe_edu import sequences
from cafe_edu.layer import Layer, register


@register("RNN")
class RNN(Layer):
    r"""Read a sequence step by step, and keep a state from step to step.

    .. math:: h_t = \tanh(W_{hh}\, k_t h_{t-1} + W_{xh}\, x_t + b_h \; [+ W_{xs}\, s]), \qquad
              o_t = \tanh(W_{ho}\, h_t + b_o)

    :math:`k_t` (the cont) is 0 where a new sequence begins and 1 where one goes on. The state after the last step
    is kept for the next forward. Caffe builds a net of T copies with shared weights; this is the same sum, as a
    loop.

    Options (``recurrent_param``)
    -----------------------------
    num_output : int
        H.
    weight_filler, bias_filler : FillerParameter
    expose_hidden : bool, default=false
        The state before the first step is the last bottom, the state after the last step the last top.

    Shapes
    ------
    bottom[0] : x, (T, N, ...)
    bottom[1] : k, (T, N)
    bottom[2] : s, static, (N, ...); optional
    last bottom : h_0, (1, N, H); with ``expose_hidden``
    top[0] : o, (T, N, H)
    top[1] : h_T, (1, N, H); with ``expose_hidden``
    params : W_xh (H, D); b_h (H,); W_xs (H, S) with a static bottom; W_hh (H, H); W_ho (H, H); b_o (H,)

    Gradients
    ---------
    Back through time, t = T .. 1: :math:`dz_t = dh_t (1 - h_t^2)`, :math:`dh_{t-1} = k_t\, W_{hh}^\top dz_t`;
    weights add up over t. As in Caffe none comes from h_T, and none goes to h_0.

    References
    ----------
    Elman 1990; Caffe: ``src/caffe/layers/rnn_layer.cpp``, ``recurrent_layer.cpp``. Lesson: day 20.
    """

    options_field = "recurrent_param"
    num_bottom = (2, 4)
    num_top = (1, 2)
    no_gradient = (1,)
    rereads_top = True

    def setup(self, bottom):
        H = sequences.setup(self, bottom, states=1)
        weight, bias = self.options.weight_filler, self.options.bias_filler
        self.W_xh = self.add_param("W_xh", (H, sequences.width(bottom[0].shape, 2)), weight)
        self.b_h = self.add_param("b_h", (H,), bias)
        self.W_xs = sequences.static_weight(self, bottom, H)
        self.W_hh = self.add_param("W_hh", (H, H), weight)
        self.W_ho = self.add_param("W_ho", (H, H), weight)
        self.b_o = self.add_param("b_o", (H,), bias)

    def top_shapes(self, bottom_shapes):
        return sequences.top_shapes(self, bottom_shapes, self.W_xh.shape[1])

    def forward(self, bottom, top):
        xp, k = self.xp, bottom[1].data
        z = sequences.inputs(self, bottom, self.W_xh, self.b_h)  # (T, N, H)
        (h,) = sequences.first_states(self, bottom)
        self.before, self.h = xp.empty_like(z), xp.empty_like(z)
        for t in range(len(z)):
            self.before[t] = k[t][:, None] * h
            h = self.h[t] = xp.tanh(z[t] + self.before[t] @ self.W_hh.data.T)
        top[0].data = xp.tanh(self.h @ self.W_ho.data.T + self.b_o.data)
        sequences.keep_states(self, top, h)

    def backward(self, top, propagate_down, bottom):
        xp, k, H = self.xp, bottom[1].data, self.options.num_output
        do = top[0].diff * (1 - top[0].data ** 2)
        dh, dz = do @ self.W_ho.data, xp.empty_like(self.h)
        for t in reversed(range(len(dz))):
            dz[t] = dh[t] * (1 - self.h[t] ** 2)
            if t:
                dh[t - 1] += k[t][:, None] * (dz[t] @ self.W_hh.data)
        self.W_ho.diff += do.reshape(-1, H).T @ self.h.reshape(-1, H)
        self.b_o.diff += do.sum(axis=(0, 1))
        self.W_hh.diff += dz.reshape(-1, H).T @ self.before.reshape(-1, H)
        sequences.inputs_backward(self, bottom, propagate_down, self.W_xh, self.b_h, dz)

    def state(self):
        return sequences.state(self)

    def restore(self, state):
        sequences.restore(self, state)
