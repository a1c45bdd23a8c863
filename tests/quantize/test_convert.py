"""From a float net to 8 bits: the steps of each layer, and which layers stay as they are."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cafe_edu import Layer, Net, make_layer
from cafe_edu.errors import DataError, NetError, SpecError, WeightsError
from cafe_edu.quantize import quantize
from cafe_edu.quantize.convert import in_steps
from cafe_edu.testing import strict_cupy


def test_a_small_net_in_8_bits(small, images):
    net = small()
    q = quantize(net, images)
    assert q.parts == {"conv": ["conv", "bn", "scale", "relu"], "dw": ["dw"], "ip": ["ip"]}
    assert q.kept == {
        "prelu": "PReLU: of this type there is none in 8 bits",
        "prob": "Softmax: it has no weights",
    }
    assert [layer.type for layer in q.net.layers] == [
        "Input", "QuantizedConvolution", "QuantizedConvolution", "PReLU", "QuantizedInnerProduct", "Softmax"
    ]  # fmt: skip
    assert [blob.data.dtype.name for blob in q.params["ip"]] == ["int8", "int32", "float32", "float32"]
    assert q.params["dw"][3].shape == (6,)
    assert [len(set(q.params[name][3].data.tolist())) for name in ("conv", "dw")] == [1, 6]
    x = np.random.default_rng(6).normal(size=(20, 3, 8, 8))
    net.forward(x=x), q.forward(x=x)
    expected, found = net.blobs["y"].data, q.blobs["y"].data
    assert 0 < np.square(found - expected).sum() < 1e-3 * np.square(expected).sum()


def test_the_whole_net_by_whole_numbers(small, text):
    """An inner product, ReLU and all, worked in Python's whole numbers and the layer's own steps."""
    spec = """
        layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 7 dim: 5 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 3
          weight_filler { type: "gaussian" } bias_filler { type: "gaussian" } } }
        layer { name: "relu" type: "ReLU" bottom: "y" top: "y" }
    """
    net, x = small(spec), np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    q = quantize(net, [x])
    W, b = (blob.data for blob in net.params["ip"])
    s = np.float32(np.abs(x).max() / 127)
    for o in range(3):
        t = np.float32(np.abs(W[o]).max() / 127)
        codes = [round(float(w) / float(t)) for w in W[o]]
        bias = round(float(b[o]) / (float(s) * float(t)))
        for m in range(7):
            a = bias + sum(round(float(v / s)) * w for v, w in zip(x[m], codes, strict=True))
            assert q.forward(x=x)["y"][m, o] == np.float32(max(a, 0)) * (s * t)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1e-30, 1e-3, 1, 1e6]), st.sampled_from([0, 1e-6, 1, 1e6]))
def test_weights_and_biases_are_kept_to_half_a_step(seed, size, large):
    rng = np.random.default_rng(seed)
    trial = make_layer(
        "Convolution", np.ones((1, 4, 3, 3)), spec="convolution_param { num_output: 6 kernel_size: 3 group: 2 }"
    )
    W, b = rng.normal(size=(6, 2, 3, 3)) * size, rng.normal(size=6) * large
    W[2], b[3] = 0, 0
    trial.layer.params[0].data, trial.layer.params[1].data = W, b
    s = np.array([0.01, 3], np.float32)
    codes, biases, t, _ = in_steps(trial.layer, s)
    assert (codes.dtype, biases.dtype, t.dtype) == (np.int8, np.int32, np.float32)
    assert np.abs(codes.astype(int)).max(initial=0) <= 127
    assert np.abs(biases.astype(int)).max(initial=0) <= 2**30
    t = t.astype(float)
    each = s.astype(float).repeat(3) * t
    assert (np.abs(codes * t.reshape(-1, 1, 1, 1) - W) <= 0.5001 * t.reshape(-1, 1, 1, 1)).all()
    assert (np.abs(biases * each - b) <= np.maximum(0.5001 * each, 1e-6 * np.abs(b))).all()
    huge = np.abs(b) > each / t * 2**30 * np.abs(W).reshape(6, -1).max(axis=1) / 127
    assert (np.abs(codes.reshape(6, -1).astype(int)).max(axis=1)[~huge & (W != 0).any(axis=(1, 2, 3))] == 127).all()


def test_steps_of_each_way_to_choose(small, images):
    images[0, 0, 0, 0, 0] = 50
    ways = ("max", "percentile", "entropy")
    steps = {way: quantize(small(), images, way).params["conv"][3].data.item() for way in ways}
    assert steps["max"] == np.float32(50 / 127)
    assert 3 / 127 < steps["percentile"] < 6 / 127
    assert steps["entropy"] < 6 / 127
    with pytest.raises(SpecError, match="expected one of max, percentile, entropy to choose a range by, found 'mean'"):
        quantize(small(), images, "mean")


def test_what_is_asked_for_stays_in_float32(small, images):
    net = small()
    q = quantize(net, images, skip=["dw"])
    assert q.kept["dw"] == "Convolution: as asked"
    assert [*q.parts] == ["conv", "ip"]
    assert np.array_equal(q.params["dw"][0].data, net.params["dw"][0].data)
    with pytest.raises(NetError, match="no layer 'rely' in net 'small'; did you mean 'relu'"):
        quantize(net, images, skip=["rely"])


def test_a_layer_that_read_nothing_but_zeros_stays_in_float32(small, images):
    net = small()
    net.params["scale"][0].data[...] = 0
    net.params["scale"][1].data[...] = -1  # the ReLU makes 0 of all
    q = quantize(net, images)
    assert q.kept["dw"] == "Convolution: what it reads was 0 in every batch"
    np.testing.assert_allclose(q.forward(x=images[0])["prob"], net.forward(x=images[0])["prob"], atol=0.02)


def test_a_channel_of_zeros_and_a_filter_of_zeros(small, images):
    net = small()
    net.params["scale"][1].data[2] = -100  # channel 2 is 0 behind the ReLU
    net.params["dw"][0].data[4], net.params["dw"][1].data[:] = 0, 0.7
    q = quantize(net, images)
    s = q.params["dw"][3].data
    assert s[2] == s.max()
    assert np.isfinite(q.params["dw"][2].data).all()
    q.forward(end="dw", x=images[0])
    np.testing.assert_allclose(q.blobs["d"].data[:, [2, 4]], 0.7, rtol=1e-2)


def test_which_relus_become_part_of_a_layer(small, text, images):
    def kinds(relu, layers=None):
        q = quantize(small(text.input + text.conv + relu, layers=layers), images, layers=layers)
        return q.parts["conv"], [layer.type for layer in q.net.layers][2:]

    class ReLU(Layer):
        def top_shapes(self, bottom_shapes):
            return bottom_shapes

        def forward(self, bottom, top):
            top[0].data = bottom[0].data

    plain = 'layer { name: "r" type: "ReLU" bottom: "c" top: "r" }'
    assert kinds(plain) == (["conv", "r"], [])
    assert kinds(plain, {"ReLU": ReLU}) == (["conv"], ["ReLU"])
    assert kinds(plain.replace("}", "relu_param { negative_slope: 0.1 } }")) == (["conv"], ["ReLU"])
    twice = plain + 'layer { name: "p" type: "Power" bottom: "c" top: "p" }'
    assert kinds(twice) == (["conv"], ["Split", "ReLU", "Power"])


def test_shared_weights_and_several_bottoms(small, images):
    """The towers of a siamese net: each gets weights of its own, in its own steps."""
    spec = """
        layer { name: "x" type: "Input" top: "x" top: "z" input_param { shape { dim: 2 dim: 3 } } }
        layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" param { name: "w" } param { name: "b" }
          inner_product_param { num_output: 4 weight_filler { type: "xavier" } bias_filler { value: 1 } } }
        layer { name: "b" type: "InnerProduct" bottom: "z" top: "b" param { name: "w" } param { name: "b" }
          inner_product_param { num_output: 4 weight_filler { type: "xavier" } bias_filler { value: 1 } } }
    """
    net, rng = small(spec), np.random.default_rng(0)
    batch = {"x": rng.normal(size=(2, 3)), "z": 100 * rng.normal(size=(2, 3))}
    q = quantize(net, [batch])
    assert np.array_equal(q.params["a"][0].data, q.params["b"][0].data)
    assert q.params["b"][3].data > 10 * q.params["a"][3].data
    for name, expected in net.forward(**batch).items():
        np.testing.assert_allclose(q.forward(**batch)[name], expected, atol=0.03 * np.abs(expected).max())


def test_on_a_device(small, images):
    expected = quantize(small(), images).forward(x=images[0])["prob"]
    with strict_cupy():
        q = quantize(small(device="gpu"), images)
        assert q.net.xp.__name__ != "numpy"
        np.testing.assert_allclose(q.forward(x=images[0])["prob"], expected, atol=1e-6)


def test_a_net_that_cannot_be_quantised_says_why(small, text):
    with pytest.raises(NetError, match=r"nothing of net '' can be quantised: 'r' \(ReLU: it has no weights\)"):
        quantize(Net(text.input + 'layer { name: "r" type: "ReLU" bottom: "x" top: "y" }'), [np.ones((1, 3, 8, 8))])
    wide = """
        layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 66573 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 1 } }
    """
    with pytest.raises(NetError, match=r"'ip' \(InnerProduct: a sum of 66573 products may not fit in 32 bits"):
        quantize(Net(wide), [np.ones((1, 66573))])


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_bad_numbers(small, images, bad):
    net = small()
    net.params["ip"][1].data[1] = bad
    with pytest.raises(WeightsError, match="layer 'ip': expected numbers, found NaN or infinity in its parameters"):
        quantize(net, images)
    images[3, 0, 0, 0, 0] = bad
    with pytest.raises(DataError, match=f"found {'NaN' if bad != bad else 'infinity'}: no range holds it"):
        quantize(small(), images)


def test_data_beside_the_prototxt_is_found_from_anywhere(tmp_path, monkeypatch):
    import h5py

    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file["rows"] = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    (tmp_path / "list.txt").write_text("rows.h5\n")
    (tmp_path / "net.prototxt").write_text("""
        layer { name: "d" type: "HDF5Data" top: "rows" hdf5_data_param { source: "list.txt" batch_size: 3 } }
        layer { name: "ip" type: "InnerProduct" bottom: "rows" top: "y" inner_product_param { num_output: 2
          weight_filler { type: "xavier" } } }
    """)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    q = quantize(Net(tmp_path / "net.prototxt"), 2)
    assert q.forward()["y"].shape == (3, 2)
    assert q.report(2).rows[0].sqnr > 30
