"""Interp: images of another size, with smooth steps between old neighbours."""

from cafe_edu.arrays.interpolation import linear_matrix
from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.layer import Layer, register


@register("Interp")
class Interp(Layer):
    r"""Give images another size, bilinearly: the corners stay, and what comes between them is weighed by distance.

    .. math:: y = A\, x\, B^\top, \qquad A_{i,j} = \max\bigl(0,\; 1 - |p_i - j|\bigr),
              \qquad p_i = i\, \frac{H - 1}{OH - 1}

    for each channel; B is the same for the columns. Only old numbers enter that lie less than one step away, so an
    image that is made much smaller is sampled, not averaged.

    Options (``interp_param``)
    --------------------------
    height, width : int
        OH and OW.
    zoom_factor : int
        z, instead of a size: z steps for each old one, so OH = z (H - 1) + 1.
    shrink_factor : int
        s, instead of a size: every s-th number, so OH = floor((H - 1) / s) + 1. With both, shrink first.
    pad_beg, pad_end : int, default=0
        0, or negative: so many rows and columns are cut off on top and left, at the bottom and right, first.

    Shapes
    ------
    bottom[0] : x, (N, C, H, W)
    top[0] : y, (N, C, OH, OW)

    Gradients
    ---------
    .. math:: dx = A^\top dy\, B, \qquad \text{and 0 where x was cut off}

    References
    ----------
    Chen et al. 2014 (DeepLab), Zhao et al. 2017 (PSPNet). Not of stock Caffe: the type comes from their
    Caffes. A size given in two ways is an error here; theirs take one of them. Lesson: day 18.
    """

    stock = False
    options_field = "interp_param"

    def setup(self, bottom):
        options = self.options
        said = [field for field in ("height", "width", "zoom_factor", "shrink_factor") if options.HasField(field)]
        if said not in (["height", "width"], ["zoom_factor"], ["shrink_factor"], ["zoom_factor", "shrink_factor"]):
            raise SpecError(
                "expected the size in one way in `interp_param`, `height` and `width` or "
                f"`zoom_factor` or `shrink_factor` or both factors, found {', '.join(said) or 'none of them'}"
            )
        for field in said:
            if (found := getattr(options, field)) < 1:
                raise SpecError(f"expected a `{field}` of 1 or more in `interp_param`, found {found}")
        for field in ("pad_beg", "pad_end"):
            if (found := getattr(options, field)) > 0:
                raise SpecError(f"expected a `{field}` of 0 or less in `interp_param` (it cuts off), found {found}")

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        if len(x) != 4:
            raise ShapeError(f"expected images (N, C, H, W), found {x}")
        kept = [n + self.options.pad_beg + self.options.pad_end for n in x[2:]]
        if min(kept) < 1:
            raise ShapeError(
                f"expected images larger than the {-self.options.pad_beg} + {-self.options.pad_end} "
                f"rows and columns that `pad_beg` and `pad_end` cut off, found {x}"
            )
        return [(*x[:2], *self._size(kept))]

    def forward(self, bottom, top):
        A, B = self._matrices(bottom, top)
        top[0].data = A @ self._kept(bottom[0].data) @ B.T

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            A, B = self._matrices(bottom, top)
            dx = bottom[0].diff
            dx[...] = 0
            self._kept(dx)[...] = A.T @ top[0].diff @ B

    def _size(self, kept):
        options = self.options
        if options.HasField("height"):
            return options.height, options.width
        s, z = (max(1, factor) for factor in (options.shrink_factor, options.zoom_factor))  # an unset one reads as 0
        return tuple(z * ((n - 1) // s) + 1 for n in kept)

    def _kept(self, x):
        """The part of the images that is not cut off."""
        begin, end = -self.options.pad_beg, self.options.pad_end
        return x[:, :, begin : x.shape[2] + end, begin : x.shape[3] + end]

    def _matrices(self, bottom, top):
        lengths = zip(self._kept(bottom[0].data).shape[2:], top[0].shape[2:], strict=True)
        return [self.xp.asarray(linear_matrix(n, out), self.dtype) for n, out in lengths]
