import pytest

from cafe_edu.half_built import first_failure

NET = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } } }
layer { name: "a" type: "Convolution" bottom: "x" top: "a" convolution_param { num_output: 4 kernel_size: 3 } }
layer { name: "relu" type: "ReLU" bottom: "a" top: "a" }
layer { name: "b" type: "Pooling" bottom: "a" top: "b" pooling_param { kernel_size: 2 stride: 2 } }
layer { name: "c" type: "InnerProduct" bottom: "b" top: "c" inner_product_param { num_output: 7 } }
"""
NAMES = ["x", "a", "relu", "b", "c"]


def test_nothing_fails():
    before, layer, error = first_failure(NET)
    assert [one.spec.name for one in before.layers] == NAMES
    assert (layer, error) == (None, None)


@pytest.mark.parametrize(
    ("planted", "old", "new"),
    [
        (0, "dim: 2", "dim: -2"),
        (1, "kernel_size: 3", "kernel_size: 9"),
        (2, 'bottom: "a" top: "a"', 'bottom: "q" top: "a"'),
        (3, "Pooling", "Poling"),
        (4, "num_output: 7", "axis: 5"),
    ],
)
def test_each_layer_can_be_the_one_that_fails(planted, old, new):
    before, layer, error = first_failure(NET.replace(old, new, 1))
    assert layer.name == NAMES[planted]
    assert [one.spec.name for one in before.layers] == NAMES[:planted]
    assert str(error)


def test_the_first_of_two_faults_is_found():
    _, layer, _ = first_failure(NET.replace("kernel_size: 3", "kernel_size: 9").replace("num_output: 7", "axis: 5"))
    assert layer.name == "a"


def test_only_layers_of_the_phase_count():
    other = 'layer { name: "t" type: "Nonsense" bottom: "x" top: "t" include { phase: TRAIN } }'
    assert first_failure(NET + other)[1] is None
    assert first_failure(NET + other, "TRAIN")[1].name == "t"
