"""Shares: of the items that one rank alone would read, every rank reads its own."""

from cafe_edu.errors import SpecError

#: layers without bottoms that have nothing to share out: they draw by chance, or hold what the program gave them
OWN = ("DummyData", "Input", "MemoryData", "Parameter")


def share_out(net, rank, size):
    """Let each data layer of a net read the items rank, rank + size, rank + 2 size, ... of its order.

    With batches of B items, the ``size`` k-th batches are the k-th batch of ``size`` B items that one rank would read.

    Raises
    ------
    SpecError
        For a layer that would do on every rank what may be done only once.
    """
    for step in net.steps:
        layer, shard = step.layer, _shard_of(step.layer)
        if layer.type == "HDF5Output":
            raise SpecError(f"layer {layer.name!r} (HDF5Output) would write one file on {size} ranks: leave it out")
        if shard is not None:
            shard(rank, size)
        elif not step.bottom and layer.type not in OWN:
            raise SpecError(
                f"layer {layer.name!r} ({layer.type}) would read the same items on all {size} ranks: expected a layer "
                f"with the method `shard(rank, size)`, after which it reads the items rank, rank + size, ..."
            )


def _shard_of(layer):
    """The layer's ``shard``; of a Python layer, that of its class."""
    return getattr(layer, "shard", None) or getattr(getattr(layer, "user", None), "shard", None)
