import itertools

import numpy as np
import pytest

import cafe_edu.pycaffe as caffe
from cafe_edu import Net
from cafe_edu.pycaffe import layers as L
from cafe_edu.pycaffe.coord_map import (
    AxisMismatchException,
    UndefinedMapException,
    compose,
    coord_map,
    coord_map_from_to,
    crop,
    inverse,
)


def data():
    return L.Input(shape={"dim": [2, 1, 20, 20]})


def fcn(kernel=4, stride=2, pad=0):
    """Two halvings and their undoing; the data and the result, which is of another size."""
    x = data()
    y = L.Convolution(x, num_output=10, kernel_size=5, pad=10)
    y = L.Pooling(L.ReLU(y), kernel_size=2, stride=2)
    y = L.Convolution(y, num_output=10, kernel_size=3)
    y = L.Pooling(L.Dropout(y), kernel_size=2, stride=2)
    y = L.Deconvolution(y, num_output=10, kernel_size=kernel, stride=stride, pad=pad)
    return x, L.Deconvolution(y, num_output=10, kernel_size=4, stride=2)


def where(top, bottom):
    axis, a, b = coord_map_from_to(top, bottom)
    return axis, *(np.ravel(v).tolist() for v in (a, b))


def size_of(top):
    net = caffe.to_proto(top)
    return Net(net).blobs[net.layer[-1].top[0]].shape


WINDOWS = list(itertools.product((1, 2, 3, 5), (1, 2, 3), (0, 1, 3)))


@pytest.mark.parametrize(("kernel", "stride", "pad"), WINDOWS)
def test_a_layer_maps_its_windows_middle(kernel, stride, pad):
    # top pixel y reads the bottom's pixels y * stride - pad ... + kernel - 1
    _, a, b = coord_map(L.Convolution(data(), num_output=1, kernel_size=kernel, stride=stride, pad=pad).fn)
    for y in range(4):
        middle = y * stride - pad + (kernel - 1) / 2
        np.testing.assert_allclose(a * middle + b, y, atol=1e-12)
    there, back = (L.Convolution, L.Deconvolution)
    maps = [coord_map(t(data(), num_output=1, kernel_size=kernel, stride=stride, pad=pad).fn) for t in (there, back)]
    axis, a, b = compose(*maps)
    assert (axis, pytest.approx(a.item()), pytest.approx(b.item())) == (1, 1, 0)


def test_dilation_makes_the_kernel_wide():
    x = data()
    wide = L.Convolution(x, num_output=1, kernel_size=5)
    dilated = L.Convolution(x, num_output=1, kernel_size=3, dilation=2)
    assert where(wide, x) == where(dilated, x)


def test_several_axes():
    x = data()
    y = L.Convolution(x, num_output=1, kernel_size=[3, 5], stride=[1, 2], pad=[0, 1], axis=1)
    assert where(x, y) == (1, [1, 0.5], [-1, -0.5])
    assert where(L.Pooling(x, pooling_param={"kernel_size": 3}), x) == (1, [1], [1])


def test_crop_of_a_crop():
    x = data()
    c = crop(L.Deconvolution(x, num_output=1, kernel_size=5), x)
    assert (c.fn.type_name, c.fn.params["crop_param"]) == ("Crop", {"axis": 2, "offset": [2]})
    assert where(c, x) == (1, [1], [0])
    assert coord_map(L.Crop(x, x, offset=3).fn) == (1, 1, -3)


def test_a_whole_net_is_cropped_to_its_data():
    x, y = fcn()
    assert where(y, x)[1] == [1]
    c = crop(y, x)
    assert size_of(c)[2:] == (20, 20)
    assert size_of(y)[2:] != (20, 20)


def test_an_impulse_stays_where_it_is(write):
    """The crop lays the result pixel on pixel over the data: the judge is the net itself."""
    x, _ = fcn()
    y = L.Convolution(x, num_output=1, kernel_size=5, pad=4, weight_filler={"type": "constant", "value": 1})
    y = L.Deconvolution(y, num_output=1, kernel_size=3, weight_filler={"type": "constant", "value": 1})
    c = crop(y, x)
    spec = caffe.to_proto(c)
    net = caffe.Net(write(str(spec)), caffe.TEST)
    net.blobs[spec.layer[0].top[0]].data[:, :, 9, 12] = 1
    out = net.forward()[spec.layer[-1].top[0]][0, 0]
    rows, columns = np.indices(out.shape)
    middle = (rows * out).sum() / out.sum(), (columns * out).sum() / out.sum()
    np.testing.assert_allclose(middle, (9, 12), rtol=1e-6)


def vgg16(x):
    """The spatial part of VGG-16 as the fully convolutional nets of 2015 have it: what its layers 3, 4 and 7 give."""
    found = []
    for block, convolutions in enumerate((2, 2, 3, 3, 3)):
        for i in range(convolutions):
            x = L.ReLU(L.Convolution(x, num_output=1, kernel_size=3, pad=100 if block == i == 0 else 1), in_place=True)
        x = L.Pooling(x, kernel_size=2, stride=2)
        found.append(x)
    return found[2], found[3], L.Convolution(x, num_output=1, kernel_size=7)


def up(x, kernel, stride):
    return L.Deconvolution(x, convolution_param={"num_output": 1, "kernel_size": kernel, "stride": stride})


def test_the_published_offsets_of_fcn():
    """The nets of Long, Shelhamer and Darrell crop by 19; by 5 and 27; by 5, 9 and 31."""
    x = data()
    pool3, pool4, top = vgg16(x)

    def offset(crop):
        return crop.fn.params["crop_param"]["offset"]

    assert offset(crop(up(top, 64, 32), x)) == [19]
    upscore2 = up(top, 4, 2)
    fused4 = crop(pool4, upscore2)
    sum4 = L.Eltwise(upscore2, fused4)
    assert (offset(fused4), offset(crop(up(sum4, 32, 16), x))) == ([5], [27])
    upscore4 = up(sum4, 4, 2)
    fused3 = crop(pool3, upscore4)
    sum3 = L.Eltwise(upscore4, fused3)
    assert (offset(fused3), offset(crop(up(sum3, 16, 8), x))) == ([9], [31])


def test_thirds_are_no_obstacle():
    x, how = data(), {"num_output": 1, "kernel_size": 2, "stride": 3, "pad": 3}
    y = L.Convolution(L.Deconvolution(x, **how), **how)
    assert 0 < abs(where(y, x)[2][0]) < 1e-15  # should be 0
    assert crop(y, x).fn.params["crop_param"]["offset"] == [0]


def test_tops_that_do_not_meet():
    with pytest.raises(RuntimeError, match="no chain of layers that map pixels connects the two tops"):
        coord_map_from_to(data(), data())
    x = data()
    with pytest.raises(RuntimeError):  # an InnerProduct has no map
        coord_map_from_to(L.InnerProduct(x, num_output=2), x)


def test_no_map():
    with pytest.raises(UndefinedMapException, match="a layer of type InnerProduct has no map from pixels to pixels"):
        coord_map(L.InnerProduct(data(), num_output=2).fn)
    with pytest.raises(UndefinedMapException, match="a Pooling without kernel_size has no map"):
        coord_map(L.Pooling(data(), global_pooling=True).fn)


def test_axes_that_differ():
    x = data()
    y = L.Convolution(L.Convolution(x, num_output=1, kernel_size=3, axis=2), num_output=1, kernel_size=3)
    with pytest.raises(AxisMismatchException, match="two layers map axes from 2 and from 3 on"):
        coord_map_from_to(y, x)
    assert compose((None, 1, 0), (1, 2, 3)) == (1, 2, 3)
    assert inverse((1, 2, 3)) == (1, 0.5, -1.5)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda x: L.Pooling(x, kernel_size=2, stride=2), "one is scaled against the other"),
        (lambda x: L.Convolution(x, num_output=1, kernel_size=5), "the offset would be negative"),
        (lambda x: L.Deconvolution(x, num_output=1, kernel_size=4), "the offset would be no whole number"),
        (lambda x: L.Convolution(x, num_output=1, kernel_h=3, kernel_w=3), "expected kernel_size, stride and pad, f"),
    ],
)
def test_what_no_crop_can_do(make, says):
    x = data()
    with pytest.raises(AssertionError, match=says):
        crop(make(x), x)
