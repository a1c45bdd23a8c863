import pytest

from cafe_edu import make_layer
from cafe_edu.errors import NetError, SpecError

ONE, TWO = "input_param { shape { dim: 2 dim: 3 } }", "input_param { shape { dim: 2 } shape { dim: 3 } }"


@pytest.mark.parametrize(
    ("spec", "tops", "shapes"),
    [(ONE, 1, [(2, 3)]), (ONE, 2, [(2, 3), (2, 3)]), (TWO, 2, [(2,), (3,)]), ("", 2, [(), ()])],
)
def test_shapes(spec, tops, shapes):
    trial = make_layer("Input", spec=spec, tops=tops)
    assert [blob.shape for blob in trial.top] == shapes
    assert trial.layer.top_shapes([]) == shapes


def test_forward_leaves_what_the_caller_put_in():
    trial = make_layer("Input", spec=ONE)
    trial.top[0].reshape(1, 4)
    trial.top[0].data = [[1, 2, 3, 4]]
    assert trial.forward()[0].tolist() == [[1, 2, 3, 4]]
    assert trial.backward([[1, 1, 1, 1]]) == []


@pytest.mark.parametrize("tops", [1, 3])
def test_as_many_shapes_as_tops(tops):
    with pytest.raises(SpecError) as caught:
        make_layer("Input", spec=TWO, tops=tops)
    assert str(caught.value) == (f"expected no `shape` in `input_param`, one, or one for each top ({tops}), found 2")


def test_counts():
    with pytest.raises(NetError, match="expected 1 or more tops, found 0"):
        make_layer("Input", tops=0)
    with pytest.raises(NetError, match="expected 0 bottoms, found 1"):
        make_layer("Input", [1.0])
