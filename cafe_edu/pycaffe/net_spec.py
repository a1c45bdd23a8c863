"""Nets written in Python: ``n.pool1 = L.Pooling(n.conv1, kernel_size=2, pool=P.Pooling.MAX)``."""

import collections
import difflib

from cafe_edu.errors import NetError, SpecError
from cafe_edu.layer import layer_class
from cafe_edu.proto import caffe_pb2


class NotATop(SpecError, TypeError):
    """Something that is no Top was given as a bottom."""


def param_name_dict():
    """Return, for each type that names a message of options, the start of its field.

    >>> param_name_dict()["InnerProduct"]
    'inner_product'
    """
    fields = [field for field in caffe_pb2.LayerParameter.DESCRIPTOR.fields if field.name.endswith("_param")]
    return {f.message_type.name.removesuffix("Parameter"): f.name.removesuffix("_param") for f in fields}


_FIELDS = {name: f"{field}_param" for name, field in param_name_dict().items()}


def options_field(type_name):
    """Return the field of a type's options, or None: ``"convolution_param"`` for Deconvolution too."""
    if type_name in _FIELDS:
        return _FIELDS[type_name]
    try:
        return layer_class(type_name).options_field
    except NetError:
        return None  # a type that is not known here may be known where the net is read


def assign_proto(proto, name, value):
    """Set a field of a message from a number, text, a dict of its own fields, or a list of these."""
    field = proto.DESCRIPTOR.fields_by_name[name]
    if field.is_repeated:
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, dict):
                _assign_all(getattr(proto, name).add(), item)
            else:
                getattr(proto, name).append(item)
    elif isinstance(value, dict):
        getattr(proto, name).SetInParent()
        _assign_all(getattr(proto, name), value)
    else:
        setattr(proto, name, value)


def _assign_all(proto, values):
    for name, value in values.items():
        if name not in proto.DESCRIPTOR.fields_by_name:
            known = proto.DESCRIPTOR.fields_by_name
            raise SpecError(f"{proto.DESCRIPTOR.name} has no field {name!r}{_near(name, known)}")
        assign_proto(proto, name, value)


def _near(name, known):
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


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
            self._assign(spec, key, value)
        layers[self] = spec

    def _assign(self, spec, key, value):
        field = options_field(self.type_name)
        options = getattr(spec, field) if field else None
        if not key.endswith("param") and options is not None and key in options.DESCRIPTOR.fields_by_name:
            return assign_proto(options, key, value)
        if key in spec.DESCRIPTOR.fields_by_name:
            return assign_proto(spec, key, value)
        known = [*(options.DESCRIPTOR.fields_by_name if options is not None else ()), *spec.DESCRIPTOR.fields_by_name]
        raise SpecError(f"a layer of type {self.type_name} has no field {key!r}{_near(key, known)}")


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
            raise AttributeError(f"the net has no top {name!r} yet{_near(name, self.__dict__.get('tops', ()))}")
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
