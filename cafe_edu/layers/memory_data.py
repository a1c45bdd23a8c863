"""MemoryData: arrays that the program hands over, batch after batch."""

import logging

import numpy as np

from cafe_edu.data.prefetch import checked_state
from cafe_edu.device import to_numpy
from cafe_edu.errors import DataError, ShapeError
from cafe_edu.layer import Layer, register

log = logging.getLogger("cafe_edu")


@register("MemoryData")
class MemoryData(Layer):
    """Read the next N items of the arrays given to ``reset``, and begin again after the last.

    The arrays are read where they are: what the program writes into them, the next forward sees. As in Caffe
    they are not transformed; a ``transform_param`` is said to be without effect.

    Options (``memory_data_param``)
    -------------------------------
    batch_size : int
        N, how many items at a time.
    channels, height, width : int
        C, H, W: the shape of an item.

    Shapes
    ------
    top[0] : items, (N, C, H, W)
    top[1] : labels, (N,) until arrays are given; then (N, 1, 1, 1), as in Caffe

    References
    ----------
    Caffe: ``src/caffe/layers/memory_data_layer.cpp``. Lesson: day 9.
    """

    options_field = "memory_data_param"
    num_bottom = 0
    num_top = 2

    def setup(self, bottom):
        self.shape = tuple(self.required(field) for field in ("batch_size", "channels", "height", "width"))
        self.items = self.labels = None
        self.position = 0
        if self.spec.HasField("transform_param"):
            log.warning("MemoryData does not transform its arrays: `transform_param` of %r has no effect", self.name)

    def reset(self, data, labels):
        """Serve these arrays from now on, from their first item.

        Parameters
        ----------
        data : array (M N, C, H, W)
            As many items as make whole batches. A numpy array of the net's dtype is not copied.
        labels : array of M N numbers

        Raises
        ------
        ShapeError
            If the shapes do not fit the options; then nothing has changed.
        """
        data, labels = (np.asarray(to_numpy(array), self.dtype) for array in (data, labels))
        N, *item = self.shape
        if data.ndim != 4 or [*data.shape[1:]] != item:
            raise ShapeError(f"expected data of shape (items, {', '.join(map(str, item))}), found {data.shape}")
        if len(data) == 0 or len(data) % N:
            raise ShapeError(f"expected a number of items that is a multiple of the batch size {N}, found {len(data)}")
        if labels.size != len(data):
            raise ShapeError(f"expected one label for each of {len(data)} items, found {labels.shape}")
        self.items, self.labels, self.position = data, labels.reshape(-1, 1, 1, 1), 0

    def top_shapes(self, bottom_shapes):
        N = self.shape[0]
        return [self.shape, (N,) if self.items is None else (N, 1, 1, 1)]

    def forward(self, bottom, top):
        if self.items is None:
            raise DataError("there are no arrays yet: give them with this layer's `reset(data, labels)`")
        batch = slice(self.position, self.position + self.shape[0])
        top[0].data, top[1].data = self.items[batch], self.labels[batch]
        self.position = batch.stop % len(self.items)

    def backward(self, top, propagate_down, bottom):
        pass  # nothing lies below

    def state(self):
        """Return where the net is in the arrays, as a small dict for JSON; the arrays are the program's."""
        return {"position": self.position}

    def restore(self, state):
        """Go on from a ``state``, in the arrays given to ``reset`` before."""
        position = checked_state(state, self.state(), "a MemoryData layer")["position"]
        if (self.items is not None and position >= len(self.items)) or position % self.shape[0]:
            raise DataError(f"expected a position at the beginning of a batch, found {position}")
        self.position = position
