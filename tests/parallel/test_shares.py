"""parallel/shares.py: the ranks' batches together are the batches of one rank."""

import h5py
import numpy as np
import pytest
from PIL import Image

from cafe_edu import Net
from cafe_edu.data.lmdb_db import write_lmdb
from cafe_edu.parallel.shares import share_out

SOURCES = {
    "Data": """layer { name: "d" type: "Data" top: "x" top: "t" PHASE
        data_param { source: "items_lmdb" batch_size: N backend: LMDB prefetch: AHEAD } }""",
    "Data, from a random place": """layer { name: "d" type: "Data" top: "x" top: "t"
        data_param { source: "items_lmdb" batch_size: N backend: LMDB prefetch: AHEAD rand_skip: 7 } }""",
    "ImageData, shuffled": """layer { name: "d" type: "ImageData" top: "x" top: "t" data_param { prefetch: AHEAD }
        image_data_param { source: "images.txt" batch_size: N shuffle: true is_color: false } }""",
    "HDF5Data": """layer { name: "d" type: "HDF5Data" top: "x" top: "t"
        hdf5_data_param { source: "h5.txt" batch_size: N } }""",
    "HDF5Data, shuffled": """layer { name: "d" type: "HDF5Data" top: "x" top: "t"
        hdf5_data_param { source: "h5.txt" batch_size: N shuffle: true } }""",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    items = [np.full((1, 2, 2), i, np.uint8) for i in range(11)]  # a prime number: epochs end inside batches
    write_lmdb(tmp_path / "items_lmdb", [(item, i) for i, item in enumerate(items)])
    for i, item in enumerate(items):
        Image.fromarray(item[0]).save(tmp_path / f"{i}.png")
    (tmp_path / "images.txt").write_text("".join(f"{i}.png {i}\n" for i in range(11)))
    for name, labels in (("a.h5", range(5)), ("b.h5", range(5, 11))):
        with h5py.File(tmp_path / name, "w") as file:
            file["x"], file["t"] = np.array([items[i] for i in labels], np.float32), np.array(labels, np.float32)
    (tmp_path / "h5.txt").write_text("a.h5 b.h5")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def net_of(source, batch_size, ahead=2):
    text = SOURCES.get(source, source).replace("PHASE", "").replace("batch_size: N", f"batch_size: {batch_size}")
    return Net(text.replace("AHEAD", str(ahead)), "TRAIN", rng=5)


def labels(net, batches):
    """The labels of so many batches, which are those of their items."""
    found = []
    for _ in range(batches):
        out = net.forward()
        np.testing.assert_array_equal(out["x"][:, 0, 0, 0], out["t"])
        found.append(out["t"].astype(int))
    return np.array(found)


@pytest.mark.parametrize("ahead", [0, 2])
@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("source", SOURCES)
def test_the_batches_of_all_ranks_are_those_of_one(folder, source, size, ahead):
    expected = labels(net_of(source, 2 * size, ahead), 7)
    for rank in range(size):
        net = net_of(source, 2, ahead)
        share_out(net, rank, size)
        np.testing.assert_array_equal(labels(net, 7), expected[:, rank::size])


@pytest.mark.parametrize("source", ["Data", "ImageData, shuffled", "HDF5Data, shuffled"])
def test_a_place_fits_every_rank_and_any_number_of_them(folder, source):
    one = net_of(source, 6)
    labels(one, 3)
    place, expected = one.layers[0].state(), labels(one, 4)
    for size in (2, 3):
        for rank in range(size):
            net = net_of(source, 6 // size)
            share_out(net, rank, size)
            labels(net, 3)
            assert {**net.layers[0].state()} == place
            net.layers[0].restore(place)
            np.testing.assert_array_equal(labels(net, 4), expected[:, rank::size])


RANDOM = {
    "Data": """layer { name: "d" type: "Data" top: "x" transform_param { crop_size: 3 mirror: true }
        data_param { source: "large_lmdb" batch_size: N backend: LMDB } }""",
    "ImageData": """layer { name: "d" type: "ImageData" top: "x" top: "t" transform_param { crop_size: 3 mirror: true }
        image_data_param { source: "large.txt" batch_size: N is_color: false } }""",
    "WindowData": """layer { name: "d" type: "WindowData" top: "x" top: "t"
        transform_param { crop_size: 3 mirror: true } window_data_param { source: "windows.txt" batch_size: N } }""",
}


@pytest.mark.parametrize("source", RANDOM)
def test_chance_differs_between_ranks(folder, source):
    pixels = np.random.default_rng(0).integers(256, size=(1, 9, 9), dtype=np.uint8)
    write_lmdb(folder / "large_lmdb", [(pixels, 0)])
    Image.fromarray(pixels[0]).save(folder / "large.png")
    (folder / "large.txt").write_text("large.png 0\n")
    boxes = [f"{i % 2} {i % 2} {i % 4} {i % 3} {4 + i % 5} {5 + i % 4}" for i in range(20)]
    (folder / "windows.txt").write_text("\n".join(["# 0", "large.png", "3", "9", "9", "20", *boxes]))
    found = []
    for rank in (0, 1, 1):
        net = net_of(RANDOM[source], 4)
        share_out(net, rank, 2)
        found.append(net.forward()["x"])
    assert not np.array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[1], found[2])
    np.testing.assert_array_equal(found[0], net_of(RANDOM[source], 4).forward()["x"])


def test_images_of_many_sizes_one_at_a_time(folder):
    for i in range(3):
        Image.new("L", (2 + i, 2)).save(folder / f"size{i}.png")
    (folder / "sizes.txt").write_text("".join(f"size{i}.png {i}\n" for i in range(3)))
    text = """layer { name: "d" type: "ImageData" top: "x" top: "t" data_param { prefetch: 1 }
        image_data_param { source: "sizes.txt" batch_size: N is_color: false } }"""
    net = net_of(text, 1)
    share_out(net, 2, 3)
    assert net.forward()["x"].shape == (1, 1, 2, 4)


def test_layers_that_have_nothing_to_share_are_left_alone():
    net = Net('layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 1 } } }')
    share_out(net, 1, 2)
    assert net.forward()["x"] == [0]


def test_a_python_layers_class_is_asked(folder, monkeypatch):
    (folder / "mine.py").write_text(
        "class Mine:\n"
        "    def setup(self, bottom, top): pass\n"
        "    def reshape(self, bottom, top): top[0].reshape(1)\n"
        "    def forward(self, bottom, top): top[0].data[...] = self.of\n"
        "    def backward(self, top, propagate_down, bottom): pass\n"
        "    def shard(self, rank, size): self.of = 10 * size + rank\n"
    )
    monkeypatch.syspath_prepend(folder)
    net = Net('layer { name: "p" type: "Python" top: "x" python_param { module: "mine" layer: "Mine" } }')
    share_out(net, 2, 3)
    assert net.forward()["x"] == [32]
