"""The reader's code, run so that whatever it does, the notebook goes on and the reader is told.

It may run for ever, ask for all the memory, print, raise, leave the program, seed the chance of others or replace
numpy's own functions. Only Ctrl-C goes through: that is the reader's own.
"""

import builtins
import contextlib
import copy
import ctypes
import io
import math
import random
import signal
import threading
import time
import warnings

import numpy as np

from cafe_edu.course.compare import OutOfTime, Raised

try:
    import resource
except ImportError:  # Windows: there a huge array is refused by the system alone
    resource = None

MEMORY = 2 * 2**30  # bytes that a check may take beyond what the kernel has
PRINTED = 2000  # characters that are kept
ROOMS = (np, np.linalg, np.random, np.fft, math, builtins)
NOTEBOOKS_OWN = ("input", "exit", "quit", "help", "display", "get_ipython")  # a kernel puts its own in place
_AS_SHIPPED = {
    room: {name: value for name, value in vars(room).items() if name[0] != "_" and name not in NOTEBOOKS_OWN}
    for room in ROOMS
}


class Guard:
    """Calls the reader's functions; remembers what else they did.

    Parameters
    ----------
    seconds : float
        For all calls together.

    Attributes
    ----------
    notes : list of str
        What a reader should know besides the results.
    replaced : list of str
        Functions of numpy, math or Python that had been replaced; they are put back.

    Examples
    --------
    >>> guard = Guard(seconds=1)
    >>> guard.call(int, "7"), guard.call(int, "seven")
    (7, ValueError: invalid literal for int() with base 10: 'seven')
    >>> guard.call(print, "hello"), guard.notes
    (None, ["it printed while it ran: 'hello'"])
    """

    def __init__(self, seconds):
        self.seconds, self.left = seconds, seconds
        self.notes = []
        self.replaced = _put_back()

    def call(self, function, *args):
        """Return what ``function(*args)`` returns, or what it `Raised`."""
        if self.left <= 0:
            return Raised(OutOfTime(f"{self.seconds:g}"))
        start, printed = time.perf_counter(), _Page()
        before = np.random.get_state(), random.getstate()  # noqa: NPY002
        np.random.seed(0), random.seed(0)  # noqa: NPY002 (the reader's code may use it). The same input gives the same answer, check after check
        try:
            with (
                contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings(),
                np.errstate(all="ignore"), _less_memory(), _alarm(self.left),
            ):  # fmt: skip
                warnings.simplefilter("ignore")
                return function(*args)
        except OutOfTime:
            self.left = 0
            return Raised(OutOfTime(f"{self.seconds:g}"))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            error.__traceback__ = None  # it would keep the reader's arrays alive
            return Raised(error)
        finally:
            np.random.set_state(before[0]), random.setstate(before[1])  # noqa: NPY002
            self.left -= time.perf_counter() - start
            self.replaced += _put_back()
            if printed.text and not self.notes:
                self.notes.append(f"it printed while it ran: {printed.first_line!r}")

    def call_on_copies(self, function, args):
        """Call ``function`` on copies of ``args``; return the result and the copies as they are afterwards."""
        given = copy.deepcopy(args)
        return self.call(function, *given), given


class _Page(io.TextIOBase):
    """What is printed, up to a page of it: a loop that prints does not fill the memory."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text[: PRINTED - len(self.text)]
        return len(text)

    @property
    def first_line(self):
        return self.text.strip().split("\n")[0][:60]


def _put_back():
    """Put numpy's, math's and Python's own functions back in place; return the names of those that were replaced."""
    replaced = []
    for room, shipped in _AS_SHIPPED.items():
        for name, value in shipped.items():
            if vars(room).get(name) is not value:
                setattr(room, name, value)
                replaced.append(f"{room.__name__}.{name}")
    return replaced


@contextlib.contextmanager
def _less_memory():
    """Let a huge allocation fail with a MemoryError, where the system can (Linux), instead of slowing all to a halt."""
    try:
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[5]) * resource.getpagesize()
        before = resource.getrlimit(resource.RLIMIT_DATA)
    except (OSError, AttributeError):  # another system
        yield
        return
    most = before[1] if before[1] != resource.RLIM_INFINITY else used + MEMORY
    resource.setrlimit(resource.RLIMIT_DATA, (min(used + MEMORY, most), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _alarm(seconds):
    """A context in which `OutOfTime` is raised after so many seconds, and again and again if something swallows it."""
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        return _alarm_by_signal(seconds)
    return _alarm_by_thread(seconds)


@contextlib.contextmanager
def _alarm_by_signal(seconds):
    """The system's own timer: it ends a sleep as well."""
    running = True

    def ring(number, frame):
        if running:
            raise OutOfTime

    handler = signal.signal(signal.SIGALRM, ring)
    before = signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
    try:
        yield
    finally:
        running = False
        signal.setitimer(signal.ITIMER_REAL, *before)
        signal.signal(signal.SIGALRM, handler)


@contextlib.contextmanager
def _alarm_by_thread(seconds):
    """A thread that looks at the clock, for Windows and for kernels that run cells in a thread."""
    done, ident, raise_in = threading.Event(), threading.get_ident(), ctypes.pythonapi.PyThreadState_SetAsyncExc

    def watch():
        pause = seconds
        while not done.wait(pause):
            raise_in(ctypes.c_ulong(ident), ctypes.py_object(OutOfTime))
            pause = 0.05

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        while watcher.is_alive():
            with contextlib.suppress(OutOfTime):  # one more may be under way
                done.set()
                watcher.join()
        with contextlib.suppress(OutOfTime):
            for _ in range(100):  # and it arrives at a jump like this one
                pass
