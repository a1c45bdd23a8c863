"""Crop: cut one blob to the size of another."""

from cafe_edu.arrays.axes import canonical
from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.layer import Layer, register


@register("Crop")
class Crop(Layer):
    r"""Cut a window out of a blob, as large as another blob.

    .. math:: y_{i,j,\dots} = x_{i+o_0,\, j+o_1,\, \dots}

    Fully convolutional nets need it where a map that was enlarged must lie on one that was not.

    Options (``crop_param``)
    ------------------------
    axis : int, default=2
        The first axis to crop; all behind it are cropped too. Negative counts from the end.
    offset : int, one for all axes or one for each, default=0
        :math:`o`, where the window starts.

    Shapes
    ------
    bottom[0] : x, (A..., B...), B the axes from ``axis`` on
    bottom[1] : only its shape is read: as many axes as x; takes no gradient
    top[0] : y, (A..., the axes of bottom[1] from ``axis`` on)

    Gradients
    ---------
    dx is dy where the window lay, and 0 around it.

    References
    ----------
    Long, Shelhamer, Darrell 2015; Caffe: ``src/caffe/layers/crop_layer.cpp``. Lesson: day 18.
    """

    options_field = "crop_param"
    num_bottom = 2
    no_gradient = (1,)

    def top_shapes(self, bottom_shapes):
        x, size = bottom_shapes
        if len(size) != len(x):
            raise ShapeError(f"expected two blobs with the same number of axes, found {x} and {size}")
        for axis, (begin, length) in enumerate(zip(self._offsets(x), size, strict=True)):
            if axis >= canonical(self.options.axis, x) and begin + length > x[axis]:
                raise ShapeError(
                    f"expected a window within {x}, found offset {begin} and length {length} on axis {axis}"
                )
        return [tuple(part.stop - part.start for part in self._window(x, size))]

    def forward(self, bottom, top):
        top[0].data = bottom[0].data[self._window(bottom[0].shape, bottom[1].shape)]

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            dx = bottom[0].diff
            dx[...] = 0
            dx[self._window(bottom[0].shape, bottom[1].shape)] = top[0].diff

    def _window(self, x, size):
        """The part of ``x`` that is kept, as one slice for each axis."""
        axis, offsets = canonical(self.options.axis, x), self._offsets(x)
        whole = [slice(0, n) for n in x[:axis]]
        return (*whole, *(slice(o, o + n) for o, n in zip(offsets[axis:], size[axis:], strict=True)))

    def _offsets(self, x):
        """One offset for each axis of ``x``, 0 for those that are not cropped."""
        axis, given = canonical(self.options.axis, x), list(self.options.offset)
        cropped = len(x) - axis
        if len(given) not in (0, 1, cropped):
            raise SpecError(f"expected no `offset`, one, or one for each of {cropped} axes, found {len(given)}")
        return [0] * axis + (given if len(given) == cropped else (given or [0]) * cropped)
