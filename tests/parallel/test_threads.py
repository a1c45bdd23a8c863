"""parallel/threads.py: a communicator whose ranks are threads."""

import threading

import numpy as np
import pytest

from cafe_edu.errors import ParallelError
from cafe_edu.parallel.threads import run_ranks


def test_sums_gathers_and_broadcasts_belong_together_by_their_order():
    def talk(communicator):
        rank = communicator.rank
        a, b, c = np.full(3, rank, np.float32), np.full((2, 2), 10.0 * rank), np.full(2, rank)
        first, second = communicator.start_sum(a), communicator.start_sum(b)
        second.wait()
        first.poke()
        told = communicator.gather([rank, -rank])
        first.wait()
        communicator.broadcast(c)
        return a.tolist(), b.tolist(), told.tolist(), c.tolist(), communicator.share(f"I am {rank}, été")

    expected = ([3] * 3, [[30, 30], [30, 30]], [[0, 0], [1, -1], [2, -2]], [0, 0], "I am 0, été")
    assert run_ranks(3, talk) == [expected] * 3


def test_the_order_of_a_sum_is_that_of_the_ranks_so_all_get_the_same_bits():
    def total(communicator):
        x = np.random.default_rng(communicator.rank).normal(size=1000).astype(np.float32)
        communicator.start_sum(x).wait()
        return x.tobytes()

    assert len(set(run_ranks(5, total))) == 1


def test_whoever_waits_for_a_rank_that_failed_is_told():
    said = {}

    def talk(communicator):
        if communicator.rank == 1:
            raise ValueError("no more")
        try:
            communicator.gather([0])
        except ParallelError as error:
            said[communicator.rank] = str(error)
            raise

    with pytest.raises(ValueError, match="no more"):
        run_ranks(3, talk)
    assert said == dict.fromkeys((0, 2), "rank 1 of 3 failed: ValueError: no more")


def test_what_was_complete_before_is_still_read():
    late = threading.Event()

    def talk(communicator):
        request = communicator.start_sum(x := np.ones(1))
        if communicator.rank == 1:
            try:
                raise ValueError
            finally:
                communicator.fail("gone")
                late.set()
        late.wait()
        request.wait()
        return x.item()

    with pytest.raises(ValueError):  # noqa: PT011 (it has no text)
        run_ranks(2, talk)


def test_who_works_for_long_can_ask():
    gone = threading.Event()

    def talk(communicator):
        communicator.check()
        if communicator.rank == 1:
            communicator.fail("out of paper")
            communicator.fail("and of ink")
            gone.set()
            raise ValueError
        gone.wait()
        with pytest.raises(ParallelError, match=r"^rank 1 of 2 failed: out of paper$"):
            communicator.check()

    with pytest.raises(ValueError):  # noqa: PT011 (it has no text)
        run_ranks(2, talk)


def test_it_says_which_rank_it_is():
    assert run_ranks(2, repr) == ["ThreadCommunicator: rank 0 of 2", "ThreadCommunicator: rank 1 of 2"]
