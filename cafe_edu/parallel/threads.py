"""Ranks as threads of one process: to see data parallel training from inside, in one notebook."""

import contextlib
import logging
import threading

import numpy as np

from cafe_edu.errors import ParallelError
from cafe_edu.parallel.communicator import Communicator

log = logging.getLogger("cafe_edu")


class ThreadCommunicator(Communicator):
    """A rank that is a thread; made by `run_ranks`.

    Every call of a rank lays a copy of its array on a table. The n-th calls of all ranks belong together; when all
    have laid their part there, each reads them, in the order of the ranks.
    """

    def __init__(self, table, rank):
        self.table, self.rank, self.size = table, rank, table.size
        self._calls = 0

    def start_sum(self, array):
        return _Sum(self.table, self._lay(array), array)

    def gather(self, numbers):
        return np.stack(self.table.take(self._lay(np.asarray(numbers, np.float64))))

    def broadcast(self, array):
        array[...] = self.table.take(self._lay(array))[0]

    def fail(self, message):
        self.table.fail(self.rank, message)

    def check(self):
        self.table.check()

    def _lay(self, array):
        """Lay a copy on the table; return the number of this call."""
        call, self._calls = self._calls, self._calls + 1
        self.table.lay(call, self.rank, array.copy())
        return call


class _Sum:
    """A sum under way."""

    def __init__(self, table, call, array):
        self.table, self.call, self.array = table, call, array

    def poke(self):
        """Nothing to do: the parts lie on the table."""

    def wait(self):
        parts = self.table.take(self.call)
        self.array[...] = parts[0]
        for part in parts[1:]:
            self.array += part


class _Table:
    """Where the ranks lay what they tell: call number -> one part for each rank."""

    def __init__(self, size):
        self.size, self.failed = size, None
        self.parts, self.readers = {}, {}
        self.changed = threading.Condition()

    def lay(self, call, rank, part):
        with self.changed:
            self.parts.setdefault(call, [None] * self.size)[rank] = part
            self.changed.notify_all()

    def take(self, call):
        """Wait for all parts of a call and return them; the last to take them clears them away."""
        with self.changed:
            self.changed.wait_for(lambda: self._is_whole(call) or self.failed)
            if not self._is_whole(call):
                self.check()
            parts = self.parts[call]
            self.readers[call] = self.readers.get(call, 0) + 1
            if self.readers[call] == self.size:
                del self.parts[call], self.readers[call]
            return parts

    def fail(self, rank, message):
        with self.changed:
            self.failed = self.failed or (rank, message)
            self.changed.notify_all()

    def check(self):
        if self.failed:
            rank, message = self.failed
            raise ParallelError(f"rank {rank} of {self.size} failed: {message}")

    def _is_whole(self, call):
        return all(part is not None for part in self.parts[call])


def run_ranks(size, function):
    """Call ``function(communicator)`` in ``size`` threads at once, one for each rank.

    Rank 0 alone logs. numpy lets go of Python's lock while it multiplies, so the threads do share the work.

    Returns
    -------
    list
        What each rank returned.

    Raises
    ------
    Exception
        What the first rank that failed raised; the others end as soon as they wait for it.

    Examples
    --------
    >>> def rank_squared(communicator):
    ...     x = np.array([communicator.rank**2])
    ...     communicator.start_sum(x).wait()
    ...     return x[0].item()
    >>> run_ranks(3, rank_squared)
    [5, 5, 5]
    """
    table, results, errors = _Table(size), [None] * size, {}

    def run(rank):
        communicator = ThreadCommunicator(table, rank)
        try:
            results[rank] = function(communicator)
        except BaseException as error:
            errors[rank] = error
            communicator.fail(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=run, args=(rank,), name=f"rank {rank}") for rank in range(size)]
    with _rank_0_alone_logs(threads[1:]):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[table.failed[0]]
    return results


@contextlib.contextmanager
def _rank_0_alone_logs(others):
    def is_for_all(record):
        return threading.current_thread() not in others

    log.addFilter(is_for_all)
    try:
        yield
    finally:
        log.removeFilter(is_for_all)
