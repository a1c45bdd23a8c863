"""A net that cannot be built: how far it comes, and which layer fails."""

import bisect

from cafe_edu.errors import CafeError
from cafe_edu.outline import outline, read_spec
from cafe_edu.proto import caffe_pb2
from cafe_edu.rules import filter_layers


def first_failure(spec, phase="TEST", shapes=None):
    """Return the outline of the layers before the first one that fails, that layer, and its error.

    The first k layers of a net are a net too. If they cannot be built, neither can the first k + 1; so the least k that
    fails is found by halving, and its last layer is the one to look at.

    Parameters
    ----------
    spec, phase, shapes
        As in `cafe_edu.outline.outline`.

    Returns
    -------
    before : Outline
    layer : LayerParameter or None
        None where nothing fails, and then ``error`` is None too.
    error : CafeError or None

    Examples
    --------
    >>> before, layer, error = first_failure('''
    ...     layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 dim: 4 dim: 4 } } }
    ...     layer { name: "conv" type: "Convolution" bottom: "x" top: "y"
    ...       convolution_param { num_output: 2 kernel_size: 5 } }
    ...     layer { name: "relu" type: "ReLU" bottom: "y" top: "y" }''')
    >>> layer.name, [one.spec.name for one in before.layers]
    ('conv', ['x'])
    """
    spec = read_spec(spec)
    spec = filter_layers(spec, phase, spec.state.level, spec.state.stage)
    tried = {}  # number of layers -> outline, or what kept it from being one

    def fails(count):
        try:
            tried[count] = outline(*_beginning(spec, count, phase, shapes))
        except CafeError as error:
            tried[count] = error
        return isinstance(tried[count], CafeError)

    count = bisect.bisect_left(range(len(spec.layer) + 1), True, lo=1, key=fails)
    before = tried[count - 1] if count - 1 in tried else outline(*_beginning(spec, count - 1, phase, shapes))
    if count > len(spec.layer):
        return before, None, None
    return before, spec.layer[count - 1], tried[count]


def _beginning(spec, count, phase, shapes):
    """The net's first layers, its phase, and those of the given shapes that are theirs."""
    part = caffe_pb2.NetParameter()
    part.CopyFrom(spec)
    del part.layer[count:]
    tops = {top for layer in part.layer for top in layer.top}
    return part, phase, {name: shape for name, shape in (shapes or {}).items() if name in tops}
