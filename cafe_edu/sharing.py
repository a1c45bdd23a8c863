"""Sharing: parameters of one name are one parameter, whichever layers use it."""

import dataclasses

from cafe_edu.blob import Blob
from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.proto import caffe_pb2


@dataclasses.dataclass
class Param:
    """A learnable blob with its multipliers; the solver's view of it."""

    blob: Blob
    layer: str
    index: int
    name: str  # the name under which layers share it; "" for none
    lr_mult: float | None  # None: not said, which reads as 1
    decay_mult: float | None


def adopt(layer, learnable):
    """Return the parameters that a layer brings; one whose name is known becomes the first one's twin.

    Twins use the same numbers and the same gradient. Gradients are added to, so each learns from both.

    Parameters
    ----------
    layer : Layer
        After its set-up.
    learnable : list of Param
        Those of the layers before it. A multiplier that a twin alone gives is written to the first.

    Returns
    -------
    list of Param

    Raises
    ------
    SpecError
        If there are more `param` than parameters, or twins give two rates.
    ShapeError
        If twins differ in shape (with `share_mode: PERMISSIVE`, in count).

    References
    ----------
    Caffe: ``Net::AppendParam`` in ``src/caffe/net.cpp``. Lesson: day 12.
    """
    specs, new = layer.spec.param, []
    if len(specs) > len(layer.params):
        raise SpecError(f"expected a `param` for each of {len(layer.params)} parameters, found {len(specs)}")
    for i, blob in enumerate(layer.params):
        spec = specs[i] if i < len(specs) else caffe_pb2.ParamSpec()
        lr_mult = spec.lr_mult if spec.HasField("lr_mult") else None
        decay_mult = spec.decay_mult if spec.HasField("decay_mult") else None
        mine = Param(blob, layer.name, i, spec.name, lr_mult, decay_mult)
        owner = next((p for p in (*learnable, *new) if spec.name and p.name == spec.name), None)
        if owner is None:
            new.append(mine)
        else:
            _become_twin(owner, mine, spec)
    return new


def _become_twin(owner, mine, spec):
    permissive = spec.share_mode == caffe_pb2.ParamSpec.PERMISSIVE
    same = owner.blob.count == mine.blob.count if permissive else owner.blob.shape == mine.blob.shape
    if not same:
        raise ShapeError(
            f"shared param {mine.name!r}: expected {'the count' if permissive else 'the shape'} "
            f"{owner.blob.shape} of its owner {owner.layer!r}, found {mine.blob.shape}"
        )
    for field in ("lr_mult", "decay_mult"):
        first, second = getattr(owner, field), getattr(mine, field)
        if None not in (first, second) and first != second:
            raise SpecError(f"shared param {mine.name!r}: `{field}` is {first:g} in {owner.layer!r}, {second:g} here")
        if first is None:
            setattr(owner, field, second)
    mine.blob.share(owner.blob)
