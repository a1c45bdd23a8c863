"""The reader's code may do whatever it likes: the check goes on, says what it was, and leaves all as it found it."""

import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from cafe_edu.course.compare import OutOfTime, Raised, flaw
from cafe_edu.course.guarded import Guard


def forever():
    while True:
        pass


def stubborn():
    while True:
        try:  # noqa: SIM105
            math.sqrt(2)
        except:  # noqa: E722 (as readers write it)
            pass


def asleep():
    time.sleep(60)


def printing():
    while True:
        print("on and on")


ASLEEP = pytest.param(asleep, marks=pytest.mark.skipif(os.name == "nt", reason="no timer ends a sleep there"))


@pytest.mark.parametrize("function", [forever, stubborn, ASLEEP, printing])
def test_what_never_ends_is_ended(function):
    guard, start = Guard(0.2), time.perf_counter()
    said = guard.call(function)
    assert isinstance(said.error, OutOfTime)
    assert time.perf_counter() - start < 20
    assert flaw(1, said) == "it took longer than 0.2 s, so the check stopped it: is there a loop that never ends?"
    assert isinstance(guard.call(int).error, OutOfTime)  # the time is for all calls together


@pytest.mark.skipif(os.name == "nt", reason="there a thread looks at the clock")
def test_no_alarm_is_left_behind():
    before = signal.getsignal(signal.SIGALRM)
    Guard(0.05).call(forever)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize("function", [forever, stubborn])
def test_outside_the_main_thread_too(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(Guard(0.2).call(function)))
    thread.start()
    thread.join(timeout=60)
    assert isinstance(found[0].error, OutOfTime)


def test_in_another_thread_a_quick_call_is_left_alone():
    found = []
    thread = threading.Thread(target=lambda: found.extend(Guard(5.0).call(sum, [i, 1]) for i in range(50)))
    thread.start()
    thread.join()
    assert found == [i + 1 for i in range(50)]


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux says how much memory a process may ask for"
)
@pytest.mark.parametrize("take", [lambda: np.ones(2**32), lambda: np.zeros(2**31), lambda: bytearray(2**33)])
def test_a_huge_array_is_refused_not_waited_for(take):
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    said = Guard(20.0).call(take)
    assert isinstance(said.error, MemoryError)
    assert flaw(1, said).startswith("it asked for more memory than the check allows")
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


@pytest.mark.parametrize("leave", [sys.exit, exit, lambda: (_ for _ in ()).throw(GeneratorExit)])
def test_leaving_the_program_leaves_nothing(leave):
    said = Guard(1.0).call(leave)
    assert isinstance(said, Raised)
    assert flaw(1, said).startswith(("it left the program with `exit`", "it stopped with a GeneratorExit"))


def deeper(n=0):
    return deeper(n + 1)


def test_recursion_without_end():
    assert flaw(1, Guard(5.0).call(deeper)) == "it calls itself without end: what stops the recursion?"


def test_what_is_printed_is_a_note(capsys):
    guard = Guard(1.0)
    guard.call(lambda: print("shape", (2, 3), "\nmore"))
    assert guard.notes == ["it printed while it ran: 'shape (2, 3) '"]
    assert capsys.readouterr().out == ""


def test_warnings_are_not_shown_and_settings_return():
    guard, before = Guard(1.0), np.geterr()

    def careless():
        np.seterr(all="raise")
        warnings.warn("old", stacklevel=1)
        return np.log(np.float64(2.0))

    assert guard.call(careless) == math.log(2)
    assert np.geterr() == before


def test_numpy_made_another_is_put_back():
    own = np.exp
    guard = Guard(1.0)

    def patch():
        np.exp = np.sin
        np.linalg.norm = len

    guard.call(patch)
    assert np.exp is own
    assert guard.replaced == ["numpy.exp", "numpy.linalg.norm"]
    assert guard.call(np.linalg.norm, [3.0, 4.0]) == 5.0


def test_what_the_notebook_had_replaced_before_is_put_back_too():
    own, np.exp = np.exp, np.sin
    assert Guard(1.0).replaced == ["numpy.exp"]
    assert np.exp is own


def test_chance_is_the_same_each_time_and_nobody_else_s():
    state = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    draw = lambda: (np.random.rand(), random.random())  # noqa: E731, NPY002
    assert Guard(1.0).call(draw) == Guard(1.0).call(draw)
    assert (np.random.get_state()[1] == state[0]).all()  # noqa: NPY002
    assert random.getstate() == state[1]


def test_inputs_are_copies():
    numbers = np.arange(3.0)
    result, after = Guard(1.0).call_on_copies(lambda x: x.fill(7), (numbers,))
    assert result is None
    assert (after[0] == 7).all()
    assert (numbers == [0, 1, 2]).all()


INTERRUPTED = """
import sys
from cafe_edu.course.guarded import Guard

def reader():
    sys.__stdout__.write("running\\n")
    sys.__stdout__.flush()
    while True:
        pass

try:
    Guard(60.0).call(reader)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on Unix")
def test_ctrl_c_stops_the_check():
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout.readline() == "running\n"
        program.send_signal(signal.SIGINT)
        assert program.stdout.read() == "interrupted\n"
    assert program.returncode == 0
