"""ImageData: images and labels from image files, batch after batch."""

from cafe_edu import files
from cafe_edu.data.chance import seed_from
from cafe_edu.data.image_batches import ImageBatches
from cafe_edu.data.image_list import read_image_list
from cafe_edu.data.prefetch import Prefetcher
from cafe_edu.data.transformer import Transformer, refuse_old_fields
from cafe_edu.data_layer import DataLayer
from cafe_edu.errors import SpecError, noting
from cafe_edu.layer import register


@register("ImageData")
class ImageData(DataLayer):
    r"""Read the next N images of a list, and begin again after the last.

    .. math:: y_n = s \, (x_{i + n} - m)

    with the scale s, mean m, crop and mirror of ``transform_param`` (see `Transformer`). A thread makes the next
    batches while the net computes; ``prefetch`` of ``data_param`` says how many (see `Prefetcher`).

    Caffe reads a label that is no number as 0; here it is an error.

    Options (``image_data_param``)
    ------------------------------
    source : str
        The list: on each line an image's name, a space and its label. Names may hold spaces.
    root_folder : str
        Put before each name as it is, so it ends with a slash.
    batch_size : int, default=1
        N, how many images at a time.
    shuffle : bool, default=false
        Go through the list in another order each time.
    new_height, new_width : int
        What each image is resized to; both or neither.
    is_color : bool, default=true
        Read three channels (blue, green, red), or one.
    rand_skip : int, default=0
        Begin at a random one of the first ``rand_skip`` images.

    Shapes
    ------
    top[0] : images, (N, C, H, W); H and W are those of the batch's first image, after cropping
    top[1] : labels, (N,)

    References
    ----------
    Caffe: ``src/caffe/layers/image_data_layer.cpp``. Lesson: day 9.
    """

    options_field = "image_data_param"
    num_top = 2

    def setup(self, bottom):
        options = self.options
        refuse_old_fields(options)
        size = options.new_height, options.new_width
        if (size[0] == 0) != (size[1] == 0):
            raise SpecError(f"expected both `new_height` and `new_width`, or neither, found {size[0]} and {size[1]}")
        if options.batch_size < 1:
            raise SpecError("expected a `batch_size` of 1 or more in `image_data_param`, found 0")
        source = files.find(self.required("source"), self.folder)
        with noting(f"in {source}"):
            images = ImageBatches(
                read_image_list(source),
                options.batch_size,
                Transformer(self.spec.transform_param, self.phase, self.rng, self.folder),
                seed_from(self.rng),
                root=options.root_folder,
                folder=self.folder,
                color=options.is_color,
                size=size if size[0] else None,
                shuffle=options.shuffle,
                rand_skip=options.rand_skip,
                dtype=self.dtype,
            )
        self.batches = Prefetcher(images, self.spec.data_param.prefetch)
