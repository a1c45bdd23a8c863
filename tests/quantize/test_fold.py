"""A folded net says what the net said, with fewer layers."""

import numpy as np
import pytest

from cafe_edu import Layer
from cafe_edu.errors import NetError
from cafe_edu.quantize import fold
from cafe_edu.testing import strict_cupy


def same_answers(net, folded, x, rtol=1e-12):
    for name, expected in net.forward(x=x).items():
        np.testing.assert_allclose(folded.forward(x=x)[name], expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_batch_norm_and_scale_become_part_of_the_weights(small, images, dtype, rtol):
    net = small(dtype=dtype)
    folded, into = fold(net)
    assert into == {"conv": ["bn", "scale"]}
    assert [layer.name for layer in folded.layers] == ["x", "conv", "relu", "dw", "prelu", "ip", "prob"]
    assert [blob.shape for blob in folded.params["conv"]] == [(6, 3, 3, 3), (6,)]
    same_answers(net, folded, images[0], rtol)


def test_the_net_stays_as_it_is(small, images):
    net = small()
    before = [blob.data.copy() for blobs in net.params.values() for blob in blobs]
    fold(net)[0].params["dw"][0].data[...] = 0
    for blob, values in zip([blob for blobs in net.params.values() for blob in blobs], before, strict=True):
        assert np.array_equal(blob.data, values)


@pytest.mark.parametrize("transpose", [True, False])
def test_behind_an_inner_product(small, text, images, transpose):
    net = small(
        text.input + 'layer { name: "ip" type: "InnerProduct" bottom: "x" top: "c" inner_product_param { num_output: 6 '
        f'transpose: {str(transpose).lower()} weight_filler {{ type: "xavier" }} }} }} ' + text.norm
        + 'layer { name: "more" type: "Bias" bottom: "n" top: "z" }',
        dtype=np.float64,
    )  # fmt: skip
    folded, into = fold(net)
    assert into == {"ip": ["bn", "scale", "more"]}
    assert folded.outputs == ["z"]
    same_answers(net, folded, images[0])


def test_a_batch_norm_that_never_trained(small, text, images):
    """Its mean and variance are 0."""
    norm = 'layer { name: "bn" type: "BatchNorm" bottom: "c" top: "c" }'
    net = small(text.input + text.conv + norm, dtype=np.float64)
    for blob in net.params["bn"]:
        blob.data[...] = 0
    folded, into = fold(net)
    assert into == {"conv": ["bn"]}
    same_answers(net, folded, images[0])


@pytest.mark.parametrize(
    "behind",
    [
        'layer { name: "bn" type: "BatchNorm" bottom: "c" top: "b" }'
        'layer { name: "p" type: "Power" bottom: "c" top: "p" }',
        'layer { name: "s" type: "Scale" bottom: "c" top: "s" scale_param { axis: 2 } }',
        'layer { name: "s" type: "Scale" bottom: "c" top: "s" scale_param { num_axes: 0 } }',
        'layer { name: "s" type: "Scale" bottom: "c" bottom: "f" top: "s" scale_param { axis: 0 } }',
        'layer { name: "bn" type: "BatchNorm" bottom: "c" top: "b" batch_norm_param { use_global_stats: false } }',
        'layer { name: "r" type: "ReLU" bottom: "c" top: "c" } layer { name: "s" type: "Scale" bottom: "c" top: "s" }',
    ],
    ids=["two readers", "other axis", "one number", "a second bottom", "the batch's own", "a ReLU between"],
)
def test_what_is_not_folded(small, text, images, behind):
    other = text.conv.replace('"conv"', '"other"').replace('"c"', '"f"') if '"f"' in behind else ""
    net = small(text.input + text.conv + other + behind, dtype=np.float64)
    folded, into = fold(net)
    assert into == {}
    assert len(folded.layers) == len(net.layers)
    same_answers(net, folded, images[0])


def test_channels_on_another_axis_than_the_batch_norms(small, text):
    """An inner product over axis 2 has its outputs on axis 2; BatchNorm counts axis 1."""
    net = small(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 4 dim: 3 } } }'
        'layer { name: "ip" type: "InnerProduct" bottom: "x" top: "c" inner_product_param { axis: 2 num_output: 4 '
        'weight_filler { type: "xavier" } } } layer { name: "bn" type: "BatchNorm" bottom: "c" top: "c" }',
        dtype=np.float64,
    )
    folded, into = fold(net)
    assert into == {}
    same_answers(net, folded, np.random.default_rng(0).normal(size=(2, 4, 3)))


def test_shared_weights_are_left_alone(small, text, images):
    shared = text.conv.replace('top: "c"', 'top: "c" param { name: "w" }')
    twin = shared.replace('"conv"', '"twin"').replace('"c"', '"t"')
    net = small(text.input + shared + twin + text.norm, dtype=np.float64)
    folded, into = fold(net)
    assert into == {}
    assert folded.params["conv"][0].shares_with(folded.params["twin"][0])
    same_answers(net, folded, images[0])


def test_layers_of_your_own_are_not_taken_for_ours(small, text, images):
    class Scale(Layer):
        in_place = True

        def setup(self, bottom):
            self.add_param("scale", (1,))

        def top_shapes(self, bottom_shapes):
            return bottom_shapes

        def forward(self, bottom, top):
            top[0].data = bottom[0].data + 7

    net = small(text.input + text.conv + text.norm, layers={"Scale": Scale})
    folded, into = fold(net, layers={"Scale": Scale})
    assert into == {"conv": ["bn"]}
    same_answers(net, folded, images[0], 1e-5)


def test_on_a_device(small, images):
    expected = small().forward(x=images[0])["prob"]
    with strict_cupy():
        folded = fold(small(device="gpu"))[0]
        assert folded.xp.__name__ != "numpy"
        np.testing.assert_allclose(folded.forward(x=images[0])["prob"], expected, rtol=1e-5)


def test_only_in_the_test_phase(small):
    with pytest.raises(NetError, match=r"expected a net of phase 'TEST', found 'TRAIN': build it with Net"):
        fold(small(phase="TRAIN"))
