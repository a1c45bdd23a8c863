"""Silence: read a blob and do nothing."""

from cafe_edu.layer import Layer, register


@register("Silence")
class Silence(Layer):
    """Swallow blobs that nobody needs, so that they are not outputs of the net.

    Shapes
    ------
    bottom[i] : any
    there are no tops

    Gradients
    ---------
    Zero.

    References
    ----------
    Caffe: ``src/caffe/layers/silence_layer.cpp``. Lesson: day 11.
    """

    num_bottom = (1, None)
    num_top = 0

    def top_shapes(self, bottom_shapes):
        return []

    def forward(self, bottom, top):
        pass

    def backward(self, top, propagate_down, bottom):
        for blob, wanted in zip(bottom, propagate_down, strict=True):
            if wanted:
                blob.diff[...] = 0
