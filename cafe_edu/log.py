"""The log, in the format of Caffe's own (glog), so that programs that read those read ours."""

import datetime
import logging
import os
import sys

LEVELS = {"DEBUG": "I", "INFO": "I", "WARNING": "W", "ERROR": "E", "CRITICAL": "F"}


class GlogFormatter(logging.Formatter):
    """``I1122 01:38:11.811331  2919 solver.py:347] Iteration 100, Testing net (#0)``."""

    def format(self, record):
        when = datetime.datetime.fromtimestamp(record.created)
        head = f"{LEVELS[record.levelname]}{when:%m%d %H:%M:%S.%f} {os.getpid():5d} {record.filename}:{record.lineno}]"
        return "\n".join(f"{head} {line}" for line in record.getMessage().splitlines() or [""])


def log_to(stream=None, path=None):
    """Send cafe_edu's log to a stream (default: standard error) or to a file; return the handler.

    Nothing is logged until this is called. ``logging.getLogger("cafe_edu").removeHandler(handler)`` ends it.
    """
    if path is not None:
        handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    else:
        handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(GlogFormatter())
    logger = logging.getLogger("cafe_edu")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    return handler
