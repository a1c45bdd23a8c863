import numpy as np
import pytest

import cafe_edu.pycaffe as caffe
from cafe_edu.errors import SpecError

NET = """
name: "small"
layer { name: "data" type: "DummyData" top: "data" top: "label" dummy_data_param {
  num: 5 channels: 2 height: 3 width: 4  num: 5 channels: 1 height: 1 width: 1
  data_filler { type: "gaussian" std: 1 } data_filler { type: "constant" } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 13 weight_filler { type: "gaussian" std: 2.5 } bias_filler { value: -3 } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
SOLVER = """
net: "NET" test_iter: 10 test_interval: 10 base_lr: 0.01 momentum: 0.9 weight_decay: 0 lr_policy: "inv"
gamma: 0.0001 power: 0.75 display: 100 max_iter: 100 snapshot_after_train: false snapshot_prefix: "model"
"""


@pytest.fixture
def make(write, tmp_path, monkeypatch):
    """Make a solver of a class, in an empty current folder."""
    monkeypatch.chdir(tmp_path)
    write(NET, "NET")

    def make(cls=caffe.SGDSolver, text=SOLVER):
        caffe.set_random_seed(4)
        solver = cls(write(text, "solver.prototxt"))
        for net in (solver.net, *solver.test_nets):
            net.blobs["label"].data[...] = np.random.default_rng(0).integers(13, size=net.blobs["label"].data.shape)
        return solver

    return make


def test_solve(make):
    solver = make()
    assert solver.iter == 0
    solver.solve()
    assert solver.iter == 100
    assert solver.param.max_iter == 100


def test_step_learns(make):
    solver = make()
    solver.net.blobs["label"].data[...] = 3
    for blob in solver.net.params["ip"]:
        blob.data[...] = 0
    losses = []
    for _ in range(100):
        solver.step(1)
        losses.append(float(solver.net.blobs["loss"].data))
    assert losses[0] == pytest.approx(np.log(13), rel=1e-5)
    assert losses[-1] < 0.3
    assert solver.net.blobs["loss"].data.shape == ()


def test_test_nets_share_the_weights(make):
    solver = make()
    (test,) = solver.test_nets
    solver.step(3)
    assert np.shares_memory(test.params["ip"][0].data, solver.net.params["ip"][0].data)
    assert float(test.forward()["loss"]) > 0


def test_apply_update(make):
    solver = make()
    for blob in solver.net.layers[1].blobs:
        blob.data[...], blob.diff[...] = 0, 1
    assert solver.lr == pytest.approx(0.01)
    solver.apply_update()
    np.testing.assert_allclose(solver.net.params["ip"][0].data, -0.01, rtol=1e-6)
    assert solver.iter == 1
    assert solver.lr == pytest.approx(0.01 * 1.0001**-0.75)


def test_by_hand_is_as_by_step(make):
    one, other = make(), make()
    for _ in range(3):
        x = np.random.default_rng(one.iter).normal(size=(5, 2, 3, 4))
        for solver in (one, other):
            solver.net.before_forward(lambda i, net=solver.net, x=x: i == 1 and np.copyto(net.blobs["data"].data, x))
        one.step(1)
        other.net.clear_param_diffs()
        other.net.forward()
        other.net.backward()
        other.apply_update()
    assert one.iter == other.iter == 3
    np.testing.assert_array_equal(one.net.params["ip"][0].data, other.net.params["ip"][0].data)


@pytest.mark.parametrize("name", ["SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam"])
def test_the_six_classes(make, name):
    text = SOLVER.replace("momentum: 0.9", "" if name in ("AdaGrad", "RMSProp") else "momentum: 0.9")
    solver = make(getattr(caffe, f"{name}Solver"), f"{text} rms_decay: 0.9")
    assert solver.param.type == name
    before = solver.net.params["ip"][0].data.copy()
    solver.step(2)
    assert (solver.net.params["ip"][0].data != before).any()


TYPES = [("", "SGD"), ("type: 'Adam'", "Adam"), ("solver_type: NESTEROV", "Nesterov")]


@pytest.mark.parametrize(("said", "cls"), TYPES)
def test_get_solver_reads_the_type(make, said, cls):
    assert type(make(caffe.get_solver, SOLVER + said)).__name__ == f"{cls}Solver"


def test_get_solver_of_no_type(make):
    with pytest.raises(SpecError, match="unknown solver type 'Adamant'"):
        make(caffe.get_solver, f"{SOLVER} type: 'Adamant'")


def test_parameters_of_the_solver_can_be_changed(make):
    solver = make()
    solver.param.base_lr = 0
    solver.param.max_iter = 2
    before = solver.net.params["ip"][0].data.copy()
    solver.solve()
    assert solver.iter == 2
    assert np.array_equal(solver.net.params["ip"][0].data, before)


def test_callbacks(make):
    solver, heard = make(), []
    norm = lambda: float(np.abs(solver.net.params["ip"][0].diff).sum())  # noqa: E731
    solver.add_callback(lambda: heard.append(("start", solver.iter, norm())), lambda: heard.append(("ready", norm())))
    solver.step(2)
    assert [entry[0] for entry in heard] == ["start", "ready"] * 2
    assert [entry[1] for entry in heard if entry[0] == "start"] == [0, 1]
    assert all(entry[1] > 0 for entry in heard if entry[0] == "ready")
    solver.apply_update()  # by hand, it calls nobody
    assert len(heard) == 4


def test_snapshot_and_restore(make, tmp_path):
    solver = make()
    solver.step(5)
    solver.snapshot()
    assert {p.name for p in tmp_path.glob("model*")} == {"model_iter_5.caffemodel", "model_iter_5.solverstate"}
    other = make()
    other.restore("model_iter_5.solverstate")
    assert other.iter == 5
    assert np.array_equal(other.net.params["ip"][0].data, solver.net.params["ip"][0].data)
    third = make()
    third.solve("model_iter_5.solverstate")
    assert third.iter == 100


def test_share_weights(make, write):
    solver = make()
    net = caffe.Net(write(NET), caffe.TEST)
    solver.share_weights(net)
    assert np.shares_memory(net.params["ip"][0].data, solver.net.params["ip"][0].data)


def test_a_seed_makes_solvers_equal(make):
    assert np.array_equal(make().net.params["ip"][0].data, make().net.params["ip"][0].data)
    said = make(text=f"{SOLVER} random_seed: 5").net.params["ip"][0].data
    caffe.set_random_seed(9)
    assert np.array_equal(said, caffe.SGDSolver("solver.prototxt").net.params["ip"][0].data)  # the file's own wins


def test_it_shows_itself_as_our_solver(make):
    assert repr(make()) == "Solver 'SGD' of 'small' at iteration 0 of 100"
