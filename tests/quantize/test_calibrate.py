"""What layers read is seen as they read it."""

import numpy as np
import pytest

from cafe_edu.errors import DataError
from cafe_edu.quantize.calibrate import calibrate, each_batch
from cafe_edu.testing import strict_cupy


def test_ranges_are_what_each_layer_reads(small, images):
    net = small()
    seen = calibrate(net, images)
    assert [*seen] == ["conv", "dw", "ip"]
    reads = {name: [] for name in seen}
    for x in images:
        for i, step in enumerate(net.steps):
            if i == 0:
                net.forward(end="x", x=x)
            if step.layer.name in reads:
                reads[step.layer.name].append(np.abs(step.bottom[0].data).max(axis=(0, 2, 3)))
            if i > 0:
                net.forward_step(i)
    for name, most in reads.items():
        most = np.max(most, axis=0)  # of each channel, and only the depthwise layer keeps them apart
        assert seen[name].choose("max").tolist() == (most.tolist() if name == "dw" else [most.max()])


def test_all_bottoms_count_and_channels_may_be_on_another_axis(small):
    net = small(
        'layer { name: "x" type: "Input" top: "x" top: "z" input_param { shape { dim: 2 dim: 3 dim: 4 dim: 5 } } }'
        'layer { name: "conv" type: "Convolution" bottom: "x" bottom: "z" top: "a" top: "b" '
        "convolution_param { num_output: 4 kernel_size: 1 axis: 2 group: 2 } }"
    )
    x, z = np.ones((2, 3, 4, 5)), np.zeros((2, 3, 4, 5))
    z[1, 2, 3, 4], z[0, 0, 1, 0] = 9, -5
    assert calibrate(net, [{"x": x, "z": z}])["conv"].choose("max").tolist() == [5, 9]


def test_a_generator_of_batches_is_read_once(small, images):
    assert [*calibrate(small(), (x for x in images))] == ["conv", "dw", "ip"]


def test_on_a_device(small, images):
    expected = calibrate(small(), images)["ip"].choose("max")
    with strict_cupy():
        found = calibrate(small(device="gpu"), images)["ip"].choose("max")
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_net_that_reads_data_by_itself(small):
    spec = """
        layer { name: "d" type: "DummyData" top: "d" dummy_data_param { shape { dim: 2 dim: 3 }
          data_filler { type: "gaussian" } } }
        layer { name: "ip" type: "InnerProduct" bottom: "d" top: "y" inner_product_param { num_output: 2 } }
    """
    assert calibrate(small(spec), 3)["ip"].numbers == 3 * 6
    with pytest.raises(DataError, match=r"expected dicts of input name -> array for the inputs none, found .*ndarray"):
        [*each_batch(small(spec), [np.ones(3)])]


def test_errors(small, images):
    net = small()
    for none in ([], iter([])):
        with pytest.raises(DataError, match="expected at least 1 batch, found none: some are needed"):
            calibrate(net, none)
    with pytest.raises(DataError, match="expected batches of arrays for x, found the number 3"):
        calibrate(net, 3)
    with pytest.raises(DataError, match="expected batches with numbers to calibrate on, layer 'conv' saw none"):
        calibrate(net, [np.ones((0, 3, 8, 8))])
    images[2, 0, 0] = np.nan
    with pytest.raises(DataError) as caught:
        calibrate(net, images)
    assert caught.value.one_line() == (
        "expected numbers, found NaN: no range holds it; in what layer 'conv' reads, in batch 2"
    )
