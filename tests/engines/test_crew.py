"""engines/crew.py: one piece of work, done by parts."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from cafe_edu.engines.crew import Crew, alone, crew


@pytest.mark.parametrize("hands", [1, 2, 3, 5])
@pytest.mark.parametrize("n", [0, 1, 2, 7, 100])
def test_every_part_is_done_once(hands, n):
    done = np.zeros(n, int)

    def work(part):
        done[part] += 1

    Crew(hands).share(work, n)
    assert (done == 1).all()


def test_the_parts_are_done_in_threads_of_their_own():
    meet = threading.Barrier(3, timeout=30)  # all three must be there at once

    def work(part):
        meet.wait()

    Crew(3).share(work, 3)
    assert not meet.broken


@pytest.mark.parametrize("where", [0, 1, 2])
def test_an_error_in_a_part_is_raised_and_the_crew_goes_on(where):
    def work(part):
        if part.start == where:
            raise ValueError(f"part {where}")

    three = Crew(3)
    with pytest.raises(ValueError, match=f"part {where}"):
        three.share(work, 3)
    done = []
    three.share(lambda part: done.append(part.start), 3)
    assert sorted(done) == [0, 1, 2]


def test_work_within_work_is_done_on_the_spot():
    inner = []

    def work(part):
        two.share(lambda part: inner.append((part.start, part.stop)), 4)

    two = Crew(2)
    two.share(work, 2)
    assert inner == [(0, 4), (0, 4)]


def test_blas_is_alone_for_a_while_and_then_as_before():
    from threadpoolctl import threadpool_info

    def threads():
        return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]

    before = threads()
    with alone():
        assert 1 in threads()
    assert threads() == before
    assert len(crew().others) + 1 in before


def test_the_last_of_several_gives_blas_its_threads_back():
    from threadpoolctl import threadpool_info

    def threads():
        return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]

    before = threads()
    first, second = alone(), alone()
    first.__enter__(), second.__enter__()
    first.__exit__(None, None, None)
    assert 1 in threads()
    second.__exit__(None, None, None)
    assert threads() == before


def test_the_crew_is_as_large_as_blas_even_if_it_is_first_called_while_blas_is_alone():
    code = """
from cafe_edu.engines.crew import _blas, alone, crew
before = _blas().num_threads
with alone():
    print(before, len(crew().others) + 1)
"""
    for threads in ("1", "2"):
        environment = dict(os.environ, OPENBLAS_NUM_THREADS=threads, OMP_NUM_THREADS=threads, MKL_NUM_THREADS=threads)
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        before, hands = done.stdout.split()
        assert hands == before  # which is what was asked for, if there are as many cores


def test_what_numpy_shall_not_warn_of_it_does_not_in_any_thread():
    def work(part):
        np.float32([1e38]) * np.float32([1e38])

    with np.errstate(over="ignore"):
        Crew(3).share(work, 3)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
        Crew(3).share(lambda part: work(part) if part.start == 2 else None, 3)
