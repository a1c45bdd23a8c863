"""Features: what a layer makes of many images, a row for each."""

import numpy as np

from cafe_edu.errors import ShapeError
from cafe_edu.insight.objective import Objective
from cafe_edu.insight.targets import image_input, layer_position


def features(net, layer, images, batch=32):
    """Return what a layer makes of images, each as one long row.

    Parameters
    ----------
    net : Net
    layer : str
        Name of a layer or a blob.
    images : array (N, C, H, W), or (N, ...) of the shape of the net's items
        As the net sees them.
    batch : int
        Images at once.

    Returns
    -------
    array (N, D)
    """
    rows = [a.reshape(len(a), -1) for a in each_activation(net, layer, images, batch)]
    return np.concatenate(rows)


def each_activation(net, layer, images, batch=32):
    """Yield what a layer makes of each batch of images, with a bar where it takes long.

    Raises
    ------
    NetError, ShapeError
        If there is no such layer, or the images are not of the shape of the net's items.
    """
    from tqdm.auto import tqdm

    position = layer_position(net, layer)
    item = net.blobs[image_input(net, position)].shape[1:]
    images = np.asarray(images)
    if images.shape[1:] != item or not len(images):
        raise ShapeError(f"expected images (N, {', '.join(map(str, item))}), at least one, found {images.shape}")
    see = Objective(net, position, None).activations
    for first in tqdm(range(0, len(images), batch), desc=layer, unit=" batches", delay=1):
        yield see(images[first : first + batch]).copy()
