"""Occlusion: cover a part of the image and see how much the score falls."""

import numpy as np

from cafe_edu.errors import ShapeError
from cafe_edu.insight.objective import score_of
from cafe_edu.insight.targets import as_item, find_target


def occlusion(net, image, target, size=None, stride=None, fill=0, batch=16, probability=False):
    r"""Return by how much the score falls when a square patch covers a pixel, the mean of all patches that do.

    .. math:: M_{ij} = \operatorname*{mean}_{P \ni (i,j)} \big( S(x) - S(x \text{ with } P \text{ filled}) \big)

    No gradient is needed: it works on whatever says a number for an image. It takes one forward run for each patch.

    Parameters
    ----------
    net, image, target, probability
        As in `cafe_edu.insight.saliency.saliency`.
    size : int, optional
        Side of the patch in pixels; by default a sixth of the image's shorter side.
    stride : int, optional
        Pixels between patches; by default half the size. The last patch of a row ends with the image.
    fill : float
        What a patch is filled with; 0 is black, or the mean where a mean was taken off.
    batch : int
        Patches at once.

    Returns
    -------
    array (H, W)
        Positive where the image speaks for the target.

    References
    ----------
    Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks", section 4.2.
    """
    from tqdm.auto import tqdm

    x = as_item(net, find_target(net, target).position, image)
    if x.ndim != 4:
        raise ShapeError(f"expected a net for images (N, C, H, W) to cover parts of, its items are {x.shape[1:]}")
    H, W = x.shape[2:]
    size = max(1, min(H, W) // 6) if size is None else size
    stride = max(1, size // 2) if stride is None else stride
    if not 1 <= size <= min(H, W) or stride < 1:
        raise ShapeError(f"expected a patch of 1 to {min(H, W)} pixels and a stride of 1 or more, "
                         f"found {size} and {stride}")  # fmt: skip
    objective = score_of(net, target, probability)
    corners = [(y, x) for y in _firsts(H, size, stride) for x in _firsts(W, size, stride)]
    whole = objective(x)[0]
    fall, times = np.zeros((H, W)), np.zeros((H, W))
    for first in tqdm(range(0, len(corners), batch), desc="occlusion", unit=" batches", delay=1):
        some = corners[first : first + batch]
        covered = x.repeat(len(some), axis=0)
        for one, (top, left) in zip(covered, some, strict=True):
            one[:, top : top + size, left : left + size] = fill
        for value, (top, left) in zip(objective(covered), some, strict=True):
            fall[top : top + size, left : left + size] += whole - value
            times[top : top + size, left : left + size] += 1
    return fall / np.maximum(times, 1)  # a stride larger than the patch leaves gaps, which are 0


def _firsts(n, size, stride):
    """Where patches begin along an axis of n pixels.

    >>> _firsts(10, 4, 4)
    [0, 4, 6]
    """
    return sorted({*range(0, n - size + 1, stride), n - size})
