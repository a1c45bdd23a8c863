import pytest

from cafe_edu import Net, Solver
from cafe_edu.errors import SpecError
from cafe_edu.proto import caffe_pb2

X = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }'


@pytest.mark.parametrize(
    ("says", "where"),
    [
        ("relu_param { negative_slope: nan }", "relu_param.negative_slope"),
        ("loss_weight: nan", "loss_weight"),
        ("param { lr_mult: nan }", "param.lr_mult"),
    ],
)
def test_in_a_net(says, where):
    with pytest.raises(SpecError) as caught:
        Net(f'{X} layer {{ name: "r" type: "ReLU" bottom: "x" top: "y" {says} }}')
    found = caught.value.one_line()
    assert found == f"expected a number for `{where}`, found nan; in layer 'r' (ReLU), set up, reading x (2, 3)"


def test_in_a_solver():
    with pytest.raises(SpecError, match="expected a number for `momentum`, found nan"):
        Solver(caffe_pb2.SolverParameter(momentum=float("nan")))


def test_blobs_are_data():
    spec = caffe_pb2.NetParameter()
    spec.layer.add(name="x", type="Input", top=["x"]).blobs.add(data=[float("nan")])
    assert Net(spec).inputs == ["x"]


def test_infinity_is_a_number():
    net = Net(f'{X} layer {{ name: "c" type: "Clip" bottom: "x" top: "y" clip_param {{ min: 0 max: inf }} }}')
    assert net.layers[-1].options.max == float("inf")
