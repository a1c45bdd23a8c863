import numpy as np

from cafe_edu import Net, make_layer


def test_zero_comes_back():
    trial = make_layer("Silence", [1.0, 2], [3.0], tops=0)
    assert trial.forward() == []
    for blob in trial.bottom:
        blob.diff[...] = 7
    assert [dx.tolist() for dx in trial.backward()] == [[0, 0], [0]]


def test_a_swallowed_blob_is_no_output():
    net = Net("""
        layer { name: "x" type: "Input" top: "x" top: "t" input_param { shape { dim: 2 } } }
        layer { name: "s" type: "Silence" bottom: "t" }
    """)
    assert net.outputs == ["x"]
    assert net.forward(x=np.ones(2)).keys() == {"x"}
