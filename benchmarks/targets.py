"""What is measured, and the numbers to hold."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Target:
    """One net: a step of its training, or a forward run.

    Attributes
    ----------
    title : as the table has it
    net, batch, what : which of `nets.py`, how many images, "step" or "forward"
    ratio : our time over PyTorch's, at most
    floor : our time over that of the bare matrix products, at most
    """

    title: str
    net: str
    batch: int
    what: str
    ratio: float | None = None
    floor: float | None = None


NETS = {
    "lenet": Target("LeNet", "lenet", 64, "step", 0.7, 2.2),
    "cifar_quick": Target("CIFAR-quick", "cifar_quick", 100, "step", 1.0, 1.5),
    "resnet20": Target("ResNet-20", "resnet20", 64, "step", 1.2),
    "caffenet": Target("CaffeNet", "caffenet", 10, "step", 1.1, 1.4),
    "caffenet_forward": Target("CaffeNet", "caffenet", 10, "forward", 1.1),
    "squeezenet": Target("SqueezeNet v1.0", "squeezenet", 1, "forward", 1.2),
    "squeezenet_16": Target("SqueezeNet v1.0", "squeezenet", 16, "forward"),
}
ON_GPU = {  #: nothing is promised so far
    "lenet": Target("LeNet", "lenet", 64, "step"),
    "cifar_quick": Target("CIFAR-quick", "cifar_quick", 100, "step"),
    "caffenet": Target("CaffeNet", "caffenet", 256, "step"),
    "resnet20": Target("ResNet-20", "resnet20", 128, "step"),
}
MEMORY = 1.0  #: ours over PyTorch's

BATCHES = (32, 64, 128, 256, 512)  #: of LeNet
FLAT = 1.15  #: the longest time per image over the shortest

DEPTHS = (20, 32, 44, 56, 110)  #: of a ResNet, 32 images at a time
LINEAR = 0.10  #: how far a time may lie from the straight line, as a part of it

LMDB, IMPORT = 1.05, 0.5  #: the step fed from an LMDB over that from memory; seconds of `import cafe_edu`
