"""recording.py: a training kept, and gone on with from any moment, bit for bit."""

import numpy as np
import pytest

from cafe_edu import Solver
from cafe_edu.data.digits import read_digits
from cafe_edu.data.lmdb_db import write_lmdb
from cafe_edu.errors import CafeError, DataError, NetError, WeightsError
from cafe_edu.recording import Recording, record

# Chance everywhere: mirrored items, dropout, stochastic pooling; a running mean that no gradient changes.
NET = """
name: "chance"
layer { name: "digits" type: "Data" top: "x" top: "label" include { phase: TRAIN }
  transform_param { scale: 0.00390625 mirror: true crop_size: 24 }
  data_param { source: "digits_lmdb" batch_size: 8 backend: LMDB } }
layer { name: "digits" type: "Data" top: "x" top: "label" include { phase: TEST }
  transform_param { scale: 0.00390625 crop_size: 24 } data_param { source: "digits_lmdb" batch_size: 7 backend: LMDB } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "c"
  convolution_param { num_output: 3 kernel_size: 5 stride: 2 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
layer { name: "pool" type: "Pooling" bottom: "c" top: "p" pooling_param { pool: STOCHASTIC kernel_size: 2 stride: 2 } }
layer { name: "norm" type: "BatchNorm" bottom: "p" top: "n" }
layer { name: "drop" type: "Dropout" bottom: "n" top: "n" }
layer { name: "ip" type: "InnerProduct" bottom: "n" top: "y"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "label" top: "loss" }
"""
SOLVER = """
net: "chance.prototxt" test_iter: 2 test_interval: 4 base_lr: 0.01 lr_policy: "multistep" gamma: 0.5
stepvalue: 4 stepvalue: 9 weight_decay: 0.01 iter_size: 2 average_loss: 3 max_iter: 100 random_seed: 7
"""
RULES = {
    "SGD": {"momentum": 0.9}, "Nesterov": {"momentum": 0.9}, "AdaGrad": {}, "RMSProp": {"rms_decay": 0.9},
    "AdaDelta": {"momentum": 0.9, "delta": 1e-6}, "Adam": {"momentum": 0.9}, "AdamW": {"momentum": 0.9},
}  # fmt: skip


@pytest.fixture
def solver(tmp_path, monkeypatch):
    x, y, _, _ = read_digits()
    write_lmdb(tmp_path / "digits_lmdb", zip(x[:50], y[:50].tolist(), strict=True))
    (tmp_path / "chance.prototxt").write_text(NET)
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    monkeypatch.chdir(tmp_path / "..")  # the net is found beside the solver's file
    return lambda **changes: Solver(tmp_path / "solver.prototxt", **changes)


def everything(solver):
    arrays = [blob.data for blobs in solver.net.params.values() for blob in blobs]
    return [a.tobytes() for a in [*arrays, *(h for arrays in solver.history for h in arrays)]]


@pytest.mark.parametrize(
    ("rule", "changes"),
    [pytest.param(*one, marks=() if one[0] in ("SGD", "Adam") else pytest.mark.slow) for one in RULES.items()],
    ids=list(RULES),
)
def test_a_fork_learns_on_as_the_original_did(rule, changes, solver):
    original = solver(type=rule, **changes)
    recording = record(original, 12, every=5)
    assert recording.iterations == [0, 5, 10, 12]
    for at in recording.iterations:
        fork = recording.fork(at)
        fork.step(14 - at)
        alone = recording.fork(12)
        alone.step(2)
        assert fork.iter == 14
        assert everything(fork) == everything(alone)
        assert [e["loss"] for e in fork.train_record] == [e["loss"] for e in alone.train_record]
        assert fork.test_record == alone.test_record
    original.step(2)
    assert everything(original) == everything(fork)
    assert original.train_record == fork.train_record


def test_recording_changes_nothing(solver):
    recorded, plain = solver(), solver()
    record(recorded, 7, every=3)
    plain.step(7)
    assert everything(recorded) == everything(plain)
    assert recorded.train_record == plain.train_record


def test_a_fork_is_apart_from_the_original(solver):
    original = solver()
    recording = record(original, 4, every=4)
    before = everything(original)
    recording.fork(0, base_lr=0.5).step(2)
    assert everything(original) == before
    assert recording.fork(0).net.params["ip"][0].data.tobytes() == recording.at(0).params["ip"][0].tobytes()


def test_a_fork_may_change_the_rate(solver):
    recording = record(solver(), 4, every=4)
    fork = recording.fork(4, base_lr=0.5, lr_policy="fixed")
    fork.step(1)
    assert fork.train_record[-1]["lr"] == 0.5


def test_saved_and_loaded(solver, tmp_path):
    original = solver(type="Adam", momentum=0.9)
    recording = record(original, 6, every=3)
    recording.save(tmp_path / "training.npz")
    loaded = Recording.load(tmp_path / "training.npz")
    assert loaded.iterations == [0, 3, 6]
    assert loaded.train_record == recording.train_record
    assert loaded.test_record == recording.test_record
    fork = loaded.fork(3, solver(type="Adam", momentum=0.9, random_seed=99))
    fork.step(3)
    assert everything(fork) == everything(original)
    used = solver(type="Adam", momentum=0.9)
    used.step(3)
    again = loaded.fork(0, used)  # what it learned and averaged before is gone
    again.step(6)
    assert everything(again) == everything(original)
    assert again.train_record == original.train_record
    with pytest.raises(CafeError, match="does not say how its solver was made: give one, solver="):
        loaded.fork(3)


def test_arrays_given_by_the_program_go_with_a_fork():
    x, y, _, _ = read_digits()
    net = """layer { name: "d" type: "MemoryData" top: "x" top: "t"
               memory_data_param { batch_size: 10 channels: 1 height: 28 width: 28 } }
             layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 10 } }
             layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "t" top: "loss" }"""
    solver = Solver(f'base_lr: 0.1 lr_policy: "fixed" net_param {{ {net} }}')
    solver.net.layers[0].reset(x[:50] / 256, y[:50])
    recording = record(solver, 7, every=3)
    fork = recording.fork(3)
    fork.step(4)
    assert everything(fork) == everything(solver)


def test_the_original_stops_the_recording(solver):
    original = solver()
    apply, calls = original.apply_update, []

    def stop_at_third(rate):
        calls.append(rate)
        original.stopping = len(calls) == 3
        apply(rate)

    original.apply_update = stop_at_third
    assert record(original, 10, every=2).iterations == [0, 2, 3]


def test_ctrl_c_keeps_what_there_is(solver, caplog):
    original = solver()
    learn = original._learn

    def interrupted():
        if original.iter == 5:
            raise KeyboardInterrupt
        learn()

    original._learn = interrupted
    recording = record(original, 10, every=2)
    assert recording.iterations == [0, 2, 4]
    assert "Recording interrupted: it ends at iteration 4" in caplog.text


def test_memory_is_bounded_before_anything_is_learned(solver):
    original = solver()
    with pytest.raises(CafeError, match=r"at most 0 MB \(`at_most`\), found 101 .* MB each; use every=\d+"):
        record(original, 100, every=1, at_most=100_000)
    with pytest.raises(CafeError, match="not even two moments fit"):
        record(original, 100, at_most=100)
    with pytest.raises(CafeError, match="of 1 or more, found 0 and 10"):
        record(original, 0)
    assert original.iter == 0
    size = record(original, 4, every=2).nbytes
    assert size == sum(a.nbytes for m in range(3) for a in _arrays(original))


def _arrays(solver):
    return [*(b.data for bs in solver.net.params.values() for b in bs), *(h for hs in solver.history for h in hs)]


def test_the_advice_is_right(solver):
    original = solver()
    size = sum(a.nbytes for a in _arrays(original))
    with pytest.raises(CafeError) as caught:
        record(original, 30, every=1, at_most=5.5 * size)
    every = int(str(caught.value).split("every=")[1].split()[0])
    assert len(record(original, 30, every=every, at_most=5.5 * size).moments) <= 5


def test_wrong_moments_nets_and_files(solver, tmp_path):
    recording = record(solver(), 4, every=2)
    with pytest.raises(CafeError, match="no moment of iteration 3 was kept; there are 0, 2, 4"):
        recording.fork(3)
    with pytest.raises(WeightsError, match="does not fit the recording: expected histories"):
        recording.fork(2, solver(type="Adam", momentum=0.9))
    with pytest.raises(CafeError, match="expected a solver or changes, found both: base_lr"):
        recording.fork(2, solver(), base_lr=1)
    (tmp_path / "bad.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"bad.npz is damaged or is no recording"):
        Recording.load(tmp_path / "bad.npz")
    with pytest.raises(DataError, match="no such file"):
        Recording.load(tmp_path / "none.npz")
    assert repr(recording).startswith("Recording of 3 moments (0, 2, 4)")


def test_any_damage_to_a_file_is_told(solver, tmp_path):
    record(solver(), 2, every=2).save(tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    rng = np.random.default_rng(0)
    for cut in rng.integers(0, len(whole), 20):
        (tmp_path / "cut.npz").write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"cut.npz is damaged"):
            Recording.load(tmp_path / "cut.npz")


def test_data_that_cannot_say_where_they_stand():
    from cafe_edu import Layer

    class Ones(Layer):
        num_bottom = 0

        def top_shapes(self, bottom_shapes):
            return [(1, 1)]

        def forward(self, bottom, top):
            top[0].data[...] = 1

        def backward(self, top, propagate_down, bottom):
            pass

    net = """layer { name: "ones" type: "Ones" top: "x" } layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
             loss_weight: 1 inner_product_param { num_output: 1 } }"""
    recording = record(Solver(f'base_lr: 0.1 lr_policy: "fixed" net_param {{ {net} }}', {"Ones": Ones}), 2, every=1)
    with pytest.raises(NetError, match="cannot say where in its data it stands"):
        recording.fork(1)
