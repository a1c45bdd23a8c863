import numpy as np
import pytest
from PIL import Image

from cafe_edu import make_layer
from cafe_edu.data.images import resize
from cafe_edu.errors import DataError, SpecError
from cafe_edu.proto.caffe_pb2 import BlobProto

WINDOWS = [  # image, class, overlap, box
    (0, 3, 1.0, "0 0 9 9"),
    (0, 5, 0.7, "2 2 7 7"),
    (0, 6, 0.6, "0 0 4 4"),
    (0, 0, 0.2, "10 10 19 14"),
    (1, 7, 0.3, "0 0 3 3"),
    (1, 8, 0.49, "1 1 5 5"),
]
PIXELS = np.random.default_rng(0).integers(1, 256, (2, 15, 20, 3), np.uint8)


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Make a WindowData layer on two images."""
    monkeypatch.chdir(tmp_path)

    def make(options="", transform="crop_size: 8", windows=WINDOWS, batch_size=8, **keywords):
        text = ""
        for i, pixels in enumerate(PIXELS):
            Image.fromarray(pixels).save(f"image {i}.png")
            mine = [f"{label} {overlap} {box}\n" for image, label, overlap, box in windows if image == i]
            text += f"# {i}\n{i}.png\n3\n15\n20\n{len(mine)}\n{''.join(mine)}"
        (tmp_path / "windows.txt").write_text(text)
        spec = (
            f"window_data_param {{ source: 'windows.txt' root_folder: 'image ' batch_size: {batch_size} "
            f"{options} }} transform_param {{ {transform} }}"
        )
        return make_layer("WindowData", spec=spec, tops=2, **keywords)

    return make


def warped(image, box, size=8):
    """A window of one of the images (blue, green, red), warped by hand."""
    x1, y1, x2, y2 = map(int, box.split())
    return resize(PIXELS[image, y1 : y2 + 1, x1 : x2 + 1, ::-1], size, size).transpose(2, 0, 1).astype(float)


def test_background_comes_first_then_the_objects(make):
    trial = make("fg_fraction: 0.4")
    for _ in range(5):
        labels = trial.forward()[1].tolist()
        assert labels[:5] == [0] * 5  # 8 times 0.4 is 3.2: 3 objects
        assert {*labels[5:]} <= {3, 5, 6}


def test_a_quarter_shows_objects_unless_it_says_otherwise(make):
    assert (make().forward()[1] > 0).tolist() == [False] * 6 + [True] * 2


def test_each_is_one_of_the_windows_and_all_are_drawn(make):
    trial = make("fg_fraction: 0.5")
    objects = {label: warped(image, box) for image, label, overlap, box in WINDOWS if overlap >= 0.5}
    others = [warped(image, box) for image, _, overlap, box in WINDOWS if overlap < 0.5]
    labels_seen, others_seen = set(), set()
    for _ in range(20):
        x, labels = trial.forward()
        for pixels, label in zip(x, labels, strict=True):
            if label:
                np.testing.assert_array_equal(pixels, objects[label])
                labels_seen.add(int(label))
            else:
                others_seen |= {i for i, other in enumerate(others) if (pixels == other).all()}
    assert (labels_seen, others_seen) == ({3, 5, 6}, {0, 1, 2})


def test_thresholds_and_what_lies_between(make):
    """Thresholds are float32, and overlaps are compared as such: 0.6 is no less than 0.6, nor is 0.3 than 0.3."""
    trial = make("fg_threshold: 0.6 bg_threshold: 0.3 fg_fraction: 0.5", batch_size=40)
    x, labels = trial.forward()
    assert {*labels.tolist()} == {0, 3, 5, 6}
    assert all((pixels == warped(0, "10 10 19 14")).all() for pixels in x[labels == 0])


def test_mean_values_and_scale(make):
    x, _ = make("fg_fraction: 1", "crop_size: 8 mean_value: 10 mean_value: 20 mean_value: 30 scale: 0.5").forward()
    expected = {label: warped(image, box) for image, label, _, box in WINDOWS}
    _, labels = (trial := make("fg_fraction: 1")).forward()
    for pixels, label in zip(x, labels, strict=True):
        mean = np.array([10, 20, 30]).reshape(3, 1, 1)
        np.testing.assert_array_equal(pixels, (expected[label] - mean) * 0.5)
    x, _ = make("fg_fraction: 1", "crop_size: 8 mean_value: 10").forward()
    np.testing.assert_array_equal(x, trial.top[0].data - 10)


def test_the_middle_of_a_mean_image(make, tmp_path):
    mean = np.random.default_rng(1).integers(0, 200, (3, 12, 11)).astype(np.float32)
    blob = BlobProto(num=1, channels=3, height=12, width=11, data=mean.ravel())
    (tmp_path / "mean.binaryproto").write_bytes(blob.SerializeToString())
    plain, _ = make("fg_fraction: 1").forward()
    x, _ = make("fg_fraction: 1", "crop_size: 8 mean_file: 'mean.binaryproto'").forward()
    np.testing.assert_array_equal(x, plain - mean[:, 2:10, 1:9])
    with pytest.raises(DataError, match=r"expected a mean image of at least 12 x 12 pixels .*, found 12 x 11"):
        make("", "crop_size: 12 mean_file: 'mean.binaryproto'")


def test_beyond_the_image_it_is_zero_whatever_the_mean(make):
    """The window's middle is 5, 5 and k is 2: columns -5 to 15; 5 of 21 times 8 are 2 empty columns and rows."""
    trial = make("context_pad: 2 fg_fraction: 1", "crop_size: 8 mean_value: 300", WINDOWS[:1])
    x, _ = trial.forward()
    assert (x[:, :, :2] == 0).all()
    assert (x[:, :, :, :2] == 0).all()
    assert (x[:, :, 2:7, 2:] < 0).all()  # 10 rows of 21 come below, to row 15: the image ends at 14
    assert x.shape == (8, 3, 8, 8)


def test_half_are_mirrored_with_their_empty_edges(make):
    options, transform = "context_pad: 2 fg_fraction: 1", "crop_size: 8"
    plain = make(options, transform, WINDOWS[:1], 1).forward()[0][0]
    x, _ = make(options, transform + " mirror: true", WINDOWS[:1], 40, phase="TEST").forward()
    empty = [(pixels[:, :, -2:] == 0).all() for pixels in x]
    assert 8 < sum(empty) < 32
    for pixels, mirrored in zip(x, empty, strict=True):
        assert (pixels[:, :, :2] == 0).all() != mirrored
        if not mirrored:
            np.testing.assert_array_equal(pixels, plain)


def test_square(make):
    """A box of 10 x 5 about (15, 12.5) becomes 10 x 10: rows 7.5 to 17.5, so 8 to 18 of 11, 7 of them inside."""
    windows = [(0, 0, 0.0, "10 10 19 14")]
    x, _ = make("crop_mode: 'square' fg_fraction: 0", "crop_size: 11", windows).forward()
    assert (x[0][:, 7:] == 0).all()
    pixels = PIXELS[0, 8:15, 10:20, ::-1]
    np.testing.assert_array_equal(x[0][:, :7, :10], resize(pixels, 7, 10).transpose(2, 0, 1))


def test_kept_images_are_the_same_and_are_kept(make, tmp_path):
    plain, kept = make(), make("cache_images: true")
    np.testing.assert_array_equal(kept.forward()[0], plain.forward()[0])
    kept.layer.batches.restore(kept.layer.state())  # nothing made ahead
    while len(kept.layer.batches.source._files) < 2:
        kept.forward()
    kept.layer.batches.restore(kept.layer.state())
    for i in range(2):
        (tmp_path / f"image {i}.png").write_bytes(b"gone")
    kept.forward()
    plain.layer.batches.restore(plain.layer.state())
    with pytest.raises(DataError, match=r"image \d\.png: expected an encoded image"):
        plain.forward()


def test_a_damaged_image_is_named(make, tmp_path):
    trial = make("cache_images: true", windows=WINDOWS[:4])
    (tmp_path / "image 0.png").write_bytes((tmp_path / "image 0.png").read_bytes()[:-30])
    for _ in range(2):
        with pytest.raises(DataError, match="an encoded image is damaged") as caught:
            trial.forward()
        assert "in image 0.png" in caught.value.one_line()
    trial = make("", windows=WINDOWS[:4])
    (tmp_path / "image 0.png").unlink()
    with pytest.raises(DataError, match=r"no such file: image 0\.png"):
        trial.forward()


def test_a_window_outside_its_image_is_named(make):
    with pytest.raises(DataError, match=r"inside the image of 20 x 15 pixels .*, found \(0, 0, 20, 5\)") as caught:
        make("fg_fraction: 1", windows=[(1, 2, 1.0, "0 0 20 5")]).forward()
    assert "in 1.png" in caught.value.one_line()


@pytest.mark.parametrize(
    ("options", "windows", "words"),
    [
        ("", WINDOWS[3:], "expected windows that overlap an object by 0.5, found none"),
        ("", WINDOWS[:3], "expected windows that overlap objects by less than 0.5, found none"),
        ("", [(0, 0, 0.9, "0 0 1 1")], r"expected a label of 1 or more .* \(overlap 0.9\), found 0: \(0, 0, 1, 1\)"),
        ("fg_fraction: 1.5", WINDOWS, "expected an `fg_fraction` from 0 to 1, found 1.5"),
    ],
)
def test_windows_that_a_batch_needs(make, options, windows, words):
    with pytest.raises(DataError, match=words) as caught:
        make(options, windows=windows)
    assert "windows.txt" in caught.value.one_line()


def test_no_windows_of_a_kind_that_no_batch_needs(make):
    assert (make("fg_fraction: 1", windows=WINDOWS[:3]).forward()[1] > 0).all()
    assert (make("fg_fraction: 0", windows=WINDOWS[3:]).forward()[1] == 0).all()


@pytest.mark.parametrize(
    ("options", "transform", "words"),
    [
        ("", "", "expected a `crop_size` in `transform_param` of more than twice the `context_pad` of 0, found 0"),
        ("context_pad: 4", "crop_size: 8", "more than twice the `context_pad` of 4, found 8"),
        ("crop_mode: 'wrap'", "crop_size: 8", "expected `crop_mode` warp or square, found 'wrap'"),
        ("", "crop_size: 8 force_gray: true", "WindowData does not read `force_gray` of `transform_param`"),
        ("scale: 2", "crop_size: 8", "`scale` in `window_data_param` is Caffe's old way"),
        ("", "crop_size: 8 mean_file: 'm' mean_value: 1", "expected mean_file or mean_value, found both"),
    ],
)
def test_options_that_cannot_be(make, options, transform, words):
    with pytest.raises(SpecError, match=words):
        make(options, transform)


def test_a_mean_of_two_channels(make):
    with pytest.raises(DataError, match="expected a mean of 1 or 3 channels, found 2"):
        make("", "crop_size: 8 mean_value: 1 mean_value: 2")


@pytest.mark.parametrize("field", ["source", "batch_size"])
def test_what_must_be_said(field):
    given = {"source": "batch_size: 1", "batch_size": "source: 'x'"}[field]
    with pytest.raises(SpecError, match=f"`{field}` is needed in `window_data_param` and is not set"):
        make_layer("WindowData", spec=f"window_data_param {{ {given} }} transform_param {{ crop_size: 2 }}", tops=2)
