import pytest

from cafe_edu import Net, make_layer
from cafe_edu.errors import NetError


def test_by_hand():
    trial = make_layer("AbsVal", [[-2.0, 0, 3]])
    assert trial.forward()[0].tolist() == [[2, 0, 3]]
    assert trial.backward([[10, 20, 30]])[0].tolist() == [[-10, 0, 30]]


def test_not_in_place():
    with pytest.raises(NetError, match="this type cannot run in place: give its top a name other than 'x'"):
        Net("""
            layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
            layer { name: "a" type: "AbsVal" bottom: "x" top: "x" }
        """)
