"""How large a net's activations are, and which units do nothing."""

import dataclasses

import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.errors import DataError, NetError
from cafe_edu.measures.own_blobs import own_blobs

RECTIFIERS = ("ReLU", "ReLU6", "PReLU", "ELU", "GELU", "Swish")
FLAT = 0.01  #: a slope below this part of the greatest counts as none


@dataclasses.dataclass(frozen=True)
class Spread:
    """The numbers of one blob: mean, standard deviation, share of exact zeros, least and greatest; how many are none.

    Those that are none, nan or infinite, are left out of the rest.
    """

    blob: str
    mean: float
    std: float
    zeros: float
    least: float
    greatest: float
    bad: int = 0


def activation_statistics(net):
    """Return how the numbers of each blob are spread, after the last forward.

    Parameters
    ----------
    net : Net
        After ``net.forward``. A blob that a layer writes in place has that layer's numbers.

    Returns
    -------
    list of Spread

    Raises
    ------
    NetError
        If the net has not run.

    Examples
    --------
    >>> from cafe_edu import Net
    >>> net = Net('''layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 } } }
    ...     layer { name: "relu" type: "ReLU" bottom: "x" top: "y" }''')
    >>> _ = net.forward(x=[[-1, 1, 2, -2]])
    >>> activation_statistics(net)[1]
    Spread(blob='y', mean=0.75, std=0.82..., zeros=0.5, least=0.0, greatest=2.0, bad=0)
    """
    rows = []
    for name, x in computed(net).items():
        good = x[np.isfinite(x)].astype(np.float64)
        bad, some = x.size - good.size, good if good.size else np.array([np.nan])
        zeros, mean, std = (some == 0).mean().item(), some.mean().item(), some.std().item()
        rows.append(Spread(name, mean, std, zeros, some.min().item(), some.max().item(), bad))
    return rows


def computed(net):
    """Return what the last forward left in each of a net's own blobs, blob name -> array; empty blobs left out."""
    if all(blob._data.nbytes == 0 for step in net.steps if step.bottom for blob in step.top):
        raise NetError(f"net {net.name!r} has not run: call net.forward(...) first, so that its blobs hold numbers")
    return {name: to_numpy(blob.data) for name, blob in own_blobs(net).items() if blob.count}


@dataclasses.dataclass(frozen=True)
class Idle:
    """What of one layer does nothing.

    Attributes
    ----------
    layer, type : str
    units : int
        Channels of images; else numbers of one item.
    idle : tuple of int
        Which units do nothing on any of the images: never fire, or are saturated always.
    numbers : float
        The share of all numbers that are off: not above zero, or saturated.
    """

    layer: str
    type: str
    units: int
    idle: tuple
    numbers: float

    @property
    def share(self):
        """The share of units that do nothing, 0 to 1."""
        return len(self.idle) / self.units


def dead_units(net, images=None, batch=100):
    r"""Return, for each layer that bends numbers, the units that do nothing on some images.

    A rectifier (ReLU and its kin) fires where y > 0; a ReLU that never fires passes no gradient and cannot learn. A
    Sigmoid, slope y (1 - y), or TanH, slope 1 - y², is saturated where its slope is below a hundredth of the greatest:

    .. math:: y (1 - y) < 0.01 \cdot \tfrac14, \qquad 1 - y^2 < 0.01

    Parameters
    ----------
    net : Net
    images : array (N, ...), optional
        What goes into the net's only input, as it wants it; without them, the blobs are taken as the last forward
        left them, which needs a net whose layers in place are not followed by others in place.
    batch : int
        Images at a time.

    Returns
    -------
    list of Idle
        In the order of the layers.

    Raises
    ------
    NetError
        If the net has no such layer, or images are given and it has not one input.
    """
    steps = [i for i, step in enumerate(net.steps) if _off(step.layer.type) is not None]
    if not steps:
        found = ", ".join(dict.fromkeys(layer.type for layer in net.layers))
        wanted = ", ".join(RECTIFIERS)
        raise NetError(f"net {net.name!r} has no layer of type {wanted}, Sigmoid or TanH; it has {found}")
    always, off, seen = {}, dict.fromkeys(steps, 0), dict.fromkeys(steps, 0)

    def look(i):
        y = to_numpy(net.steps[i].top[0].data)
        now = _off(net.steps[i].layer.type)(y)
        units = now.all(axis=tuple(axis for axis in range(now.ndim) if axis != 1))
        always[i] = np.atleast_1d(units) & always.get(i, True)
        off[i] += np.count_nonzero(now)
        seen[i] += now.size

    if images is None:
        computed(net)
        for i in steps:
            look(i)
    else:
        _run(net, np.asarray(images), batch, dict.fromkeys(steps, look))
    return [
        Idle(net.steps[i].layer.name, net.steps[i].layer.type, always[i].size,
             tuple(np.flatnonzero(always[i]).tolist()), off[i] / seen[i])
        for i in steps
    ]  # fmt: skip


def _off(type_name):
    """A function that says which numbers of such a layer are off; None for other types."""
    if type_name in RECTIFIERS:
        return lambda y: ~(y > 0)
    return {
        "Sigmoid": lambda y: y * (1 - y) < FLAT / 4,
        "TanH": lambda y: 1 - y * y < FLAT,
    }.get(type_name)


def _run(net, images, batch, looks):
    """Run images through a net and look at some layers right after they have run."""
    if len(net.inputs) != 1:
        raise NetError(f"expected a net with one input to put images into, found {', '.join(net.inputs) or 'none'}: "
                       f"take its deploy prototxt, or run net.forward() and leave images out")  # fmt: skip
    if not len(images):
        raise DataError("expected images, at least one; found none")
    (name,) = net.inputs
    for first in range(0, len(images), batch):
        some = images[first : first + batch]
        net.blobs[name].reshape(*some.shape)
        net.blobs[name].data = some
        for i in range(len(net.steps)):
            net.forward_step(i)
            if i in looks:
                looks[i](i)
