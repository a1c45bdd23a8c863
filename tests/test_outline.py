import json
import tracemalloc

import pytest

import cafe_edu.layers  # noqa: F401 (fills REGISTRY)
from cafe_edu.errors import NetError, SpecError
from cafe_edu.layer import REGISTRY
from cafe_edu.outline import outline

BRANCHES = """
name: "branches"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" inner_product_param { num_output: 4 } }
layer { name: "relu" type: "ReLU" bottom: "a" top: "a" }
layer { name: "b" type: "InnerProduct" bottom: "x" top: "b" inner_product_param { num_output: 4 } }
layer { name: "sum" type: "Eltwise" bottom: "a" bottom: "b" top: "sum" }
"""


def test_as_caffe_builds_them(shared):
    nets = json.loads((shared / "oracle/nets/net_structures.json").read_text())
    seen = 0
    for name, net in nets.items():
        for phase in ("TRAIN", "TEST"):
            layers = net[phase].get("layers")
            if layers is None or {kind for _, kind, _, _ in layers} - (set(REGISTRY) - {"Python"}):
                continue  # Caffe cannot build it, or it wants a module of its own
            found = outline(net["text_used"], phase)
            blobs = {blob: shape for layer in found.layers for blob, shape in layer.top.items()}
            expected = {blob: tuple(shape) for blob, shape in net[phase]["blobs"].items() if "_split_" not in blob}
            assert blobs == expected, name
            assert sum(layer.param_count for layer in found.layers) == net[phase]["n_params"], name
            seen += 1
    assert seen > 50


def test_shared_parameters_are_counted_once(data_folder):
    twins = outline(
        data_folder / "siamese_mnist/mnist_siamese_train_test.prototxt", shapes={"pair_data": (2, 2, 28, 28)}
    )
    assert sum(layer.param_count for layer in twins.layers) == 2 * twins.param_count == 2 * 431_102


def test_googlenets_multiply_adds(data_folder):
    model = data_folder / "prototxt_zoo/BVLC__caffe/models/bvlc_googlenet/deploy.prototxt"
    found = outline(model)
    assert found.items == 10
    assert found.multiply_adds // found.items == 1_582_671_872  # 1.58 G, as its paper counts some 1.5 G
    assert found.param_count == 6_998_552


def test_splits_are_left_out_and_in_place_is_seen():
    found = outline(BRANCHES)
    assert [layer.spec.name for layer in found.layers] == ["x", "a", "relu", "b", "sum"]
    assert [layer.in_place for layer in found.layers] == [False, False, True, False, False]
    assert found.layers[3].bottom == {"x": (2, 3)}
    assert found.layers[1].params == [(4, 3), (4,)]
    assert found.multiply_adds == 2 * (2 * 3 * 4)


def test_a_split_of_the_prototxts_own_stays():
    spec = BRANCHES.replace('bottom: "a" bottom: "b"', 'bottom: "a" bottom: "s"')
    spec += 'layer { name: "split" type: "Split" bottom: "b" top: "s" top: "t" }'
    lines = spec.strip().split("\n")
    spec = "\n".join([*lines[:-2], lines[-1], lines[-2]])
    assert [layer.spec.type for layer in outline(spec).layers][-2:] == ["Split", "Eltwise"]


def test_no_memory_is_taken():
    spec = """
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 9 dim: 9 } } }
    layer { name: "c" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 10000000 kernel_size: 5
      weight_filler { type: "gaussian" } } }
    """  # 3 GB of weights
    tracemalloc.start()
    assert outline(spec).param_count == (3 * 25 + 1) * 10_000_000
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_shape_that_nobody_makes():
    with pytest.raises(SpecError, match="no data layer or input makes y, whose shape was given"):
        outline(BRANCHES, shapes={"y": (1, 1)})


def test_an_unknown_type():
    with pytest.raises(NetError, match="unknown layer type 'Relu'; did you mean 'ReLU'"):
        outline(BRANCHES.replace('"ReLU"', '"Relu"'))


def test_stages_and_levels_choose_layers():
    spec = BRANCHES.replace('type: "ReLU"', 'type: "ReLU" include { stage: "deploy" min_level: 2 }')
    assert len(outline(spec).layers) == 4
    assert len(outline(spec, level=2, stages=["deploy"]).layers) == 5


def test_an_inputs_shape_can_be_changed():
    assert outline(BRANCHES, shapes={"x": (9, 5)}).layers[1].params == [(4, 5), (4,)]
