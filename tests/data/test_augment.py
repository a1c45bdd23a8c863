import numpy as np
import pytest

from cafe_edu.data.augment import Augmenter
from cafe_edu.data.transformer import Transformer
from cafe_edu.errors import SpecError
from cafe_edu.proto.caffe_pb2 import TransformationParameter

COLOUR = np.random.default_rng(0).integers(0, 256, (3, 12, 16), np.uint8)
WHITE = np.full((3, 12, 16), 255, np.uint8)


def changed(item, seed=0, **options):
    return Augmenter(TransformationParameter(**options))(item, np.random.default_rng(seed))


def many(item, count=200, **options):
    augment, rng = Augmenter(TransformationParameter(**options)), np.random.default_rng(0)
    return [augment(item, rng) for _ in range(count)]


@pytest.mark.parametrize("options", [
    {"max_rotation": 30}, {"brightness": 0.5}, {"contrast": 0.5}, {"saturation": 0.5}, {"min_area": 0.3},
    {"max_ratio": 2}, {"max_rotation": 9, "brightness": 0.2, "contrast": 0.2, "saturation": 0.2, "min_area": 0.5},
])  # fmt: skip
@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
def test_shape_and_kind_stay_and_the_item_too(options, kind):
    item = COLOUR.astype(kind)
    found = many(item, 5, **options)
    assert all((x.shape, x.dtype) == (item.shape, item.dtype) for x in found)
    np.testing.assert_array_equal(item, COLOUR)
    assert any((x != item).any() for x in found)
    assert any((x != found[0]).any() for x in found)
    np.testing.assert_array_equal(changed(item, seed=4, **options), changed(item, seed=4, **options))


def test_without_options_nothing_is_drawn():
    rng = np.random.default_rng(0)
    assert Augmenter(TransformationParameter(crop_size=3, mirror=True))(COLOUR, rng) is COLOUR
    assert rng.random() == np.random.default_rng(0).random()


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_any_number_of_channels(channels):
    item = np.concatenate([COLOUR, COLOUR])[:channels]
    x = changed(item, max_rotation=20, min_area=0.5, brightness=0.2, saturation=0.9)
    assert x.shape == item.shape


def test_brightness_is_a_factor():
    gray = np.full((1, 1, 1), 100, np.float32)
    factors = [x.item() / 100 for x in many(gray, brightness=0.3)]
    assert min(factors) >= 0.7 - 1e-6
    assert max(factors) <= 1.3 + 1e-6
    assert max(factors) - min(factors) > 0.5
    np.testing.assert_allclose(changed(COLOUR.astype(float), brightness=0.3) / np.maximum(COLOUR, 1), np.where(
        COLOUR > 0, changed(gray, brightness=0.3).item() / 100, 0), rtol=1e-5)  # fmt: skip


def test_contrast_keeps_the_mean_and_changes_the_spread():
    item = COLOUR.astype(np.float32)
    weights = np.float32([0.114, 0.587, 0.299])
    spread = set()
    for x in many(item, 50, contrast=0.5):
        assert np.isclose((x.mean(axis=(1, 2)) * weights).sum(), (item.mean(axis=(1, 2)) * weights).sum(), rtol=1e-4)
        c = (x.std() / item.std()).item()
        assert 0.5 - 1e-5 <= c <= 1.5 + 1e-5
        spread.add(round(c, 3))
    assert len(spread) > 30


def test_saturation_keeps_the_gray_of_each_pixel():
    item = COLOUR.astype(np.float32)
    weights = np.float32([0.114, 0.587, 0.299])
    for x in many(item, 20, saturation=0.9):
        np.testing.assert_allclose(weights @ x.reshape(3, -1), weights @ item.reshape(3, -1), rtol=1e-3)
    gray = np.float32(COLOUR[:1])
    np.testing.assert_allclose(changed(gray, saturation=0.9), gray, rtol=1e-6)


def test_bytes_end_at_0_and_255():
    bright = [x for x in many(WHITE, 20, brightness=0.5) if (x == 255).all()]
    assert 5 < len(bright) < 15
    checks = np.zeros((1, 2, 2), np.uint8)
    checks[0, 0] = 255
    assert any((x == checks).all() for x in many(checks, 20, contrast=0.9))


def test_rotation_turns_about_the_middle_and_leaves_black_corners():
    item = np.zeros((1, 21, 21), np.uint8)
    item[0, 10, 10:] = 255  # a hand that points right
    angles = []
    for x in many(item, max_rotation=40):
        assert x[0, 10, 10] == 255
        rows, columns = np.nonzero(x[0] > 100)
        far = np.argmax(columns)
        angles.append(np.degrees(np.arctan2(10 - rows[far], columns[far] - 10)))
    assert -42 < min(angles) < -30
    assert 30 < max(angles) < 42
    corners = [x[0, 0, 0] == 0 for x in many(WHITE, 50, max_rotation=40)]
    assert sum(corners) > 35


def test_zoom_shows_a_window_of_the_area_and_proportions_asked_for():
    """Where each pixel holds its own column or row, the first and last say how wide and high the window was."""
    row, column = np.mgrid[:60, :90].astype(np.float32)
    shares, ratios = [], []
    for x in many(np.stack([row, column]), 300, min_area=0.25, max_ratio=1.5):
        h = (x[0, -1, 45] - x[0, 0, 45]) / 59
        w = (x[1, 30, -1] - x[1, 30, 0]) / 89
        shares.append(h * w)
        ratios.append(w / h)
    assert 0.18 < min(shares) < 0.32
    assert 0.9 < max(shares) < 1.05
    assert 0.6 < min(ratios) < 0.72
    assert 1.4 < max(ratios) < 1.6


def test_zoom_reaches_every_corner():
    item = np.zeros((1, 20, 20), np.uint8)
    item[0, 0, 0] = item[0, 0, -1] = item[0, -1, 0] = item[0, -1, -1] = 255
    seen = [(x[0, 0, 0] > 30, x[0, 0, -1] > 30, x[0, -1, 0] > 30, x[0, -1, -1] > 30) for x in many(item, min_area=0.8)]
    assert np.any(seen, axis=0).all()
    assert not np.all(seen, axis=0).any()


def test_only_in_train_and_before_caffes_own():
    options = TransformationParameter(brightness=0.5, mean_value=[10], scale=2)
    item = np.full((1, 2, 2), 100, np.float32)
    assert (Transformer(options, "TEST", np.random.default_rng(0))(item) == 180).all()
    bright = changed(item, brightness=0.5)
    assert (bright != item).all()
    found = Transformer(options, "TRAIN", np.random.default_rng(0))(item)
    np.testing.assert_allclose(found, (bright - 10) * 2, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_rotation": -1}, "expected a `max_rotation` from 0 to 180, found -1"),
        ({"max_rotation": float("nan")}, "expected a `max_rotation` from 0 to 180, found nan"),
        ({"brightness": 1.5}, "expected a `brightness` from 0 to 1, found 1.5"),
        ({"contrast": -0.5}, "expected a `contrast` from 0 to 1, found -0.5"),
        ({"saturation": 2}, "expected a `saturation` from 0 to 1, found 2"),
        ({"min_area": 0}, "expected a `min_area` from 0.001 to 1, found 0"),
        ({"max_ratio": 0.5}, "expected a `max_ratio` from 1 to 100, found 0.5"),
    ],
)
@pytest.mark.parametrize("phase", ["TRAIN", "TEST"])
def test_values_out_of_range(options, words, phase):
    with pytest.raises(SpecError, match=f"transform_param: {words}"):
        Transformer(TransformationParameter(**options), phase, None)


@pytest.mark.parametrize("options", [{"min_area": 0.001}, {"min_area": 1, "max_ratio": 100}])
def test_the_smallest_window_of_the_smallest_item(options):
    assert all(x.shape == (1, 1, 1) for x in many(np.ones((1, 1, 1), np.uint8), **options))
    assert all(x.shape == (1, 2, 3) for x in many(np.ones((1, 2, 3), np.uint8), **options))
