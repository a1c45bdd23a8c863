"""How large numbers are, and where to cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cafe_edu.errors import DataError, SpecError
from cafe_edu.quantize.ranges import BINS, Ranges


def seen(*batches):
    made = Ranges(len(batches[0]))
    for batch in batches:
        made.see(np.asarray(batch, float))
    return made


@given(st.lists(st.floats(2**-14, 2**14, width=16), min_size=1, max_size=30), st.integers(1, 5))
def test_counting_in_pieces_counts_all(values, pieces):
    """Whatever comes first: each number is in the bin that holds it when all are seen."""
    made = seen(*[part[None] for part in np.array_split(values, pieces) if len(part)])
    assert made.most.item() == max(values)
    assert made.top.item() >= max(values)
    expected = np.histogram(values, BINS, (0, made.top.item()))[0]
    assert np.abs(np.cumsum(made.counts[0]) - np.cumsum(expected)).max() <= sum(
        abs(v / made.top.item() * BINS - round(v / made.top.item() * BINS)) < 1e-6 for v in values
    )  # a number on an edge may fall on either side
    assert made.counts.sum() == made.numbers == len(values)


def test_each_group_by_itself():
    made = seen([[1, -2, 0], [0.25, 0.5, 0]], [[-8, 1, 1], [0, 0, 0.5]])
    assert made.choose("max").tolist() == [8, 0.5]
    assert made.counts.sum(axis=1).tolist() == [5, 3]  # zeros are not counted
    assert made.numbers == 12


def test_a_group_that_saw_zeros_only_takes_the_largest_steps_of_the_others():
    made = seen([[1.27, 0], [0, 0], [2.54, 0]])
    assert made.choose("max").tolist() == [1.27, 0, 2.54]
    np.testing.assert_allclose(made.steps("max"), [0.01, 0.02, 0.02], rtol=1e-6)
    assert made.steps("max").dtype == np.float32


@pytest.mark.parametrize("way", ["max", "percentile", "entropy"])
def test_nothing_but_zeros_has_no_range(way):
    assert seen([[0, 0]]).steps(way).tolist() == [0]
    assert seen([[1e-40, 0]]).steps(way).tolist() == [0]  # of steps so small float32 holds a few bits only


@pytest.mark.parametrize("way", ["max", "percentile", "entropy"])
def test_no_range_is_larger_than_what_was_seen(way):
    x = np.random.default_rng(0).normal(size=(2, 1000)) * [[1], [30]]
    made = seen(x[:, :10], x)  # the first numbers set where the bins end
    assert (made.choose(way) <= np.abs(x).max(axis=1)).all()
    assert (made.choose(way) > np.abs(x).max(axis=1) / 17).all()


@pytest.mark.parametrize("way", ["max", "percentile"])
def test_no_range_is_larger_than_what_was_seen_by_part_of_a_bin(way):
    made = seen([[1.0]], [[1.1001] * 100])
    assert made.top.item() == 2
    assert made.choose(way).item() == 1.1001


def test_one_number_far_out_moves_only_the_maximum():
    x = np.append(np.random.default_rng(0).normal(size=99_999), 1000)[None]
    made = seen(x)
    assert made.choose("max").item() == 1000
    assert 4 <= made.choose("percentile").item() <= 5
    made = seen(np.append(x[:, :-1], [[20]], axis=1))
    assert made.choose("entropy").item() < 6


def test_percentile_by_counting():
    x = np.arange(1, 20_001)[None] / 20_000
    assert seen(x).choose("percentile").item() == pytest.approx(0.9999, abs=1 / BINS)


def test_entropy_of_numbers_that_127_levels_hold_cuts_off_nothing():
    x = np.arange(1, 128).repeat(50)[None] / 127
    assert seen(x).choose("entropy").item() == 1


def test_errors():
    with pytest.raises(SpecError, match="expected one of max, percentile, entropy to choose a range by, found 'mean'"):
        seen([[1.0]]).choose("mean")
    with pytest.raises(DataError, match="expected numbers, found NaN: no range holds it"):
        seen([[1.0, np.nan]])
    with pytest.raises(DataError, match="expected numbers, found infinity: no range holds it"):
        seen([[1.0, np.inf]])
