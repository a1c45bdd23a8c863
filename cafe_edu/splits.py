"""Splits: a blob with several readers gets a Split layer, so that every blob has one reader."""

import collections
import difflib

from cafe_edu.errors import NetError
from cafe_edu.proto import caffe_pb2


def insert_splits(spec):
    """Return a copy of a NetParameter in which each top has at most one reader.

    A top of layer L that several bottoms read (a loss weight counts as a reader) goes into a new layer
    ``BLOB_L_0_split``, whose tops ``BLOB_L_0_split_0``, ``_1``, ... the readers take in their order.

    Raises
    ------
    NetError
        If a layer reads a blob that no layer before it makes.

    References
    ----------
    Caffe: ``src/caffe/util/insert_splits.cpp``. Lesson: day 12.
    """
    readers, writer_of = _readers(spec)
    result = caffe_pb2.NetParameter()
    result.CopyFrom(spec)
    del result.layer[:]
    taken = collections.Counter()  # readers served so far, per top
    for i, layer in enumerate(spec.layer):
        layer = result.layer.add()
        layer.CopyFrom(spec.layer[i])
        for j, name in enumerate(layer.bottom):
            top = writer_of[i, j]
            if readers[top] > 1:
                layer.bottom[j] = _split_top(spec, top, name, taken[top])
                taken[top] += 1
        for j, name in enumerate(layer.top):
            if readers[i, j] > 1:
                weight = layer.loss_weight[j] if j < len(layer.loss_weight) else 0
                split = result.layer.add(type="Split", name=_split_name(spec, (i, j), name), bottom=[name])
                split.top.extend(_split_top(spec, (i, j), name, k) for k in range(readers[i, j]))
                if weight:  # the loss moves to the first top of the split
                    split.loss_weight.extend([weight] + [0] * (readers[i, j] - 1))
                    layer.loss_weight[j] = 0  # not deleted: a loss layer without one counts as 1
                    taken[i, j] += 1
    return result


def _readers(spec):
    """Return how many read each top (layer index, top index), and which top each bottom reads."""
    readers, writer_of, last = collections.Counter(), {}, {}
    for i, layer in enumerate(spec.layer):
        for j, name in enumerate(layer.bottom):
            if name not in last:
                near = difflib.get_close_matches(name, last, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(last) or 'none yet'}"
                raise NetError(
                    f"layer {layer.name!r} ({layer.type}) reads blob {name!r}, which no layer before it makes; {hint}"
                )
            writer_of[i, j] = last[name]
            readers[last[name]] += 1
        for j, name in enumerate(layer.top):
            last[name] = (i, j)
        for j in range(min(len(layer.loss_weight), len(layer.top))):
            if layer.loss_weight[j]:
                readers[last[layer.top[j]]] += 1
    return readers, writer_of


def _split_name(spec, top, blob):
    return f"{blob}_{spec.layer[top[0]].name}_{top[1]}_split"


def _split_top(spec, top, blob, k):
    return f"{_split_name(spec, top, blob)}_{k}"
