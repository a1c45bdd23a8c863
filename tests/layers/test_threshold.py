import pytest

from cafe_edu import make_layer
from cafe_edu.errors import NetError

X = [[-2.0, 0, 0.5, 3]]


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(("options", "y"), [("", [[0, 0, 1, 1]]), ("threshold: 0.5", [[0, 0, 0, 1]])])
def test_by_hand(options, y, in_place):
    trial = make_layer("Threshold", X, spec=f"threshold_param {{ {options} }}", in_place=in_place)
    assert trial.forward()[0].tolist() == y


def test_there_is_no_way_back():
    trial = make_layer("Threshold", X)
    trial.forward()
    with pytest.raises(NetError) as caught:
        trial.backward([[1, 1, 1, 1]])
    assert str(caught.value) == "this layer has no gradient: nothing behind it can learn"
