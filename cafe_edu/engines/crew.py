"""Crew: threads that share one piece of work, a part each.

numpy and compiled loops let go of Python's lock while they compute, so threads of one process do run side by side.
A crew has as many hands as BLAS has threads (``OPENBLAS_NUM_THREADS`` and its like say how many); while it works,
BLAS is kept to one thread, as two crews on the same cores would wait for one another.
"""

import contextlib
import contextvars
import functools
import os
import threading

from threadpoolctl import ThreadpoolController


class _Hand(threading.Thread):
    """A thread that waits for a part of a work, does it, and waits again."""

    def __init__(self):
        super().__init__(daemon=True, name="cafe_edu crew")
        self.go, self.done = threading.Lock(), threading.Lock()
        self.go.acquire(), self.done.acquire()
        self.work = self.part = self.context = self.error = None
        self.start()

    def run(self):
        while True:
            self.go.acquire()
            try:
                self.context.run(self.work, self.part)
            except BaseException as error:  # raised again by the one who gave the work
                self.error = error
            self.done.release()


class Crew:
    """Does work by parts.

    Examples
    --------
    >>> squares = [0] * 10
    >>> def work(part):
    ...     for i in range(part.start, part.stop):
    ...         squares[i] = i * i
    >>> Crew(hands=3).share(work, 10)
    >>> squares
    [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]
    """

    def __init__(self, hands):
        self.others = [_Hand() for _ in range(hands - 1)]
        self.busy = threading.Lock()

    def share(self, work, n):
        """Call ``work(slice)`` for parts of range(n), one in each thread, and come back when all are done."""
        hands = min(len(self.others) + 1, n)
        if hands < 2 or not self.busy.acquire(blocking=False):
            work(slice(0, n))
            return
        try:
            ends = [n * i // hands for i in range(hands + 1)]
            helpers = self.others[: hands - 1]
            for hand, first, last in zip(helpers, ends[1:], ends[2:], strict=False):
                hand.work, hand.part = work, slice(first, last)
                hand.context = contextvars.copy_context()  # np.errstate and its like hold for all hands
                hand.go.release()
            try:
                work(slice(0, ends[1]))
            finally:
                for hand in helpers:
                    hand.done.acquire()
        finally:
            self.busy.release()
        errors = [hand.error for hand in helpers if hand.error]
        for hand in helpers:
            hand.work = hand.context = hand.error = None
        if errors:
            raise errors[0]


@functools.cache
def _blas():
    """The BLAS that numpy uses, as threadpoolctl sees it; None if it sees none."""
    found = [one for one in ThreadpoolController().lib_controllers if one.user_api == "blas"]
    return next((one for one in found if "numpy" in (one.filepath or "")), found[0] if found else None)


@functools.cache
def crew():
    """The one crew of this process."""
    return Crew(_blas().num_threads if _blas() else os.cpu_count() or 1)


@contextlib.contextmanager
def alone():
    """Keep BLAS to one thread: each hand of the crew multiplies its own matrices."""
    blas, _ = _blas(), crew()  # how many hands there are, BLAS must say before it is alone
    if blas is None:
        yield
        return
    with _ALONE:
        if not _ALONE.count:
            _ALONE.before = blas.get_num_threads()
            blas.set_num_threads(1)
        _ALONE.count += 1
    try:
        yield
    finally:
        with _ALONE:
            _ALONE.count -= 1
            if not _ALONE.count:
                blas.set_num_threads(_ALONE.before)


class _Alone:
    """How many threads want BLAS alone just now; the last of them gives it its threads back."""

    def __init__(self):
        self.lock, self.count, self.before = threading.Lock(), 0, 1

    def __enter__(self):
        self.lock.acquire()

    def __exit__(self, *error):
        self.lock.release()


_ALONE = _Alone()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=crew.cache_clear)  # threads do not survive a fork
