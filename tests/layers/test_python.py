import os
import sys

import numpy as np
import pytest

from cafe_edu import Net, Solver, make_layer
from cafe_edu.errors import NetError, SpecError

SCALED = '''
import numpy as np

class Scaled:
    """Records what is asked of it, and multiplies by param_str."""

    def setup(self, bottom, top):
        self.calls = ["setup"]
        self.factor = float(self.param_str)

    def reshape(self, bottom, top):
        self.calls.append("reshape")
        top[0].reshape(*bottom[0].shape)

    def forward(self, bottom, top):
        self.calls.append("forward")
        top[0].data[...] = self.factor * bottom[0].data

    def backward(self, top, propagate_down, bottom):
        self.calls.append(propagate_down)
        bottom[0].diff[...] = self.factor * top[0].diff


class Numbers:
    def setup(self, bottom, top):
        top[0].reshape(2, 3)
        self.n = 0

    def reshape(self, bottom, top):
        pass

    def forward(self, bottom, top):
        top[0].data[...] = self.n
        self.n += 1


class Broken(Scaled):
    def forward(self, bottom, top):
        raise KeyError("my own mistake")


class Given:
    def __init__(self, layer_param):
        self.name = layer_param.name

    def setup(self, bottom, top): pass

    def reshape(self, bottom, top):
        top[0].reshape(len(self.name), self.phase + 1)

    def forward(self, bottom, top): pass
'''
NET = """
layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ dim: 2 dim: 3 }} }} }}
layer {{ name: "mine" type: "Python" bottom: "x" top: "y"
  python_param {{ module: "{module}" layer: "{layer}" param_str: "{param_str}" share_in_parallel: true }} }}
"""


def net_of(folder, layer="Scaled", module="scaled", param_str="3", **keywords):
    path = folder / "net.prototxt"
    path.write_text(NET.format(layer=layer, module=module, param_str=param_str), encoding="utf-8")
    return Net(path, **keywords)


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The folder of a module `scaled`, not on Python's path; forgotten afterwards."""
    (tmp_path / "scaled.py").write_text(SCALED, encoding="utf-8")
    yield tmp_path
    sys.modules.pop("scaled", None)


def test_its_methods_are_called_in_caffes_order(module):
    net = net_of(module)
    assert net.forward(x=[[1, 2, 3], [4, 5, 6]])["y"].tolist() == [[3, 6, 9], [12, 15, 18]]
    assert net.layers[1].user.calls == ["setup", "reshape", "reshape", "forward"]
    assert net.forward(x=np.ones((4, 1)))["y"].tolist() == [[3]] * 4  # reshaped by its own reshape
    net.blobs["y"].diff = np.ones((4, 1))
    net.layers[1].backward([net.blobs["y"]], [True], [net.blobs["x"]])
    assert net.blobs["x"].diff.tolist() == [[3]] * 4
    assert net.layers[1].user.calls[-1] == [True]


def test_the_folder_does_not_stay_on_the_path(module):
    before = list(sys.path)
    net_of(module)
    assert sys.path == before


def test_a_module_that_was_written_a_moment_ago(tmp_path):
    with pytest.raises(SpecError, match="no module 'scaled'"):
        net_of(tmp_path)  # Python has seen, and keeps in mind, that there is none
    seen = tmp_path.stat()
    (tmp_path / "scaled.py").write_text(SCALED, encoding="utf-8")
    os.utime(tmp_path, ns=(seen.st_atime_ns, seen.st_mtime_ns))  # as on a disk with a slow clock
    try:
        assert net_of(tmp_path).blobs["y"].shape == (2, 3)
    finally:
        sys.modules.pop("scaled", None)


def test_in_place():
    net = Net("""
        layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 } } }
        layer { name: "p" type: "Power" bottom: "x" top: "y" power_param { scale: 3 } }
        layer { name: "b" type: "Python" bottom: "y" top: "y"
          python_param { module: "cafe_edu.testing.shift" layer: "Shift" param_str: "1" } }
    """)
    assert net.forward(x=[1, 2])["y"].tolist() == [4, 7]


def test_a_class_of_the_program_itself(monkeypatch):
    class Here:
        def setup(self, bottom, top):
            top[0].reshape(2)

        def reshape(self, bottom, top):
            pass

        def forward(self, bottom, top):
            top[0].data[...] = 5

    monkeypatch.setattr(sys.modules["__main__"], "Here", Here, raising=False)
    (y,) = make_layer("Python", spec='python_param { module: "__main__" layer: "Here" }').forward()
    assert y.tolist() == [5, 5]


def test_shapes_made_in_setup_stay(module):
    text = 'layer { name: "n" type: "Python" top: "n" python_param { module: "scaled" layer: "Numbers" } }'
    (module / "numbers.prototxt").write_text(text, encoding="utf-8")
    net = Net(module / "numbers.prototxt")
    assert [net.forward()["n"].tolist() for _ in range(2)] == [[[0] * 3] * 2, [[1] * 3] * 2]


@pytest.mark.parametrize(("phase", "number"), [("TRAIN", 0), ("TEST", 1)])
def test_a_class_that_wants_the_message_gets_it_and_the_phase_is_a_number(module, phase, number):
    assert net_of(module, "Given", phase=phase).blobs["y"].shape == (len("mine"), number + 1)


LEARN = """
layer { name: "x" type: "DummyData" top: "x" top: "t" dummy_data_param { shape { dim: 4 }
  data_filler { value: 1 } data_filler { value: 3 } } }
layer { name: "b" type: "Python" bottom: "x" top: "y" param { lr_mult: RATE }
  python_param { module: "cafe_edu.testing.shift" layer: "Shift" param_str: "0.5" } }
layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }
"""


@pytest.mark.parametrize(("rate", "ends_at"), [(1, 2), (0, 0.5)])
def test_its_blobs_learn_as_their_rate_says_and_are_kept(rate, ends_at, tmp_path):
    net = LEARN.replace("RATE", str(rate))
    solver = Solver(f"net_param {{ {net} }} base_lr: 0.5 lr_policy: 'fixed' max_iter: 40")
    assert solver.net.params["b"][0].data.tolist() == [0.5]
    solver.step(40)
    np.testing.assert_allclose(solver.net.params["b"][0].data, ends_at, rtol=1e-5)
    for ending in ("caffemodel", "caffemodel.h5"):
        solver.net.save(tmp_path / f"b.{ending}")
        again = Net(net, "TRAIN", weights=tmp_path / f"b.{ending}")
        assert again.params["b"][0].data == solver.net.params["b"][0].data


def test_a_loss_weight_on_its_top(tmp_path):
    text = """
    layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 1 } data_filler { value: 2 } } }
    layer { name: "b" type: "Python" bottom: "x" top: "y" loss_weight: 10
      python_param { module: "cafe_edu.testing.shift" layer: "Shift" param_str: "1" } }
    """
    net = Net(text, "TRAIN")
    assert net.forward()["y"].tolist() == [3]
    assert net.loss == 30
    net.backward()
    assert net.params["b"][0].diff.tolist() == [10]


def test_no_such_module(tmp_path):
    with pytest.raises(SpecError) as caught:
        net_of(tmp_path, module="nowhere.at_all")
    assert str(caught.value) == (
        "no module 'nowhere.at_all', which `python_param` names: looked for nowhere/at_all.py "
        f"on Python's path (sys.path) and in {tmp_path}"
    )
    assert "in layer 'mine' (Python), set up" in caught.value.one_line()


def test_a_module_that_the_module_wants_and_has_not(tmp_path):
    (tmp_path / "wants_more.py").write_text("import nowhere_at_all", encoding="utf-8")
    with pytest.raises(ModuleNotFoundError, match="No module named 'nowhere_at_all'") as caught:
        net_of(tmp_path, module="wants_more")
    assert "in layer 'mine' (Python)" in caught.value.__notes__[0]


def test_no_such_class(module):
    with pytest.raises(SpecError, match=r"scaled.py\) has no class 'Scales'; did you mean 'Scaled'\?"):
        net_of(module, "Scales")
    with pytest.raises(SpecError, match=r"has no class 'Xyz'; it has Scaled, Numbers, Broken, Given"):
        net_of(module, "Xyz")


@pytest.mark.parametrize("field", ["module", "layer"])
def test_what_must_be_said(field):
    given = {"module": 'layer: "a"', "layer": 'module: "a"'}[field]
    with pytest.raises(SpecError, match=f"`{field}` is needed in `python_param` and is not set"):
        make_layer("Python", spec=f"python_param {{ {given} }}", tops=0)


def test_an_error_in_the_class_keeps_its_traceback_and_names_the_layer(module):
    net = net_of(module, "Broken")
    with pytest.raises(KeyError, match="my own mistake") as caught:
        net.forward(x=np.ones((2, 3)))
    assert caught.traceback[-1].path == module / "scaled.py"
    assert caught.value.__notes__ == ["in layer 'mine' (Python), forward, reading x (2, 3)"]


def test_a_method_that_is_not_there(module):
    text = 'layer { name: "n" type: "Python" top: "n" python_param { module: "scaled" layer: "Numbers" } }'
    (module / "numbers.prototxt").write_text(text, encoding="utf-8")
    net = Net(module / "numbers.prototxt")
    with pytest.raises(NetError, match="class 'Numbers' of a Python layer has no method `backward`"):
        net.layers[0].backward([net.blobs["n"]], [], [])
