"""Transformer: from stored pixels to what a net sees."""

import numpy as np

from cafe_edu import caffemodel, files
from cafe_edu.data.augment import Augmenter
from cafe_edu.errors import DataError, SpecError

OLD = ("scale", "mean_file", "crop_size", "mirror")


def refuse_old_fields(options):
    """Raise ``SpecError`` if a data layer's own options say what ``transform_param`` says today.

    Caffe moves these fields only in files of 2014 (`cafe_edu.legacy`), and elsewhere ignores them.
    """
    for field in OLD:
        if options.HasField(field):
            name = options.DESCRIPTOR.name  # such as ImageDataParameter
            words = "".join(f"_{c.lower()}" if c.isupper() else c for c in name.removesuffix("Parameter"))
            raise SpecError(f"`{field}` in `{words[1:]}_param` is Caffe's old way: move it to `transform_param`")


class Transformer:
    r"""Crop, subtract a mean, scale and mirror one item.

    .. math:: y = s \, (x_{window} - m)

    The window is the whole item, or ``crop_size`` by ``crop_size`` pixels of it: at random in TRAIN,
    in the middle in TEST. A mean image is cut at the same window. Half of the results are mirrored
    left to right if ``mirror`` is set, in both phases. Random changes that Caffe does not know come first, in
    TRAIN only (see `Augmenter`).

    Parameters
    ----------
    options : TransformationParameter
        ``scale`` s, default 1; ``mirror``; ``crop_size``; ``mean_file``, a mean image, or
        ``mean_value``, one number or one per channel; ``force_color`` or ``force_gray``, which only
        say how encoded images are read (see `color`); and those of `Augmenter`.
    phase : "TRAIN" or "TEST"
    rng : numpy.random.Generator
        Draws mirrors and windows: first whether to mirror, then the row, then the column. It may be set anew
        between items.
    folder : Path, optional
        Where a relative ``mean_file`` is looked for, after the current folder.

    Attributes
    ----------
    color : bool or None
        True for ``force_color``, False for ``force_gray``, else None: for `datum_to_array`.

    Raises
    ------
    SpecError
        If the options contradict each other.
    DataError
        If an item is smaller than the crop, or the mean does not fit it.

    References
    ----------
    Caffe: ``src/caffe/data_transformer.cpp``.

    Examples
    --------
    >>> from cafe_edu.proto.caffe_pb2 import TransformationParameter
    >>> options = TransformationParameter(crop_size=2, mean_value=[1], scale=0.5)
    >>> transformer = Transformer(options, "TEST", np.random.default_rng(0))
    >>> transformer.shape((1, 4, 4))
    (1, 2, 2)
    >>> transformer(np.arange(16, dtype=np.uint8).reshape(1, 4, 4))
    array([[[2. , 2.5],
            [4. , 4.5]]], dtype=float32)
    """

    def __init__(self, options, phase, rng, folder=None):
        self.options = options
        self.phase = phase
        self.rng = rng
        self.color = True if options.force_color else False if options.force_gray else None
        self._augment = Augmenter(options)
        if options.force_color and options.force_gray:
            raise SpecError("transform_param: expected force_color or force_gray, found both")
        self._mean = mean_of(options, folder)

    def shape(self, item_shape):
        """The shape (C, h, w) of what becomes of an item of shape (C, H, W)."""
        C, H, W = item_shape
        self._check_mean(item_shape)
        size = self.options.crop_size
        if size == 0:
            return C, H, W
        if size > H or size > W:
            raise DataError(f"crop_size {size} is larger than the item of {H} x {W} pixels")
        return C, size, size

    def __call__(self, item, out=None):
        """Transform one item.

        Parameters
        ----------
        item : ndarray, (C, H, W)
        out : ndarray, (C, h, w), optional
            Where to write the result, for example a row of a batch.

        Returns
        -------
        ndarray, (C, h, w)
            ``out``, or a new float32 array.
        """
        shape = self.shape(item.shape)
        if out is None:
            out = np.empty(shape, np.float32)
        elif out.shape != shape:  # numpy would stretch one channel over three
            raise DataError(
                f"expected an item that becomes {out.shape}, as the first of its batch, found one that "
                f"becomes {shape}: items of several sizes want a crop_size, or batch_size 1"
            )
        if self.phase == "TRAIN":
            item = self._augment(item, self.rng)
        mirrored = self.options.mirror and self.rng.integers(2)
        self._transform(item, self._window(item.shape, *shape[1:]), out[..., ::-1] if mirrored else out)
        return out

    @property
    def alike(self):
        """Is the same done to every item of a shape, whatever chance says?"""
        by_chance = self.options.crop_size or not self._augment.idle
        return not self.options.mirror and not (self.phase == "TRAIN" and by_chance)

    def together(self, items, dtype=np.float32):
        """Transform items (N, C, H, W) that are all treated ``alike`` at once; return a new array (N, C, h, w)."""
        shape = self.shape(items.shape[1:])
        out = np.empty((len(items), *shape), dtype)
        self._transform(items, self._window(items.shape[1:], *shape[1:]), out)
        return out

    def _transform(self, item, window, y):
        if self._mean is None:
            y[...] = item[window]
        else:
            mean = self._mean[window] if self.options.mean_file else self._mean
            np.subtract(item[window], mean, out=y)
        if self.options.scale != 1:
            y *= np.float32(self.options.scale)

    def _window(self, item_shape, h, w):
        """The part of the item to keep, as an index."""
        _, H, W = item_shape
        if (h, w) == (H, W):
            return ...
        if self.phase == "TRAIN":
            row, column = self.rng.integers(H - h + 1), self.rng.integers(W - w + 1)
        else:
            row, column = (H - h) // 2, (W - w) // 2
        return ..., slice(row, row + h), slice(column, column + w)

    def _check_mean(self, item_shape):
        if self._mean is None:
            return
        if self.options.mean_file and self._mean.shape != item_shape:
            raise DataError(
                f"mean_file {self.options.mean_file}: expected the items' shape {item_shape}, "
                f"found {self._mean.shape}"
            )
        if len(self._mean) not in (1, item_shape[0]):
            raise DataError(
                f"expected 1 mean_value, or {item_shape[0]} for items of {item_shape[0]} channels, "
                f"found {len(self._mean)}"
            )


def mean_of(options, folder=None):
    """Return what ``transform_param`` says to subtract: an image (C, H, W), values (C, 1, 1), or None."""
    if options.mean_file and options.mean_value:
        raise SpecError("transform_param: expected mean_file or mean_value, found both")
    if options.mean_file:
        return _read_mean(files.find(options.mean_file, folder))
    return np.array(options.mean_value, np.float32).reshape(-1, 1, 1) if options.mean_value else None


def _read_mean(path):
    """The mean image in a binaryproto file, (C, H, W)."""
    mean = caffemodel.read_blobproto(path)
    if mean.ndim == 4 and len(mean) == 1:  # compute_image_mean writes four axes
        mean = mean[0]
    if mean.ndim != 3:
        raise DataError(f"{path}: expected a mean image of shape (C, H, W), found {mean.shape}")
    return mean.astype(np.float32)
