"""QuantizedNet: a net whose weights are 8-bit numbers, with what is known of where it came from."""

import json
import zipfile
import zlib

import numpy as np

from cafe_edu import prototxt
from cafe_edu.device import to_numpy
from cafe_edu.errors import NetError, WeightsError, noting
from cafe_edu.files import replacing
from cafe_edu.net import Net
from cafe_edu.quantize.report import compare

_DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error)
TEXTS = ("prototxt", "parts", "kept")  #: what a file holds beside the parameters


class QuantizedNet:
    """A net in 8 bits; made by ``quantize``, read from a file by ``load_quantized``.

    Attributes
    ----------
    net : Net
        Its layers, some of them of the types QuantizedConvolution and QuantizedInnerProduct.
    parts : dict of layer name -> list of str
        For each 8-bit layer, the layers of the float net whose work it does, itself first.
    kept : dict of layer name -> str
        The layers that stayed in float32, with type and reason.
    original : Net or None
        The float net, if it is at hand.
    """

    def __init__(self, net, parts, kept, original=None):
        self.net, self.parts, self.kept, self.original = net, parts, kept, original

    inputs = property(lambda self: self.net.inputs, doc="Tops of Input layers.")
    outputs = property(lambda self: self.net.outputs, doc="Tops that nobody reads.")
    blobs = property(lambda self: self.net.blobs, doc="Blob name -> Blob.")
    params = property(lambda self: self.net.params, doc="Layer name -> list of Blob; of an 8-bit layer W, b, t and s.")

    def forward(self, **how):
        """Run the layers in order and return the outputs: as ``Net.forward``."""
        return self.net.forward(**how)

    def report(self, batches, labels=None, original=None):
        """Return a `Report`: what the 8 bits cost and what they save.

        Parameters
        ----------
        batches : as for ``quantize``
            Better others than those it was calibrated on.
        labels : sequence of int, optional
            The class of each item of all batches, in their order, to count how many are right.
        original : Net, optional
            The float net; needed if this one was read from a file.
        """
        original = original or self.original
        if original is None:
            raise NetError("expected the float net to compare with, found none: give it as original=")
        return compare(original, self, batches, labels)

    def save(self, path):
        """Write an ``.npz``, whole or not at all: ``numpy.load`` reads it, no pickle is in it.

        It holds the net as a prototxt, and each parameter by its name, such as ``conv1.weight``, as it is in memory:
        8 bits to a weight.
        """
        texts = prototxt.to_text(self.net.spec), json.dumps(self.parts), json.dumps(self.kept)
        arrays = {name: np.array(text.encode()) for name, text in zip(TEXTS, texts, strict=True)}
        arrays |= {blob.name: to_numpy(blob.data) for blobs in self.net.params.values() for blob in blobs}
        with replacing(path) as new, open(new, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    def __repr__(self):
        return f"in 8 bits: {', '.join(self.parts)}\n{self.net!r}"

    def _repr_html_(self):
        return self.net._repr_html_()


def load_quantized(path, device="cpu", layers=None):
    """Return the `QuantizedNet` that ``save`` wrote.

    Raises
    ------
    WeightsError
        If the file is missing, damaged or something else, or its arrays do not fit its net.
    """
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        text, parts, kept = (bytes(arrays.pop(name)[()]).decode() for name in TEXTS)
        parts, kept = json.loads(parts), json.loads(kept)
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such file; expected an .npz that a QuantizedNet wrote") from None
    except _DAMAGE as error:
        raise WeightsError(f"{path} is damaged, or no .npz that a QuantizedNet wrote: {error}") from None
    with noting(f"in {path}"):
        net = Net(prototxt.parse_net(text), "TEST", device=device, layers=layers)
        for blobs in net.params.values():
            for blob in blobs:
                _fill(blob, arrays.pop(blob.name, None))
        if arrays:
            raise WeightsError(f"expected parameters of the net only, found {', '.join(sorted(arrays))} too")
    return QuantizedNet(net, parts, kept)


def _fill(blob, array):
    if array is None:
        raise WeightsError(f"expected {blob.name!r} of shape {blob.shape}, found nothing of that name")
    if (array.shape, array.dtype) != (blob.shape, blob.dtype):
        raise WeightsError(
            f"expected {blob.name!r} of shape {blob.shape} and type {blob.dtype}, found {array.shape} and {array.dtype}"
        )
    if array.dtype == np.int8 and array.min(initial=0) == -128:
        raise WeightsError(f"expected {blob.name!r} from -127 to 127, found -128")
    blob.data = array
