"""Split: one blob, several readers."""

from cafe_edu.layer import Layer, register


@register("Split")
class Split(Layer):
    r"""Give one blob to several readers; on the way back, add up what they say.

    .. math:: y_k = x

    The net puts one wherever a top has more than one reader; nobody writes it by hand.

    Shapes
    ------
    bottom[0] : x, any
    top[k] : y_k, the shape and the very memory of x

    Gradients
    ---------
    .. math:: dx = \sum_k dy_k

    References
    ----------
    Caffe: ``src/caffe/layers/split_layer.cpp``. Lesson: day 12.
    """

    num_top = (1, None)
    shares_data = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes * len(self.spec.top)

    def forward(self, bottom, top):
        for blob in top:
            blob.share_data(bottom[0])

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            dx = bottom[0].diff
            first, *others = (blob.diff for blob in top)
            if not others:
                dx[...] = first
            for dy in others:
                self.xp.add(first, dy, out=dx)
                first = dx
