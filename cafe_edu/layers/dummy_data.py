"""DummyData: blobs filled by a filler, where there are no data."""

from cafe_edu.errors import SpecError
from cafe_edu.fillers import fill
from cafe_edu.layer import Layer, register
from cafe_edu.proto import caffe_pb2

OLD = ("num", "channels", "height", "width")


@register("DummyData")
class DummyData(Layer):
    """Tops of any shape, filled by fillers: to try or to time a net without data.

    Constant tops are filled once, when the net is built, and then left alone; all others are drawn anew at
    every forward.

    Options (``dummy_data_param``)
    ------------------------------
    shape : BlobShape, one for each top, or one for all
    data_filler : FillerParameter, one for each top, or one for all, default=constant 0
    num, channels, height, width : int, one for each top, or one for all
        The old form of ``shape``.

    Shapes
    ------
    top[i] : as ``shape`` says

    References
    ----------
    Caffe: ``src/caffe/layers/dummy_data_layer.cpp``. Lesson: day 9.
    """

    options_field = "dummy_data_param"
    num_bottom = 0
    num_top = (1, None)

    def setup(self, bottom):
        self.shapes = self._shapes()
        none = [caffe_pb2.FillerParameter()]
        self.fillers = self._each("data_filler", list(self.options.data_filler) or none)
        self.filled = False

    def _shapes(self):
        old = [name for name in OLD if len(getattr(self.options, name))]
        if not old:
            return [tuple(shape.dim) for shape in self._each("shape", list(self.options.shape))]
        if len(self.options.shape):
            raise SpecError(f"expected `shape` or its old form, found `shape` and `{old[0]}`")
        return list(zip(*(self._each(name, list(getattr(self.options, name))) for name in OLD), strict=True))

    def _each(self, field, given):
        """One for each top of what is given once or as often as there are tops."""
        tops = len(self.spec.top)
        if len(given) not in (1, tops):
            raise SpecError(f"expected one `{field}`, or one for each top ({tops}), found {len(given)}")
        return given if len(given) == tops else given * tops

    def top_shapes(self, bottom_shapes):
        return self.shapes

    def reshape(self, bottom, top):
        """Shape the tops and fill the constant ones, once; from then on both are the caller's."""
        if not self.filled:
            super().reshape(bottom, top)
            self._fill(top, constant=True)
            self.filled = True

    def forward(self, bottom, top):
        self._fill(top, constant=False)

    def backward(self, top, propagate_down, bottom):
        pass

    def _fill(self, top, constant):
        for blob, filler in zip(top, self.fillers, strict=True):
            if (filler.type == "constant") == constant:
                blob.data = self.xp.asarray(fill(blob.shape, filler, self.rng), self.dtype)
