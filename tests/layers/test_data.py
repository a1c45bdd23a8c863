import io
import sys
import time

import numpy as np
import pytest
from PIL import Image

from cafe_edu import Net, make_layer
from cafe_edu.data.databases import write_database
from cafe_edu.data.datum import array_to_datum
from cafe_edu.data.lmdb_db import write_lmdb
from cafe_edu.errors import DataError, NetError, SpecError
from cafe_edu.proto.caffe_pb2 import Datum

CAFFES = ("plain", "scale", "mean_file", "mean_file_crop_test", "color", "encoded_png")
CAFFES = (*(f"lmdb_{name}" for name in CAFFES), "leveldb_plain")
ONE_LAYER = """
layer {
  name: "digits"  type: "Data"  top: "x"
  data_param { source: "SOURCE" batch_size: 2 backend: LMDB }
}
"""


def numbered(count, shape=(1, 2, 2)):
    """Items whose every pixel and label is their own number."""
    return [(np.full(shape, i, np.uint8), i) for i in range(count)]


@pytest.fixture
def make(tmp_path):
    """Make a Data layer on a new LMDB."""

    def make(items, batch_size=2, transform="", options="", tops=2, name="", **keywords):
        path = tmp_path / f"{name}items_lmdb"
        write_lmdb(path, items)
        spec = (
            f"data_param {{ source: '{path.as_posix()}' batch_size: {batch_size} "
            f"backend: LMDB {options} }} transform_param {{ {transform} }}"
        )
        return make_layer("Data", spec=spec, tops=tops, **keywords)

    return make


@pytest.mark.parametrize("name", CAFFES)
def test_caffes_own_batches(name, shared, monkeypatch):
    monkeypatch.chdir(shared / "oracle")
    if name == "leveldb_plain":
        pytest.importorskip("plyvel")
    stored = np.load(f"dataio/{name}.npz")
    net = Net(str(stored["prototxt"]), phase=str(stored["phase"]))
    for data, label in zip(stored["data"], stored["label"], strict=True):
        found = net.forward()
        np.testing.assert_allclose(found["data"], data, rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(found["label"], label, strict=True)


def test_caffes_random_crops_are_among_ours(shared, monkeypatch):
    monkeypatch.chdir(shared / "oracle")
    stored = np.load("dataio/lmdb_mirror_crop_train_seeded.npz")
    images = np.load("data/digits_images.npz")["train"][:10].astype(np.float32)
    net = Net(str(stored["prototxt"]), phase="TRAIN", rng=0)
    ours = [net.forward()["data"] for _ in range(2)]
    for crops in (np.concatenate(stored["data"]), np.concatenate(ours)):
        for image, crop in zip(images, crops[:, 0], strict=True):
            windows = np.lib.stride_tricks.sliding_window_view(image, (20, 20)).reshape(-1, 20, 20)
            legal = np.concatenate([windows, windows[:, :, ::-1]])
            assert (legal == crop).all(axis=(1, 2)).any()


def test_crops_and_mirrors_are_as_often_as_caffes(make):
    """Every one of 9 x 9 places is as likely as another, and half are mirrored, whatever the place."""
    places = np.mgrid[:28, :28].astype(np.uint8)  # what each pixel holds is its row, and its column
    trial = make([(places, 0)], batch_size=250, transform="crop_size: 20 mirror: true")
    x = np.concatenate([trial.forward()[0] for _ in range(16)])
    rows, columns, mirrored = x[:, 0, 0, 0], x[:, 1].min(axis=(1, 2)), x[:, 1, 0, 0] > x[:, 1, 0, 1]
    counts = np.histogram2d(rows, columns, bins=(range(10), range(10)))[0]
    assert counts.sum() == 4000
    chi_square = ((counts - 4000 / 81) ** 2 / (4000 / 81)).sum()
    assert 40 < chi_square < 140  # 80 degrees of freedom: one in ten thousand lies outside
    assert 1850 < mirrored.sum() < 2150
    assert abs(np.corrcoef(mirrored, rows)[0, 1]) < 0.07
    assert abs(np.corrcoef(columns, rows)[0, 1]) < 0.07


def test_batches_wrap_around(make):
    trial = make(numbered(5))
    labels = [trial.forward()[1].tolist() for _ in range(4)]
    assert labels == [[0, 1], [2, 3], [4, 0], [1, 2]]
    assert trial.top[0].data[:, 0, 0, 0].tolist() == [1, 2]


def test_a_batch_larger_than_the_database(make):
    x, labels = make(numbered(2), batch_size=5).forward()
    assert labels.tolist() == [0, 1, 0, 1, 0]
    assert x.shape == (5, 1, 2, 2)


def test_labels_are_optional(make):
    assert [x.shape for x in make(numbered(2), tops=1).forward()] == [(2, 1, 2, 2)]


def test_labels_are_float32_in_a_float32_net(make):
    trial = make([(np.zeros((1, 1, 1), np.uint8), -7)], dtype=np.float32)
    x, labels = trial.forward()
    assert (x.dtype, labels.dtype, labels.tolist()) == (np.float32, np.float32, [-7, -7])


def test_setting_up_does_not_move_the_cursor(make):
    assert make(numbered(3)).forward()[1].tolist() == [0, 1]


def test_each_batch_has_the_shape_of_its_first_item(make):
    items = numbered(2, (1, 2, 2)) + numbered(2, (1, 3, 4))
    trial = make(items)
    assert [trial.forward()[0].shape for _ in range(3)] == [(2, 1, 2, 2), (2, 1, 3, 4), (2, 1, 2, 2)]


def test_items_of_several_sizes_with_a_crop(make):
    items = [numbered(1, (1, 3, 3))[0], numbered(2, (1, 5, 4))[1]]
    x, _ = make(items, transform="crop_size: 2").forward()
    assert x[:, 0, 0, 0].tolist() == [0, 1]


def test_floats_are_read(make):
    items = [(np.array([[[0.5, -1.5]]]), 1)]
    np.testing.assert_array_equal(make(items, batch_size=1, transform="scale: 2").forward()[0], [[[[1, -3]]]])


@pytest.mark.parametrize(
    ("transform", "options", "channels"),
    [
        ("", "", 1),
        ("force_color: true", "", 3),
        ("force_gray: true", "", 1),
        ("", "force_encoded_color: true", 3),
    ],
)
def test_colour_of_encoded_items(make, transform, options, channels):
    buffer = io.BytesIO()
    Image.new("L", (4, 3)).save(buffer, "PNG")
    items = [Datum(encoded=True, data=buffer.getvalue())]
    assert make(items, transform=transform, options=options).forward()[0].shape == (2, channels, 3, 4)


def test_one_seed_gives_one_sequence(make):
    trial = make(numbered(4, (1, 6, 6)), transform="crop_size: 3 mirror: true", options="rand_skip: 3")
    source, spec = trial.layer.options.source, "transform_param { crop_size: 3 mirror: true }"
    spec += f" data_param {{ source: '{source}' batch_size: 2 backend: LMDB rand_skip: 3 }}"
    runs = [[make_layer("Data", spec=spec, tops=2, seed=seed).forward() for _ in range(3)] for seed in (5, 5)]
    for a, b in zip(*runs, strict=True):
        np.testing.assert_array_equal(a[0], b[0])


def test_a_random_start_is_among_the_first(make):
    source = make(numbered(6)).layer.options.source
    spec = f"data_param {{ source: '{source}' batch_size: 1 backend: LMDB rand_skip: 4 }}"
    starts = {make_layer("Data", spec=spec, tops=2, seed=seed).forward()[1].item() for seed in range(60)}
    assert starts == {0, 1, 2, 3}


def test_a_train_and_a_test_net_read_one_database(make):
    source = make(numbered(3)).layer.options.source
    text = ONE_LAYER.replace("SOURCE", source)
    train, test = Net(text, phase="TRAIN"), Net(text, phase="TEST")
    train.forward()
    assert train.forward()["x"][:, 0, 0, 0].tolist() == [2, 0]
    assert test.forward()["x"][:, 0, 0, 0].tolist() == [0, 1]


def test_a_source_beside_the_prototxt(tmp_path):
    write_lmdb(tmp_path / "items_lmdb", numbered(2))
    path = tmp_path / "net.prototxt"
    path.write_text(ONE_LAYER.replace("SOURCE", "items_lmdb"))
    assert Net(path).forward()["x"].shape == (2, 1, 2, 2)


def test_a_known_set_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("CAFE_EDU_HOME", str(tmp_path))
    spec = "data_param { source: 'digits/digits_test_lmdb' batch_size: 8 backend: LMDB }"
    assert make_layer("Data", spec=spec, tops=2).forward()[1].tolist() == [2, 4, 7, 8, 0, 2, 3, 6]


def test_a_batch_of_mnist_takes_about_a_millisecond(make):
    trial = make(numbered(64, (1, 28, 28)), batch_size=64, transform="scale: 0.00390625", dtype=np.float32)
    times = []
    for _ in range(30):
        start = time.perf_counter()
        trial.layer.forward(trial.bottom, trial.top)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.003  # 0.4 ms where we measured; the rest is room for slow machines


@pytest.mark.parametrize("field", ["scale: 0.5", "mean_file: 'm'", "crop_size: 3", "mirror: true"])
def test_old_fields_are_refused(make, field):
    name = field.partition(":")[0]
    with pytest.raises(
        SpecError, match=f"`{name}` in `data_param` is Caffe's old way: move it to `transform_param`"
    ):
        make(numbered(1), options=field)


def test_a_batch_of_none(make):
    with pytest.raises(SpecError, match="expected a `batch_size` of 1 or more in `data_param`, found 0"):
        make(numbered(1), batch_size=0)


def test_the_other_kind_of_database(tmp_path):
    pytest.importorskip("plyvel")
    write_database(tmp_path / "db", numbered(3), "LEVELDB")
    spec = f"data_param {{ source: '{(tmp_path / 'db').as_posix()}' batch_size: 2 BACKEND }}"
    for backend in ("", "backend: LEVELDB"):
        trial = make_layer("Data", spec=spec.replace("BACKEND", backend), tops=2)
        assert [trial.forward()[1].tolist() for _ in range(2)] == [[0, 1], [2, 0]]
    with pytest.raises(DataError, match=r"found a LevelDB \(if a net reads it, its data_param wants backend: LEVELDB"):
        make_layer("Data", spec=spec.replace("BACKEND", "backend: LMDB"), tops=2)


def test_an_lmdb_is_no_leveldb_which_is_what_no_backend_means(make):
    pytest.importorskip("plyvel")
    spec = f"data_param {{ source: '{make(numbered(1)).layer.options.source}' batch_size: 1 }}"
    with pytest.raises(DataError, match=r"found an LMDB \(if a net reads it, its data_param wants backend: LMDB"):
        make_layer("Data", spec=spec, tops=2)


def test_a_leveldb_without_plyvel(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "plyvel", None)
    (tmp_path / "db").mkdir()
    (tmp_path / "db/CURRENT").touch()
    spec = f"data_param {{ source: '{(tmp_path / 'db').as_posix()}' batch_size: 1 }}"
    with pytest.raises(DataError, match="LevelDB needs plyvel, which is not installed: pip install"):
        make_layer("Data", spec=spec, tops=2)


def test_a_damaged_record_midway_is_named_and_comes_again(make):
    items = [Datum.FromString(array_to_datum(*pair).SerializeToString()) for pair in numbered(6)]
    items[4].height = 3
    trial = make(items)
    assert [trial.forward()[1].tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    for _ in range(2):
        with pytest.raises(DataError, match=r"found shape \(1, 3, 2\) and 4 values") as caught:
            trial.forward()
        assert "in record '00000004' of" in caught.value.one_line()
        assert "items_lmdb" in caught.value.one_line()
    trial.layer.restore({**trial.layer.state(), "key": "00000005"})
    assert trial.forward()[1].tolist() == [5, 0]


def test_a_state_of_another_database(make):
    for ahead in (0, 4):
        trial = make(numbered(5), options=f"prefetch: {ahead}", name=f"db{ahead}")
        trial.forward()
        state = trial.layer.state()
        for key in ("00000007", "\u20ac", ""):
            with pytest.raises(DataError, match="items_lmdb"):
                trial.layer.restore({**state, "key": key})
        with pytest.raises(DataError, match="no record '00000007'; is it the database it was"):
            trial.layer.restore({**state, "key": "00000007"})
        with pytest.raises(DataError, match=r"expected the state of a Data layer, with key, batch, seed, found {}"):
            trial.layer.restore({})
        assert trial.layer.state() == state
        assert trial.forward()[1].tolist() == [2, 3]


@pytest.mark.parametrize(("given", "missing"), [("batch_size: 1", "source"), ("source: 'x'", "batch_size")])
def test_what_must_be_said(given, missing):
    with pytest.raises(SpecError, match=f"`{missing}` is needed in `data_param` and is not set"):
        make_layer("Data", spec=f"data_param {{ {given} backend: LMDB }}", tops=2)


@pytest.mark.parametrize("tops", [0, 3])
def test_one_or_two_tops(make, tops):
    with pytest.raises(NetError, match=f"expected 1 to 2 tops, found {tops}"):
        make(numbered(1), tops=tops)


def test_a_missing_database_names_the_layer():
    with pytest.raises(DataError, match=r"no such file: nowhere \(looked for") as caught:
        Net(ONE_LAYER.replace("SOURCE", "nowhere"))
    assert "'digits'" in caught.value.one_line()


def test_a_change_of_shape_inside_a_batch(make):
    trial = make([*numbered(1), *numbered(1, (1, 3, 4))])
    with pytest.raises(
        DataError, match=r"becomes \(1, 2, 2\), as the first .* becomes \(1, 3, 4\)"
    ) as caught:
        trial.forward()
    assert "in record '00000001' of" in caught.value.one_line()


def test_a_damaged_item_is_named(make):
    bad = array_to_datum(np.zeros((1, 2, 2), np.uint8))
    bad.height = 3
    trial = make([*numbered(1), bad])
    with pytest.raises(DataError, match=r"found shape \(1, 3, 2\) and 4 values") as caught:
        trial.forward()
    assert "in record '00000001' of" in caught.value.one_line()


def test_a_crop_that_is_too_large_is_seen_before_the_first_batch(make):
    with pytest.raises(DataError, match="crop_size 9 is larger than the item of 2 x 2 pixels"):
        make(numbered(1), transform="crop_size: 9")
