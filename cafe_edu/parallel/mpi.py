"""Ranks as processes that `mpiexec` started, on one machine or many; needs the package mpi4py."""

import os
import time

import numpy as np

from cafe_edu.errors import ParallelError
from cafe_edu.parallel.communicator import Communicator

FAILED = 1  # the tag of a message that says why a rank cannot go on
PATIENCE = 60  # seconds: how long a rank waits for rank 0 to end them all in good order

_let_others_run = getattr(os, "sched_yield", lambda: time.sleep(0))


class MpiCommunicator(Communicator):
    """The ranks of MPI's COMM_WORLD.

    No call blocks inside MPI: each is begun, and asked again and again whether it has ended. In between this rank
    looks for a message of another that failed, and leaves the core to others, should there be more ranks than cores.
    """

    def __init__(self):
        from mpi4py import MPI  # which starts MPI

        self._MPI = MPI
        self._talk = MPI.COMM_WORLD.Dup()
        self._alarm = MPI.COMM_WORLD.Dup()
        self.rank, self.size = self._talk.Get_rank(), self._talk.Get_size()
        self._has_failed = False

    def start_sum(self, array):
        return _Sum(self, self._talk.Iallreduce(self._MPI.IN_PLACE, array, self._MPI.SUM))

    def gather(self, numbers):
        mine = np.asarray(numbers, np.float64)
        told = np.empty((self.size, mine.size))
        self.finish(self._talk.Iallgather(mine, told))
        return told

    def broadcast(self, array):
        self.finish(self._talk.Ibcast(array, root=0))

    def fail(self, message):
        if not self._has_failed:
            self._has_failed = True
            words = f"rank {self.rank} of {self.size} failed: {message}"
            self._sent = [self._alarm.isend(words, rank, FAILED) for rank in range(self.size) if rank != self.rank]

    def check(self):
        if self._alarm.Iprobe(tag=FAILED):
            self._has_failed = True  # and all know it
            raise ParallelError(self._alarm.recv(tag=FAILED))

    def finish(self, request):
        """Wait for a request, or for the news that it will never end."""
        while not request.Test():
            self.check()
            _let_others_run()

    def wait_for_the_end(self):
        """Wait until rank 0 ends all, which it does with what was learned; but not for ever."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self._alarm.Iprobe(tag=FAILED)  # which keeps the messages moving
            time.sleep(0.01)

    def end(self, status):
        """End all ranks, this one too."""
        self._talk.Abort(status)


class _Sum:
    """A sum under way."""

    def __init__(self, communicator, request):
        self.communicator, self.request = communicator, request

    def poke(self):
        self.request.Test()

    def wait(self):
        self.communicator.finish(self.request)
