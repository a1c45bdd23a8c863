r"""Which pixel of one blob belongs to which of another, through the layers between them.

A map is (axis, a, b): along each axis from ``axis`` + 1 on, the pixel x of a layer's bottom lies under the place

.. math:: y = a x + b

of its top. ``(None, 1, 0)`` is the map that changes nothing, along whatever axis.
"""

import numpy as np

from cafe_edu.errors import NetError
from cafe_edu.pycaffe.net_spec import layers

PASS_THROUGH_LAYERS = [
    "AbsVal", "BNLL", "BatchNorm", "Bias", "Clip", "Dropout", "ELU", "Eltwise", "Exp", "LRN", "Log", "MVN", "PReLU",
    "Power", "ReLU", "Scale", "Sigmoid", "Split", "Swish", "TanH", "Threshold",
]  # fmt: skip
IDENTITY = (None, 1, 0)


class UndefinedMapException(NetError):
    """A layer of this type has no map from pixels to pixels."""


class AxisMismatchException(NetError):
    """Two maps begin at different axes."""


class NotConnected(NetError, RuntimeError):
    """No chain of layers with maps leads from one blob to the other."""


class CannotCrop(NetError, AssertionError):
    """The map between two blobs is no crop."""


def conv_params(fn):
    """Return axis, stride, kernel and pad of a Convolution, Deconvolution, Im2col or Pooling.

    The kernel is the extent of the dilated one. All but the axis are arrays, with one number or one for each axis.
    """
    fields = fn.params.get("convolution_param", fn.params.get("pooling_param", fn.params))
    old = sorted({"kernel_h", "kernel_w", "pad_h", "pad_w", "stride_h", "stride_w"} & {*fields})
    if old:
        raise CannotCrop(f"expected kernel_size, stride and pad, found {', '.join(old)}, of which no map is made")
    if "kernel_size" not in fields:
        raise UndefinedMapException(f"a {fn.type_name} without kernel_size has no map")
    kernel, dilation = (np.array(fields.get(name, 1), ndmin=1) for name in ("kernel_size", "dilation"))
    stride, pad = np.array(fields.get("stride", 1), ndmin=1), np.array(fields.get("pad", 0), ndmin=1)
    return fields.get("axis", 1), stride, (kernel - 1) * dilation + 1, pad


def crop_params(fn):
    """Return axis and offset of a Crop."""
    fields = fn.params.get("crop_param", fn.params)
    return fields.get("axis", 2), np.array(fields.get("offset", 0), ndmin=1)


def coord_map(fn):
    """Return the map (axis, a, b) of a layer; the axis counts from the last that is no axis of pixels."""
    if fn.type_name in ("Convolution", "Im2col", "Pooling"):
        axis, stride, kernel, pad = conv_params(fn)
        return axis, 1 / stride, (pad - (kernel - 1) / 2) / stride
    if fn.type_name == "Deconvolution":
        axis, stride, kernel, pad = conv_params(fn)
        return axis, stride, (kernel - 1) / 2 - pad
    if fn.type_name in PASS_THROUGH_LAYERS:
        return IDENTITY
    if fn.type_name == "Crop":
        axis, offset = crop_params(fn)
        return axis - 1, 1, -offset
    raise UndefinedMapException(f"a layer of type {fn.type_name} has no map from pixels to pixels")


def compose(base_map, next_map):
    """Return the map that does ``next_map`` first and then ``base_map``."""
    axes = {axis for axis, _, _ in (base_map, next_map) if axis is not None}
    if len(axes) > 1:
        raise AxisMismatchException(f"two layers map axes from {min(axes) + 1} and from {max(axes) + 1} on")
    (_, a1, b1), (_, a2, b2) = base_map, next_map
    return (axes.pop() if axes else None), a1 * a2, a1 * b2 + b1


def inverse(coord_map):
    """Return the map that undoes a map."""
    axis, a, b = coord_map
    return axis, 1 / a, -b / a


def coord_map_from_to(top_from, top_to):
    """Return the map from one Top to another, by way of a Top that lies below both.

    Raises
    ------
    RuntimeError
        If there is none, or only through layers without a map.
    """
    below, above = _maps_below(top_from), _maps_below(top_to)
    for top, to_map in above.items():
        if top in below:
            return compose(to_map, inverse(below[top]))
    raise NotConnected("no chain of layers that map pixels connects the two tops")


def _maps_below(top):
    """Return Top -> map to ``top``, for it and all that lie below it behind layers with maps; nearest first."""
    found, open_ends = {top: IDENTITY}, [top]
    while open_ends:
        here = open_ends.pop(0)
        try:
            step = coord_map(here.fn)
        except UndefinedMapException:
            continue
        # of what a Crop reads, only the first is cropped; the other tells the size
        for bottom in here.fn.inputs[: 1 if here.fn.type_name == "Crop" else None]:
            if bottom not in found:
                found[bottom] = compose(found[here], step)
                open_ends.append(bottom)
    return found


def crop(top_from, top_to):
    """Return a Crop of ``top_from`` that lies, pixel on pixel, over ``top_to``.

    Raises
    ------
    AssertionError
        If one is scaled against the other, or the offset is negative or no whole number.
    """
    axis, a, b = coord_map_from_to(top_from, top_to)
    a, offset = np.round(a, 6), np.round(-np.atleast_1d(b), 6)  # (1/3) * 3 is not quite 1
    for wrong, says in (
        (np.any(a != 1), f"one is scaled against the other, by {a}"),
        (np.any(offset < 0), f"the offset would be negative: {offset}"),
        (np.any(offset != np.round(offset)), f"the offset would be no whole number: {offset}"),
    ):
        if wrong:
            raise CannotCrop(f"cannot crop: {says}")
    first = 2 if axis is None else axis + 1
    return layers.Crop(top_from, top_to, crop_param={"axis": first, "offset": [int(n) for n in offset]})
