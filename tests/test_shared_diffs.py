"""shared_diffs.py: gradients that are the same numbers share memory, and nobody's numbers change by it."""

import numpy as np
import pytest

from cafe_edu import Net, shared_diffs

BLOCK = """
force_backward: true
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 5 dim: 5 } } }
layer { name: "first" type: "Convolution" bottom: "x" top: "f" convolution_param { num_output: 3 kernel_size: 1
  weight_filler { type: "xavier" } } }
layer { name: "conv" type: "Convolution" bottom: "f" top: "c" convolution_param { num_output: 3 kernel_size: 3 pad: 1
  weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
layer { name: "sum" type: "Eltwise" bottom: "f" bottom: "c" top: "s" %s }
layer { name: "relu2" type: "ReLU" bottom: "s" top: "s" }
"""


def gradients(text, shared, monkeypatch):
    """Every blob's gradient after two ways back, those of a Split's tops left out."""
    with monkeypatch.context() as patch:
        if not shared:
            patch.setattr("cafe_edu.net.share_diffs", lambda steps: None)
        net = Net(text, "TRAIN", rng=0)
    rng = np.random.default_rng(0)
    for _ in range(2):
        y = net.forward(x=rng.normal(size=net.blobs["x"].shape))
        net.clear_param_diffs()
        net.backward(**{name: rng.normal(size=values.shape) for name, values in y.items()})
    blobs = {name: blob for name, blob in net.blobs.items() if "_split_" not in name}
    blobs |= {blob.name: blob for pair in net.params.values() for blob in pair}
    return net, {name: blob.diff for name, blob in blobs.items()}


@pytest.mark.parametrize("options", ["", "eltwise_param { coeff: 1 coeff: -2 }", "eltwise_param { operation: PROD }"])
def test_every_gradient_is_what_it_is_without(options, monkeypatch):
    _, found = gradients(BLOCK % options, True, monkeypatch)
    _, expected = gradients(BLOCK % options, False, monkeypatch)
    assert found.keys() == expected.keys()
    for name in found:
        assert np.array_equal(found[name], expected[name]), name


def test_around_a_block_no_gradient_is_copied(monkeypatch):
    net, _ = gradients(BLOCK % "", True, monkeypatch)
    through, around = (net.blobs[f"f_first_0_split_{i}"] for i in range(2))
    assert around.shares_diff_with(net.blobs["s"])
    assert through.shares_diff_with(net.blobs["f"])
    assert not net.blobs["c"].shares_diff_with(net.blobs["s"])  # its ReLU is in place, and would overwrite it


def test_three_readers(monkeypatch):
    more = 'layer { name: "third" type: "Power" bottom: "f" top: "t" power_param { scale: 3 } }'
    net, found = gradients(BLOCK % "" + more, True, monkeypatch)
    _, expected = gradients(BLOCK % "" + more, False, monkeypatch)
    assert all(np.array_equal(found[name], expected[name]) for name in found)
    assert sum(blob.shares_diff_with(net.blobs["f"]) for name, blob in net.blobs.items() if "_split_" in name) == 1


def test_a_reader_that_gives_no_gradient_shares_none(monkeypatch):
    """What it never writes must stay zero."""
    text = """
    force_backward: true
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 } } }
    layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 4 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 3
      weight_filler { type: "xavier" } } }
    layer { name: "accuracy" type: "Accuracy" bottom: "y" bottom: "t" top: "accuracy" }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "t" top: "loss" }
    """
    _, found = gradients(text, True, monkeypatch)
    _, expected = gradients(text, False, monkeypatch)
    assert np.array_equal(found["y"], expected["y"])
    assert found["y"].any()


def test_new_shapes_share_as_well(monkeypatch):
    net, _ = gradients(BLOCK % "", True, monkeypatch)
    y = net.forward(x=np.random.default_rng(1).normal(size=(4, 3, 7, 7)))
    net.backward(s=np.ones_like(y["s"]))
    assert net.blobs["f_first_0_split_1"].shares_diff_with(net.blobs["s"])
    assert net.blobs["f"].diff.shape == (4, 3, 7, 7)


def test_the_plan_is_of_pairs():
    net = Net(BLOCK % "", "TRAIN")
    shared_diffs.share_diffs(net.steps)
    pairs = [(blob.name, owner.name) for step in net.steps for blob, owner in step.same_diff]
    assert pairs == [("f_first_0_split_0", "f"), ("f_first_0_split_1", "s")]
