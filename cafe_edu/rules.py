"""Rules: which layers of a prototxt belong to this net (TRAIN or TEST, level, stages)."""

from cafe_edu.errors import SpecError
from cafe_edu.proto import caffe_pb2


def filter_layers(spec, phase, level=0, stages=()):
    """Return a copy of a NetParameter with only the layers that a net in this state has.

    A layer with ``include`` rules is in if any of them holds; one with ``exclude`` rules is out if any
    holds; one with neither is in.

    Parameters
    ----------
    spec : NetParameter
    phase : {"TRAIN", "TEST"}
    level : int
    stages : sequence of str

    Raises
    ------
    SpecError
        If a layer has rules of both kinds.

    References
    ----------
    Caffe: ``Net::FilterNet`` in ``src/caffe/net.cpp``. Lesson: day 11.
    """
    kept = caffe_pb2.NetParameter()
    kept.CopyFrom(spec)
    del kept.layer[:]
    for layer in spec.layer:
        if layer.include and layer.exclude:
            raise SpecError(f"layer {layer.name!r} has both `include` and `exclude` rules; use one kind")
        if layer.include:
            inside = any(holds(rule, phase, level, stages) for rule in layer.include)
        else:
            inside = not any(holds(rule, phase, level, stages) for rule in layer.exclude)
        if inside:
            kept.layer.append(layer)
    return kept


def holds(rule, phase, level=0, stages=()):
    """Say whether everything that a NetStateRule asks is so.

    Examples
    --------
    >>> holds(caffe_pb2.NetStateRule(phase=caffe_pb2.TEST, stage=["deploy"]), "TEST", stages=["deploy"])
    True
    """
    return (
        (not rule.HasField("phase") or caffe_pb2.Phase.Name(rule.phase) == phase)
        and (not rule.HasField("min_level") or level >= rule.min_level)
        and (not rule.HasField("max_level") or level <= rule.max_level)
        and all(stage in stages for stage in rule.stage)
        and not any(stage in stages for stage in rule.not_stage)
    )
