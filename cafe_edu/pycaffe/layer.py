"""Layer: the base of Python layers, and the handle of a net's other layers."""


class Layer:
    """What a Python layer is derived from: ``class Mine(caffe.Layer)``.

    The net sets ``param_str``, ``phase`` and ``blobs``; the class brings ``setup``, ``reshape``, ``forward``
    and ``backward`` (see `cafe_edu.layers.python`).
    """

    type = "Python"

    def __init__(self, layer_param=None):
        self.layer_param = layer_param


class BuiltIn(Layer):
    """A layer of a net, of another type: its ``type`` and its ``blobs``, which are the parameters."""

    def __init__(self, layer):
        super().__init__(layer.spec)
        self.type, self.blobs = layer.type, layer.params
        self._layer = layer

    def setup(self, bottom, top):
        self._layer.setup(bottom)

    def reshape(self, bottom, top):
        self._layer.reshape(bottom, top)


def handle(layer):
    """Return what ``net.layers`` shows of a layer: of a Python layer, the user's own object."""
    return layer.user if layer.type == "Python" else BuiltIn(layer)
