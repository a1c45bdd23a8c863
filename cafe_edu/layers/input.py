"""Input: the door through which arrays enter a net."""

from cafe_edu.errors import SpecError
from cafe_edu.layer import Layer, register


@register("Input")
class Input(Layer):
    """Tops that the caller fills: ``net.forward(data=x)``.

    Options (``input_param``)
    -------------------------
    shape : BlobShape, one for each top, or one for all
        The first shape; ``net.forward`` and ``Blob.reshape`` may change it.

    Shapes
    ------
    top[i] : as ``shape`` says

    References
    ----------
    Caffe: ``src/caffe/layers/input_layer.cpp``. Lesson: day 8.
    """

    options_field = "input_param"
    num_bottom = 0
    num_top = (1, None)

    def setup(self, bottom):
        tops, shapes = len(self.spec.top), [tuple(s.dim) for s in self.options.shape]
        if len(shapes) not in (0, 1, tops):
            raise SpecError(
                f"expected no `shape` in `input_param`, one, or one for each top ({tops}), found {len(shapes)}"
            )
        self.shapes = shapes if len(shapes) == tops else (shapes or [()]) * tops
        self.shaped = False

    def top_shapes(self, bottom_shapes):
        return self.shapes

    def reshape(self, bottom, top):
        """Shape the tops once; from then on their shape is the caller's."""
        if not self.shaped:
            super().reshape(bottom, top)
            self.shaped = True

    def forward(self, bottom, top):
        pass

    def backward(self, top, propagate_down, bottom):
        pass
