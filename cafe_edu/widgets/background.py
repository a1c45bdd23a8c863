"""A training in a thread of its own, while the notebook goes on."""

import contextlib
import threading
import time

from cafe_edu.errors import CafeError


class BackgroundTraining:
    """Runs a solver's iterations one by one in a thread; everybody else looks at the net between two of them.

    Parameters
    ----------
    solver : Solver
    after : function
        Called in the thread after each iteration, while the net stands still.
    ended : function of one argument
        Called in the thread when it ends by itself: with None at ``max_iter``, else with the error.

    Attributes
    ----------
    running : bool
    rate : float
        Iterations per second, of the training alone, of late.

    error : Exception or None
        What ended the last training that ended by itself, or failed as it was paused.

    Notes
    -----
    One lock is held by whoever uses the net. `held` asks for it, and the thread, which would take it again at once,
    lets the asker go first.
    """

    def __init__(self, solver, after, ended):
        self.solver, self.after, self.ended = solver, after, ended
        self.rate = 0.0
        self.error = None
        self._lock, self._door, self._waiting, self._guest = threading.RLock(), threading.Condition(), 0, None
        self._thread, self._stop = None, threading.Event()

    @property
    def running(self):
        return self._thread is not None and self._thread.is_alive()

    def start(self):
        """Go on with the training until `pause`, ``max_iter`` or an error."""
        if self.running:
            return
        if self.solver.iter >= self.solver.spec.max_iter:
            raise CafeError(
                f"the training has reached max_iter, {self.solver.spec.max_iter}: to go on, make "
                f"solver.spec.max_iter larger"
            )
        self.error, self._stop = None, threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stop,), name="cafe_edu training", daemon=True)
        self._thread.start()

    def pause(self):
        """End the thread after the iteration under way, and wait for that. A test under way is given up.

        Who holds the net need not wait: no iteration is under way, and none begins.
        """
        with self._door:
            self._stop.set()
            self._door.notify_all()
        if self.running and threading.get_ident() not in (self._thread.ident, self._guest):
            self.solver.stopping = True
            self._thread.join()
        self._thread = None

    def wait(self):
        """Wait until the thread ends by itself."""
        if self.running:
            self._thread.join()

    def step(self):
        """Do one iteration here and now; a training that runs is paused first."""
        self.pause()
        with self._lock:
            self._iterate()

    @contextlib.contextmanager
    def held(self):
        """For as long as the block lasts nobody trains: the net stands between two iterations."""
        with self._door:
            self._waiting += 1
        try:
            with self._lock:
                before, self._guest = self._guest, threading.get_ident()
                try:
                    yield self.solver
                finally:
                    self._guest = before
        finally:
            with self._door:
                self._waiting -= 1
                self._door.notify_all()

    def _run(self, stop):
        try:
            while not stop.is_set() and self.solver.iter < self.solver.spec.max_iter:
                with self._door:
                    self._door.wait_for(lambda: stop.is_set() or not self._waiting)
                with self._lock:
                    if not stop.is_set():
                        self._iterate()
        except Exception as error:  # it has no caller here; whoever made this is told
            self.error = error
        if not stop.is_set():
            stop.set()
            self.ended(self.error)

    def _iterate(self):
        start, before = time.perf_counter(), self.solver.iter
        self.solver.step(1)
        if self.solver.iter > before:  # else the pause came in the middle of a test
            speed = 1 / max(time.perf_counter() - start, 1e-9)
            self.rate = speed if self.rate == 0 else 0.9 * self.rate + 0.1 * speed
            self.after()
