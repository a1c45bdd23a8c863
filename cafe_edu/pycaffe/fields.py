"""Fields of messages, set from keywords: ``kernel_size=2`` finds its way into ``pooling_param``."""

import difflib

from cafe_edu.errors import NetError
from cafe_edu.layer import layer_class
from cafe_edu.proto import caffe_pb2
from cafe_edu.pycaffe.errors import NoField, WrongValue


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
    """Set a field of a message from a number, text, a message, a dict of its fields, or a list or array of these."""
    field, value = proto.DESCRIPTOR.fields_by_name[name], value.tolist() if hasattr(value, "tolist") else value
    is_list = field.is_repeated and isinstance(value, list | tuple)
    for item in value if is_list else [value]:
        inner = field.message_type and (getattr(proto, name).add() if field.is_repeated else getattr(proto, name))
        if inner and isinstance(item, dict):
            inner.SetInParent()
            _assign_all(inner, item)
            continue
        where = f"`{name}` of {proto.DESCRIPTOR.name}"
        if inner and type(item) is not type(inner):
            raise WrongValue(f"{where} takes a dict, of {inner.DESCRIPTOR.name}'s fields, found {item!r}")
        try:
            if inner:
                inner.CopyFrom(item)
            elif field.is_repeated:
                getattr(proto, name).append(item)
            else:
                setattr(proto, name, item)
        except (TypeError, ValueError) as error:
            raise WrongValue(f"{where} cannot be {item!r}: {error}") from None


def _assign_all(proto, values):
    for name, value in values.items():
        if name not in proto.DESCRIPTOR.fields_by_name:
            known = proto.DESCRIPTOR.fields_by_name
            raise NoField(f"{proto.DESCRIPTOR.name} has no field {name!r}{near(name, known)}")
        assign_proto(proto, name, value)


def near(name, known):
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def assign_keyword(spec, key, value):
    """Set a field of a LayerParameter or, if they have it, of its type's options."""
    field = options_field(spec.type)
    options = getattr(spec, field) if field else None
    if options is not None and key in options.DESCRIPTOR.fields_by_name:
        return assign_proto(options, key, value)
    if key in spec.DESCRIPTOR.fields_by_name:
        return assign_proto(spec, key, value)
    known = [*(options.DESCRIPTOR.fields_by_name if options is not None else ()), *spec.DESCRIPTOR.fields_by_name]
    raise NoField(f"a layer of type {spec.type} has no field {key!r}{near(key, known)}")
