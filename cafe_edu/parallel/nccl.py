"""Sums over GPUs by NCCL, each rank with a GPU of its own: gradients go from one to another, not through the hosts.

All other talk of the ranks stays with their communicator, which also carries the news that one of them failed.
"""

import json
import logging
import platform
import zlib

import numpy as np

log = logging.getLogger("cafe_edu")


def sums_for(communicator, net):
    """Return who adds up the gradients of a net: `NcclSums` if all ranks can, else the communicator itself.

    On a CPU that is the communicator. On GPUs it takes NCCL, and a GPU for each rank; where one of these is missing,
    a line in the log says so. Collective: to be called on every rank.
    """
    if net.xp is np:
        return communicator
    nccl = getattr(net.xp.cuda, "nccl", None)
    have = communicator.gather([getattr(nccl, "available", False)])
    if have.all() and len(np.unique(communicator.gather([_gpu(net.xp)]))) == communicator.size:
        return NcclSums(communicator, net.xp, nccl)
    why = "two ranks share a GPU" if have.all() else "NCCL is not here"
    if communicator.rank == 0:
        log.info("Gradients pass through the host's memory: %s", why)
    return communicator


def _gpu(xp):
    """A number that says which GPU, of which machine, is this rank's."""
    properties = xp.cuda.runtime.getDeviceProperties(xp.cuda.runtime.getDevice())
    place = platform.node(), *(properties.get(name) for name in ("uuid", "pciDomainID", "pciBusID", "pciDeviceID"))
    return zlib.crc32(repr(place).encode())


class NcclSums:
    """Sums of arrays on GPUs; as `Communicator.start_sum`, for `Messages`.

    They run on a stream of their own, beside the layers that are still on their way back.

    Parameters
    ----------
    communicator : Communicator
    xp, nccl : module
        cupy and ``cupy.cuda.nccl``.
    """

    on_gpu = True

    def __init__(self, communicator, xp, nccl):
        self.communicator, self.xp, self.size = communicator, xp, communicator.size
        identity = json.dumps(nccl.get_unique_id()) if communicator.rank == 0 else ""
        identity = tuple(json.loads(communicator.share(identity)))
        self._talk = nccl.NcclCommunicator(self.size, identity, communicator.rank)
        self._stream = xp.cuda.Stream(non_blocking=True)
        self._types = {"float32": nccl.NCCL_FLOAT32, "float64": nccl.NCCL_FLOAT64}
        self._add = nccl.NCCL_SUM

    def start_sum(self, array):
        """As `Communicator.start_sum`; ``array`` lives on this rank's GPU."""
        self._stream.wait_event(self.xp.cuda.get_current_stream().record())  # until the numbers are there
        place = array.data.ptr
        self._talk.allReduce(place, place, array.size, self._types[array.dtype.name], self._add, self._stream.ptr)
        return _Sum(self, self._stream.record())

    def stop(self):
        """Give up what is under way: another rank will never come."""
        self._talk.abort()


class _Sum:
    """A sum under way."""

    def __init__(self, sums, event):
        self.sums, self.event = sums, event

    def poke(self):
        """Nothing to do: a GPU needs no reminding."""

    def wait(self):
        """Wait for the sum, or for the news that it will never end."""
        try:
            while not self.event.done:
                self.sums.communicator.check()
        except BaseException:
            self.sums.stop()
            raise
