import numpy as np
import pytest

import cafe_edu.pycaffe as caffe

HERE = '''
import caffe


class Factor(caffe.Layer):
    def setup(self, bottom, top):
        self.factor = 2
        self.blobs.add_blob(1)
        self.blobs[0].data[0] = 0

    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].data.shape)

    def forward(self, bottom, top):
        top[0].data[...] = self.factor * bottom[0].data

    def backward(self, top, propagate_down, bottom):
        self.blobs[0].diff[0] = 1
        bottom[0].diff[...] = self.factor * top[0].diff


class Phase(caffe.Layer):
    def setup(self, bottom, top):
        pass

    def reshape(self, bottom, top):
        top[0].reshape()

    def forward(self, bottom, top):
        top[0].data[()] = self.phase


class Fails(caffe.Layer):
    def setup(self, bottom, top):
        raise RuntimeError("on purpose")
'''
FACTOR = """
force_backward: true
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "one" type: "Python" bottom: "data" top: "one" python_param { module: "old_layers" layer: "Factor" } }
layer { name: "two" type: "Python" bottom: "one" top: "two" python_param { module: "old_layers" layer: "Factor" } }
"""


@pytest.fixture
def folder(tmp_path, write, no_caffe, monkeypatch):
    """A folder with a module that says `import caffe`."""
    monkeypatch.delitem(__import__("sys").modules, "old_layers", raising=False)
    write(HERE, "old_layers.py")
    return tmp_path


def test_a_file_that_says_import_caffe(folder, write):
    net = caffe.Net(write(FACTOR), caffe.TRAIN)
    net.blobs["data"].data[...] = x = np.arange(6).reshape(2, 3)
    assert net.forward()["two"].tolist() == (4 * x).tolist()
    net.layers[0].reshape([], [net.blobs["data"]])
    net.layer_dict["one"].factor = 5  # the user's own object
    assert isinstance(net.layers[1], caffe.Layer)
    assert net.layers[1].type == "Python"
    assert net.forward()["two"].tolist() == (10 * x).tolist()
    net.blobs["two"].diff[...] = 1
    assert net.backward()["data"].tolist() == [[10] * 3] * 2
    blob = net.layers[1].blobs[0]
    blob.data[0] += blob.diff[0]
    net.save(str(folder / "w.caffemodel"))
    again = caffe.Net(write(FACTOR), caffe.TRAIN, weights=str(folder / "w.caffemodel"))
    assert again.params["one"][0].data.tolist() == [1]
    assert again.params["two"][0].data.tolist() == [0]


def test_a_new_shape_goes_through(folder, write):
    net = caffe.Net(write(FACTOR), caffe.TEST)
    net.blobs["data"].reshape(4, 4, 4, 4)
    net.forward()
    assert {blob.data.shape for blob in net.blobs.values()} == {(4, 4, 4, 4)}


@pytest.mark.parametrize("phase", [caffe.TRAIN, caffe.TEST])
def test_the_phase(folder, write, phase):
    text = 'layer { name: "p" type: "Python" top: "p" python_param { module: "old_layers" layer: "Phase" } }'
    assert caffe.Net(write(text), phase).forward()["p"] == phase


def test_an_error_of_its_own(folder, write):
    text = 'layer { name: "p" type: "Python" top: "p" python_param { module: "old_layers" layer: "Fails" } }'
    with pytest.raises(RuntimeError, match="on purpose") as caught:
        caffe.Net(write(text), caffe.TEST)
    assert caught.value.__notes__[0] == "in layer 'p' (Python), set up"
