"""The outline of a net: layers, shapes and costs, from its prototxt alone."""

import dataclasses
import math
import pathlib

from cafe_edu.cost import multiply_adds
from cafe_edu.errors import SpecError
from cafe_edu.layer import REGISTRY, layer_class
from cafe_edu.legacy import upgrade_net
from cafe_edu.net import Net
from cafe_edu.proto import caffe_pb2
from cafe_edu.prototxt import parse_net, read_net
from cafe_edu.rules import filter_layers
from cafe_edu.stand_ins import DATA_LAYERS, set_shape, stand_in


@dataclasses.dataclass(frozen=True)
class LayerOutline:
    """One layer: its spec, the shapes of what it reads and makes, its parameters' shapes, its multiply-adds."""

    spec: caffe_pb2.LayerParameter
    bottom: dict  # blob name -> shape
    top: dict
    params: list  # shapes
    multiply_adds: int  # for the whole batch

    @property
    def in_place(self):
        """Does it write what it reads?"""
        return bool(self.top) and set(self.top) <= set(self.bottom)

    @property
    def param_count(self):
        return sum(map(math.prod, self.params))


@dataclasses.dataclass(frozen=True)
class Outline:
    """A net's layers in their order, Splits left out.

    Attributes
    ----------
    name, phase : str
    layers : list of LayerOutline
    param_count : int
        Shared parameters counted once.
    items : int
        The first axis of what goes in; multiply-adds divided by it are those of one item.
    assumed : list of str
        What was not to be known, in words.
    """

    name: str
    phase: str
    layers: list
    param_count: int
    items: int
    assumed: list

    @property
    def multiply_adds(self):
        return sum(layer.multiply_adds for layer in self.layers)


def outline(spec, phase="TEST", shapes=None, level=None, stages=()):
    """Return the outline of a net. No parameter is filled and nothing is computed.

    The shape of what a data layer makes is taken from ``shapes``; else from the data set it names, if that is one we
    know; else from the first record of its database, if that is here; else, where it crops, three channels of that size
    are assumed, and said to be.

    Parameters
    ----------
    spec : path, prototxt text or NetParameter
    phase : {"TEST", "TRAIN"}
    shapes : dict of blob name -> tuple, optional
        Shapes of what data layers make, or new shapes for inputs.
    level, stages : int, sequence of str
        The rest of the net's state.

    Returns
    -------
    Outline

    Raises
    ------
    CafeError
        If layers do not fit together, or a shape cannot be known.

    Examples
    --------
    >>> lenet = outline(pathlib.Path(__file__).parent / "zoo" / "lenet" / "lenet_train_test.prototxt", "TRAIN")
    >>> lenet.param_count, lenet.layers[1].spec.name, lenet.layers[1].top
    (431080, 'conv1', {'conv1': (64, 20, 24, 24)})
    """
    folder = _folder(spec)
    spec = read_spec(spec)
    level = spec.state.level if level is None else level
    spec = filter_layers(spec, phase, level, [*spec.state.stage, *stages])
    given, assumed, originals = dict(shapes or {}), [], []
    for layer in spec.layer:
        originals.append(caffe_pb2.LayerParameter.FromString(layer.SerializeToString()))
        if layer.type in DATA_LAYERS:
            stand_in(layer, given, assumed, folder)
        elif layer.type == "Input":
            for i, top in enumerate(layer.top):
                if top in given:
                    set_shape(layer, i, given.pop(top))
    if given:
        raise SpecError(f"no data layer or input makes {', '.join(given)}, whose shape was given")
    types = {layer.type for layer in spec.layer} & set(_registered())
    unfilled = {name: _unfilled(layer_class(name)) for name in types}
    net = Net(spec, phase, level=level, stages=stages, layers=unfilled)
    return _outline_of(net, originals, assumed)


def read_spec(spec):
    """Return a net as a NetParameter written as today, from a path, prototxt text or a NetParameter."""
    if isinstance(spec, caffe_pb2.NetParameter):
        return upgrade_net(spec)
    if isinstance(spec, str) and ("{" in spec or "\n" in spec):
        return upgrade_net(parse_net(spec))
    return upgrade_net(read_net(spec))


def _registered():
    """Names of all layer types."""
    import cafe_edu.layers  # noqa: F401 (registers them, the first time)

    return list(REGISTRY)


def _unfilled(cls):
    """A layer class whose parameters have shapes but take no memory."""

    def add_param(self, name, shape, filler=None):
        return cls.add_param(self, name, shape)

    return type(cls.__name__, (cls,), {"add_param": add_param})


def _outline_of(net, originals, assumed):
    layers, unsplit, originals = [], {}, originals[::-1]
    for step in net.steps:
        spec = step.layer.spec
        if not originals or spec.name != originals[-1].name:  # a Split that the net put in
            name = unsplit.get(spec.bottom[0], spec.bottom[0])
            unsplit |= dict.fromkeys(spec.top, name)
            continue
        bottoms, tops = [b.shape for b in step.bottom], [b.shape for b in step.top]
        layers.append(
            LayerOutline(
                originals.pop(),
                {unsplit.get(b.name, b.name): b.shape for b in step.bottom},
                {b.name: b.shape for b in step.top},
                [blob.shape for blob in step.layer.params],
                multiply_adds(step.layer, bottoms, tops),
            )
        )
    count = sum(param.blob.count for param in net.learnable)
    first = next((shape for layer in layers for shape in layer.top.values() if shape), (1,))
    return Outline(net.name, net.phase, layers, count, first[0] or 1, assumed)


def _folder(spec):
    """Where a prototxt lies, if it is a file."""
    is_text = isinstance(spec, str) and ("{" in spec or "\n" in spec)
    return None if is_text or isinstance(spec, caffe_pb2.NetParameter) else pathlib.Path(spec).parent
