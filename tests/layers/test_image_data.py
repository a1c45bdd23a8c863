import numpy as np
import pytest
from PIL import Image

from cafe_edu import Net, make_layer
from cafe_edu.data.image_batches import ImageBatches
from cafe_edu.data.transformer import Transformer
from cafe_edu.errors import DataError, NetError, SpecError
from cafe_edu.proto.caffe_pb2 import TransformationParameter


@pytest.fixture
def make(tmp_path):
    """Make an ImageData layer on new images: name -> (H, W), each of one colour, that of its number."""

    def make(images, options="", transform="", labels=None, phase="TRAIN", dtype=np.float64, **keywords):
        for i, (name, (h, w)) in enumerate(images.items()):
            Image.new("RGB", (w, h), (i, 100, 200)).save(tmp_path / name)
        labels = range(len(images)) if labels is None else labels
        lines = [f"{name} {label}" for name, label in zip(images, labels, strict=True)]
        (tmp_path / "list.txt").write_text("\n".join(lines) + "\n")
        spec = (
            f"image_data_param {{ source: '{(tmp_path / 'list.txt').as_posix()}' "
            f"root_folder: '{tmp_path.as_posix()}/' {options} }} transform_param {{ {transform} }}"
        )
        return make_layer("ImageData", spec=spec, tops=2, phase=phase, dtype=dtype, **keywords)

    return make


def several(count, size=(4, 6)):
    return {f"{i}.png": size for i in range(count)}


def test_caffes_own_batches(shared, monkeypatch):
    monkeypatch.chdir(shared / "oracle")
    stored = np.load("dataio/imagedata_gray.npz")
    net = Net(str(stored["prototxt"]), phase=str(stored["phase"]))
    for data, label in zip(stored["data"], stored["label"], strict=True):
        found = net.forward()
        np.testing.assert_array_equal(found["data"], data, strict=True)
        np.testing.assert_array_equal(found["label"], label, strict=True)


def test_images_as_caffe_resized_them_into_its_database(shared, monkeypatch):
    """Colour, a name with a space, and new_height and new_width, beside what convert_imageset made of the same."""
    monkeypatch.chdir(shared / "oracle")
    stored = np.load("dataio/lmdb_color.npz")
    net = Net(
        "layer { name: 'd' type: 'ImageData' top: 'data' top: 'label' image_data_param { source: 'data/color.txt' "
        "root_folder: 'data/color/' batch_size: 4 new_height: 16 new_width: 20 } "
        "transform_param { mean_value: 104 mean_value: 117 mean_value: 123 } }"
    )
    for data, label in zip(stored["data"], stored["label"], strict=True):
        found = net.forward()
        np.testing.assert_array_equal(found["data"], data, strict=True)
        np.testing.assert_array_equal(found["label"], label, strict=True)


def test_blue_comes_first(make):
    x, labels = make(several(2), "batch_size: 2").forward()
    assert x[:, :, 0, 0].tolist() == [[200, 100, 0], [200, 100, 1]]
    assert x.shape == (2, 3, 4, 6)
    assert labels.tolist() == [0, 1]


def test_gray(make):
    x, _ = make(several(1), "is_color: false").forward()
    assert x.shape == (1, 1, 4, 6)
    assert x[0, 0, 0, 0] == (200 * 3737 + 100 * 19234) >> 15


def test_a_batch_is_one_image_unless_it_says_otherwise(make):
    assert [x.shape for x in make(several(2)).forward()] == [(1, 3, 4, 6), (1,)]


def test_batches_wrap_around(make):
    trial = make(several(5), "batch_size: 2", labels=[10, 11, 12, 13, 14])
    labels = [trial.forward()[1].tolist() for _ in range(4)]
    assert labels == [[10, 11], [12, 13], [14, 10], [11, 12]]


def test_each_batch_has_the_shape_of_its_first_image(make):
    trial = make({"a.png": (4, 6), "b.png": (5, 3)})
    assert [trial.forward()[0].shape for _ in range(3)] == [(1, 3, 4, 6), (1, 3, 5, 3), (1, 3, 4, 6)]


def test_images_of_several_sizes_in_one_batch(make):
    images = {"a.png": (4, 6), "b.png": (5, 3)}
    assert make(images, "batch_size: 2 new_height: 7 new_width: 2").forward()[0].shape == (2, 3, 7, 2)
    assert make(images, "batch_size: 2", "crop_size: 3").forward()[0].shape == (2, 3, 3, 3)
    with pytest.raises(DataError, match=r"becomes \(3, 4, 6\), as the first .* becomes \(3, 5, 3\)") as caught:
        make(images, "batch_size: 2").forward()
    assert "b.png" in caught.value.one_line()


def test_shuffling_gives_each_image_once_an_epoch_in_another_order(make):
    trial = make(several(9), "batch_size: 3 shuffle: true")
    epochs = [[int(label) for _ in range(3) for label in trial.forward()[1]] for _ in range(4)]
    assert all(sorted(epoch) == list(range(9)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4
    again = make(several(9), "batch_size: 3 shuffle: true")
    assert [int(label) for _ in range(3) for label in again.forward()[1]] == epochs[0]


def test_shuffling_in_test_too(make):
    trial = make(several(30), "batch_size: 30 shuffle: true", phase="TEST")
    assert trial.forward()[1].tolist() != list(range(30))


def test_a_random_start_is_among_the_first(make):
    starts = {make(several(6), "rand_skip: 4", seed=seed).forward()[1].item() for seed in range(60)}
    assert starts == {0, 1, 2, 3}


def test_a_random_start_beyond_the_list(make):
    with pytest.raises(DataError, match="expected a `rand_skip` of at most the list's 1 images, found 900"):
        make(several(1), "rand_skip: 900")


def test_names_with_spaces_and_dots(make):
    images = {"a b  c.png": (2, 2), "1 2.png": (2, 2), "x.y.png": (2, 2)}
    assert make(images, "batch_size: 3", labels=[7, -8, 9]).forward()[1].tolist() == [7, -8, 9]


def test_the_root_is_put_before_a_name_as_it_is(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (2, 2)).save("in_a.png")
    (tmp_path / "some.txt").write_text("a.png 3")
    spec = "image_data_param { source: 'some.txt' root_folder: 'in_' }"
    assert make_layer("ImageData", spec=spec, tops=2).forward()[1].tolist() == [3]


def test_beside_the_prototxt(tmp_path):
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    (tmp_path / "some.txt").write_text("a.png 3")
    path = tmp_path / "net.prototxt"
    path.write_text(
        "layer { name: 'd' type: 'ImageData' top: 'x' top: 'label' image_data_param { source: 'some.txt' } }"
    )
    assert Net(path).forward()["label"] == 3


def test_mean_scale_and_mirror(make):
    x, _ = make(several(1), "", "mean_value: 100 scale: 0.5 mirror: true").forward()
    assert x[0, :, 0, 0].tolist() == [50, 0, -50]


def test_a_damaged_image_midway_is_named(make, tmp_path):
    trial = make(several(5), "batch_size: 2")
    good = (tmp_path / "3.png").read_bytes()
    (tmp_path / "3.png").write_bytes(good[:-25])
    assert trial.forward()[1].tolist() == [0, 1]
    for _ in range(2):
        with pytest.raises(DataError, match=r"3\.png: an encoded image is damaged"):
            trial.forward()
    (tmp_path / "3.png").write_bytes(good)
    assert trial.forward()[1].tolist() == [2, 3]


def test_a_missing_image_midway_is_named(make, tmp_path):
    trial = make(several(3))
    (tmp_path / "1.png").unlink()
    assert trial.forward()[1].tolist() == [0]
    with pytest.raises(DataError, match=r"no such file: .*1\.png"):
        trial.forward()


def test_a_folder_is_no_image(make, tmp_path):
    make(several(2))
    (tmp_path / "0.png").unlink()
    (tmp_path / "0.png").mkdir()
    here = tmp_path.as_posix()
    spec = f"image_data_param {{ source: '{here}/list.txt' root_folder: '{here}/' }}"
    with pytest.raises(DataError, match=r"cannot read the image .*0\.png"):
        make_layer("ImageData", spec=spec, tops=2)


def test_height_and_width_go_together(make):
    with pytest.raises(SpecError, match="expected both `new_height` and `new_width`, or neither, found 5 and 0"):
        make(several(1), "new_height: 5")


def test_a_batch_of_none(make):
    with pytest.raises(SpecError, match="expected a `batch_size` of 1 or more in `image_data_param`, found 0"):
        make(several(1), "batch_size: 0")


@pytest.mark.parametrize("field", ["scale: 0.5", "mean_file: 'm'", "crop_size: 3", "mirror: true"])
def test_old_fields_are_refused(make, field):
    name = field.partition(":")[0]
    with pytest.raises(SpecError, match=f"`{name}` in `image_data_param` is Caffe's old way: move it"):
        make(several(1), field)


def test_a_list_that_is_not_there():
    with pytest.raises(DataError, match=r"no such file: nowhere\.txt"):
        make_layer("ImageData", spec="image_data_param { source: 'nowhere.txt' }", tops=2)
    with pytest.raises(SpecError, match="`source` is needed in `image_data_param` and is not set"):
        make_layer("ImageData", tops=2)


def test_two_tops(make):
    with pytest.raises(NetError, match="expected 2 tops, found 1"):
        make_layer("ImageData", spec="image_data_param { source: 'x' }")


def test_a_state_of_another_list(make):
    trial = make(several(2))
    state = {**trial.layer.state(), "position": 5}
    with pytest.raises(DataError, match="expected a position in a list of 2 images, found 5"):
        trial.layer.restore(state)
    with pytest.raises(DataError, match="expected the state of an ImageData layer, with epoch, position, batch, seed"):
        trial.layer.restore({"key": "0"})


def test_without_a_net(tmp_path):
    for i in range(3):
        Image.new("L", (2, 2), i).save(tmp_path / f"{i}.png")
    images = [(f"{i}.png", i) for i in range(3)]
    plain = Transformer(TransformationParameter(), "TEST", None)
    batches = ImageBatches(images, 2, plain, seed=0, folder=tmp_path, color=False)
    x, labels = batches.read()
    assert (x.shape, x[:, 0, 0, 0].tolist(), labels.tolist()) == ((2, 1, 2, 2), [0, 1], [0, 1])
    assert batches.state() == {"epoch": 0, "position": 2, "batch": 1, "seed": 0}
