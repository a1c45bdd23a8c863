"""Python: a layer written as a class in a file of one's own."""

import inspect

from cafe_edu.blob import Blob
from cafe_edu.errors import NetError
from cafe_edu.layer import Layer, register
from cafe_edu.named_class import find_class
from cafe_edu.proto import caffe_pb2


class Params(list):
    """The parameters of a layer, a list that its class makes longer with ``self.blobs.add_blob(*dims)``."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def add_blob(self, *dims):
        """Add a learnable blob of zeros."""
        self.layer.add_param(str(len(self)), dims)


@register("Python")
class Python(Layer):
    """Run ``setup``, ``reshape``, ``forward`` and ``backward`` of a class that a module holds.

    The class gets ``param_str``, ``phase`` (0 for TRAIN, 1 for TEST) and ``blobs`` as attributes, and blobs with
    ``data``, ``diff`` and ``reshape`` in its methods (their arrays are numpy's, on a GPU cupy's)::

        class Double:
            def setup(self, bottom, top): ...                    # once
            def reshape(self, bottom, top):                      # before every forward
                top[0].reshape(*bottom[0].shape)
            def forward(self, bottom, top):
                top[0].data[...] = 2 * bottom[0].data
            def backward(self, top, propagate_down, bottom):
                bottom[0].diff[...] = 2 * top[0].diff

    Options (``python_param``)
    --------------------------
    module : str
        Looked for on Python's path, and then in the folder of the prototxt.
    layer : str
        The class in it.
    param_str : str
        Whatever the class makes of it.
    share_in_parallel : bool
        Read and not used: no two nets run at once here.

    Shapes
    ------
    bottom[i] : any
    top[i] : as the class's ``reshape`` makes it
    params : as the class makes them with ``self.blobs.add_blob``

    Gradients
    ---------
    What the class writes. To the diffs of its own blobs it adds. In place, its backward finds in the bottom what
    its forward left there.

    References
    ----------
    Caffe: ``src/caffe/layers/python_layer.hpp`` (there in ``include/``), ``python/caffe/_caffe.cpp``. Lesson: day 8.
    """

    options_field = "python_param"
    num_bottom = (0, None)
    num_top = (0, None)
    in_place = True

    def __init__(self, *args, **keywords):
        super().__init__(*args, **keywords)
        self.params = Params(self)
        self.user = None

    def setup(self, bottom):
        """Make the object. Its own ``setup`` wants the tops too, and so waits for the first ``reshape``."""
        cls = find_class(self.required("module"), self.required("layer"), self.folder)
        self.user = cls(self.spec) if _takes_one(cls) else cls()
        self.user.param_str = self.options.param_str
        self.user.phase = caffe_pb2.Phase.Value(self.phase)
        self.user.blobs = self.params
        self.ready = False

    def top_shapes(self, bottom_shapes):
        """Ask the class, on blobs of these shapes."""
        top = [Blob((), self.dtype) for _ in self.spec.top]
        self._call("reshape", [Blob(shape, self.dtype) for shape in bottom_shapes], top)
        return [blob.shape for blob in top]

    def reshape(self, bottom, top):
        if not self.ready:
            self._call("setup", bottom, top)
            self.ready = True
        self._call("reshape", bottom, top)

    def forward(self, bottom, top):
        self._call("forward", bottom, top)

    def backward(self, top, propagate_down, bottom):
        self._call("backward", top, propagate_down, bottom)

    def _call(self, name, *args):
        method = getattr(self.user, name, None)
        if method is None:
            raise NetError(f"class {type(self.user).__name__!r} of a Python layer has no method `{name}`")
        method(*args)


def _takes_one(cls):
    """Is the class made from one argument, the layer's message, as Caffe's are?"""
    try:
        inspect.signature(cls).bind(None)
    except TypeError:
        return False
    return True
