"""Receptive field: the part of the image that a unit can see."""

import dataclasses
import math
from typing import NamedTuple

from cafe_edu.arrays.axes import canonical
from cafe_edu.errors import ShapeError
from cafe_edu.insight.targets import image_input, layer_position

#: Each output sees the input at its own place, whatever the channels do.
POINTWISE = {
    "AbsVal", "BatchNorm", "Bias", "BNLL", "Clip", "Concat", "Dropout", "ELU", "Eltwise", "Exp", "GELU", "Log", "LRN",
    "Power", "PReLU", "ReLU", "ReLU6", "Scale", "Sigmoid", "Slice", "Softmax", "Split", "Swish", "TanH", "Threshold",
}  # fmt: skip


class Box(NamedTuple):
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right`` of an image, the ends not counted."""

    top: int
    left: int
    bottom: int
    right: int

    def of(self, image):
        """The part of an image (..., H, W) in this box."""
        return image[..., self.top : self.bottom, self.left : self.right]


class Boxes(NamedTuple):
    """What a unit sees: as the formula has it, and the part of it that is image and not padding."""

    unclipped: Box
    clipped: Box


@dataclasses.dataclass(frozen=True)
class ReceptiveField:
    """The part of the image that each unit of a layer sees. Pairs are (along H, along W), in pixels.

    Attributes
    ----------
    layer : str
    size : (int, int)
        How much a unit sees.
    stride : (float, float)
        How far what neighbours see lies apart; 0 where all units see the same.
    offset : (int, int)
        The first pixel that unit (0, 0) sees; below 0 where it sees padding.
    units : (int, int)
        How many units there are along each axis.
    image : (int, int)
    """

    layer: str
    size: tuple
    stride: tuple
    offset: tuple
    units: tuple
    image: tuple
    _seen: tuple = dataclasses.field(repr=False)  # for each axis, the function (unit, clip) -> first, last

    def of(self, y=0, x=0):
        """Return the ``Boxes`` of the unit in row y and column x.

        Raises
        ------
        ShapeError
            If the layer has no such unit.
        """
        if not (0 <= y < self.units[0] and 0 <= x < self.units[1]):
            raise ShapeError(f"expected a unit within the {self.units[0]} x {self.units[1]} of layer {self.layer!r}, "
                             f"found row {y}, column {x}")  # fmt: skip
        rows, columns = self._seen
        return Boxes(_box(rows(y, False), columns(x, False)), _box(rows(y, True), columns(x, True)))


def receptive_field(net, layer):
    r"""Return what the units of a layer see of the image, by walking the net's graph back to its input.

    Output o of a window with k taps, stride s, pad p and dilation d sees the inputs

    .. math:: s\,o - p + d\,u, \qquad u = 0 \dots k - 1,

    that of a layer which works at each place by itself the one at its place, an inner product all of them. Where
    branches meet, a unit sees what any of them does. A type of layer that is not known to look through a window is
    taken to see everything. Of what a unit sees, the middle counts more than the rim: the *effective* receptive field
    is smaller.

    Parameters
    ----------
    net : Net
    layer : str
        Name of a layer or a blob.

    Returns
    -------
    ReceptiveField

    Raises
    ------
    NetError, ShapeError
        If there is no such layer, or what comes in is no image.

    References
    ----------
    Luo, Li, Urtasun, Zemel 2016, "Understanding the effective receptive field in deep convolutional neural networks".

    Examples
    --------
    >>> import pathlib
    >>> import cafe_edu
    >>> net = cafe_edu.Net(pathlib.Path(cafe_edu.__file__).parent / "zoo" / "lenet" / "lenet.prototxt")
    >>> field = receptive_field(net, "pool2")
    >>> field.size, field.stride, field.offset
    ((16, 16), (4.0, 4.0), (0, 0))
    >>> field.of(1, 3).clipped
    Box(top=4, left=12, bottom=20, right=28)
    """
    end = layer_position(net, layer)
    name = image_input(net, end)
    image, units = net.blobs[name].shape, net.steps[end].top[0].shape
    if len(image) != 4:
        raise ShapeError(f"expected a net for images (N, C, H, W), what comes in is {name!r} {image}")
    units = units[2:] if len(units) == 4 else (1, 1)
    seen = tuple(_walk(net, end, name, axis) for axis in (0, 1))
    windows = [step.layer.window for step in net.steps if step.layer.type == "Deconvolution"]
    periods = [math.prod(window.stride[axis] for window in windows) for axis in (0, 1)]  # after which all repeats
    some = [[of(unit, False) for unit in range(period + 1)] for of, period in zip(seen, periods, strict=True)]
    return ReceptiveField(
        layer,
        tuple(max(last - first + 1 for first, last in axis) for axis in some),
        tuple((axis[-1][0] - axis[0][0]) / period for axis, period in zip(some, periods, strict=True)),
        tuple(axis[0][0] for axis in some),
        tuple(units), tuple(image[2:]), seen,
    )  # fmt: skip


def _walk(net, end, image, axis):
    """Return the function (unit, clip) -> (first, last) pixel seen along an axis; nothing is seen if last < first."""

    def seen(unit, clip):
        pending = {net.steps[end].top[0].name: {unit}}  # blob name -> the places that matter
        for step in filter(lambda step: step.bottom, net.steps[end::-1]):
            wanted = set().union(*(pending.pop(blob.name, ()) for blob in step.top))
            if not wanted:
                continue
            for i, bottom in enumerate(step.bottom):
                if i not in step.layer.no_gradient:
                    places = _through(step, bottom, axis, wanted)
                    if clip:
                        places = places & set(range(_length(bottom, axis)))
                    pending[bottom.name] = places  # its only reader: where branches part stands a Split
        places = pending.get(image)
        return (min(places), max(places)) if places else (0, -1)

    return seen


def _through(step, bottom, axis, outputs):
    """The places of a bottom that some places of the layer's tops see."""
    layer, window = step.layer, getattr(step.layer, "window", None)
    if layer.type in ("Convolution", "Deconvolution", "Pooling", "QuantizedConvolution") and window is not None:
        s, p = window.stride[axis], window.pad[axis]
        taps = range(0, window.extent[axis], window.dilation[axis])
        if layer.type != "Deconvolution":
            return {s * o - p + tap for o in outputs for tap in taps}
        # it lays input i on the outputs s i - p + tap
        return {(o + p - tap) // s for o in outputs for tap in taps if (o + p - tap) % s == 0}
    if layer.type == "LRN" and layer.options.norm_region == layer.options.WITHIN_CHANNEL:
        reach = (layer.options.local_size - 1) // 2
        return {o + tap for o in outputs for tap in range(-reach, reach + 1)}
    same = len(bottom.shape) == 4 and bottom.shape[2:] == step.top[0].shape[2:]
    if layer.type in POINTWISE and same and _over_channels(layer):
        return outputs
    if layer.type == "Crop" and len(bottom.shape) == 4:
        return {o + _crop_offset(layer.options, axis) for o in outputs}
    return set(range(_length(bottom, axis)))


def _crop_offset(options, axis):
    """Where the window of a Crop starts along an axis of the image."""
    cropped = canonical(options.axis, (0,) * 4)
    i = 2 + axis - cropped
    if i < 0 or not options.offset:
        return 0
    return options.offset[i if len(options.offset) > 1 else 0]


def _over_channels(layer):
    """Does a layer that joins, cuts or compares along one axis do so along that of the channels (or the items)?"""
    if layer.type not in ("Concat", "Slice", "Softmax"):
        return True
    return canonical(layer.options.axis if layer.type == "Softmax" else layer.axis, (0,) * 4) < 2


def _length(blob, axis):
    """Places of a blob along an axis of the image; 1 where it has no such axis."""
    return blob.shape[2 + axis] if len(blob.shape) == 4 else 1


def _box(rows, columns):
    (top, bottom), (left, right) = rows, columns
    if bottom < top or right < left:
        return Box(0, 0, 0, 0)
    return Box(top, left, bottom + 1, right + 1)
