"""What took long to find out about a net, kept until the net changes."""

import zlib

import numpy as np

from cafe_edu.device import to_numpy


class Kept:
    """The latest answers about a net; they are forgotten when one of its parameters changes.

    Parameters
    ----------
    net : Net
    most : int
        Answers at most; the oldest goes first.

    Examples
    --------
    >>> from cafe_edu import Net
    >>> from cafe_edu.demo import ZOO
    >>> net = Net(ZOO / "lenet" / "lenet.prototxt", rng=0)
    >>> kept, asked = Kept(net), []
    >>> for _ in range(2):
    ...     kept.get("why", lambda: asked.append("why") or 42)
    42
    42
    >>> asked
    ['why']
    """

    def __init__(self, net, most=32):
        self.net, self.most = net, most
        self._found, self._of = {}, None

    def get(self, question, find):
        """Return the answer to a question, ``find()`` where it is not known.

        Parameters
        ----------
        question : hashable
        find : function of no arguments
        """
        now = _checksum(self.net)
        if now != self._of:
            self._found, self._of = {}, now
        if question not in self._found:
            self._found[question] = find()
            if len(self._found) > self.most:
                del self._found[next(iter(self._found))]
        return self._found[question]

    def forget(self):
        """Forget all answers."""
        self._found = {}


def _checksum(net):
    """A number that is another one, as good as certainly, after any parameter has changed."""
    checksum = 0
    for blobs in net.params.values():
        for blob in blobs:
            checksum = zlib.crc32(np.ascontiguousarray(to_numpy(blob.data)), checksum)
    return checksum
