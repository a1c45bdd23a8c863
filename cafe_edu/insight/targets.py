"""Targets: which number of a net is meant. A class by its index, or a unit of a layer by name and channel."""

import dataclasses
import math
import numbers

import numpy as np

from cafe_edu.errors import NetError, ShapeError
from cafe_edu.insight.twin import is_source, needed

SOFTMAX = ("Softmax", "SoftmaxWithLoss")


@dataclasses.dataclass(frozen=True)
class Target:
    """One number that a net computes for each item.

    Attributes
    ----------
    position : int
        Of the layer in ``net.steps``; the number is in its first top, (N, channels, ...).
    channel : int
    place : int or None
        Of the places of that channel, counted row by row; None: wherever it is largest.
    is_class : bool
    """

    position: int
    channel: int
    place: int | None
    is_class: bool


def find_target(net, target):
    """Return the ``Target`` that is meant.

    Parameters
    ----------
    net : Net
    target : int, (str, int) or (str, int, int, int)
        The index of a class; or a layer and a channel; or a layer, a channel, a row and a column.

    Raises
    ------
    NetError, ShapeError
        If there is no such layer, class or unit; the message says what there is.
    """
    if isinstance(target, numbers.Integral):
        i = scores_position(net)
        shape = _top(net, i).shape
        if not 0 <= target < shape[1]:
            raise NetError(f"expected a class from 0 to {shape[1] - 1} (the channels of {_top(net, i).name!r}), "
                           f"found {target}")  # fmt: skip
        return Target(i, int(target), None, True)
    is_unit = isinstance(target, tuple | list) and len(target) in (2, 4) and isinstance(target[0], str)
    if not is_unit or not all(isinstance(part, numbers.Integral) for part in target[1:]):
        raise NetError(
            f"expected a target such as 3 (a class), ('conv1', 5) (a channel) or ('conv1', 5, 0, 2) (at row 0, "
            f"column 2), found {target!r}"
        )
    name, channel, *place = target
    i = layer_position(net, name)
    shape = _top(net, i).shape
    if len(shape) < 2:
        raise ShapeError(f"expected a layer with an axis of items and one of channels, {name!r} makes {shape}")
    if not 0 <= channel < shape[1]:
        raise ShapeError(f"expected a unit from 0 to {shape[1] - 1} of layer {name!r} {shape}, found {channel}")
    if place and (len(shape) != 4 or not all(0 <= p < n for p, n in zip(place, shape[2:], strict=True))):
        raise ShapeError(f"expected a row and a column within layer {name!r} {shape}, found {tuple(place)}")
    return Target(i, int(channel), int(place[0] * shape[3] + place[1]) if place else None, False)


def scores_position(net):
    """Return the position of the layer that makes the class scores.

    It is the one that the last Softmax or SoftmaxWithLoss reads; in a net without either, the one that makes its only
    output, if that has one number for each channel.

    Raises
    ------
    NetError
        If it is none of these.
    """
    softmaxes = [step for step in net.steps if step.layer.type in SOFTMAX]
    if softmaxes:
        return _writer(net, softmaxes[-1].bottom[0].name, net.steps.index(softmaxes[-1]))
    if len(net.outputs) == 1:
        shape = net.blobs[net.outputs[0]].shape
        i = _writer(net, net.outputs[0], len(net.steps))
        if len(shape) >= 2 and math.prod(shape[2:]) == 1 and net.steps[i].bottom:
            return i
    raise NetError(
        f"net {net.name!r} has no {' or '.join(SOFTMAX)} and no single output of class scores; name a unit, as in "
        f"('layer', 3); it has {_names(net)}"
    )


def _writer(net, name, before):
    """The position of the last layer, Splits not counted, that writes a blob before a position."""
    for i in reversed(range(before)):
        step = net.steps[i]
        if name in [blob.name for blob in step.top]:
            if step.layer.type != "Split":
                break
            name = step.bottom[0].name
    return i


def layer_position(net, name):
    """Return where in ``net.steps`` a layer stands; by the name of a blob, the last layer that writes it.

    The numbers of a layer are those that it writes, before a layer in place changes them. To have them after a ReLU
    in place, name the ReLU.
    """
    for i in reversed(range(len(net.steps))):
        if net.steps[i].layer.name == name and net.steps[i].top:
            return i
    for i in reversed(range(len(net.steps))):
        tops = [blob.name for blob in net.steps[i].top]
        if name in tops[1:]:
            raise NetError(f"only the first top of a layer can be asked for; {name!r} is top {tops.index(name)} of "
                           f"{net.steps[i].layer.name!r}")  # fmt: skip
        if name in tops:
            return i
    raise NetError(f"net {net.name!r} has no layer {name!r}; it has {_names(net)}")


def image_input(net, position):
    """Return the name of the blob by which images come in: of those that a layer needs, the first with items.

    Raises
    ------
    NetError
        If nothing that the layer needs comes in from outside.
    """
    for i in needed(net, [position]):
        for blob in net.steps[i].top if is_source(net.steps[i]) else ():
            if len(blob.shape) >= 2:
                return blob.name
    raise NetError(f"layer {net.steps[position].layer.name!r} sees no input; net {net.name!r} has {_names(net)}")


def as_item(net, position, image):
    """Return one image as an array (1, ...) of the net's type.

    Raises
    ------
    ShapeError
        If it has not the shape of the net's items.
    """
    blob = net.blobs[image_input(net, position)]
    x = np.asarray(image, net.dtype)
    if x.shape == (1, *blob.shape[1:]):
        return x
    if x.shape != blob.shape[1:]:
        raise ShapeError(f"expected one image of shape {blob.shape[1:]} for {blob.name!r}, found {x.shape}")
    return x[None]


def _top(net, i):
    return net.steps[i].top[0]


def _names(net):
    """The layers that one may name."""
    return ", ".join(step.layer.name for step in net.steps if step.top and step.layer.type != "Split") or "none"
