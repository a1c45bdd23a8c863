import numpy as np
import pytest

from cafe_edu.testing.cases import CASES, distinct, normal, scored

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_inputs_have_the_batch_size_asked_for(n):
    for cases in CASES.values():
        for case in cases:
            assert n in case.bottom(RNG, n)[0].shape[:2]  # behind one time step in LSTMUnit


def test_normal_keeps_off_zero():
    (x,) = normal(100, 50)(RNG, 2)
    assert x.shape == (2, 100, 50)
    assert np.abs(x).min() >= 0.05
    assert (x < 0).any()


def test_distinct_has_no_equals():
    (x,) = distinct(3, 4, 5)(RNG, 2)
    assert np.diff(np.sort(x.reshape(-1))).min() > 0.0099


def test_scored_has_labels_of_all_classes():
    x, t = scored(3, 4)(RNG, 20)
    assert x.shape == (20, 3, 4)
    assert {*np.unique(t)} == {0, 1, 2}
