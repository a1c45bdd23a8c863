"""The nets of `nets.py` as PyTorch modules, written as its own users would.

The parameters stand in the order of the prototxts, so that weights can be copied from one to the other. Caffe's pooling
rounds the number of windows up: ``ceil_mode``.
"""

from torch import cat, nn
from torch.nn import AvgPool2d, Conv2d, Flatten, Linear, LocalResponseNorm, MaxPool2d, Sequential
from torch.nn.functional import relu


def make(name):
    """Return the module that makes scores of images."""
    return resnet(int(name[6:])) if name.startswith("resnet") else globals()[name]()


def activation():
    """ReLU in place, as Caffe's nets have it."""
    return nn.ReLU(inplace=True)


def lenet():
    """See `nets.lenet`."""
    return Sequential(
        Conv2d(1, 20, 5), MaxPool2d(2), Conv2d(20, 50, 5), MaxPool2d(2), Flatten(),
        Linear(800, 500), activation(), Linear(500, 10),
    )  # fmt: skip


def cifar_quick():
    """See `nets.cifar_quick`."""
    return Sequential(
        Conv2d(3, 32, 5, padding=2), MaxPool2d(3, 2, ceil_mode=True), activation(),
        Conv2d(32, 32, 5, padding=2), activation(), AvgPool2d(3, 2, ceil_mode=True),
        Conv2d(32, 64, 5, padding=2), activation(), AvgPool2d(3, 2, ceil_mode=True), Flatten(),
        Linear(1024, 64), Linear(64, 10),
    )  # fmt: skip


def caffenet():
    """See `nets.caffenet`."""
    return Sequential(
        Conv2d(3, 96, 11, stride=4), activation(), MaxPool2d(3, 2), LocalResponseNorm(5, 1e-4, 0.75),
        Conv2d(96, 256, 5, padding=2, groups=2), activation(), MaxPool2d(3, 2), LocalResponseNorm(5, 1e-4, 0.75),
        Conv2d(256, 384, 3, padding=1), activation(),
        Conv2d(384, 384, 3, padding=1, groups=2), activation(),
        Conv2d(384, 256, 3, padding=1, groups=2), activation(), MaxPool2d(3, 2), Flatten(),
        Linear(9216, 4096), activation(), Linear(4096, 4096), activation(), Linear(4096, 1000),
    )  # fmt: skip


def squeezenet():
    """See `nets.squeezenet`."""
    return Sequential(
        Conv2d(3, 96, 7, stride=2), activation(), MaxPool2d(3, 2, ceil_mode=True),
        Fire(96, 16, 64), Fire(128, 16, 64), Fire(128, 32, 128), MaxPool2d(3, 2, ceil_mode=True),
        Fire(256, 32, 128), Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), MaxPool2d(3, 2, ceil_mode=True),
        Fire(512, 64, 256), Conv2d(512, 1000, 1, padding=1), activation(), nn.AdaptiveAvgPool2d(1), Flatten(),
    )  # fmt: skip


class Fire(nn.Module):
    """See `nets.fire`."""

    def __init__(self, channels, squeezed, expanded):
        super().__init__()
        self.squeeze = Conv2d(channels, squeezed, 1)
        self.small = Conv2d(squeezed, expanded, 1)
        self.large = Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x):
        x = relu(self.squeeze(x), inplace=True)
        return cat([relu(self.small(x), inplace=True), relu(self.large(x), inplace=True)], dim=1)


def resnet(depth):
    """See `nets.resnet`."""
    blocks, before = [], 16
    for stage, channels in enumerate((16, 32, 64)):
        for i in range((depth - 2) // 6):
            blocks.append(Block(before, channels, stride=2 if stage and i == 0 else 1))
            before = channels
    start, end = [*normed(3, 16, 3, padding=1), activation()], [nn.AdaptiveAvgPool2d(1), Flatten(), Linear(64, 10)]
    return Sequential(*start, *blocks, *end)


class Block(nn.Module):
    """See `nets.block`."""

    def __init__(self, before, channels, stride):
        super().__init__()
        self.around = nn.Identity() if stride == 1 else normed(before, channels, 1, stride=stride)
        first = normed(before, channels, 3, stride=stride, padding=1)
        self.through = Sequential(*first, activation(), *normed(channels, channels, 3, padding=1))

    def forward(self, x):
        return relu(self.around(x) + self.through(x), inplace=True)


def normed(before, outputs, kernel, **more):
    """See `nets.normed`."""
    return Sequential(Conv2d(before, outputs, kernel, bias=False, **more), nn.BatchNorm2d(outputs))
