import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cafe_edu.data.transformer import Transformer
from cafe_edu.errors import DataError, SpecError
from cafe_edu.proto.caffe_pb2 import BlobProto, TransformationParameter

PHASES = ("TRAIN", "TEST")


def make(phase="TEST", seed=0, folder=None, **options):
    return Transformer(TransformationParameter(**options), phase, np.random.default_rng(seed), folder)


def write_mean(path, mean):
    shape = dict(zip(("num", "channels", "height", "width"), (1, *mean.shape), strict=True))
    path.write_bytes(BlobProto(**shape, data=mean.ravel()).SerializeToString())
    return str(path)


def slowly(item, mean, size, scale, row, column, mirrored):
    """One pixel at a time, as the formula says."""
    C, H, W = item.shape
    h, w = (size, size) if size else (H, W)
    y = np.empty((C, h, w), np.float32)
    for c in range(C):
        for i in range(h):
            for j in range(w):
                value = np.float32(item[c, row + i, column + j]) - np.float32(mean[c, row + i, column + j])
                y[c, i, w - 1 - j if mirrored else j] = value * np.float32(scale)
    return y


@st.composite
def cases(draw):
    H, W = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    return {
        "shape": (draw(st.sampled_from([1, 3])), H, W),
        "crop_size": draw(st.integers(0, min(H, W))),
        "mean": draw(st.sampled_from(["none", "one", "each", "image"])),
        "scale": draw(st.sampled_from([1, 0.00390625, -2.5])),
        "mirror": draw(st.booleans()),
        "phase": draw(st.sampled_from(PHASES)),
        "kind": draw(st.sampled_from([np.uint8, np.float32])),
        "seed": draw(st.integers(0, 99)),
    }


@given(case=cases())
def test_against_the_formula_pixel_by_pixel(tmp_path_factory, case):
    rng = np.random.default_rng(case["seed"])
    C, H, W = case["shape"]
    item = rng.integers(0, 256, (C, H, W)).astype(case["kind"])
    mean = np.zeros((C, H, W), np.float32)
    options = {key: case[key] for key in ("crop_size", "scale", "mirror")}
    if case["mean"] == "image":
        mean = rng.normal(100, 50, (C, H, W)).astype(np.float32)
        options["mean_file"] = write_mean(tmp_path_factory.mktemp("mean") / "mean.binaryproto", mean)
    elif case["mean"] != "none":
        values = rng.integers(0, 256, C if case["mean"] == "each" else 1)
        mean += values.reshape(-1, 1, 1)
        options["mean_value"] = values
    transformer = make(case["phase"], case["seed"], **options)
    y = transformer(item)

    draws = np.random.default_rng(case["seed"])  # the same chances, in the order the docstring gives
    mirrored = case["mirror"] and draws.integers(2)
    size, row, column = case["crop_size"], 0, 0
    if size and (size, size) != (H, W):
        if case["phase"] == "TRAIN":
            row, column = draws.integers(H - size + 1), draws.integers(W - size + 1)
        else:
            row, column = (H - size) // 2, (W - size) // 2
    expected = slowly(item, mean, size, case["scale"], row, column, mirrored)
    np.testing.assert_array_equal(y, expected, strict=True)
    assert transformer.shape(item.shape) == y.shape


def test_the_item_itself_is_not_changed():
    item = np.ones((1, 2, 2), np.float32)
    make(mean_value=[5], scale=3)(item)
    assert (item == 1).all()


def test_a_result_goes_where_it_is_wanted():
    batch = np.zeros((2, 1, 2, 2), np.float32)
    assert make(scale=0.5)(np.full((1, 2, 2), 3, np.uint8), out=batch[1]).base is batch
    np.testing.assert_array_equal(batch[:, 0, 0, 0], [0, 1.5])


@pytest.mark.parametrize("phase", PHASES)
def test_half_are_mirrored_in_both_phases(phase):
    transformer = make(phase, mirror=True)
    item = np.array([[[1, 2]]], np.uint8)
    mirrored = [transformer(item)[0, 0, 0] == 2 for _ in range(400)]
    assert 160 < sum(mirrored) < 240


def test_training_crops_reach_every_place():
    transformer = make("TRAIN", crop_size=2)
    item = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    assert {int(transformer(item)[0, 0, 0]) for _ in range(200)} == {0, 1, 2, 4, 5, 6}


def test_the_middle_is_rounded_down():
    item = np.arange(25, dtype=np.uint8).reshape(1, 5, 5)
    np.testing.assert_array_equal(make("TEST", crop_size=2)(item), [[[6, 7], [11, 12]]])


def test_color_is_what_the_options_force():
    assert make().color is None
    assert make(force_color=True).color is True
    assert make(force_gray=True).color is False


def test_a_mean_file_is_found_beside_the_prototxt(tmp_path):
    write_mean(tmp_path / "mean.binaryproto", np.full((1, 2, 2), 4, np.float32))
    y = make(mean_file="mean.binaryproto", folder=tmp_path)(np.full((1, 2, 2), 5, np.uint8))
    np.testing.assert_array_equal(y, np.ones((1, 2, 2)))


def test_caffes_own_mean_file(shared):
    transformer = make(mean_file=str(shared / "oracle/data/digits_mean.binaryproto"))
    assert transformer(np.zeros((1, 28, 28), np.uint8)).min() < -150


def test_a_crop_larger_than_the_item():
    with pytest.raises(DataError, match="crop_size 5 is larger than the item of 4 x 6 pixels"):
        make(crop_size=5)(np.zeros((1, 4, 6), np.uint8))


def test_a_mean_image_of_another_shape(tmp_path):
    path = write_mean(tmp_path / "mean.binaryproto", np.zeros((1, 3, 3), np.float32))
    pattern = r"mean.binaryproto: expected the items' shape \(1, 2, 2\), found \(1, 3, 3\)"
    with pytest.raises(DataError, match=pattern):
        make(mean_file=path).shape((1, 2, 2))


def test_a_mean_file_that_holds_no_image(tmp_path):
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(BlobProto(num=2, channels=1, height=1, width=1, data=[1, 2]).SerializeToString())
    with pytest.raises(DataError, match=r"expected a mean image of shape \(C, H, W\), found \(2, 1, 1, 1\)"):
        make(mean_file=str(path))


def test_a_missing_mean_file(tmp_path):
    with pytest.raises(DataError, match=r"no such file: nowhere.binaryproto"):
        make(mean_file="nowhere.binaryproto", folder=tmp_path)


def test_as_many_mean_values_as_channels():
    with pytest.raises(DataError, match="expected 1 mean_value, or 3 for items of 3 channels, found 2"):
        make(mean_value=[1, 2])(np.zeros((3, 4, 4), np.uint8))


def test_two_means():
    with pytest.raises(SpecError, match="transform_param: expected mean_file or mean_value, found both"):
        make(mean_file="mean.binaryproto", mean_value=[1])


def test_colour_and_gray():
    with pytest.raises(SpecError, match="transform_param: expected force_color or force_gray, found both"):
        make(force_color=True, force_gray=True)


def test_an_item_unlike_the_first():
    pattern = r"becomes \(3, 2, 2\), as the first of its batch, found one that becomes \(1, 2, 2\)"
    with pytest.raises(DataError, match=pattern):
        make()(np.zeros((1, 2, 2), np.uint8), out=np.zeros((3, 2, 2), np.float32))


@pytest.mark.parametrize("phase", ["TRAIN", "TEST"])
@pytest.mark.parametrize(
    ("options", "alike"),
    [
        ({}, "TRAIN TEST"),
        ({"scale": 0.5, "mean_value": [1, 2, 3]}, "TRAIN TEST"),
        ({"scale": 2, "crop_size": 3, "mean_value": [7]}, "TEST"),
        ({"mirror": True}, ""),
        ({"brightness": 0.5}, "TEST"),
        ({"max_rotation": 5}, "TEST"),
        ({"min_area": 0.5}, "TEST"),
    ],
)
def test_items_that_are_treated_alike_are_transformed_together(options, alike, phase):
    transformer = Transformer(TransformationParameter(**options), phase, np.random.default_rng(0))
    assert transformer.alike == (phase in alike.split())
    if transformer.alike:
        items = np.random.default_rng(1).integers(0, 256, (4, 3, 5, 6)).astype(np.uint8)
        assert np.array_equal(transformer.together(items), np.stack([transformer(item) for item in items]))
