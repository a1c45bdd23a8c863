"""Grad-CAM: which places of a layer's maps speak for a class."""

import numpy as np

from cafe_edu.errors import NetError, ShapeError
from cafe_edu.insight.objective import score_of
from cafe_edu.insight.receptive_field import receptive_field
from cafe_edu.insight.targets import as_item, find_target, layer_position
from cafe_edu.insight.twin import needed


def grad_cam(net, image, target, layer=None, probability=False):
    r"""Return a layer's maps added up, each weighed by how much it matters for the target, as large as the image.

    .. math:: \alpha_k = \frac{1}{HW} \sum_{ij} \frac{\partial S}{\partial A_{kij}}, \qquad
              M = \max\Big(0, \sum_k \alpha_k A_k\Big)

    Parameters
    ----------
    net, image, target, probability
        As in `cafe_edu.insight.saliency.saliency`.
    layer : str, optional
        Whose maps A; by default `last_maps`. Deep layers know what, shallow ones where.

    Returns
    -------
    array (H, W)
        M, enlarged to the image's size between its points (bilinear).

    Raises
    ------
    NetError, ShapeError
        If there is no such layer, it makes no maps, or the target does not depend on it.

    References
    ----------
    Selvaraju, Cogswell, Das, Vedantam, Parikh, Batra 2017, "Grad-CAM".
    """
    layer = last_maps(net, target) if layer is None else layer
    A, dA = _maps_and_slopes(net, image, target, layer, probability)
    alpha = dA.mean(axis=(1, 2))
    M = np.maximum(0, np.tensordot(alpha, A, axes=1))
    field = receptive_field(net, layer)
    middles = [first + (size - 1) / 2 for first, size in zip(field.offset, field.size, strict=True)]
    return _enlarged(M, zip(middles, field.stride, strict=True), *field.image)


def last_maps(net, target):
    """Return the name of the last layer before a target whose maps have more than one place, and are not the target's.

    Raises
    ------
    NetError
        If there is none.
    """
    names = _maps(net, find_target(net, target).position)
    if not names:
        raise NetError(f"net {net.name!r} has no layer with maps (N, C, H, W) before the target {target!r}")
    return names[-1]


def has_maps(net, target):
    """Does a target depend on a layer with maps?"""
    return bool(_maps(net, find_target(net, target).position))


def strongest_unit(net, image, target, layer=None):
    r"""Return the unit of a layer's maps that gives most to a target, by :math:`A \odot \partial S / \partial A`.

    Parameters
    ----------
    net, image, target, layer
        As in `grad_cam`.

    Returns
    -------
    (str, int, int, int)
        Layer, channel, row, column: a target for the other methods.
    """
    layer = last_maps(net, target) if layer is None else layer
    A, dA = _maps_and_slopes(net, image, target, layer)
    k, y, x = np.unravel_index(np.argmax(A * dA), A.shape)
    return layer, int(k), int(y), int(x)


def _maps_and_slopes(net, image, target, layer, probability=False):
    """What a layer makes of an image, A (K, H, W), and how the target changes with it, dS/dA."""
    end, position = find_target(net, target).position, layer_position(net, layer)
    if len(net.steps[position].top[0].shape) != 4:
        raise ShapeError(f"expected a layer that makes maps (N, C, H, W), {layer!r} makes "
                         f"{net.steps[position].top[0].shape}")  # fmt: skip
    if position not in needed(net, [end]):
        raise NetError(f"the target {target!r} does not depend on layer {layer!r}; "
                       f"it depends on {', '.join(_maps(net, end))}")  # fmt: skip
    objective = score_of(net, target, probability)
    A, dA = objective.slope_at(as_item(net, end, image), needed(net, [end]).index(position))
    return A[0], dA[0]


def _maps(net, end):
    """Names of the layers with maps that a layer depends on, in order."""
    steps = [net.steps[i] for i in needed(net, [end])[:-1] if net.steps[i].bottom]
    shapes = [(step, step.top[0].shape) for step in steps if step.layer.type != "Split"]
    return [step.layer.name for step, shape in shapes if len(shape) == 4 and shape[2] * shape[3] > 1]


def _enlarged(M, field, H, W):
    """A map in the image's size: each of its numbers lies on the middle of what its unit sees."""
    rows, columns = (_lay(n, out, *of) for n, out, of in zip(M.shape, (H, W), field, strict=True))
    return rows @ M @ columns.T


def _lay(n, out, first, stride):
    """The (out, n) matrix that draws straight lines between n numbers, at ``first`` and every ``stride`` pixels."""
    points = np.clip((np.arange(out) - first) / stride, 0, n - 1) if stride else np.zeros(out)
    return np.maximum(0, 1 - np.abs(points[:, None] - np.arange(n)))
