"""One layer by itself: blobs before it, blobs behind it, and nothing else."""

import numpy as np

from cafe_edu import prototxt
from cafe_edu.blob import Blob
from cafe_edu.device import module_of, to_numpy
from cafe_edu.layer import layer_class


class CheckFailed(AssertionError):
    """A layer did not do what the contract asks."""


class Trial:
    """A layer with its bottom and top blobs; made by ``make_layer``.

    Attributes
    ----------
    layer : Layer
    bottom, top : list of Blob
    """

    def __init__(self, layer, bottom, top, seed):
        self.layer, self.bottom, self.top, self.seed = layer, bottom, top, seed

    def forward(self):
        """Reshape and run forward, always from the same seed; return the tops' data (numpy copies)."""
        self.layer.rng = np.random.default_rng(self.seed)
        self.layer.reshape(self.bottom, self.top)
        self.layer.forward(self.bottom, self.top)
        return [numbers(blob.data) for blob in self.top]

    def backward(self, *dy, propagate_down=True):
        """Run backward from the given top diffs; return the bottoms' diffs (numpy copies)."""
        for blob, values in zip(self.top, dy, strict=True):
            blob.diff = values
        wanted = [propagate_down and i not in self.layer.no_gradient for i in range(len(self.bottom))]
        self.layer.backward(self.top, wanted, self.bottom)
        return [numbers(blob.diff) for blob in self.bottom]


def numbers(array):
    """Return a copy in numpy, wherever the array lives."""
    return to_numpy(array).copy()


def make_layer(cls, *bottom, spec="", tops=1, phase="TRAIN", dtype=np.float64, in_place=False, seed=0, device="cpu"):
    """Set up one layer on arrays.

    Parameters
    ----------
    cls : str or class
        A type's name, or a layer class of your own.
    *bottom : array
        One for each bottom.
    spec : str
        What stands inside ``layer { ... }``: options, in prototxt.
    tops : int
    phase : {"TRAIN", "TEST"}
    dtype : dtype, default=float64
    in_place : bool
        Give it its first bottom as first top.
    seed : int
    device : {"cpu", "gpu"}
        Where its blobs live.

    Returns
    -------
    Trial

    Examples
    --------
    >>> trial = make_layer("Pooling", np.arange(16.0).reshape(1, 1, 4, 4),
    ...                    spec="pooling_param { kernel_size: 2 stride: 2 }")
    >>> trial.forward()[0]
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """
    cls, xp = layer_class(cls) if isinstance(cls, str) else cls, module_of(device)
    blobs = []
    for i, values in enumerate(bottom):
        blobs.append(Blob(np.shape(values), dtype, f"bottom{i}", xp))
        blobs[-1].data = values
    above = [Blob((), dtype, f"top{i}", xp) for i in range(tops)]
    if in_place:
        above[0] = blobs[0]
    names = "".join(f' bottom: "{b.name}"' for b in blobs) + "".join(f' top: "{b.name}"' for b in above)
    type_name = cls.type or cls.__name__
    message = prototxt.parse_net(f'layer {{ name: "trial" type: "{type_name}"{names} {spec} }}').layer[0]
    layer = cls(message, phase, np.random.default_rng(seed), None, dtype, xp)
    layer.check_counts(len(blobs), len(above))
    layer.setup(blobs)
    layer.reshape(blobs, above)
    return Trial(layer, blobs, above, seed)
