"""Upsample: larger images out of small ones, by copying."""

import math

from cafe_edu.arrays.indices import add_rows, as_indices
from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.layer import Layer, register


@register("Upsample")
class Upsample(Layer):
    r"""Write each number s x s times; or, with the mask of a max pooling, put it back where it came from.

    .. math:: y_{n,c,i,j} = x_{n,c,\lfloor i/s \rfloor, \lfloor j/s \rfloor}
              \qquad \text{or} \qquad y_{n,c,m_{n,c,i,j}} \mathrel{+}= x_{n,c,i,j}, \text{ the rest 0}

    (m is a place in the OH x OW plane, row by row: the second top of Pooling.)

    Options (``upsample_param``)
    ----------------------------
    scale : int
        s; or ``scale_h`` and ``scale_w``, one for each axis.
    pad_out_h, pad_out_w : bool, default=false
        With a mask: OH, OW is one less, for the pooling of an odd length.
    upsample_h, upsample_w : int
        With a mask: OH and OW, instead of a scale.

    Shapes
    ------
    bottom[0] : x, (N, C, H, W)
    bottom[1] : m, the same, whole numbers 0 .. OH OW - 1; optional, takes no gradient
    top[0] : y, (N, C, OH, OW), OH = s H

    Gradients
    ---------
    dx is the sum of dy over the copies, or dy at the place that the mask names.

    References
    ----------
    Redmon and Farhadi 2018; Badrinarayanan, Kendall, Cipolla 2017 (SegNet). Not of stock Caffe: the first form
    comes from ports of YOLO, the second from SegNet's Caffe, which keeps one of two numbers for the same
    place where their sum stands here. Lesson: day 18.
    """

    stock = False
    options_field = "upsample_param"
    num_bottom = (1, 2)
    no_gradient = (1,)

    def setup(self, bottom):
        options = self.options
        of_mask = [f for f in ("pad_out_h", "pad_out_w", "upsample_h", "upsample_w") if getattr(options, f)]
        if len(bottom) == 1 and of_mask:
            raise SpecError(f"`{of_mask[0]}` of `upsample_param` belongs to a mask, and there is no second bottom")
        said = [f for f in ("scale", "scale_h", "scale_w", "upsample_h", "upsample_w") if options.HasField(f)]
        if said not in (["scale"], ["scale_h", "scale_w"]) and said[-2:] != ["upsample_h", "upsample_w"]:
            found = ", ".join(said) or "neither"
            raise SpecError(f"expected `scale`, or `scale_h` and `scale_w`, in `upsample_param`, found {found}")
        for field in said:
            self.required(field)  # none of them may be 0

    def top_shapes(self, bottom_shapes):
        x, *mask = bottom_shapes
        if len(x) != 4 or 0 in x[2:] or mask not in ([], [x]):
            raise ShapeError(
                f"expected images (N, C, H, W){' and a mask of the same shape' * bool(mask)}, "
                f"found {' and '.join(map(str, bottom_shapes))}"
            )
        return [(*x[:2], *self._size(x[2:]))]

    def forward(self, bottom, top):
        x, y = bottom[0].data, top[0].data
        if len(bottom) == 1:
            self._copies(y, x)[...] = x[:, :, :, None, :, None]
            return
        plane = math.prod(y.shape[2:])
        first = self.xp.arange(math.prod(x.shape[:2])).reshape(*x.shape[:2], 1, 1) * plane  # of each image's plane
        self.place = as_indices(bottom[1].data, plane, "place") + first
        y[...] = 0
        add_rows(y.reshape(-1), self.place.reshape(-1), x.reshape(-1))

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            dy, dx = top[0].diff, bottom[0].diff
            if len(bottom) == 1:
                dx[...] = self._copies(dy, dx).sum(axis=(3, 5))
            else:
                dx[...] = dy.reshape(-1)[self.place]

    def _size(self, size):
        options = self.options
        if options.HasField("upsample_h") and options.HasField("upsample_w"):
            return options.upsample_h, options.upsample_w
        scales = (options.scale,) * 2 if options.HasField("scale") else (options.scale_h, options.scale_w)
        less = options.pad_out_h, options.pad_out_w
        return tuple(n * s - int(off) for n, s, off in zip(size, scales, less, strict=True))

    def _copies(self, y, x):
        """Return y with an axis for the copies behind each axis of the image: (N, C, H, s, W, s)."""
        (N, C, H, W), (OH, OW) = x.shape, y.shape[2:]
        return y.reshape(N, C, H, OH // H, W, OW // W)
