"""How large a net's weights are, and how far they have moved."""

import dataclasses
import os

import numpy as np

from cafe_edu.blob import Blob
from cafe_edu.caffemodel import read_weights
from cafe_edu.device import to_numpy
from cafe_edu.errors import NetError, WeightsError


@dataclasses.dataclass(frozen=True)
class Norm:
    r"""The L2 norm of one parameter; ``rms``, :math:`\lVert w \rVert / \sqrt n`, is the size of one of its numbers."""

    layer: str
    index: int
    shape: tuple
    norm: float

    @property
    def rms(self):
        return self.norm / np.sqrt(np.prod(self.shape)).item()


def weight_norms(net):
    """Return the L2 norm of each parameter of a net: list of Norm, in the order of the layers.

    Examples
    --------
    >>> from cafe_edu import Net
    >>> net = Net('''layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 9 } } }
    ...     layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
    ...       num_output: 1 weight_filler { type: "constant" value: 2 } } }''')
    >>> [(one.norm, one.rms) for one in weight_norms(net)]
    [(6.0, 2.0), (0.0, 0.0)]
    """
    check_params(net)
    return [Norm(name, i, b.shape, _norm(b.data)) for name, blobs in net.params.items() for i, b in enumerate(blobs)]


@dataclasses.dataclass(frozen=True)
class Change:
    """How far the parameters of one layer moved: norms before and of the difference, over all of them."""

    layer: str
    before: float
    moved: float

    @property
    def relative(self):
        """The move as a part of what was there; nan where nothing was there."""
        return self.moved / self.before if self.before else np.nan


def weight_change(net, before):
    r"""Return how far each layer's parameters are from what they were.

    .. math:: \frac{\lVert w - w_0 \rVert}{\lVert w_0 \rVert}

    Parameters
    ----------
    net : Net
    before : path, Net, or dict of str -> list of arrays
        A .caffemodel; another net; or, as ``net.params``, the parameters of each layer.

    Returns
    -------
    list of Change
        Of the layers that both have.

    Raises
    ------
    WeightsError
        If they have no layer in common, or its shapes are others.

    Examples
    --------
    >>> from cafe_edu import Net
    >>> net = Net('''layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
    ...     layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
    ...       inner_product_param { num_output: 1 bias_term: false } }''')
    >>> net.params["ip"][0].data = [[3, 4]]
    >>> weight_change(net, {"ip": [np.array([[3, 3.5]])]})[0].moved
    0.5
    """
    changes = []
    for name, old in earlier(net, before).items():
        new = [to_numpy(blob.data) for blob in net.params[name]]
        with np.errstate(invalid="ignore"):  # infinite less infinite is nan, and shall be
            moved = [_norm(a - b) for a, b in zip(new, old, strict=True)]
        changes.append(Change(name, float(np.hypot.reduce([_norm(b) for b in old])), float(np.hypot.reduce(moved))))
    return changes


def earlier(net, before):
    """Return earlier parameters of the layers of a net, in the shapes they have now: dict of name -> list of arrays."""
    check_params(net)
    where = "the weights before"
    if isinstance(before, str | os.PathLike):
        before, where = read_weights(before), str(before)
    before = getattr(before, "params", before)
    common = {name: before[name] for name in net.params if name in before}
    if not common:
        raise WeightsError(f"{where}: expected layers of the net, {', '.join(net.params)}; found {', '.join(before)}")
    found = {}
    for name, arrays in common.items():
        arrays = [to_numpy(array.data) if isinstance(array, Blob) else np.asarray(array) for array in arrays]
        shapes, given = [blob.shape for blob in net.params[name]], [array.shape for array in arrays]
        old = [(1,) * (4 - len(shape)) + shape for shape in shapes]  # files of before 2015 wrote four axes always
        if len(given) != len(shapes) or any(a not in both for a, *both in zip(given, shapes, old, strict=True)):
            raise WeightsError(f"{where}, layer {name!r}: expected parameters of shapes {shapes}, found {given}")
        found[name] = [array.reshape(shape) for array, shape in zip(arrays, shapes, strict=True)]
    return found


def check_params(net):
    """Raise a NetError if a net has no parameters."""
    if not net.params:
        raise NetError(f"net {net.name!r} has no layer with parameters; it has {', '.join(x.name for x in net.layers)}")


def _norm(x):
    return float(np.linalg.norm(to_numpy(x).astype(np.float64).ravel()))
