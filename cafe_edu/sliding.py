"""What Convolution and Deconvolution have in common: how their options and shapes are read."""

from cafe_edu.arrays.windows import window_of
from cafe_edu.errors import NetError, ShapeError, SpecError


def setup(layer, bottom):
    """Set ``axis`` (of the channels) and ``window``; return the numbers of outputs, inputs and groups: O, C, G."""
    shape, options = bottom[0].shape, layer.options
    if len(layer.spec.top) != len(bottom):
        raise NetError(f"expected as many tops as bottoms ({len(bottom)}), found {len(layer.spec.top)}")
    if not -len(shape) <= options.axis < len(shape):
        raise ShapeError(f"expected a channel axis within {shape}, found axis: {options.axis}")
    layer.axis = options.axis % len(shape)
    layer.window = window_of(options, len(shape) - layer.axis - 1)
    O, C, G = layer.required("num_output"), shape[layer.axis], options.group
    if C == 0:
        raise ShapeError(f"expected at least 1 channel on axis {layer.axis}, found {shape}")
    if G < 1 or C % G or O % G:
        raise SpecError(f"`group: {G}` must divide the {C} input channels and num_output: {O}")
    return O, C, G


def top_shapes(layer, bottom_shapes, C, O, size):
    """Return (N..., O, size(spatial axes)) for each bottom; raise ``ShapeError`` for one without C channels."""
    tops = []
    for x in bottom_shapes:
        if len(x) != layer.axis + 1 + len(layer.window.kernel) or x[layer.axis] != C:
            raise ShapeError(
                f"expected {C} channels on axis {layer.axis} and {len(layer.window.kernel)} spatial axes "
                f"after it (the weight is {layer.weight.shape}), found {x}"
            )
        tops.append((*x[: layer.axis], O, *size(x[layer.axis + 1 :])))
    return tops
