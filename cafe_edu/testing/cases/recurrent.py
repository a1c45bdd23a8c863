"""Recurrent layers: sequences in, sequences out."""

from cafe_edu.testing.cases.case import Case


def sequences(*shape):
    """X (T, 3, *shape) and cont (T, 3): a new sequence at the first step, and now and then."""

    def make(rng, n):
        cont = (rng.random((n, 3)) > 0.3).astype(float)
        cont[:1] = 0
        return [rng.normal(size=(n, 3, *shape)), cont]

    return make


_FILLERS = "weight_filler { type: 'uniform' min: -1 max: 1 } bias_filler { type: 'uniform' min: -1 max: 1 }"

CASES = {
    "LSTM": [Case(f"recurrent_param {{ num_output: 2 {_FILLERS} }}", sequences(3))],
    "RNN": [Case(f"recurrent_param {{ num_output: 3 {_FILLERS} }}", sequences(2, 2))],
}
