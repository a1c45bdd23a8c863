import csv
import math

import pytest

from cafe_edu.errors import DataError
from cafe_edu.tools.parse_log import parse_log, write_tables

LOG = """\
I1231 23:59:58.000000  7 solver.cpp:48] Initializing solver from parameters: max_iter: 200
I1231 23:59:59.000000  7 solver.cpp:270] Solving lenet
I1231 23:59:59.250000  7 solver.cpp:330] Iteration 0, Testing net (#0)
I1231 23:59:59.500000  7 solver.cpp:397]     Test net output #0: accuracy = 0.1
I1231 23:59:59.500001  7 solver.cpp:397]     Test net output #1: loss = 2.5 (* 1 = 2.5 loss)
I0101 00:00:00.000000  7 solver.cpp:218] Iteration 0 (-1.9e-42 iter/s, 0.5s/100 iters), loss = 2.4
I0101 00:00:00.100000  7 solver.cpp:237]     Train net output #0: loss = 2.25 (* 1 = 2.25 loss)
I0101 00:00:00.100000  7 sgd_solver.cpp:105] Iteration 0, lr = 0.1
I0101 00:00:01.000000  7 solver.cpp:218] Iteration 100 (10 iter/s, 1s/100 iters), loss = 1e-3
I0101 00:00:01.100000  7 solver.cpp:237]     Train net output #0: loss = nan (* 1 = nan loss)
I0101 00:00:01.100000  7 sgd_solver.cpp:105] Iteration 100, lr = 0.01
I0101 00:00:02.000000  7 solver.cpp:330] Iteration 150, Testing net (#0)
I0101 00:00:02.500000  7 solver.cpp:397]     Test net output #0: accuracy = 0.9
"""


@pytest.fixture
def log(tmp_path):
    (tmp_path / "small.log").write_text(LOG)
    return tmp_path / "small.log"


def test_a_log_read_by_hand(log):
    parsed = parse_log(log)
    assert parsed.test == [
        {"NumIters": 0, "Seconds": 0.5, "LearningRate": 0.1, "accuracy": 0.1, "loss": 2.5},
        {"NumIters": 150, "Seconds": 3.5, "LearningRate": 0.01, "accuracy": 0.9},
    ]
    assert parsed.loss == [
        {"NumIters": 0, "Seconds": 1, "LearningRate": 0.1, "loss": 2.4},
        {"NumIters": 100, "Seconds": 2, "LearningRate": 0.01, "loss": 0.001},
    ]
    first, second = parsed.train
    assert first == {"NumIters": 0, "Seconds": 1.1, "LearningRate": 0.1, "loss": 2.25}
    assert math.isnan(second.pop("loss"))
    assert second == {"NumIters": 100, "Seconds": 2.1, "LearningRate": 0.01}


def test_caffes_own_log(data_folder):
    folder = data_folder / "caffe_logs"
    parsed = parse_log(folder / "reference")
    train = [line.split() for line in (folder / "reference.train").read_text().splitlines()[1:]]
    assert len(parsed.loss) == len(train) == 1001
    for row, (iters, seconds, loss, *rate) in zip(parsed.loss, train, strict=True):
        assert (row["NumIters"], row["Seconds"], row["loss"]) == (float(iters), float(seconds), float(loss))
        assert row["LearningRate"] == float(*rate or ["0.001"])  # the last line of that table lacks it
    test = [line.split() for line in (folder / "reference.test").read_text().splitlines()[1:]]
    assert len(parsed.test) == len(test) == 201
    for row, (iters, began, accuracy, loss) in zip(parsed.test, test, strict=True):
        assert (row["NumIters"], row["accuracy"], row["loss"]) == (float(iters), float(accuracy), float(loss))
        assert 0 < row["Seconds"] - float(began) < 1.2  # the table has the beginning of the test, we its end
    assert len(parsed.train) == 1000
    assert parsed.train[1] == {"NumIters": 200, "Seconds": 0.93058, "LearningRate": 0.001, "loss": 2.30118}


def test_glogs_newer_heads_with_a_year(shared):
    parsed = parse_log(shared / "oracle/lenet/lenet_tiny_train.log")
    assert [row["NumIters"] for row in parsed.test] == [0, 100, 200, 300]
    assert parsed.test[1]["accuracy"] == 0.952778
    assert parsed.train[1]["LearningRate"] == 0.00998503
    assert 0 < parsed.train[0]["Seconds"] < parsed.train[-1]["Seconds"] < 60


def test_our_own_log(tmp_path, monkeypatch):
    from cafe_edu.demo import ZOO
    from cafe_edu.log import log_to
    from cafe_edu.solver import Solver

    monkeypatch.chdir(tmp_path)
    handler = log_to(path=tmp_path / "our.log")
    changes = {"max_iter": 4, "display": 2, "test_interval": 2, "test_iter": [1], "snapshot": 0}
    solver = Solver(ZOO / "lenet" / "lenet_solver.prototxt", **changes, snapshot_after_train=False)
    try:
        solver.solve()
    finally:
        import logging

        logging.getLogger("cafe_edu").removeHandler(handler)
        handler.close()
    parsed = parse_log(tmp_path / "our.log")
    assert [row["NumIters"] for row in parsed.train] == [0, 2]
    assert [row["NumIters"] for row in parsed.test] == [0, 2, 4]
    for row, entry in zip(parsed.test, solver.test_record, strict=True):
        assert row["accuracy"] == pytest.approx(entry["accuracy"], rel=1e-5)
    assert parsed.train[0]["LearningRate"] == pytest.approx(solver.spec.base_lr)


def test_tables_as_caffes_script_writes_them(log, tmp_path):
    written = write_tables(log, parse_log(log), tmp_path / "out")
    assert [path.name for path in written] == ["small.log.train", "small.log.test"]
    assert (tmp_path / "out/small.log.test").read_text() == (
        "NumIters,Seconds,LearningRate,accuracy,loss\n0.0,0.5,0.1,0.1,2.5\n150.0,3.5,0.01,0.9,\n"
    )
    with open(tmp_path / "out/small.log.train", newline="") as file:
        assert [row["loss"] for row in csv.DictReader(file)] == ["2.25", "nan"]


def test_another_delimiter(log, tmp_path):
    write_tables(log, parse_log(log), tmp_path, delimiter=";")
    assert (tmp_path / "small.log.train").read_text().startswith("NumIters;Seconds;LearningRate;loss\n")
    with pytest.raises(DataError, match="expected a delimiter of one character, found ', '"):
        write_tables(log, parse_log(log), tmp_path, delimiter=", ")


def test_a_second_test_net_has_a_table_of_its_own(tmp_path):
    more = "I0101 00:00:03.0 7 s.cpp:1] Iteration 150, Testing net (#1)\n"
    more += "I0101 00:00:03.5 7 s.cpp:1]     Test net output #0: accuracy = 0.7\n"
    (tmp_path / "log").write_text(LOG + more)
    parsed = parse_log(tmp_path / "log")
    assert len(parsed.test) == 2
    assert [row["accuracy"] for row in parsed.more_tests[1]] == [0.7]
    assert [path.name for path in write_tables("log", parsed, tmp_path)] == ["log.train", "log.test", "log.test1"]


def test_no_log(tmp_path):
    with pytest.raises(DataError, match=r"no such log: .*nowhere"):
        parse_log(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "hello\n", "I0101 00:00:00.0 7 a.cpp:1] Solving\n", "I9999 00:00:00.0 7 a] x\n"])
def test_what_is_no_log_of_a_training(tmp_path, text):
    (tmp_path / "log").write_text(text)
    with pytest.raises(DataError, match=r"log: expected a training log with lines such as `Iteration 100, loss = 0.5`"):
        parse_log(tmp_path / "log")
