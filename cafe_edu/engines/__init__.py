"""Engines: who computes the few primitives in which a net spends its time.

An engine is a module with the functions of ``plain.py``, which says by its own body what each must compute. ``plain``
works on numpy and cupy arrays alike and is the one to read; ``fast_cpu`` computes the same on numpy arrays with
compiled loops and one thread for each core, ``fast_gpu`` on cupy arrays with kernels in CUDA C, both equal within
rounding. Layers call ``self.engine`` and keep one body.
"""

import importlib
import importlib.util
import logging

import numpy as np

from cafe_edu.errors import CafeError

ENGINES = ("auto", "plain", "fast_cpu", "fast_gpu")

#: multiply-adds of one forward run from which compiled loops are worth their loading time
WORTH_IT = 1e7


def engine(name, xp=np, work=0):
    """Return an engine.

    Parameters
    ----------
    name : {"auto", "plain", "fast_cpu", "fast_gpu"}
        auto: compiled loops on a CPU, if numba is installed and there is enough to do; kernels on a GPU.
    xp : module
        numpy or cupy, where the arrays live.
    work : int
        Multiply-adds of one forward run; only auto asks.

    Raises
    ------
    CafeError
        If there is no such engine, or it cannot work here.
    """
    if name not in ENGINES:
        raise CafeError(f"expected an engine among {', '.join(ENGINES)}, found {name!r}")
    compiled = importlib.util.find_spec("numba") is not None
    if name == "fast_cpu" and xp is not np:
        raise CafeError("engine 'fast_cpu' computes on the CPU, and this net lives on a GPU: use 'fast_gpu' or 'auto'")
    if name == "fast_gpu" and xp is np:
        raise CafeError("engine 'fast_gpu' computes on a GPU, and this net lives on the CPU: use 'fast_cpu' or 'auto'")
    if name == "fast_cpu" and not compiled:
        logging.getLogger("cafe_edu").warning("engine fast_cpu needs numba, which is not installed: using plain")
        name = "plain"
    if name == "auto" and xp is not np:
        name = "fast_gpu" if hasattr(xp, "RawKernel") else "plain"  # a stand-in for cupy may have no compiler
    elif name == "auto":
        name = "fast_cpu" if compiled and work >= WORTH_IT else "plain"
    return importlib.import_module(f"cafe_edu.engines.{name}")
