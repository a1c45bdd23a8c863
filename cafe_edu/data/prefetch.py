"""Prefetch: a thread makes the next batches while the net computes."""

import collections
import contextlib
import os
import threading
import weakref

from cafe_edu.errors import DataError

PATIENCE = 2  # seconds: how long a net that is dropped waits for the batch that is being made


class Prefetcher:
    """Batches from a source, made ahead of time by a thread.

    The thread starts with the first batch that is asked for, and never makes more than ``ahead`` batches that
    nobody has taken. What a batch holds is decided by its source alone, so the batches are the same with the thread
    and without, however fast either side is. An error of the source comes out of the call that would have returned
    the batch; the next call tries that batch again.

    A source is anything with these methods; once the thread runs, only the thread calls them:

    - ``shapes()``: the shapes of the next batch's arrays, found without moving on;
    - ``read()``: the next batch, a list of new arrays;
    - ``state()``, ``restore(state)``: where it is, as a small dict that JSON can write;
    - ``close()``.

    The thread knows the source, not this object: when this object is dropped, or Python ends, the thread stops.
    A process made by fork has no such thread; the first call there starts one.

    Parameters
    ----------
    source : object
    ahead : int, default=4
        0 makes each batch when it is asked for, without a thread.

    References
    ----------
    Caffe: ``src/caffe/layers/base_data_layer.cpp``.

    Examples
    --------
    >>> class Counter:
    ...     n = 0
    ...     def shapes(self): return [()]
    ...     def read(self):
    ...         self.n += 1
    ...         return [self.n]
    ...     def state(self): return {"n": self.n}
    ...     def restore(self, state): self.n = state["n"]
    ...     def close(self): pass
    >>> batches = Prefetcher(Counter())
    >>> batches.next(), batches.next()
    ([1], [2])
    >>> batches.state()
    {'n': 2}
    >>> batches.close()
    """

    def __init__(self, source, ahead=4):
        self.source, self.ahead = source, ahead
        self._taken = source.state()  # where the source was after the last batch that was taken
        self._shelf = self._thread = self._process = None
        self._end, self._closed = None, False

    def shapes(self):
        """The shapes of the next batch's arrays."""
        self._refuse_closed()
        if self._shelf is None:
            return self.source.shapes()
        return [array.shape for array in self._first().arrays]

    def next(self):
        """Return the next batch, a list of arrays."""
        self._refuse_closed()
        if self.ahead == 0:
            return self._without_thread()
        batch = self._first()
        self._taken = batch.state
        self._shelf.take()
        return batch.arrays

    def state(self):
        """Where the reader of these batches is: what the thread has made beyond that does not count."""
        return dict(self._taken)

    def restore(self, state):
        """Go on from a ``state``; one that does not fit the source changes nothing."""
        self._refuse_closed()
        self._stop()
        try:
            self.source.restore(state)
        except BaseException:
            self.source.restore(self._taken)
            raise
        self._taken = dict(state)

    def shard(self, rank, size):
        """Take the items rank, rank + size, ... of the source's order; the others are for other ranks.

        The source's ``state`` stays that of the common order, so a state of one rank fits all, and any number of them.
        """
        self._stop()
        self.source.rank, self.source.ranks = rank, size
        self.source.restore(self._taken)

    def close(self):
        """Stop the thread and close the source. Closing twice is fine."""
        self._stop()
        self.source.close()
        self._closed = True

    def _refuse_closed(self):
        if self._closed:
            raise DataError("these data were closed: there are no more batches; build the net anew")

    def _without_thread(self):
        try:
            arrays = self.source.read()
        except BaseException:
            self.source.restore(self._taken)
            raise
        self._taken = self.source.state()
        return arrays

    def _first(self):
        """The next batch, which stays on the shelf."""
        if self._shelf is None or self._process != os.getpid():
            self._start()
        batch = self._shelf.first()
        if batch.error is not None:
            self._stop()
            with contextlib.suppress(DataError):  # what is wrong comes out below
                self.source.restore(self._taken)
            raise batch.error
        return batch

    def _start(self):
        self.source.restore(self._taken)
        self._shelf, self._process = _Shelf(self.ahead), os.getpid()
        arguments = self.source, self._shelf
        self._thread = threading.Thread(target=_fill, args=arguments, name="cafe_edu prefetch", daemon=True)
        self._thread.start()
        self._end = weakref.finalize(self, _end, self._shelf, self._thread, self._process)

    def _stop(self):
        if self._shelf is None:
            return
        self._end()
        if self._process == os.getpid():
            self._thread.join()
        self._shelf = self._thread = self._end = None


Made = collections.namedtuple("Made", "arrays state error")


class _Shelf:
    """Finished batches, between the thread that makes them and the one that takes them."""

    def __init__(self, room):
        self.room, self.batches, self.closed = room, collections.deque(), False
        self.changed = threading.Condition()

    def wait_for_room(self):
        """Wait until one more batch is wanted; False if none will be."""
        with self.changed:
            self.changed.wait_for(lambda: self.closed or len(self.batches) < self.room)
            return not self.closed

    def put(self, batch):
        with self.changed:
            self.batches.append(batch)
            self.changed.notify_all()

    def first(self):
        """Wait for a batch and look at it."""
        with self.changed:
            self.changed.wait_for(lambda: self.batches)
            return self.batches[0]

    def take(self):
        with self.changed:
            self.batches.popleft()
            self.changed.notify_all()

    def close(self):
        with self.changed:
            self.closed = True
            self.changed.notify_all()


def _fill(source, shelf):
    """What the thread does: make batches until nobody wants more, or one fails."""
    while shelf.wait_for_room():
        try:
            shelf.put(Made(source.read(), source.state(), None))
        except BaseException as error:
            shelf.put(Made(None, None, error))
            return


def _end(shelf, thread, process):
    """Tell the thread to stop, and wait a moment for it.

    Not for ever: this may run while Python collects garbage, in the middle of anything.
    """
    if process != os.getpid():
        return  # a fork's copy: the thread lives in the parent
    shelf.close()
    if thread is not threading.current_thread():
        thread.join(PATIENCE)


def checked_state(state, example, what):
    """Return ``state`` if it has the entries, and their types, of ``example``.

    Raises
    ------
    DataError
        With what was expected and found.
    """
    fits = isinstance(state, dict) and state.keys() == example.keys()
    if not fits or any(type(state[key]) is not type(example[key]) for key in example):
        raise DataError(f"expected the state of {what}, with {', '.join(example)}, found {state!r}")
    if any(type(value) is int and value < 0 for value in state.values()):
        raise DataError(f"expected numbers of 0 or more in the state of {what}, found {state!r}")
    return state
