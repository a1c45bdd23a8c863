import numpy as np
import pytest

from cafe_edu.data.lmdb_db import write_lmdb
from cafe_edu.errors import SpecError
from cafe_edu.outline import outline


def data_layer(options, transform="", type_name="Data", field="data_param"):
    tops = 'top: "x" top: "label"'
    return (
        f'layer {{ name: "d" type: "{type_name}" {tops} {field} {{ {options} }} transform_param {{ {transform} }} }}\n'
    )


def tops(spec, **more):
    (layer,) = outline(spec, **more).layers
    return layer.top


def test_shapes_of_data_that_are_known():
    assert tops(data_layer('source: "mnist/mnist_train_lmdb" batch_size: 5')) == {"x": (5, 1, 28, 28), "label": (5,)}
    assert tops(data_layer('source: "a/mnist/mnist_test_leveldb" batch_size: 5'))["x"] == (5, 1, 28, 28)
    assert tops(data_layer('source: "mnist/mnist_test_lmdb" batch_size: 5', "crop_size: 20"))["x"] == (5, 1, 20, 20)
    memory = data_layer("batch_size: 2 channels: 3 height: 4 width: 5", "", type_name="MemoryData",
                        field="memory_data_param")  # fmt: skip
    assert tops(memory) == {"x": (2, 3, 4, 5), "label": (2,)}
    image = "batch_size: 2 new_height: 4 new_width: 5"
    for options, channels in ((image, 3), (f"{image} is_color: false", 1)):
        spec = data_layer(options, "", type_name="ImageData", field="image_data_param")
        assert tops(spec)["x"] == (2, channels, 4, 5)


def test_a_database_that_is_here(tmp_path, monkeypatch):
    write_lmdb(tmp_path / "db", [(np.zeros((2, 5, 7), np.uint8), 0)])
    (tmp_path / "net.prototxt").write_text(data_layer('source: "db" batch_size: 3 backend: LMDB'))
    assert tops(tmp_path / "net.prototxt")["x"] == (3, 2, 5, 7)


def test_a_crop_is_assumed_to_be_of_three_channels():
    found = outline(data_layer('source: "imagenet" batch_size: 4', "crop_size: 9"))
    assert found.layers[0].top == {"x": (4, 3, 9, 9), "label": (4,)}
    assert found.layers[0].spec.type == "Data"
    assert found.assumed == ["x is taken to be 4 x 3 x 9 x 9, the size of its crop in three channels"]


def test_what_cannot_be_known_must_be_said():
    spec = data_layer('source: "somewhere" batch_size: 4')
    message = (
        "the shape of 'x', which layer 'd' (Data) reads from its source, cannot be known from the prototxt: "
        "say it, as in --shape x=4,3,32,32"
    )
    with pytest.raises(SpecError) as caught:
        outline(spec)
    assert str(caught.value) == message
    assert tops(spec, shapes={"x": (7, 1, 2, 2)}) == {"x": (7, 1, 2, 2), "label": (7,)}
    assert outline(spec, shapes={"x": (7, 1, 2, 2)}).assumed == []


def test_each_top_of_hdf5_data_must_be_said():
    spec = data_layer('source: "list.txt" batch_size: 4', type_name="HDF5Data", field="hdf5_data_param")
    with pytest.raises(SpecError, match="the shape of 'label', which layer 'd'"):
        outline(spec, shapes={"x": (4, 9)})
    assert tops(spec, shapes={"x": (4, 9), "label": (4, 2)}) == {"x": (4, 9), "label": (4, 2)}


def test_one_of_an_inputs_shapes_can_be_changed():
    two = 'layer { name: "in" type: "Input" top: "x" top: "y" input_param { shape { dim: 1 dim: 2 } } }\n'
    assert tops(two, shapes={"y": (3, 3)}) == {"x": (1, 2), "y": (3, 3)}
