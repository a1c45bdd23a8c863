"""A thread that reads ahead: the same batches, never too many, errors where they belong, and an end."""

import gc
import json
import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest
from PIL import Image

import cafe_edu
from cafe_edu import Net
from cafe_edu.data import prefetch
from cafe_edu.data.lmdb_db import write_lmdb
from cafe_edu.data.prefetch import Prefetcher, checked_state
from cafe_edu.errors import DataError

WAIT = 60  # seconds after which a test gives up on a thread that should have acted at once


class Counting:
    """A source whose n-th batch is n; it may fail at one batch, or be held up before another."""

    def __init__(self, fail_at=None, hold_at=None):
        self.n, self.fail_at, self.hold_at = 0, fail_at, hold_at
        self.made, self.closed = [], False
        self.held, self.go_on, self.ahead_by = threading.Event(), threading.Event(), {}

    def shapes(self):
        return [(self.n,)]

    def read(self):
        if self.n == self.hold_at:
            self.held.set()
            assert self.go_on.wait(WAIT)
        if self.n == self.fail_at:
            self.n += 10  # a read that breaks off may leave the source anywhere
            raise DataError(f"batch {self.fail_at} is bad")
        self.n += 1
        self.made.append(self.n - 1)
        if self.n in self.ahead_by:
            self.ahead_by[self.n].set()
        return [np.zeros(self.n - 1)]

    def state(self):
        return {"n": self.n}

    def restore(self, state):
        self.n = state["n"]

    def close(self):
        self.closed = True


def numbers(batches, count):
    return [len(batches.next()[0]) for _ in range(count)]


OTHERS = weakref.WeakSet()  # threads of nets that tests before these still hold


def threads():
    every = [thread for thread in threading.enumerate() if thread.name == "cafe_edu prefetch"]
    return [thread for thread in every if thread not in OTHERS]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    OTHERS.update(threads())
    yield
    gc.collect()
    assert threads() == []


@pytest.mark.parametrize("ahead", [0, 1, 4, 50])
def test_the_batches_and_their_order(ahead):
    batches = Prefetcher(Counting(), ahead)
    assert batches.shapes() == [(0,)]
    for n in range(40):
        assert batches.shapes() == [(n,)]
        assert len(batches.next()[0]) == n
        assert batches.state() == {"n": n + 1}
    batches.close()


def test_nothing_is_made_before_the_first_is_asked_for():
    source = Counting()
    batches = Prefetcher(source)
    assert batches.shapes() == [(0,)]
    assert (source.made, threads()) == ([], [])


def test_it_reads_ahead_so_far_and_no_further():
    source = Counting()
    source.ahead_by[3] = threading.Event()
    batches = Prefetcher(source, 2)
    assert numbers(batches, 1) == [0]
    assert source.ahead_by[3].wait(WAIT)  # two more, though nobody asked
    batches.close()
    assert source.made == [0, 1, 2]


@pytest.mark.parametrize("ahead", [0, 4])
def test_an_error_comes_where_its_batch_would_and_that_batch_is_tried_again(ahead):
    source = Counting(fail_at=3)
    batches = Prefetcher(source, ahead)
    assert numbers(batches, 3) == [0, 1, 2]
    for _ in range(2):
        with pytest.raises(DataError, match="batch 3 is bad"):
            batches.next()
        assert batches.state() == {"n": 3}
    source.fail_at = None
    assert numbers(batches, 3) == [3, 4, 5]
    batches.close()


@pytest.mark.parametrize("ahead", [0, 4])
def test_the_state_is_that_of_what_was_taken(ahead):
    batches = Prefetcher(Counting(), ahead)
    assert batches.state() == {"n": 0}
    numbers(batches, 2)
    batches.shapes()  # looking is not taking
    state = batches.state()
    assert state == {"n": 2}
    assert numbers(batches, 3) == [2, 3, 4]
    assert state == {"n": 2}
    batches.restore(state)
    assert batches.shapes() == [(2,)]
    assert numbers(batches, 3) == [2, 3, 4]
    batches.close()


def test_going_elsewhere_waits_for_the_batch_that_is_being_made():
    source = Counting(hold_at=1)
    batches = Prefetcher(source)
    numbers(batches, 1)
    assert source.held.wait(WAIT)
    shelf = batches._shelf

    def let_go_on_once_it_is_told_to_stop():
        with shelf.changed:
            shelf.changed.wait_for(lambda: shelf.closed, WAIT)
        source.go_on.set()

    threading.Thread(target=let_go_on_once_it_is_told_to_stop).start()
    batches.restore({"n": 7})
    assert source.made == [0, 1]
    assert numbers(batches, 2) == [7, 8]
    batches.close()


def test_closing_ends_the_thread_and_the_source():
    source = Counting()
    batches = Prefetcher(source)
    numbers(batches, 1)
    (thread,) = threads()
    batches.close()
    assert not thread.is_alive()
    assert source.closed
    for use in (batches.next, batches.shapes, lambda: batches.restore({})):
        with pytest.raises(DataError, match="these data were closed: there are no more batches; build the net anew"):
            use()
    batches.close()


def test_dropping_ends_the_thread():
    batches = Prefetcher(Counting())
    numbers(batches, 2)
    (thread,) = threads()
    del batches
    assert not thread.is_alive()


def test_dropping_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(prefetch, "PATIENCE", 0.01)
    source = Counting(hold_at=1)
    batches = Prefetcher(source)
    numbers(batches, 1)
    assert source.held.wait(WAIT)
    (thread,) = threads()
    del batches
    assert thread.is_alive()
    source.go_on.set()
    thread.join(WAIT)
    assert not thread.is_alive()


def test_an_error_that_is_kept_keeps_no_thread():
    batches = Prefetcher(Counting(fail_at=1))
    numbers(batches, 1)
    with pytest.raises(DataError) as caught:
        batches.next()
    assert threads() == []
    assert str(caught.value) == "batch 1 is bad"


@pytest.mark.parametrize("state", [{"m": 1}, {"n": "1"}, {"n": True}, {"n": -1}, [1], None, {"n": 1, "m": 1}])
def test_a_state_of_something_else(state):
    with pytest.raises(DataError, match=r"(0 or more in|expected) the state of a test.*, found "):
        checked_state(state, {"n": 0}, "a test")


# ---- nets that read ahead ---------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    """What the layers below read: an LMDB, image files and their list, a windows file."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (7, 12, 10, 3), np.uint8)
    write_lmdb(tmp_path / "db", [(x.transpose(2, 0, 1), i) for i, x in enumerate(pixels)])
    for i, x in enumerate(pixels):
        Image.fromarray(x).save(tmp_path / f"{i} .png")
    (tmp_path / "list.txt").write_text("".join(f"{i} .png {i}\n" for i in range(7)))
    image = "# {0}\n{0} .png\n3\n12\n10\n2\n{1} 0.9 1 1 6 8\n0 0.1 2 3 9 9\n"
    (tmp_path / "windows.txt").write_text("".join(image.format(i, i + 1) for i in range(7)))
    return tmp_path


TRANSFORM = "transform_param { crop_size: 5 mirror: true scale: 0.5 }"
CHANGED = "transform_param { crop_size: 5 mirror: true max_rotation: 20 contrast: 0.3 min_area: 0.5 max_ratio: 1.3 }"
LAYERS = {
    "Data": f"data_param {{ source: 'ROOT/db' batch_size: 3 backend: LMDB PREFETCH rand_skip: 5 }} {TRANSFORM}",
    "Data, changed": f"data_param {{ source: 'ROOT/db' batch_size: 3 backend: LMDB PREFETCH }} {CHANGED}",
    "ImageData": "image_data_param { source: 'ROOT/list.txt' root_folder: 'ROOT/' batch_size: 3 shuffle: true "
    f"rand_skip: 5 }} data_param {{ PREFETCH }} {TRANSFORM}",
    "WindowData": "window_data_param { source: 'ROOT/windows.txt' root_folder: 'ROOT/' batch_size: 3 fg_fraction: 0.4 "
    f"context_pad: 1 }} data_param {{ PREFETCH }} {TRANSFORM}",
}


def make(name, files, seed, ahead=4):
    kind = name.partition(",")[0]
    text = LAYERS[name].replace("ROOT", files.as_posix()).replace("PREFETCH", f"prefetch: {ahead}")
    return Net(f"layer {{ name: 'd' type: '{kind}' top: 'x' top: 'label' {text} }}", "TRAIN", rng=seed)


def run(net, count):
    return [net.forward() for _ in range(count)]


def same(ones, others):
    for one, other in zip(ones, others, strict=True):
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize("name", LAYERS)
def test_one_seed_gives_the_same_batches_with_the_thread_and_without(name, files):
    expected = run(make(name, files, seed=3, ahead=0), 12)
    for ahead in (1, 4, 9):
        same(run(make(name, files, seed=3, ahead=ahead), 12), expected)
    with pytest.raises(AssertionError):
        same(run(make(name, files, seed=4), 12), expected)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("done", [pytest.param(0, marks=pytest.mark.slow), 1, pytest.param(5, marks=pytest.mark.slow)])
def test_what_follows_a_state_is_what_followed_it_then(name, done, files):
    net = make(name, files, seed=3)
    run(net, done)
    state = json.loads(json.dumps(net.layers[0].state()))
    assert all(type(value) in (int, str) for value in state.values())
    expected = run(net, 6)
    net.layers[0].restore(state)
    same(run(net, 6), expected)
    other = make(name, files, seed=8, ahead=0)
    run(other, 2)
    other.layers[0].restore(state)
    same(run(other, 6), expected)


def test_chance_elsewhere_in_the_net_is_as_without_data(files):
    """Data layers draw aside: whatever they draw, the fillers behind them draw the same."""
    fillers = "layer { name: 'f' type: 'DummyData' top: 'f' dummy_data_param { shape { dim: 4 } data_filler { "
    fillers += "type: 'gaussian' } } }"
    alone = Net(fillers, "TRAIN", rng=1).forward()["f"]
    text = LAYERS["Data"].replace("ROOT", files.as_posix()).replace("PREFETCH", "")
    both = Net(f"layer {{ name: 'd' type: 'Data' top: 'x' top: 'label' {text} }} {fillers}", "TRAIN", rng=1)
    np.testing.assert_array_equal(both.forward()["f"], alone)


@pytest.mark.parametrize("name", LAYERS)
def test_a_net_that_is_dropped_leaves_no_thread(name, files):
    net = make(name, files, seed=0)
    run(net, 2)
    (thread,) = threads()
    layer = weakref.ref(net.layers[0])
    del net
    gc.collect()
    assert layer() is None
    assert not thread.is_alive()


def test_two_nets_on_one_database(files):
    one, other = make("Data", files, seed=3), make("Data", files, seed=3)
    same(run(one, 8), run(other, 8))
    assert len(threads()) == 2
    one.layers[0].close()
    same(run(other, 2), run(make("Data", files, seed=3), 10)[8:])
    other.layers[0].close()


def send_labels(net, queue):
    queue.put([net.forward()["label"].tolist() for _ in range(4)])


@pytest.mark.skipif(sys.platform == "win32", reason="no fork on Windows")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_starts_a_thread_of_its_own(files):
    net = make("Data", files, seed=3)
    run(net, 3)
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=send_labels, args=(net, queue))
    child.start()
    child.join(WAIT)
    assert child.exitcode == 0
    assert queue.get() == [batch["label"].tolist() for batch in run(net, 4)]


ENDINGS = {
    "at its end": ("", 0, ""),
    "by an error": ("raise SystemExit('enough')", 1, "enough"),
    "by Ctrl-C": ("os.kill(os.getpid(), signal.SIGINT); time.sleep(60)", None, "KeyboardInterrupt"),
}


@pytest.mark.parametrize("how", ENDINGS)
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise on Windows")
def test_a_program_ends(how, files):
    code, status, words = ENDINGS[how]
    text = LAYERS["ImageData"].replace("ROOT", files.as_posix()).replace("PREFETCH", "prefetch: 2")
    program = (
        "import os, signal, time\nfrom cafe_edu import Net\n"
        f"net = Net({f'''layer {{ name: 'd' type: 'ImageData' top: 'x' top: 'label' {text} }}'''!r})\n"
        f"net.forward()\n{code}\n"
    )
    home = {**os.environ, "PYTHONPATH": str(pathlib.Path(cafe_edu.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], env=home, capture_output=True, text=True, timeout=WAIT)
    assert done.returncode in ((status,) if status is not None else (130, -signal.SIGINT))
    assert words in done.stderr
    assert "Exception ignored" not in done.stderr
    assert "Fatal" not in done.stderr
    assert words or done.stderr == ""
