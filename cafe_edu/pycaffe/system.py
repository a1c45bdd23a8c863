"""What a program asks of the library itself: its layer types, its log, its part in a parallel training."""

import logging
import time

from cafe_edu.errors import CafeError
from cafe_edu.layer import REGISTRY
from cafe_edu.log import log_to

_LEVELS = (logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)  # glog's 0, 1, 2, 3
_parallel = {"count": 1, "rank": 0, "multiprocess": False}
_handler = None


def layer_type_list():
    """Return the names of all layer types, in alphabetical order."""
    import cafe_edu.layers  # noqa: F401 (registers them)

    return sorted(REGISTRY)


def init_log(level=0, stderr=True):
    """Show the log: 0 all of it, 1 warnings and errors, 2 errors. Without ``stderr``, nothing."""
    global _handler
    logger = logging.getLogger("cafe_edu")
    logger.removeHandler(_handler)
    _handler = log_to() if stderr else None
    logger.setLevel(_LEVELS[level])


def log(message):
    """Write a line into the log."""
    logging.getLogger("cafe_edu").info("%s", message)


def has_nccl():
    """Return False: there is no training on several GPUs here."""
    return False


class NCCL:
    """Caffe's way to train on several GPUs, which is not here."""

    def __init__(self, solver=None, uid=None):
        self.new_uid()

    @staticmethod
    def new_uid():
        raise CafeError("caffe.NCCL trains on several GPUs, which cafe_edu does not: train on one")


def solver_count():
    return _parallel["count"]


def set_solver_count(count):
    """Say how many solvers train at once; only ``solver_count`` gives it back."""
    _parallel["count"] = count


def solver_rank():
    return _parallel["rank"]


def set_solver_rank(rank):
    """Say which of them this one is; only ``solver_rank`` gives it back."""
    _parallel["rank"] = rank


def set_multiprocess(flag):
    """Say whether each has a process of its own; nothing here depends on it."""
    _parallel["multiprocess"] = bool(flag)


class Timer:
    """A stopwatch: ``start()``, ``stop()``, then ``ms``."""

    def __init__(self):
        self._started, self._seconds = None, 0.0

    def start(self):
        self._started = time.perf_counter()

    def stop(self):
        if self._started is None:
            raise CafeError("Timer.stop() before Timer.start()")
        self._seconds, self._started = time.perf_counter() - self._started, None

    @property
    def ms(self):
        """Milliseconds from start to stop, or until now if it still runs."""
        seconds = self._seconds if self._started is None else time.perf_counter() - self._started
        return 1000 * seconds
