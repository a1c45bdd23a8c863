"""parallel/solver.py: N ranks learn what one rank with batches N times as large learns."""

import logging
import pathlib
import threading

import h5py
import numpy as np
import pytest

import cafe_edu
from cafe_edu import Layer, Solver
from cafe_edu.device import to_numpy
from cafe_edu.errors import DataError, ParallelError, SpecError
from cafe_edu.log import log_to
from cafe_edu.parallel.solver import ParallelSolver
from cafe_edu.parallel.threads import run_ranks
from cafe_edu.solver import _Bar

LENET = pathlib.Path(cafe_edu.__file__).parent / "zoo" / "lenet" / "lenet_train_test.prototxt"
LEARN = 'base_lr: 0.01 momentum: 0.9 weight_decay: 0.0005 lr_policy: "fixed" random_seed: 3'

# Rows of HDF5 files; one weight matrix used twice; the ranks' shares of a batch come out of two files.
TWINS = """
name: "twins"
layer {{ name: "rows" type: "HDF5Data" top: "x" top: "t" include {{ phase: TRAIN }}
  hdf5_data_param {{ source: "rows.txt" batch_size: {batch} shuffle: true }} }}
layer {{ name: "first" type: "InnerProduct" bottom: "x" top: "a" param {{ name: "w" }} param {{ name: "b" }}
  inner_product_param {{ num_output: 6 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "tanh" type: "TanH" bottom: "a" top: "a2" }}
layer {{ name: "again" type: "InnerProduct" bottom: "a2" top: "y" param {{ name: "w" }} param {{ name: "b" }}
  inner_product_param {{ num_output: 6 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "last" type: "InnerProduct" bottom: "y" top: "z" param {{ lr_mult: 0 }}
  inner_product_param {{ num_output: 2 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "loss" type: "EuclideanLoss" bottom: "z" bottom: "t" top: "loss" }}
"""
CHANCE = """
name: "chance"
layer {{ name: "digits" type: "Data" top: "x" top: "t" transform_param {{ scale: 0.004 crop_size: 20 mirror: true }}
  data_param {{ source: "digits/digits_train_lmdb" batch_size: {batch} backend: LMDB }} }}
layer {{ name: "drop" type: "Dropout" bottom: "x" top: "d" }}
layer {{ name: "ip" type: "InnerProduct" bottom: "d" top: "y"
  inner_product_param {{ num_output: 10 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "t" top: "loss" }}
"""
# The gradient of the one weight is the mean of what the source gives.
LINE = """
name: "line"
layer { name: "source" type: "Source" top: "x" }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" loss_weight: 1
  inner_product_param { num_output: 1 bias_term: false weight_filler { type: "constant" value: 1 } } }
"""


class Source(Layer):
    """Gives the numbers rank + 1, again and again; does what ``event`` says in forward number 3."""

    num_bottom = 0
    event = staticmethod(lambda rank: None)

    def setup(self, bottom):
        self.rank, self.count = 0, 0

    def shard(self, rank, size):
        self.rank = rank

    def top_shapes(self, bottom_shapes):
        return [(1, 1)]

    def forward(self, bottom, top):
        top[0].data[...] = self.rank + 1
        self.count += 1
        if self.count == 3:
            self.event(self.rank)

    def backward(self, top, propagate_down, bottom):
        pass


class WithoutShard(Source):
    shard = None


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    for name, rows in (("a.h5", 11), ("b.h5", 9)):
        with h5py.File(tmp_path / name, "w") as file:
            file["x"], file["t"] = rng.normal(size=(rows, 6)), rng.normal(size=(rows, 2))
    (tmp_path / "rows.txt").write_text("a.h5 b.h5\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spec(net, **fields):
    """A solver's prototxt around a net's."""
    more = " ".join(f"{name}: {value}" for name, value in fields.items())
    return f"{LEARN}\n{more}\nnet_param {{ {net} }}"


def lenet(batch):
    return LENET.read_text().replace("batch_size: 64", f"batch_size: {batch}")


def weights(solver):
    """A copy of each parameter, by layer and number."""
    return {(name, i): b.data.copy() for name, blobs in solver.net.params.items() for i, b in enumerate(blobs)}


def on_ranks(size, text, iterations, resume=None, **more):
    """Train on ranks that are threads; return each one's solver."""

    def train(communicator):
        solver = ParallelSolver(text, communicator, **more)
        if resume is not None:
            solver.restore(resume)
        solver.step(iterations)
        return solver

    return run_ranks(size, train)


def alone(text, iterations, resume=None):
    """Train on one rank, as ever."""
    solver = Solver(text)
    if resume is not None:
        solver.restore(resume)
    solver.step(iterations)
    return solver


def assert_same_bits(solvers):
    first = weights(solvers[0])
    for solver in solvers[1:]:
        for key, values in weights(solver).items():
            np.testing.assert_array_equal(values, first[key], err_msg=str(key))


def assert_same_learning(ranks, one, rtol=1e-4):
    """All ranks have the same bits, and what one rank has within rounding."""
    assert_same_bits(ranks)
    learned = weights(ranks[0])
    for key, values in weights(one).items():
        np.testing.assert_allclose(learned[key], values, rtol=0, atol=rtol * np.abs(values).max(), err_msg=str(key))
    losses = [[entry["loss"] for entry in solver.train_record] for solver in (*ranks, one)]
    for found in losses:
        np.testing.assert_allclose(found, losses[-1], rtol=rtol)


# ---- the same learning ----


@pytest.mark.parametrize("size", [2, 3])
def test_lenet_learns_what_one_rank_learns(size):
    one = alone(spec(lenet(6 * size)), 4)
    ranks = on_ranks(size, spec(lenet(6)), 4)
    assert_same_learning(ranks, one)
    start = weights(alone(spec(lenet(6)), 0))
    assert all((values != start[key]).any() for key, values in weights(one).items())


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize(
    "fields",
    [{}, {"iter_size": 2}, {"clip_gradients": 0.05}, {"iter_size": 3, "clip_gradients": 0.1, "average_loss": 3}],
    ids=str,
)
def test_shared_parameters_from_hdf5(folder, size, fields):
    one = alone(spec(TWINS.format(batch=2 * size), **fields), 6)
    ranks = on_ranks(size, spec(TWINS.format(batch=2), **fields), 6)
    assert_same_learning(ranks, one)


@pytest.mark.parametrize("rule", ["Adam", "Nesterov", "AdaDelta"])
def test_other_rules(folder, rule):
    fields = {"type": f'"{rule}"', "delta": 1e-6}
    if rule == "AdaDelta":
        fields["delta"] = 1e-2
    one = alone(spec(TWINS.format(batch=4), **fields), 4)
    assert_same_learning(on_ranks(2, spec(TWINS.format(batch=2), **fields), 4), one)


def test_on_a_device(device, folder):
    mode = "GPU" if device == "gpu" else "CPU"
    one = alone(spec(TWINS.format(batch=4)), 3)
    ranks = on_ranks(2, spec(TWINS.format(batch=2), solver_mode=mode), 3)
    assert (ranks[1].net.xp is np) == (device == "cpu")
    for key, values in weights(one).items():
        found = [to_numpy(solver.net.params[key[0]][key[1]].data) for solver in ranks]
        np.testing.assert_array_equal(*found)
        np.testing.assert_allclose(found[0], values, rtol=1e-4, atol=1e-5)


def test_debug_info_leaves_the_sums_right(folder, caplog):
    fields = {"debug_info": "true", "display": 1}
    one = alone(spec(TWINS.format(batch=4)), 3)
    assert_same_learning(on_ranks(2, spec(TWINS.format(batch=2), **fields), 3), one)


def test_without_a_seed_all_ranks_get_one(folder):
    text = spec(TWINS.format(batch=2)).replace("random_seed: 3", "")
    ranks = on_ranks(3, text, 2)
    assert_same_bits(ranks)
    assert len({solver.spec.random_seed for solver in ranks}) == 1


def test_chance_is_each_ranks_own_and_comes_again():
    def masks():
        solvers = on_ranks(3, spec(CHANCE.format(batch=4)), 2)
        return [next(layer for layer in s.net.layers if layer.type == "Dropout").mask for s in solvers]

    first, again = masks(), masks()
    np.testing.assert_array_equal(first, again)
    assert not (first[0] == first[1]).all()
    assert not (first[1] == first[2]).all()


def test_rank_0_has_the_chance_it_has_alone():
    one, ranks = alone(spec(CHANCE.format(batch=4)), 1), on_ranks(2, spec(CHANCE.format(batch=4)), 1)
    mine, alone_ = (next(layer for layer in s.net.layers if layer.type == "Dropout").mask for s in (ranks[0], one))
    np.testing.assert_array_equal(mine, alone_)


def test_statistics_of_batch_norm_are_each_ranks_own():
    norm = """layer {{ name: "norm" type: "BatchNorm" bottom: "d" top: "n" }}
layer {{ name: "ip" type: "InnerProduct" bottom: "n" """
    net = CHANCE.replace('layer {{ name: "ip" type: "InnerProduct" bottom: "d" ', norm).format(batch=4)
    ranks = on_ranks(2, spec(net), 2)  # iteration 0 compares checksums, without these
    learned, statistics = ("ip", 0), ("norm", 0)
    np.testing.assert_array_equal(*(weights(solver)[learned] for solver in ranks))
    assert not np.array_equal(*(weights(solver)[statistics] for solver in ranks))


# ---- one logs, tests, saves ----


def test_rank_0_alone_logs_tests_and_saves(folder, caplog):
    handler = log_to(path="train.log")
    fields = {"test_iter": 1, "test_interval": 2, "max_iter": 4, "display": 2, "snapshot_prefix": '"lenet"'}

    def train(communicator):
        solver = ParallelSolver(spec(lenet(8), **fields), communicator)
        solver.solve()
        return solver

    try:
        first, second = run_ranks(2, train)
    finally:
        logging.getLogger("cafe_edu").removeHandler(handler)
        handler.close()
    log = (folder / "train.log").read_text()
    assert log.count("Testing net") == len(first.test_record) == 3
    assert log.count("Solving LeNet") == 1
    assert log.count("Snapshotting solver state") == 1
    assert second.test_nets == second.test_record == []
    assert {path.name for path in folder.glob("lenet_*")} == {"lenet_iter_4.caffemodel", "lenet_iter_4.solverstate"}


def test_the_progress_bar_counts_the_images_of_all_ranks(folder):
    (_, solver) = on_ranks(2, spec(TWINS.format(batch=3), iter_size=2), 1)
    bar = _Bar(solver, 2)
    bar.update()
    bar.close()
    assert bar.images == 2 * 2 * 3


@pytest.mark.parametrize("size", [1, 2, 3])
def test_another_number_of_ranks_goes_on(folder, size):
    first = on_ranks(2, spec(TWINS.format(batch=3), snapshot=4, snapshot_prefix='"twins"'), 4)
    assert first[1].iter == 4
    state = "twins_iter_4.solverstate"
    one = alone(spec(TWINS.format(batch=6)), 3, resume=state)
    ranks = on_ranks(size, spec(TWINS.format(batch=6 // size)), 3, resume=state)
    assert [solver.iter for solver in ranks] == [7] * size
    assert_same_learning(ranks, one)


def test_weights_and_states_are_read_by_rank_0_and_passed_on(folder):
    text = spec(TWINS.format(batch=2), snapshot=3, snapshot_prefix='"twins"')
    given = alone(text.replace("random_seed: 3", "random_seed: 4"), 3)

    def train(communicator):
        here = "" if communicator.rank == 0 else "not/on/this/machine/"
        started = ParallelSolver(text, communicator, weights=f"{here}twins_iter_3.caffemodel")
        resumed = ParallelSolver(text, communicator)
        resumed.restore(f"{here}twins_iter_3.solverstate")
        return started, resumed

    for started, resumed in run_ranks(3, train):
        assert_same_bits([given, started, resumed])
        assert (started.iter, resumed.iter) == (0, 3)
        np.testing.assert_array_equal(resumed.history[0][0], given.history[0][0])


def test_exact_resume_goes_on_as_if_nothing_had_been(folder):
    fields = {"exact_resume": "true", "snapshot": 3, "snapshot_prefix": '"chance"'}
    whole = on_ranks(3, spec(CHANCE.format(batch=4), **fields), 6)
    half = on_ranks(3, spec(CHANCE.format(batch=4), **fields), 3, resume="chance_iter_3.solverstate")
    assert_same_bits([*whole, *half])


def test_one_ranks_wish_to_stop_stops_all_in_the_same_iteration(folder):
    solvers = {}

    class Asking(Source):
        def event(self, rank):
            if rank == 1:
                solvers[rank].snapshot_wanted = True
                solvers[rank].stopping = True

    def train(communicator):
        fields = {"max_iter": 50, "snapshot_prefix": '"asked"'}
        solver = solvers[communicator.rank] = ParallelSolver(spec(LINE, **fields), communicator, {"Source": Asking})
        solver.solve()
        return solver

    ranks = run_ranks(3, train)
    assert [solver.iter for solver in ranks] == [3, 3, 3]
    assert (folder / "asked_iter_3.solverstate").exists()


# ---- what goes wrong ----


class Failing(Source):
    failing = None

    def event(self, rank):
        if rank == self.failing:
            raise DataError("the disk is gone")


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_rank_that_fails_ends_all_and_leaves_a_snapshot(folder, failing):
    layers, seen = {"Source": type("Broken", (Failing,), {"failing": failing})}, {}

    def train(communicator):
        try:
            ParallelSolver(spec(LINE, max_iter=9, snapshot_prefix='"line"'), communicator, layers).solve()
        except (DataError, ParallelError) as error:
            seen[communicator.rank] = error
            raise

    with pytest.raises(DataError, match="the disk is gone"):
        run_ranks(3, train)
    assert {rank for rank, error in seen.items() if isinstance(error, DataError)} == {failing}
    told = f"rank {failing} of 3 failed: the disk is gone; in layer 'source' (Source), forward"
    assert all(str(error) == told for rank, error in seen.items() if rank != failing)
    kept = "what was learned until iteration 2 is in line_iter_2.solverstate, to go on from"
    assert seen[0].one_line().endswith(kept)
    solver = alone_line("line_iter_2.solverstate")
    assert solver.iter == 2
    rate, means = 0.01, 2  # of what ranks 0, 1 and 2 give
    step = rate * (means + 0.0005)
    after = 1 - step - (0.9 * step + rate * (means + 0.0005 * (1 - step)))
    np.testing.assert_allclose(solver.net.params["ip"][0].data.item(), after, rtol=1e-6)


def alone_line(state):
    solver = Solver(spec(LINE), {"Source": Source})
    solver.restore(state)
    return solver


def test_rank_0_hears_of_it_in_the_middle_of_a_test(folder):
    """Rank 1 fails in the first forward; rank 0 then has a test of a million batches before it."""
    testing, failed = threading.Event(), threading.Event()

    class Testing(Source):
        def forward(self, bottom, top):
            super().forward(bottom, top)
            if self.phase == "TEST":
                testing.set()
                failed.wait()
            elif self.rank == 1:
                testing.wait()
                raise DataError("gone")

    def train(communicator):
        fields = {"test_iter": 10**6, "test_interval": 10}
        try:
            text = spec(LINE, **fields)
            ParallelSolver(text, communicator, {"Source": Testing}).step(2)
        except DataError:
            failed.set()
            raise

    with pytest.raises(DataError, match="gone"):
        run_ranks(2, train)


def test_a_rank_that_fails_while_the_net_is_built(folder):
    def train(communicator):
        text = "nonsense: 1" if communicator.rank == 1 else spec(LINE)
        ParallelSolver(text, communicator, {"Source": Source})

    with pytest.raises(SpecError, match="nonsense"):
        run_ranks(2, train)
    assert not list(folder.glob("*.solverstate"))


def test_nothing_is_saved_when_an_update_was_cut_short(folder):
    class HalfAnUpdate(ParallelSolver):
        def _decay(self, param, w):
            if self.iter == 2:
                raise MemoryError("no more")
            return super()._decay(param, w)

    with pytest.raises(MemoryError):
        run_ranks(2, lambda c: HalfAnUpdate(spec(LINE, max_iter=9), c, {"Source": Source}).solve())
    assert not list(folder.glob("*.solverstate"))


def test_a_rescue_that_fails_says_so(folder):
    (folder / "place").mkdir()
    layers, seen = {"Source": type("Broken", (Failing,), {"failing": 1})}, {}

    def train(communicator):
        try:
            solver = ParallelSolver(spec(LINE, snapshot_prefix='"place/line"'), communicator, layers)
            if communicator.rank == 0:
                (folder / "place").rmdir()
                (folder / "place").write_text("in the way")
            solver.step(9)
        except ParallelError as error:
            seen[communicator.rank] = error
            raise

    with pytest.raises(DataError):
        run_ranks(2, train)
    assert "; no snapshot could be written: " in seen[0].one_line()


def test_exact_resume_rescues_nothing_half_done(folder):
    layers, seen = {"Source": type("Broken", (Failing,), {"failing": 1, "state": dict, "restore": print})}, {}

    def train(communicator):
        try:
            ParallelSolver(spec(LINE, exact_resume="true"), communicator, layers).step(9)
        except ParallelError as error:
            seen[communicator.rank] = error
            raise

    with pytest.raises(DataError):
        run_ranks(2, train)
    assert "go on from the last snapshot: with `exact_resume` none is written" in seen[0].one_line()
    assert not list(folder.glob("*.solverstate"))


def test_weights_that_drift_apart_are_found(folder, monkeypatch):
    monkeypatch.setattr("cafe_edu.parallel.solver.CHECK_EVERY", 3)

    def train(communicator):
        solver = ParallelSolver(spec(LINE, snapshot_prefix='"line"'), communicator, {"Source": Source})
        solver.step(2)
        if communicator.rank == 1:
            solver.net.params["ip"][0].data[...] += 1e-6
        solver.step(9)

    with pytest.raises(ParallelError, match=r"^the weights of rank 1 are not those of rank 0 at iteration 3: .* 0 or "):
        run_ranks(2, train)
    assert not list(folder.glob("*.solverstate"))


@pytest.mark.parametrize("change", [("num_output: 1", "num_output: 2"), ("max_iter: 4", "max_iter: 5")], ids=str)
def test_ranks_that_would_do_other_things_are_refused(change):
    def train(communicator):
        text = spec(LINE, max_iter=4)
        text = text.replace(*change) if communicator.rank == 2 else text
        ParallelSolver(text, communicator, {"Source": Source})

    with pytest.raises(ParallelError, match=r"^rank 2 has another solver or net than rank 0: expected the same files"):
        run_ranks(3, train)


def test_data_that_cannot_be_shared_out_are_refused():
    with pytest.raises(SpecError, match=r"'source' \(Source\) would read the same items on all 2 ranks: .*shard"):
        run_ranks(2, lambda c: ParallelSolver(spec(LINE), c, {"Source": WithoutShard}))


def test_one_file_is_not_written_by_many(folder):
    net = f"""{LINE}
layer {{ name: "out" type: "HDF5Output" bottom: "x" bottom: "y" hdf5_output_param {{ file_name: "o.h5" }} }}"""
    with pytest.raises(SpecError, match=r"'out' \(HDF5Output\) would write one file on 2 ranks: leave it out"):
        run_ranks(2, lambda c: ParallelSolver(spec(net), c, {"Source": Source}))
