"""How large the slopes are on their way back, and how large the steps."""

import dataclasses

import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.errors import NetError
from cafe_edu.measures.own_blobs import own_blobs

AROUND = (10, 50, 90)  #: percent of the sizes that lie below low, middle and high


@dataclasses.dataclass(frozen=True)
class Flow:
    """The gradient of one blob or parameter.

    Attributes
    ----------
    name : str
        A blob's name, or a layer's and the number of its parameter: conv1[0].
    layer : str
        The layer that makes the blob, or has the parameter.
    is_param : bool
    norm : float
        The L2 norm.
    low, middle, high : float
        A tenth, a half, nine tenths of the sizes that are not zero lie below.
    zeros : float
        The share of exact zeros.
    bad : int
        How many are nan or infinite; these are left out of the rest.
    """

    name: str
    layer: str
    is_param: bool
    norm: float
    low: float
    middle: float
    high: float
    zeros: float
    bad: int = 0


def gradient_flow(net):
    """Return the size and spread of the gradient of each blob and parameter that gets one.

    Parameters
    ----------
    net : Net
        After ``net.forward()`` and ``net.backward()``. What a solver leaves in a parameter's diff is its update.

    Returns
    -------
    list of Flow
        In the order of the layers, a layer's blobs before its parameters.

    Raises
    ------
    NetError
        If the net has no loss, or has not run back.
    """
    if not any(weight for step in net.steps for weight in step.loss_weights):
        raise NetError(
            f"net {net.name!r} has no loss, so there are no gradients: it needs labels and a layer such as "
            f"SoftmaxWithLoss; take the prototxt for training, phase TRAIN"
        )
    wanted = {
        blob.name
        for step in net.steps
        if step.backward
        for blob, down in zip(step.bottom, step.propagate_down, strict=True)
        if down
    }
    own, rows = own_blobs(net), []
    for step in net.steps:
        for blob in step.top:
            if own.get(blob.name) is blob and blob.name in wanted:
                rows.append(_flow(own.pop(blob.name), blob.name, step.layer.name, False))
        if not step.backward:
            continue
        for i, blob in enumerate(step.layer.params):
            if all(blob is not frozen for frozen in step.frozen):
                rows.append(_flow(blob, f"{step.layer.name}[{i}]", step.layer.name, True))
    if not any(row.norm or row.bad for row in rows):
        raise NetError(f"net {net.name!r} has no gradients yet: call net.forward() and net.backward() first")
    return rows


def _flow(blob, name, layer, is_param):
    every = np.abs(to_numpy(blob.diff).astype(np.float64).ravel())
    g = every[np.isfinite(every)]
    some = g[g != 0]
    low, middle, high = np.percentile(some, AROUND).tolist() if some.size else (0.0, 0.0, 0.0)
    zeros = 1 - some.size / g.size if g.size else 0.0
    return Flow(name, layer, is_param, float(np.linalg.norm(g)), low, middle, high, zeros, every.size - g.size)


@dataclasses.dataclass(frozen=True)
class Ratio:
    """The last update of one parameter beside the parameter: norms of both."""

    layer: str
    index: int
    update: float
    weight: float

    @property
    def ratio(self):
        """Update by weight; nan where all weights are zero."""
        return self.update / self.weight if self.weight else np.nan


def update_ratios(solver):
    r"""Return how large the last update of each parameter was beside the parameter.

    .. math:: \frac{\lVert u \rVert}{\lVert w \rVert}

    A rule of thumb wants it near 1e-3 for weights: far below, a layer hardly learns; far above, it jumps about.

    Parameters
    ----------
    solver : Solver
        Right after ``solver.step``: like Caffe's, it leaves the update u in the diff of each parameter.

    Returns
    -------
    list of Ratio
        In the order of the layers.

    Raises
    ------
    NetError
        If the solver has not done a step.
    """
    if not solver.train_record:
        raise NetError("the solver has done no update yet: call solver.step(1) first")
    rows = []
    for param in solver.net.learnable:
        u, w = (np.linalg.norm(to_numpy(x).astype(np.float64).ravel()) for x in (param.blob.diff, param.blob.data))
        rows.append(Ratio(param.layer, param.index, float(u), float(w)))
    return rows
