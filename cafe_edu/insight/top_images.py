"""Top images: what excites a unit most."""

import dataclasses

import numpy as np

from cafe_edu.errors import ShapeError
from cafe_edu.insight.features import each_activation
from cafe_edu.insight.receptive_field import receptive_field
from cafe_edu.insight.targets import find_target


@dataclasses.dataclass(frozen=True)
class TopImages:
    """The images that excite a unit most, the strongest first.

    Attributes
    ----------
    layer, unit : str, int
    indexes : array (n,)
        Of the images.
    values : array (n,)
        How much each excites the unit.
    positions : array (n, 2)
        Row and column of the layer's map where it does so.
    boxes : list of Box
        What the unit sees there, clipped to the image.
    crops : list of arrays (C, h, w)
        That part of each image.
    """

    layer: str
    unit: int
    indexes: np.ndarray
    values: np.ndarray
    positions: np.ndarray
    boxes: list
    crops: list


def top_images(net, layer, unit, images, n=9, batch=32, largest=None):
    """Return the n images that excite a unit most, and the part of each that it sees when it is most excited.

    Each image counts once, by the place where the unit is largest.

    Parameters
    ----------
    net : Net
    layer : str
        Name of a layer or a blob.
    unit : int
        One of its channels.
    images : array (N, C, H, W)
        As the net sees them.
    n : int
    batch : int
        Images at once.
    largest : (array (N, C), array (N, C)), optional
        What `largest_of` makes of the layer's activations, where they are known: then the net need not run.

    Returns
    -------
    TopImages

    References
    ----------
    Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks", section 4.
    """
    find_target(net, (layer, unit))
    if n < 1:
        raise ShapeError(f"expected n of 1 or more, found {n}")
    field = receptive_field(net, layer)
    if largest is None:
        found = [largest_of(a[:, unit : unit + 1]) for a in each_activation(net, layer, images, batch)]
        values, places = (np.concatenate(part)[:, 0] for part in zip(*found, strict=True))
    else:
        values, places = (part[:, unit] for part in largest)
    best = np.argsort(-values, kind="stable")[:n]
    positions = np.stack(np.unravel_index(places[best], field.units), axis=1)
    boxes = [field.of(*map(int, place)).clipped for place in positions]
    crops = [box.of(np.asarray(images[i])) for i, box in zip(best, boxes, strict=True)]
    return TopImages(layer, unit, best, values[best], positions, boxes, crops)


def largest_of(a):
    """Return the largest number of each unit, and its place in the unit's map, laid out in a row.

    Parameters
    ----------
    a : array (N, C, ...)

    Returns
    -------
    (array (N, C), array (N, C))

    Examples
    --------
    >>> value, place = largest_of(np.array([[[[1, 2], [5, 4]], [[9, 0], [0, 0]]]]))
    >>> value.tolist(), place.tolist()
    ([[5, 9]], [[2, 0]])
    """
    a = a.reshape(*a.shape[:2], -1)
    places = a.argmax(axis=2)
    return np.take_along_axis(a, places[..., np.newaxis], axis=2)[..., 0], places
