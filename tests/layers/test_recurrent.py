"""RNN and LSTM: the state carried over, exposed and static; and what they refuse."""

import numpy as np
import pytest

from cafe_edu import check_gradient, make_layer
from cafe_edu.errors import NetError, ShapeError
from cafe_edu.testing import Trial

FILL = "weight_filler { type: 'uniform' min: -1 max: 1 } bias_filler { type: 'uniform' min: -1 max: 1 }"
STATES = {"RNN": 1, "LSTM": 2}


def spec(more=""):
    return f"recurrent_param {{ num_output: 4 {FILL} {more} }}"


def sequence(T=5, N=2, begins=True):
    rng = np.random.default_rng(0)
    cont = np.ones((T, N))
    cont[0] = not begins
    return rng.normal(size=(T, N, 3)), cont


@pytest.mark.parametrize("name", STATES)
def test_two_halves_are_the_whole(name):
    x, cont = sequence()
    (whole,) = make_layer(name, x, cont, spec=spec()).forward()
    halves = make_layer(name, x[:3], cont[:3], spec=spec())
    (first,) = halves.forward()
    for blob, values in zip(halves.bottom, (x[3:], cont[3:]), strict=True):
        blob.reshape(*values.shape)
        blob.data = values
    (second,) = halves.forward()
    np.testing.assert_allclose(np.concatenate([first, second]), whole)


@pytest.mark.parametrize("name", STATES)
def test_cont_0_begins_anew(name):
    x, cont = sequence()
    cont[3] = 0
    (y,) = make_layer(name, x, cont, spec=spec()).forward()
    (alone,) = make_layer(name, x[3:], cont[3:], spec=spec()).forward()
    np.testing.assert_allclose(y[3:], alone)


@pytest.mark.parametrize("name", STATES)
def test_another_batch_size_forgets(name):
    trial = make_layer(name, *sequence(), spec=spec())
    trial.forward()
    x, cont = sequence(N=3, begins=False)
    for blob, values in zip(trial.bottom, (x, cont), strict=True):
        blob.reshape(*values.shape)
        blob.data = values
    (found,) = trial.forward()
    (fresh,) = make_layer(name, x, cont, spec=spec()).forward()
    np.testing.assert_allclose(found, fresh)


@pytest.mark.parametrize("name", STATES)
def test_exposed_states_go_in_and_out(name):
    states = [np.random.default_rng(1 + i).normal(size=(1, 2, 4)) for i in range(STATES[name])]
    x, cont = sequence(begins=False)
    trial = make_layer(name, x, cont, *states, spec=spec("expose_hidden: true"), tops=1 + len(states))
    whole, *_ = trial.forward()
    first = make_layer(name, x[:3], cont[:3], *states, spec=spec("expose_hidden: true"), tops=1 + len(states))
    y, *between = first.forward()
    second = make_layer(name, x[3:], cont[3:], *between, spec=spec("expose_hidden: true"), tops=1 + len(states))
    np.testing.assert_allclose(np.concatenate([y, second.forward()[0]]), whole)


@pytest.mark.parametrize("name", STATES)
def test_gradient_with_a_static_bottom(name):
    static = np.random.default_rng(2).normal(size=(2, 2, 2))
    check_gradient(make_layer(name, *sequence(T=3), static, spec=spec()))


@pytest.mark.parametrize("name", STATES)
def test_gradient_from_exposed_states(name):
    """The states get no gradient and give none, as in Caffe: with their diffs at 0 the rest is exact."""
    states = [np.zeros((1, 2, 4)) for _ in range(STATES[name])]
    trial = make_layer(name, *sequence(T=3), *states, spec=spec("expose_hidden: true"), tops=1 + len(states))
    plain = make_layer(name, *sequence(T=3), spec=spec())
    trial.forward()
    plain.forward()
    dy = np.random.default_rng(3).normal(size=(3, 2, 4))
    found = trial.backward(dy, *(np.full_like(s, 9) for s in states))
    np.testing.assert_allclose(found[0], plain.backward(dy)[0])
    assert isinstance(trial, Trial)
    assert not any(dx.any() for dx in found[2:])


@pytest.mark.parametrize(
    ("bottoms", "more", "error", "message"),
    [
        ([(5, 2, 3), (5, 3)], "", ShapeError, "expected cont of (5, 2), found (5, 3)"),
        ([(5, 2, 3), (5, 2), (3, 2)], "", ShapeError,
         "expected a static bottom of (2, ...) with 2 numbers per item, found (3, 2)"),
        ([(5, 2, 3), (5, 2), (1, 2, 3)], "expose_hidden: true", ShapeError,
         "expected a state of (1, 2, 4), found (1, 2, 3)"),
        ([(5, 2, 3), (5, 2)], "expose_hidden: true", NetError,
         "expected x, cont and perhaps a static bottom, and one top, with 1 hidden exposed at either end; "
         "found 2 bottoms and 1 tops"),
    ],
)  # fmt: skip
def test_what_it_refuses(bottoms, more, error, message):
    tops = 2 if len(bottoms) > 2 and more else 1
    with pytest.raises(error) as caught:
        make_layer("RNN", *map(np.zeros, bottoms), spec=spec(more), tops=tops)
    assert str(caught.value) == message
