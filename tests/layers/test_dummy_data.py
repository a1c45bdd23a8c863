import numpy as np
import pytest

from cafe_edu import Net, make_layer
from cafe_edu.errors import SpecError

SHAPE = "shape { dim: 2 dim: 3 }"


def dummy(options, tops=1):
    return make_layer("DummyData", spec=f"dummy_data_param {{ {options} }}", tops=tops)


@pytest.mark.parametrize(
    ("options", "tops", "shapes"),
    [
        (SHAPE, 1, [(2, 3)]),
        (SHAPE, 2, [(2, 3), (2, 3)]),
        (f"{SHAPE} shape {{ dim: 4 }}", 2, [(2, 3), (4,)]),
        ("shape { }", 1, [()]),
        ("num: 2 channels: 3 height: 4 width: 5", 1, [(2, 3, 4, 5)]),
        ("num: 2 num: 7 channels: 3 height: 4 width: 5 width: 6", 2, [(2, 3, 4, 5), (7, 3, 4, 6)]),
    ],
)
def test_shapes(options, tops, shapes):
    assert [y.shape for y in dummy(options, tops).forward()] == shapes


def test_without_a_filler_it_is_zeros():
    assert not dummy(SHAPE).forward()[0].any()


def test_constants_are_filled_once_and_the_others_at_every_forward():
    net = Net(
        """
        layer { name: "d" type: "DummyData" top: "one" top: "any" dummy_data_param { shape { dim: 4 }
          data_filler { value: 5 } data_filler { type: "gaussian" } } }
    """,
        rng=0,
    )
    assert net.blobs["one"].data.tolist() == [5] * 4  # before any forward
    net.blobs["one"].data = [1, 2, 3, 4]
    first, second = net.forward(), net.forward()
    assert first["one"].tolist() == second["one"].tolist() == [1, 2, 3, 4]
    assert (first["any"] != second["any"]).all()


def test_a_shape_given_later_stays():
    trial = dummy(f"{SHAPE} data_filler {{ type: 'uniform' }}")
    trial.top[0].reshape(5, 3)
    assert np.unique(trial.forward()[0]).size == 15


def test_nothing_comes_back():
    trial = dummy(SHAPE)
    trial.forward()
    assert trial.backward(np.ones((2, 3))) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("", "expected one `shape`, or one for each top (2), found 0"),
        (f"{SHAPE} {SHAPE} {SHAPE}", "expected one `shape`, or one for each top (2), found 3"),
        (f"{SHAPE} {'data_filler { } ' * 3}", "expected one `data_filler`, or one for each top (2), found 3"),
        (f"{SHAPE} num: 1", "expected `shape` or its old form, found `shape` and `num`"),
        ("num: 1 height: 2 width: 3", "expected one `channels`, or one for each top (2), found 0"),
    ],
)
def test_errors(options, says):
    with pytest.raises(SpecError) as caught:
        dummy(options, tops=2)
    assert str(caught.value) == says
