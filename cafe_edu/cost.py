"""What a layer costs: its multiply-adds."""

import math

#: of the layers that slide weights or spread them, which blob's places count
_PLACES = {"Convolution": "top", "Deconvolution": "bottom"}


def multiply_adds(layer, bottom_shapes, top_shapes):
    r"""Return how many products a layer adds up in one forward.

    Every number of a weight is multiplied once at each place where the weight is used:

    .. math:: \text{cost} = \sum_W |W| \cdot \text{places}

    Convolution uses its weight at each place of its tops (N, OH, OW), Deconvolution at each place of its bottoms
    (N, H, W), InnerProduct for each item, RNN and LSTM for each of T x N items. Other layers cost next to nothing
    beside these, and count as 0.

    Parameters
    ----------
    layer : Layer
    bottom_shapes, top_shapes : list of tuple

    Examples
    --------
    >>> from cafe_edu import Net
    >>> net = Net('''layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } } }
    ...     layer { name: "c" type: "Convolution" bottom: "x" top: "y"
    ...       convolution_param { num_output: 4 kernel_size: 5 } }''')
    >>> multiply_adds(net.layers[1], [(2, 3, 8, 8)], [(2, 4, 4, 4)]) == (4 * 3 * 5 * 5) * (2 * 4 * 4)
    True
    """
    weights = [blob for blob in layer.params if len(blob.shape) > 1]
    if layer.type in _PLACES:
        shapes = top_shapes if _PLACES[layer.type] == "top" else bottom_shapes
        places = sum(math.prod(shape[: layer.axis]) * math.prod(shape[layer.axis + 1 :]) for shape in shapes)
    elif layer.type == "InnerProduct":
        places = math.prod(top_shapes[0][:-1])
    elif layer.type in ("RNN", "LSTM"):
        places = math.prod(bottom_shapes[0][:2])
    else:
        return 0
    return places * sum(blob.count for blob in weights)
