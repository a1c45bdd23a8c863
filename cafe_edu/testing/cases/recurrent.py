"""Recurrent layers: sequences in, sequences out."""

import numpy as np

from cafe_edu.testing.cases.case import Case


def sequences(*shape):
    """X (T, 3, *shape) and cont (T, 3): a new sequence at the first step, and now and then."""

    def make(rng, n):
        cont = (rng.random((n, 3)) > 0.3).astype(float)
        cont[:1] = 0
        return [rng.normal(size=(n, 3, *shape)), cont]

    return make


def step(H):
    """A cell (1, N, H), the inputs of its gates (1, N, 4H), and cont (1, N)."""

    def make(rng, n):
        return [rng.normal(size=(1, n, H)), rng.normal(size=(1, n, 4 * H)), np.arange(n).reshape(1, n) % 2.0]

    return make


_FILLERS = "weight_filler { type: 'uniform' min: -1 max: 1 } bias_filler { type: 'uniform' min: -1 max: 1 }"

CASES = {
    "LSTM": [Case(f"recurrent_param {{ num_output: 2 {_FILLERS} }}", sequences(3))],
    "LSTMUnit": [Case("", step(3), tops=2)],
    "RNN": [Case(f"recurrent_param {{ num_output: 3 {_FILLERS} }}", sequences(2, 2))],
}
