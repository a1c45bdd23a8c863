"""WindowData: parts of images drawn at random, some that show an object and some that do not."""

import numpy as np

from cafe_edu import files
from cafe_edu.data.chance import seed_from
from cafe_edu.data.prefetch import Prefetcher
from cafe_edu.data.transformer import mean_of, refuse_old_fields
from cafe_edu.data.window_batches import WindowBatches
from cafe_edu.data.windows_file import read_windows
from cafe_edu.data_layer import DataLayer
from cafe_edu.errors import DataError, SpecError, noting
from cafe_edu.layer import register

READ = {"scale", "mirror", "crop_size", "mean_file", "mean_value"}  # of transform_param


@register("WindowData")
class WindowData(DataLayer):
    r"""Draw N windows of images, background first, each warped to a square.

    .. math:: y_n = s \, (x_n - m)

    with the ``scale`` s, the mean m (``mean_file``, its middle, or ``mean_value``), ``crop_size`` and ``mirror`` of
    ``transform_param``; mirrored in both phases. Where a window with its context reaches beyond the image, y is 0.
    See `WindowBatches` for what is drawn, `crop_window` for how it is cut. A thread makes the next batches while
    the net computes; ``prefetch`` of ``data_param`` says how many (see `Prefetcher`).

    Caffe reads beyond its arrays where there is no window of a kind, a mean image is too small or an image is said to
    have other than 3 channels; here these are errors, and so is a ``crop_mode`` of any other name.

    Options (``window_data_param``)
    -------------------------------
    source : str
        The windows file (see `read_windows`).
    batch_size : int
        N, how many windows at a time.
    fg_threshold, bg_threshold : float, default=0.5
        A window shows an object from this overlap on, and none below that one.
    fg_fraction : float, default=0.25
        The share of windows with an object.
    context_pad : int, default=0
        Pixels of surroundings on each side, after warping.
    crop_mode : warp or square, default=warp
        Square keeps the proportions.
    cache_images : bool, default=false
        Keep the image files in memory.
    root_folder : str
        Put before each image's name as it is, so it ends with a slash.

    Shapes
    ------
    top[0] : windows, (N, 3, crop_size, crop_size)
    top[1] : labels, (N,); 0 is background

    References
    ----------
    Caffe: ``src/caffe/layers/window_data_layer.cpp``. Girshick et al., "Rich feature hierarchies for accurate
    object detection and semantic segmentation", CVPR 2014. Lesson: day 9.
    """

    options_field = "window_data_param"
    num_top = 2

    def setup(self, bottom):
        options, transform = self.options, self.spec.transform_param
        refuse_old_fields(options)
        unread = [field.name for field, _ in transform.ListFields() if field.name not in READ]
        if unread:
            raise SpecError(f"WindowData does not read `{unread[0]}` of `transform_param`, only {', '.join(READ)}")
        if options.crop_mode not in ("warp", "square"):
            raise SpecError(f"expected `crop_mode` warp or square, found {options.crop_mode!r}")
        size = transform.crop_size
        if size <= 2 * options.context_pad:
            raise SpecError(
                f"expected a `crop_size` in `transform_param` of more than twice the `context_pad` of "
                f"{options.context_pad}, found {size}"
            )
        batch_size, source = self.required("batch_size"), files.find(self.required("source"), self.folder)
        with noting(f"in {source}"):
            windows = WindowBatches(
                read_windows(source),
                batch_size,
                options,
                size,
                seed_from(self.rng),
                scale=transform.scale,
                mean=_mean(transform, size, self.folder),
                mirror=transform.mirror,
                folder=self.folder,
                dtype=self.dtype,
            )
        self.batches = Prefetcher(windows, self.spec.data_param.prefetch)


def _mean(transform, size, folder):
    """The mean of `transform_param`, fit for windows (3, size, size): of an image, its middle."""
    mean = mean_of(transform, folder)
    if mean is None:
        return np.float32(0)
    if len(mean) not in (1, 3):
        raise DataError(f"expected a mean of 1 or 3 channels, found {len(mean)}")
    if not transform.mean_file:
        return mean
    H, W = mean.shape[1:]
    if min(H, W) < size:
        raise DataError(f"expected a mean image of at least {size} x {size} pixels (crop_size), found {H} x {W}")
    top, left = (H - size) // 2, (W - size) // 2
    return mean[:, top : top + size, left : left + size]
