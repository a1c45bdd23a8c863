import itertools

import pytest

from cafe_edu.drawing.layout import GAP, lay_out

SIZES = {"a": (40, 20), "b": (60, 20), "c": (30, 50), "d": (40, 20), "alone": (10, 10)}
ARROWS = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("a", "d")]

pytest.importorskip("grandalf")


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_boxes_do_not_touch(rankdir):
    places, _ = lay_out(SIZES, ARROWS, rankdir)
    assert places.keys() == SIZES.keys()
    for one in SIZES:
        for other in SIZES:
            if one < other:
                dx, dy = (abs(p - q) for p, q in zip(places[one], places[other], strict=True))
                w, h = ((p + q) / 2 for p, q in zip(SIZES[one], SIZES[other], strict=True))
                assert dx > w or dy > h


@pytest.mark.parametrize(("rankdir", "axis", "sign"), [("TB", 1, -1), ("BT", 1, 1), ("LR", 0, 1), ("RL", 0, -1)])
def test_data_flow_one_way(rankdir, axis, sign):
    places, curves = lay_out(SIZES, ARROWS, rankdir)
    for start, end in ARROWS:
        assert sign * (places[end][axis] - places[start][axis]) >= GAP
    for points, codes in curves:
        steps = [sign * (q[axis] - p[axis]) for p, q in itertools.pairwise(points)]
        assert min(steps) >= -1e-9
        assert len(points) == len(codes)
        assert codes[0] == 1


def test_arrows_touch_their_boxes():
    places, curves = lay_out(SIZES, ARROWS, "TB")
    ends = {(round(x, 6), round(y, 6)) for points, _ in curves for x, y in (points[0], points[-1])}
    below = {(round(places[k][0], 6), round(places[k][1] - SIZES[k][1] / 2, 6)) for k in "abc"}
    above = {(round(places[k][0], 6), round(places[k][1] + SIZES[k][1] / 2, 6)) for k in "bcd"}
    assert ends == below | above


def test_an_arrow_past_a_row_goes_round_its_boxes():
    places, curves = lay_out(SIZES, ARROWS, "TB")
    middle = places["b"][1]
    assert places["c"][1] == middle
    past = [points for points, _ in curves if points[0][1] > middle > points[-1][1] and len(points) > 6]
    (points,) = past
    straight = [x for (x, y), (_, z) in itertools.pairwise(points) if y >= middle >= z]
    for key in "bc":
        assert all(abs(x - places[key][0]) > SIZES[key][0] / 2 for x in straight)
