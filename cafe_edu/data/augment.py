"""Augment: each time an image is shown it is a little different, so that a net learns what does not change."""

import math

import numpy as np

from cafe_edu.errors import SpecError

GRAY = np.float32([0.114, 0.587, 0.299]).reshape(3, 1, 1)  # of blue, green and red


class Augmenter:
    r"""Zoom, turn and recolour one item at random; its shape stays what it was.

    In this order, with each number drawn anew for every item:

    1. **Zoom**: a window whose area is a share :math:`a \in [min\_area, 1]` of the item's, and whose
       width : height is the item's times :math:`r`, :math:`\log r \in [-\log max\_ratio, \log max\_ratio]`, at a
       random place, is resized to the whole.
    2. **Rotation** about the middle by :math:`\alpha \in [-max\_rotation, max\_rotation]` degrees. What comes into
       sight at the corners is 0.
    3. **Brightness** :math:`x \leftarrow b\,x`, **contrast** :math:`x \leftarrow m + c\,(x - m)` with m the mean of
       the item's gray, **saturation** :math:`x \leftarrow g + s\,(x - g)` with g the gray of each pixel. b, c and s
       lie within the option's value of 1. Only an item of 3 channels has a saturation.

    Bytes stay bytes: they are rounded, and end at 0 and 255. These options are ours; Caffe has none of them.

    Parameters
    ----------
    options : TransformationParameter
        ``max_rotation``, ``brightness``, ``contrast``, ``saturation``, all 0 by default; ``min_area``,
        ``max_ratio``, 1 by default. What is left at its default draws no numbers.

    Raises
    ------
    SpecError
        If a value is out of range.

    Examples
    --------
    >>> from cafe_edu.proto.caffe_pb2 import TransformationParameter
    >>> augment = Augmenter(TransformationParameter(brightness=0.5))
    >>> augment(np.full((1, 1, 3), 100, np.uint8), np.random.default_rng(0))
    array([[[114, 114, 114]]], dtype=uint8)
    """

    def __init__(self, options):
        for name, least, most in (
            ("max_rotation", 0, 180), ("brightness", 0, 1), ("contrast", 0, 1), ("saturation", 0, 1),
            ("min_area", 1e-3, 1), ("max_ratio", 1, 100),
        ):  # fmt: skip
            value = getattr(options, name)
            if not least - 1e-9 <= value <= most:  # 0.001 is a little less once it is a float32
                raise SpecError(f"transform_param: expected a `{name}` from {least} to {most}, found {value:g}")
            setattr(self, name, value)

    @property
    def idle(self):
        """Is no option set?"""
        colours = self.brightness or self.contrast or self.saturation
        return not (self.min_area < 1 or self.max_ratio > 1 or self.max_rotation or colours)

    def __call__(self, item, rng):
        """Return a changed copy of ``item`` (C, H, W), or the item itself where no option is set."""
        if self.min_area < 1 or self.max_ratio > 1:
            item = _zoomed(item, *_window(item.shape, self.min_area, self.max_ratio, rng))
        if self.max_rotation:
            item = _each_channel(item, "rotate", rng.uniform(-self.max_rotation, self.max_rotation))
        if self.brightness or self.contrast or self.saturation:
            item = _as(item.dtype, self._recoloured(item.astype(np.float32), rng))
        return item

    def _recoloured(self, x, rng):
        b, c, s = (
            1 + rng.uniform(-value, value) if value else 1
            for value in (self.brightness, self.contrast, self.saturation)
        )
        x = x * np.float32(b)
        m = _gray(x).mean()
        x = m + np.float32(c) * (x - m)
        g = _gray(x)
        return g + np.float32(s) * (x - g)


def _gray(x):
    """(1, H, W) of 3 channels; other items as they are."""
    return (GRAY * x).sum(axis=0, keepdims=True) if len(x) == 3 else x


def _as(dtype, x):
    return np.clip(np.rint(x), 0, 255).astype(np.uint8) if dtype == np.uint8 else x.astype(dtype)


def _window(shape, min_area, max_ratio, rng):
    """A random window (left, top, right, bottom), in pixels and parts of pixels."""
    _, H, W = shape
    area = rng.uniform(min_area, 1)
    ratio = math.exp(rng.uniform(-math.log(max_ratio), math.log(max_ratio)))
    w, h = min(W, W * math.sqrt(area * ratio)), min(H, H * math.sqrt(area / ratio))
    left, top = rng.uniform(0, W - w), rng.uniform(0, H - h)
    return left, top, left + w, top + h


def _zoomed(item, left, top, right, bottom):
    _, H, W = item.shape
    return _each_channel(item, "resize", (W, H), box=(left, top, min(right, W), min(bottom, H)))


def _each_channel(item, method, *arguments, **options):
    """Let pillow resample the channels, one by one: bytes as bytes, other numbers as float32."""
    from PIL import Image

    planes = item if item.dtype == np.uint8 else item.astype(np.float32)
    images = (Image.fromarray(np.ascontiguousarray(plane)) for plane in planes)
    new = [np.asarray(getattr(i, method)(*arguments, resample=Image.Resampling.BILINEAR, **options)) for i in images]
    return np.stack(new).astype(item.dtype, copy=False)
