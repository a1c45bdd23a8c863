"""Communicator: how the ranks of one training talk to each other."""

import abc

import numpy as np


class Communicator(abc.ABC):
    """One of ``size`` ranks, which all run the same program; this one is number ``rank``.

    The talking is collective: every rank makes the same calls in the same order, and what rank 0 means by
    its fifth call is what rank 3 means by its fifth. A rank that cannot go on says so with ``fail``; whoever waits
    for it then gets a ``ParallelError`` instead of waiting for ever.

    Attributes
    ----------
    rank, size : int
    on_gpu : bool
        Does ``start_sum`` take arrays that live on a GPU? It takes numpy's, if not.

    References
    ----------
    Message Passing Interface Forum, "MPI: A Message-Passing Interface Standard". Lesson: day 15.
    """

    rank, size, on_gpu = 0, 1, False

    @abc.abstractmethod
    def start_sum(self, array):
        """Begin to add up an array over all ranks, in place, and return at once.

        Parameters
        ----------
        array : ndarray
            Contiguous; of the same shape and type on every rank. Not to be touched until the request is waited for.

        Returns
        -------
        request
            ``request.poke()`` lets the sum make progress, ``request.wait()`` returns when the array holds it. All
            ranks get the same bits.
        """

    @abc.abstractmethod
    def gather(self, numbers):
        """Return what each rank gave: float64 (size, how many), one row for each rank."""

    @abc.abstractmethod
    def broadcast(self, array):
        """Copy rank 0's array into that of every rank."""

    @abc.abstractmethod
    def fail(self, message):
        """Tell the others that this rank cannot go on. Once is enough; more is ignored."""

    @abc.abstractmethod
    def check(self):
        """Raise a ``ParallelError`` if another rank is known to have failed; for long work without talk."""

    def share(self, text):
        """Return rank 0's text on every rank."""
        letters = np.frombuffer(text.encode(), np.uint8)
        count = int(self.gather([len(letters)])[0, 0])
        received = np.zeros(count, np.uint8)
        if self.rank == 0:
            received[...] = letters
        self.broadcast(received)
        return received.tobytes().decode()

    def __repr__(self):
        return f"{type(self).__name__}: rank {self.rank} of {self.size}"
