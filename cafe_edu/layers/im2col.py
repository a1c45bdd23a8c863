"""Im2col: under each output pixel, the column of inputs that its window sees."""

import math

from cafe_edu.arrays.convolution import col2im, im2col
from cafe_edu.arrays.windows import window_of
from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register


@register("Im2col")
class Im2col(Layer):
    r"""Unroll windows into channels: the first half of a convolution, as a layer of its own.

    .. math:: y_{n,\,(c,u,v),\,i,j} = x_{n,\,c,\,is + ud - p,\,js + vd - p}

    (s stride, p pad, d dilation; inputs outside the image are 0.) What remains of the convolution is one
    matrix product over the channels.

    Options (``convolution_param``)
    -------------------------------
    kernel_size, stride, pad, dilation : int
        One number for all spatial axes or one for each; or ``kernel_h``, ``kernel_w``, ... for images.
    axis : int, default=1
        The channel axis; axes before it count images, axes after it are spatial.

    Shapes
    ------
    bottom[0] : x, (N..., C, H, W)
    top[0] : y, (N..., C k k, OH, OW), OH = floor((H + 2p - d(k-1) - 1)/s) + 1; a channel's k x k places stand
        together, row by row

    Gradients
    ---------
    Each dx is the sum of the dy in all the places that x was copied to.

    References
    ----------
    Caffe: ``src/caffe/layers/im2col_layer.cpp``. Lesson: day 11.
    """

    options_field = "convolution_param"

    def setup(self, bottom):
        shape, axis = bottom[0].shape, self.options.axis
        if not -len(shape) <= axis < len(shape):
            raise ShapeError(f"expected a channel axis within {shape}, found axis: {axis}")
        self.axis = axis % len(shape)
        self.window = window_of(self.options, len(shape) - self.axis - 1)

    def top_shapes(self, bottom_shapes):
        (x,), axes = bottom_shapes, len(self.window.kernel)
        if len(x) != self.axis + 1 + axes:
            raise ShapeError(f"expected {axes} spatial axes after channel axis {self.axis}, found {x}")
        if x[self.axis] == 0:
            raise ShapeError(f"expected at least 1 channel on axis {self.axis}, found {x}")
        size, kernel = x[self.axis + 1 :], self.window.kernel
        return [(*x[: self.axis], math.prod((x[self.axis], *kernel)), *self.window.conv_size(size))]

    def forward(self, bottom, top):
        x, y = self._images(bottom[0].data), self._images(top[0].data)
        for image, columns in zip(x, y, strict=True):
            found = im2col(image[None, ..., None], self.window, columns.shape[1:])
            columns[...] = found.reshape(columns.shape)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            dx, dy = self._images(bottom[0].diff), self._images(top[0].diff)
            columns = dy.reshape(*dx.shape[:2], *self.window.kernel, *dy.shape[2:], 1)
            col2im(columns, self.window, dx[..., None])

    def _images(self, x):
        """(N..., C, size...) as (N, C, size...)."""
        return x.reshape(-1, *x.shape[self.axis :])
