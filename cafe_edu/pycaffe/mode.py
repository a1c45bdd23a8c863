"""Mode: where nets made from now on compute, and from which seed."""

import weakref

import numpy as np

from cafe_edu.device import module_of
from cafe_edu.errors import CafeError

_NOW = {"device": "cpu", "rng": None}
_NETS = weakref.WeakSet()  # those that draw from chance, as long as they are in use


def set_mode_cpu():
    """Make nets and solvers on the CPU from now on."""
    _NOW["device"] = "cpu"


def set_mode_gpu():
    """Make nets and solvers on the GPU from now on; their blobs' ``data`` and ``diff`` are cupy arrays.

    Raises
    ------
    CafeError
        If there is none; ``caffe.set_mode_cpu()`` is what to call then.
    """
    _gpu()
    _NOW["device"] = "gpu"


def set_device(number):
    """Choose among several GPUs, by number."""
    _gpu().cuda.Device(number).use()


def _gpu():
    try:
        return module_of("gpu")
    except CafeError as error:
        error.add_note("to compute on the CPU: caffe.set_mode_cpu(), and no caffe.set_device")
        raise


def set_random_seed(seed):
    """Let all chance come from one seed: in nets and solvers made from now on, and in what is drawn by those there are.

    The order in which a data layer goes through its items is settled when its net is made, and stays.
    """
    try:
        rng = np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise CafeError(f"expected a whole number of 0 or more as seed, found {seed!r}") from None
    _NOW["rng"] = rng
    for net in _NETS:
        net.rng.bit_generator.state = rng.bit_generator.state


def follow(net):
    """Let a net of ours hear of seeds that are set later."""
    _NETS.add(net)


def device():
    return _NOW["device"]


def rng():
    """The source of chance that a seed set up, or None."""
    return _NOW["rng"]
