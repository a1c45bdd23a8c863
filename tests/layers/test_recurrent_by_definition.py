"""RNN, LSTM and LSTMUnit against their definitions: one step, one item, one number at a time."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cafe_edu import make_layer


def sigma(x):
    return 1 / (1 + math.exp(-x))


def tanh(values):
    return [math.tanh(v) for v in values]


def times(W, x):
    return [sum(w * v for w, v in zip(row, x, strict=True)) for row in W]


def plus(*parts):
    return [sum(values) for values in zip(*parts, strict=True)]


def rnn_step(x, s, k, states, W_xh, b_h, W_xs, W_hh, W_ho, b_o):
    (h,) = states
    from_s = times(W_xs, s) if W_xs is not None else [0] * len(h)
    h = tanh(plus(times(W_hh, [k * v for v in h]), times(W_xh, x), b_h, from_s))
    return tanh(plus(times(W_ho, h), b_o)), [h]


def unit(c, a, k):
    """The new cell and what it shows; a holds the inputs of the gates i, f, o, g."""
    i, f, o, g = (a[n * len(c) : (n + 1) * len(c)] for n in range(4))
    new = [k * sigma(f[n]) * c[n] + sigma(i[n]) * math.tanh(g[n]) for n in range(len(c))]
    return new, [sigma(o[n]) * math.tanh(new[n]) for n in range(len(c))]


def lstm_step(x, s, k, states, W_xc, b_c, W_xs, W_hc):
    h, c = states
    from_s = times(W_xs, s) if W_xs is not None else [0] * 4 * len(h)
    c, h = unit(c, plus(times(W_hc, [k * v for v in h]), times(W_xc, x), b_c, from_s), k)
    return h, [h, c]


STEPS = {"RNN": (rnn_step, 1, 5), "LSTM": (lstm_step, 2, 3)}  # the step, how many states, how many parameters


def run(name, x, cont, static, states, params):
    """All steps of all items: tops, and the states behind the last step, each (N, H)."""
    step, count, _ = STEPS[name]
    params = [*params[:2], params[2] if static is not None else None, *params[2 + (static is not None) :]]
    T, N, H = *x.shape[:2], params[3].shape[1]
    y, last = np.zeros((T, N, H)), np.zeros((count, N, H))
    for n in range(N):
        state = [s[n] for s in states]
        for t in range(T):
            s = None if static is None else static[n].ravel()
            y[t, n], state = step(x[t, n].ravel(), s, cont[t, n], state, *params)
        last[:, n] = state
    return y, last


@st.composite
def sequences(draw):
    T, N, H = draw(st.integers(1, 5)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.normal(size=(T, N, *draw(st.sampled_from([(2,), (2, 2), ()]))))
    cont = (rng.random((T, N)) < 0.7).astype(float)  # zeros in the middle too, for each item others
    cont[0] *= draw(st.booleans())
    static = rng.normal(size=(N, *draw(st.sampled_from([(2,), (1, 2)])))) if draw(st.booleans()) else None
    return x, cont, static, H, rng


@pytest.mark.parametrize("name", STEPS)
def test_a_sequence(hold, name):
    _, count, _ = STEPS[name]

    @settings(max_examples=40)
    @given(sequences(), st.booleans())
    def check(drawn, exposed):
        x, cont, static, H, rng = drawn
        N = x.shape[1]
        states = rng.normal(size=(count, N, H)) if exposed else np.zeros((count, N, H))
        bottoms = [x, cont, *([] if static is None else [static]), *(s[None] for s in states if exposed)]

        def definition(*blobs):
            y, last = run(name, x, cont, static, states, blobs[len(bottoms) :])
            return [y, *(s[None] for s in last if exposed)]

        spec = f"recurrent_param {{ num_output: {H} expose_hidden: {str(exposed).lower()} }}"
        # exposed states give no gradient (see below), so there forward cannot judge; nor where a state is carried over
        hold(name, bottoms, definition, spec, tops=1 + count * exposed, gradient=not exposed and not cont[0].any())

    check()


@pytest.mark.parametrize("name", STEPS)
@settings(max_examples=15)
@given(sequences())
def test_the_state_is_carried_over_to_the_next_forward(name, drawn):
    x, cont, static, H, rng = drawn
    count = STEPS[name][1]
    bottoms = [x, cont, *([] if static is None else [static])]
    trial = make_layer(name, *bottoms, spec=f"recurrent_param {{ num_output: {H} }}")
    for blob in trial.layer.params:
        blob.data = rng.normal(size=blob.shape)
    states = np.zeros((count, x.shape[1], H))
    for _ in range(3):
        trial.bottom[0].data = x = rng.normal(size=x.shape)
        trial.bottom[1].data = cont = (rng.random(cont.shape) < 0.7).astype(float)
        y, states = run(name, x, cont, static, states, [blob.data for blob in trial.layer.params])
        assert np.allclose(trial.forward()[0], y)


@pytest.mark.parametrize(("name", "static", "shapes"), [
    ("RNN", False, [(3, 4), (3,), (3, 3), (3, 3), (3,)]),
    ("RNN", True, [(3, 4), (3,), (3, 5), (3, 3), (3, 3), (3,)]),
    ("LSTM", False, [(12, 4), (12,), (12, 3)]),
    ("LSTM", True, [(12, 4), (12,), (12, 5), (12, 3)]),
])  # fmt: skip
def test_parameters_stand_in_caffes_order(name, static, shapes):
    bottoms = [np.zeros((2, 1, 4)), np.zeros((2, 1)), *([np.zeros((1, 5))] if static else [])]
    trial = make_layer(name, *bottoms, spec="recurrent_param { num_output: 3 }")
    assert [blob.shape for blob in trial.layer.params] == shapes


@settings(max_examples=30)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_lstm_unit(hold, N, H, seed):
    rng = np.random.default_rng(seed)
    c, gates, cont = rng.normal(size=(1, N, H)), rng.normal(size=(1, N, 4 * H)), rng.choice([0, 0.5, 1], (1, N))

    def definition(c, gates, cont):
        found = [unit(c[0, n], gates[0, n], cont[0, n]) for n in range(N)]
        return [np.array([[new for new, _ in found]]), np.array([[h for _, h in found]])]

    hold("LSTMUnit", [c, gates, cont], definition, tops=2)
