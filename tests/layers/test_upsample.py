import numpy as np
import pytest

from cafe_edu import Net, make_layer, prototxt
from cafe_edu.errors import DataError, ShapeError, SpecError

X = np.array([[[[1.0, 2], [3, 4]]]])


def upsample(options, *bottom):
    return make_layer("Upsample", *bottom, spec=f"upsample_param {{ {options} }}")


def test_copies_by_hand():
    trial = upsample("scale: 2", X)
    y = trial.forward()[0]
    assert y.tolist() == [[[[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]]]
    dy = np.arange(16.0).reshape(1, 1, 4, 4)
    assert trial.backward(dy)[0].tolist() == [[[[0 + 1 + 4 + 5, 2 + 3 + 6 + 7], [8 + 9 + 12 + 13, 10 + 11 + 14 + 15]]]]


def test_a_scale_for_each_axis():
    trial = upsample("scale_h: 1 scale_w: 3", X)
    assert trial.forward()[0].tolist() == [[[[1, 1, 1, 2, 2, 2], [3, 3, 3, 4, 4, 4]]]]
    assert trial.backward(np.ones((1, 1, 2, 6)))[0].tolist() == [[[[3, 3], [3, 3]]]]


def test_a_mask_by_hand():
    trial = upsample("scale: 2", X, [[[[0.0, 3], [12, 9]]]])
    y = trial.forward()[0]
    assert y.tolist() == [[[[1, 0, 0, 2], [0, 0, 0, 0], [0, 4, 0, 0], [3, 0, 0, 0]]]]
    dx = trial.backward(np.arange(16.0).reshape(1, 1, 4, 4))[0]
    assert dx.tolist() == [[[[0, 3], [12, 9]]]]


def test_two_numbers_for_one_place_are_added():
    trial = upsample("scale: 1", X, np.zeros((1, 1, 2, 2)))
    assert trial.forward()[0].tolist() == [[[[10, 0], [0, 0]]]]
    assert trial.backward([[[[5.0, 1], [1, 1]]]])[0].tolist() == [[[[5, 5], [5, 5]]]]


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ("scale: 3", (6, 6)),
        ("scale: 2 pad_out_h: true", (3, 4)),
        ("scale_h: 2 scale_w: 4 pad_out_w: true", (4, 7)),
        ("scale: 2 upsample_h: 3 upsample_w: 5", (3, 5)),
        ("upsample_h: 3 upsample_w: 5", (3, 5)),
    ],
)
def test_sizes_with_a_mask(options, shape):
    assert upsample(options, X, np.zeros((1, 1, 2, 2))).forward()[0].shape == (1, 1, *shape)


def test_it_undoes_a_max_pooling():
    """Every largest number comes back to where it stood, in every image and channel; the rest is 0."""
    text = """
    layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 5 dim: 6 } } }
    layer { name: "pool" type: "Pooling" bottom: "x" top: "y" top: "mask" pooling_param { kernel_size: 2 stride: 2 } }
    layer {
      name: "up" type: "Upsample" bottom: "y" bottom: "mask" top: "z"
      upsample_param { scale: 2 pad_out_h: true }
    }
    """
    net = Net(prototxt.parse_net(text), phase="TEST")
    x = np.random.default_rng(0).permutation(180).reshape(2, 3, 5, 6) + 1.0
    net.blobs["x"].data = x
    net.forward()
    z, y = net.blobs["z"].data, net.blobs["y"].data
    assert z.shape == x.shape
    assert np.count_nonzero(z) == y.size
    assert np.array_equal(z[z != 0], x[z != 0])
    assert sorted(z[z != 0]) == sorted(y.reshape(-1))


@pytest.mark.parametrize(
    ("options", "found"),
    [("", "neither"), ("scale_h: 2", "scale_h"), ("scale: 2 scale_h: 2 scale_w: 2", "scale, scale_h, scale_w")],
)
def test_the_scale_must_be_said_in_one_way(options, found):
    with pytest.raises(SpecError) as caught:
        upsample(options, X)
    assert str(caught.value) == f"expected `scale`, or `scale_h` and `scale_w`, in `upsample_param`, found {found}"


def test_other_errors():
    with pytest.raises(SpecError, match="expected a `scale` of 1 or more in `upsample_param`, found 0"):
        upsample("scale: 0", X)
    said = "`pad_out_h` of `upsample_param` belongs to a mask, and there is no second bottom"
    with pytest.raises(SpecError, match=said):
        upsample("scale: 2 pad_out_h: true", X)
    with pytest.raises(ShapeError) as caught:
        upsample("scale: 2", X, X[:, :, :1])
    assert str(caught.value) == (
        "expected images (N, C, H, W) and a mask of the same shape, found (1, 1, 2, 2) and (1, 1, 1, 2)"
    )
    with pytest.raises(ShapeError, match=r"expected images \(N, C, H, W\), found \(2, 2\)"):
        upsample("scale: 2", X[0, 0])
    with pytest.raises(DataError, match=r"index 4 at place 3 is out of range: expected a whole number from 0 to 3"):
        upsample(
            "scale: 1",
            X,
            [
                [
                    [
                        [
                            0.0,
                            1,
                        ],
                        [2, 4],
                    ]
                ]
            ],
        ).forward()
