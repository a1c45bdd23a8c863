"""Surgery: a layer that does, from now on, the work of the one behind it too."""


def reader(layers, i):
    """Return the place of the only layer that reads the only top of layer i, and reads nothing else; or None.

    Parameters
    ----------
    layers : sequence of LayerParameter
        Of a built net (``net.spec.layer``), in which every top has one reader at most.

    Examples
    --------
    >>> from cafe_edu import prototxt
    >>> layers = prototxt.parse_net('''
    ...     layer { name: "conv" bottom: "x" top: "y" }
    ...     layer { name: "relu" bottom: "y" top: "y" }
    ...     layer { name: "sum" bottom: "y" bottom: "z" top: "t" }
    ... ''').layer
    >>> reader(layers, 0), reader(layers, 1)
    (1, None)
    """
    if len(layers[i].top) != 1 or any(layers[i].loss_weight):
        return None
    (top,) = layers[i].top
    for j in range(i + 1, len(layers)):
        if top in layers[j].bottom:
            alone = len(layers[j].bottom) == len(layers[j].top) == 1 and not any(layers[j].loss_weight)
            return j if alone else None
    return None


def swallow(layers, i, j):
    """Take layer j, the reader of layer i, out; layer i makes what it made."""
    layers[i].top[0] = layers[j].top[0]
    del layers[j]
