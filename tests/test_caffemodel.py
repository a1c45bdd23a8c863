"""caffemodel.py: files that real Caffe wrote, files that we write, files that are something else."""

import os
import tracemalloc

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cafe_edu.caffemodel import (
    State,
    array_to_blobproto,
    blobproto_to_array,
    read_blobproto,
    read_model_spec,
    read_state,
    read_weights,
    write_blobproto,
    write_state,
    write_weights,
)
from cafe_edu.errors import WeightsError
from cafe_edu.proto import caffe_pb2
from cafe_edu.prototxt import parse_net


@pytest.fixture(scope="module")
def lenet(shared):
    """The folder of the tiny LeNet that real Caffe trained."""
    return shared / "oracle" / "lenet"


def assert_same(found, expected):
    assert list(found) == list(expected)
    for name, arrays in expected.items():
        for array, other in zip(found[name], arrays, strict=True):
            assert array.dtype == np.float32
            assert array.flags.writeable
            assert array.flags.aligned
            np.testing.assert_array_equal(array, other)


def tree(path):
    """Everything in an HDF5 file: name -> None for a group, type, shape and values for a dataset."""
    found = {}

    def note(name, item):
        found[name] = (item.dtype, item.shape, item[()].tolist()) if isinstance(item, h5py.Dataset) else None

    with h5py.File(path) as file:
        file.visititems(note)
    return found


# ---- real files ----

KNOWN = {  # values by protobuf alone: file -> layer -> shapes
    "lenet_v1_2014/lenet_iter_10000.caffemodel": {
        "conv1": [(20, 1, 5, 5), (1, 1, 1, 20)],
        "conv2": [(50, 20, 5, 5), (1, 1, 1, 50)],
        "ip1": [(1, 1, 500, 800), (1, 1, 1, 500)],
        "ip2": [(1, 1, 10, 500), (1, 1, 1, 10)],
    },
    "lenet_v2/lenet_iter_10000.caffemodel": {
        "conv1": [(20, 1, 5, 5), (20,)],
        "conv2": [(50, 20, 5, 5), (50,)],
        "ip1": [(500, 800), (500,)],
        "ip2": [(10, 500), (10,)],
    },
}


@pytest.mark.parametrize("file", KNOWN)
def test_shapes_of_old_and_new_models(data_folder, file):
    weights = read_weights(data_folder / file)
    assert {name: [array.shape for array in arrays] for name, arrays in weights.items()} == KNOWN[file]


def test_every_real_model_reads_as_protobuf_reads_it(data_folder):
    files = sorted(data_folder.rglob("*.caffemodel"))
    assert len(files) > 7
    for path in files:
        net = caffe_pb2.NetParameter.FromString(path.read_bytes())
        layers = {layer.name: layer.blobs for layer in [*net.layer, *net.layers] if layer.blobs}
        weights = read_weights(path)
        assert list(weights) == list(layers)
        for name, blobs in layers.items():
            for array, blob in zip(weights[name], blobs, strict=True):
                assert array.size == len(blob.data)
                np.testing.assert_array_equal(array.ravel()[:50], np.float32(blob.data[:50]))
                np.testing.assert_array_equal(array.ravel()[-50:], np.float32(blob.data[-50:]))


def test_hdf5_model_holds_what_the_binary_one_holds(lenet):
    for end in (150, 300):
        binary = read_weights(lenet / f"lenet_tiny_iter_{end}.caffemodel")
        assert_same(
            read_weights(lenet / f"lenet_tiny_iter_{end}.caffemodel.h5"), dict(sorted(binary.items()))
        )


def test_binary_model_is_written_byte_for_byte(lenet, tmp_path):
    for path in [*lenet.glob("*.caffemodel"), lenet.parent / "pycaffe" / "cls.caffemodel"]:
        spec = read_model_spec(path)
        assert not any(layer.blobs for layer in spec.layer)
        write_weights(tmp_path / "copy.caffemodel", spec, read_weights(path))
        assert (tmp_path / "copy.caffemodel").read_bytes() == path.read_bytes()


def test_hdf5_model_is_written_as_caffe_writes_it(lenet, tmp_path):
    path = lenet / "lenet_tiny_iter_300.caffemodel"
    write_weights(tmp_path / "copy.caffemodel.h5", read_model_spec(path), read_weights(path))
    assert tree(tmp_path / "copy.caffemodel.h5") == tree(f"{path}.h5")


def test_states_are_read_and_written_as_caffe_does(lenet, tmp_path):
    for path in lenet.glob("*.solverstate"):
        state = read_state(path)
        message = caffe_pb2.SolverState.FromString(path.read_bytes())
        assert (state.iter, state.learned_net, state.current_step) == (
            message.iter,
            message.learned_net,
            message.current_step,
        )
        assert [array.shape for array in state.history] == [tuple(blob.shape.dim) for blob in message.history]
        write_state(tmp_path / "copy.solverstate", state)
        assert (tmp_path / "copy.solverstate").read_bytes() == path.read_bytes()
    for path in lenet.glob("*.solverstate.h5"):
        write_state(tmp_path / "copy.solverstate.h5", read_state(path))
        assert tree(tmp_path / "copy.solverstate.h5") == tree(path)


def test_old_states(data_folder):
    state = read_state(data_folder / "lenet_v1_2014" / "lenet_iter_10000.solverstate")
    assert (state.iter, state.learned_net) == (10000, "examples/mnist/lenet_iter_10000.caffemodel")
    assert [array.shape for array in state.history[:2]] == [(20, 1, 5, 5), (1, 1, 1, 20)]


def test_mean_files(data_folder, shared, tmp_path):
    mean = read_blobproto(data_folder / "imagenet_aux" / "imagenet_mean.binaryproto")
    assert mean.shape == (1, 3, 256, 256)
    np.testing.assert_allclose(mean.mean((0, 2, 3)), [104.0, 116.7, 122.7], atol=0.1)
    assert read_blobproto(shared / "oracle" / "data" / "digits_mean.binaryproto").shape == (1, 1, 28, 28)
    write_blobproto(tmp_path / "mean.binaryproto", mean)
    np.testing.assert_array_equal(read_blobproto(tmp_path / "mean.binaryproto"), mean)


def test_real_blobprotos(shared):
    folder = shared / "oracle" / "pycaffe"
    blob = caffe_pb2.BlobProto.FromString((folder / "blobproto.bin").read_bytes())
    again = array_to_blobproto(blobproto_to_array(blob))
    assert again.data == blob.data
    assert again.shape == blob.shape


# ---- what we write ----

SPEC = """
    name: "small"
    state { phase: TEST }
    layer { name: "a/1" type: "InnerProduct" param { name: "w" } }
    layer { name: "b" type: "ReLU" }
    layer { name: "c" type: "InnerProduct" param { name: "w" } param { name: "" } blobs { data: 1 } }
"""
WEIGHTS = {
    "a/1": [np.arange(6, dtype=np.float32).reshape(2, 3), np.float32([1, 2])],
    "c": [np.arange(6, dtype=np.float32).reshape(2, 3), np.float32([3, 4])],
}


def test_write_and_read_binary(tmp_path):
    path = tmp_path / "small.caffemodel"
    write_weights(path, parse_net(SPEC), WEIGHTS, diffs={"c": [np.ones((2, 3)), np.zeros(2)]})
    assert_same(read_weights(path), WEIGHTS)
    net = caffe_pb2.NetParameter.FromString(path.read_bytes())
    assert net.name == "small"
    assert not net.HasField("state")
    assert [len(layer.blobs) for layer in net.layer] == [2, 0, 2]
    assert list(net.layer[2].blobs[0].diff) == [1] * 6
    assert not net.layer[0].blobs[0].diff
    spec = read_model_spec(path)
    assert [layer.name for layer in spec.layer] == ["a/1", "b", "c"]
    assert spec.layer[0].param[0].name == "w"


def test_write_and_read_hdf5(tmp_path):
    path = tmp_path / "small.caffemodel.h5"
    write_weights(path, parse_net(SPEC), WEIGHTS, diffs={"c": [np.ones((2, 3)), np.zeros(2)]})
    found = read_weights(path)
    assert found["c"][0] is None  # stored once, at its owner
    found["c"][0] = WEIGHTS["c"][0]
    assert_same(found, WEIGHTS)
    assert set(tree(path)) == {
        *("data", "data/a", "data/a/1", "data/a/1/0", "data/a/1/1", "data/b", "data/c", "data/c/1"),
        *("diff", "diff/a", "diff/a/1", "diff/b", "diff/c", "diff/c/0", "diff/c/1"),
    }


@pytest.mark.parametrize("name", ["s.solverstate", "s.solverstate.h5"])
def test_write_and_read_state(tmp_path, name):
    history = [np.float32([[1, 2]]), np.array(3, np.float32), np.zeros((0, 2), np.float32)]
    write_state(tmp_path / name, State(7, "réseau.caffemodel", history, 2))
    state = read_state(tmp_path / name)
    assert (state.iter, state.learned_net, state.current_step) == (7, "réseau.caffemodel", 2)
    assert_same({"history": state.history}, {"history": history})


@given(hnp.arrays(np.float32, hnp.array_shapes(min_dims=0, min_side=0), elements=st.floats(width=32)))
def test_any_array_survives(array):
    blob = array_to_blobproto(array)
    assert tuple(blob.shape.dim) == array.shape
    np.testing.assert_array_equal(blobproto_to_array(blob), array)


def test_other_ways_to_say_the_same():
    ones = np.ones((1, 1, 2, 3), np.float32)
    old = caffe_pb2.BlobProto(height=2, width=3, num=1, channels=1, data=[1] * 6, shape={"dim": [6]})
    np.testing.assert_array_equal(blobproto_to_array(old), ones)  # the four numbers win over shape
    double = caffe_pb2.BlobProto(shape={"dim": [1, 1, 2, 3]}, double_data=[1] * 6)
    np.testing.assert_array_equal(blobproto_to_array(double), ones)
    one = b"\x2d" + np.float32(1).tobytes()  # field 5, one float by itself
    unpacked = caffe_pb2.BlobProto.FromString(one * 6 + b"\x3a\x06\x0a\x04\x01\x01\x02\x03")
    np.testing.assert_array_equal(blobproto_to_array(unpacked), ones)


def test_v0_models_are_read(tmp_path):
    net = caffe_pb2.NetParameter(name="old")
    layer = net.layers.add().layer
    layer.name, layer.type = "conv1", "conv"
    layer.blobs.append(caffe_pb2.BlobProto(num=1, channels=1, height=1, width=2, data=[1, 2]))
    (tmp_path / "old.caffemodel").write_bytes(net.SerializeToString())
    assert_same(read_weights(tmp_path / "old.caffemodel"), {"conv1": [np.float32([[[[1, 2]]]])]})
    layer.ClearField("blobs")
    assert read_model_spec(tmp_path / "old.caffemodel") == net


def test_a_failed_write_leaves_the_old_file(tmp_path):
    for name in ("a.caffemodel", "a.caffemodel.h5"):
        path = tmp_path / name
        path.write_bytes(b"old")
        with pytest.raises(ValueError, match="could not convert"):
            write_weights(path, parse_net(SPEC), {"c": ["not a number"]})
        assert path.read_bytes() == b"old"
        assert os.listdir(tmp_path) == [name]
        path.unlink()


def test_memory_stays_within_three_times_the_file(tmp_path):
    spec = parse_net('layer { name: "ip" type: "InnerProduct" }')
    big = {"ip": [np.ones((2000, 1000), np.float32)]}
    path = tmp_path / "big.caffemodel"
    tracemalloc.start()
    write_weights(path, spec, big)
    assert tracemalloc.get_traced_memory()[1] < 3.1 * 8e6
    tracemalloc.reset_peak()
    assert read_weights(path)["ip"][0].sum() == 2e6
    assert tracemalloc.get_traced_memory()[1] < 3.1 * 8e6
    tracemalloc.stop()


# ---- what the errors say ----


def error(read, path):
    with pytest.raises(WeightsError) as caught:
        read(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(str(path))
    return text.removeprefix(str(path))


@pytest.fixture
def saved(tmp_path):
    """A small model in both formats, its state in both, a mean file: a folder."""
    for end in ("", ".h5"):
        write_weights(tmp_path / f"m.caffemodel{end}", parse_net(SPEC), WEIGHTS)
        write_state(tmp_path / f"m.solverstate{end}", State(1, "m.caffemodel", WEIGHTS["c"]))
    write_blobproto(tmp_path / "mean.binaryproto", np.ones((1, 1, 2, 2)))
    return tmp_path


@pytest.mark.parametrize("read", [read_weights, read_state, read_blobproto, read_model_spec])
def test_files_that_cannot_be_read(tmp_path, read):
    assert error(read, tmp_path / "none") == " cannot be read: No such file or directory"
    assert error(read, tmp_path) == " cannot be read: Is a directory"
    (tmp_path / "empty").touch()
    assert error(read, tmp_path / "empty") == " is empty; fetch or write it again"


def test_files_cut_short(saved):
    reads = {"m.caffemodel": read_weights, "m.solverstate": read_state, "mean.binaryproto": read_blobproto}
    for name, read in reads.items():
        path = saved / name
        data = path.read_bytes()
        path.write_bytes(data[: len(data) - 3])
        assert error(read, path) == (
            f" is damaged or cut short after {len(data) - 3} bytes; fetch or write it again"
        )
    for name, read in {"m.caffemodel.h5": read_weights, "m.solverstate.h5": read_state}.items():
        path = saved / name
        data = path.read_bytes()
        for damaged in (data[:1500], data.replace(b"SNOD", b"SNOX"), data.replace(b"HEAP", b"HEAD")):
            path.write_bytes(damaged)
            assert error(read, path) == " is damaged or cut short; fetch or write it again"


def test_files_of_another_kind(saved):
    (saved / "net.prototxt").write_text(SPEC)
    (saved / "cat.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    kinds = {
        read_weights: ".caffemodel",
        read_model_spec: ".caffemodel",
        read_state: ".solverstate",
        read_blobproto: "BlobProto file",
    }
    for read, kind in kinds.items():
        assert error(read, saved / "net.prototxt") == (
            f": expected a {kind}, which is binary, found text, perhaps a prototxt"
        )
        assert error(read, saved / "cat.png") == (
            f": expected a {kind}, found something else that begins with b'\\x89PNG\\r\\n\\x1a\\n'"
        )
        for name, other in {
            "m.caffemodel": ".caffemodel",
            "m.solverstate": ".solverstate",
            "mean.binaryproto": "BlobProto file",
        }.items():
            if other != kind:
                assert error(read, saved / name) == f": expected a {kind}, found a {other}"
    assert error(read_blobproto, saved / "m.caffemodel.h5") == ": expected a BlobProto file, found HDF5"
    assert error(read_model_spec, saved / "m.caffemodel.h5") == (
        " is HDF5, which holds weights but not the net; read its prototxt instead"
    )


def test_hdf5_of_another_layout(saved):
    layout = ": expected HDF5 with /data/<layer>/<0, 1, ...>, arrays of numbers, found "
    assert error(read_weights, saved / "m.solverstate.h5") == (
        f"{layout}/current_step, /history, /iter, /learned_net"
    )
    assert error(read_state, saved / "m.caffemodel.h5") == (
        ": expected HDF5 with /iter, /learned_net, /history/<0, 1, ...> and /current_step, found /data"
    )
    for entry, value in {
        "data": 1.0,
        "data/conv1/kernel": 1.0,
        "data/conv1/0": "text",
        "data/0": 1.0,
    }.items():
        path = saved / f"{entry.replace('/', '-')}.h5"
        with h5py.File(path, "w") as file:
            file[entry] = value
        assert error(read_weights, path) == f"{layout}/data"
    with h5py.File(saved / "nothing.h5", "w"):
        pass
    assert error(read_weights, saved / "nothing.h5") == f"{layout}nothing"


def test_arrays_that_do_not_fit_their_shape(tmp_path):
    path = tmp_path / "m.caffemodel"
    for blob, expected in [
        (caffe_pb2.BlobProto(shape={"dim": [2, 3]}, data=[1] * 5), "6 values for shape (2, 3), found 5"),
        (caffe_pb2.BlobProto(data=[1] * 5), "1 values for shape (), found 5"),
        (caffe_pb2.BlobProto(num=1, data=[]), "0 values for shape (1, 0, 0, 0), found 1"),
        (caffe_pb2.BlobProto(shape={"dim": [-1, -2]}, data=[1, 1]), "2 values for shape (-1, -2), found 2"),
    ]:
        net = caffe_pb2.NetParameter(layer=[{"name": "conv1", "blobs": [blob]}])
        if blob.HasField("num"):
            net.layer[0].blobs[0].data.append(1)
        path.write_bytes(net.SerializeToString())
        assert error(read_weights, path) == f", layer 'conv1', parameter 0: expected {expected}"


def test_weights_of_no_layer(tmp_path):
    with pytest.raises(WeightsError) as caught:
        write_weights(tmp_path / "m.caffemodel", parse_net(SPEC), {"z": []})
    assert str(caught.value) == (
        f"cannot write {tmp_path / 'm.caffemodel'}: there are weights for 'z', but no such layer"
    )
