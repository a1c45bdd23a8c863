"""Nets written in Python: ``n.pool1 = L.Pooling(n.conv1, kernel_size=2, pool=P.Pooling.MAX)``."""

import collections

from cafe_edu.errors import SpecError
from cafe_edu.proto import caffe_pb2
from cafe_edu.pycaffe.fields import assign_keyword, assign_proto, near, param_name_dict

__all__ = ["Function", "NetSpec", "Top", "assign_proto", "layers", "param_name_dict", "params", "to_proto"]


class NotATop(SpecError, TypeError):
    """Something that is no Top was given as a bottom."""


class Top:
    """One result of a layer, to be given to other layers; ``fn`` makes it, as its n-th."""

    def __init__(self, fn, n):
        self.fn, self.n = fn, n

    def to_proto(self):
        """Return the net that ends in this."""
        return to_proto(self)

    def _update(self, params):
        self.fn.params.update(params)

    def _to_proto(self, layers, names, autonames):
        return self.fn._to_proto(layers, names, autonames)


class Function:
    """A layer in the making: its type, its bottoms (Tops), its fields as keywords.

    Of these, ``ntop`` (1) and ``in_place`` (False) are for here; all others are fields of the type's options or of
    the layer.
    """

    def __init__(self, type_name, inputs, params):
        for i, bottom in enumerate(inputs):
            if not isinstance(bottom, Top):
                shown = "to be given one by one, as *tops" if isinstance(bottom, list | tuple) else repr(bottom)
                raise NotATop(f"{type_name} input {i} ({shown}) is not a Top (type is {type(bottom)})")
        self.type_name, self.inputs, self.params = type_name, inputs, dict(params)
        self.ntop, self.in_place = self.params.pop("ntop", 1), self.params.pop("in_place", False)
        self.tops = tuple(Top(self, n) for n in range(self.ntop))

    def _name(self, what, names, autonames):
        """The name of a Top or a Function: that given, or the type and a number."""
        if what not in names:
            autonames[self.type_name] += 1
            names[what] = f"{self.type_name}{autonames[self.type_name]}"
        return names[what]

    def _to_proto(self, layers, names, autonames):
        """Add to ``layers`` those below this one, and then this one."""
        if self in layers:
            return
        spec = caffe_pb2.LayerParameter(type=self.type_name)
        for bottom in self.inputs:
            bottom._to_proto(layers, names, autonames)
            spec.bottom.append(layers[bottom.fn].top[bottom.n])
        tops = spec.bottom if self.in_place else [self._name(top, names, autonames) for top in self.tops]
        spec.top.extend(tops)
        spec.name = self._name(self.tops[0] if self.tops else self, names, autonames)
        for key, value in self.params.items():
            assign_keyword(spec, key, value)
        layers[self] = spec


def to_proto(*tops):
    """Return the NetParameter of all layers that these Tops need."""
    return _net(tops, {})


def _net(tops, names):
    layers, autonames = {}, collections.Counter()
    for top in tops:
        top._to_proto(layers, names, autonames)
    return caffe_pb2.NetParameter(layer=layers.values())


class NetSpec:
    """A net under construction: what is assigned to it gets that name.

    Examples
    --------
    >>> n = NetSpec()
    >>> n.data = layers.Input(shape=dict(dim=[1, 3]))
    >>> n.score = layers.InnerProduct(n.data, num_output=2)
    >>> n.score = layers.ReLU(n.score, in_place=True)
    >>> [(layer.name, layer.type, *layer.top) for layer in n.to_proto().layer]
    [('data', 'Input', 'data'), ('InnerProduct1', 'InnerProduct', 'InnerProduct1'), ('score', 'ReLU', 'InnerProduct1')]
    """

    def __init__(self):
        super().__setattr__("tops", {})

    def __setattr__(self, name, value):
        self.tops[name] = value

    def __getattr__(self, name):
        if name == "tops" or name not in self.tops:
            raise AttributeError(f"the net has no top {name!r} yet{near(name, self.__dict__.get('tops', ()))}")
        return self.tops[name]

    def __delattr__(self, name):
        del self.tops[name]

    def __setitem__(self, key, value):
        self.tops[key] = value

    def __getitem__(self, item):
        return self.tops[item]

    def __delitem__(self, name):
        del self.tops[name]

    def keys(self):
        """Return the names so far, in their order."""
        return list(self.tops)

    def vals(self):
        """Return the Tops so far, in their order."""
        return list(self.tops.values())

    def update(self, other):
        """Take over the names of another one."""
        self.tops.update(other.tops)

    def to_proto(self):
        """Return the net as a NetParameter, whose ``str`` is its prototxt."""
        return _net(self.tops.values(), {top: name for name, top in self.tops.items()})


class Layers:
    """``layers.ReLU(bottom, ...)`` makes a layer of that type, of any type that is written so.

    It returns its Top, several for ``ntop`` above 1, and for 0 the `Function` itself.
    """

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(f"no layer type {name!r}")

        def layer(*bottoms, **fields):
            fn = Function(name, bottoms, fields)
            return fn.tops if fn.ntop > 1 else fn.tops[0] if fn.tops else fn

        return layer


class Parameters:
    """``params.Pooling.AVE`` is the number of a choice, as caffe.proto names it."""

    def __getattr__(self, name):
        return getattr(caffe_pb2, f"{name}Parameter")


layers = Layers()
params = Parameters()
