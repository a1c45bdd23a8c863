"""The blobs of a net that are its own: not the copies that Splits make."""


def own_blobs(net):
    """Return the blobs that layers make, in their order; those of Splits are left out.

    Parameters
    ----------
    net : Net

    Returns
    -------
    dict of str -> Blob

    Examples
    --------
    >>> from cafe_edu import Net
    >>> net = Net('''layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
    ...     layer { name: "a" type: "Sigmoid" bottom: "x" top: "a" }
    ...     layer { name: "b" type: "ReLU" bottom: "x" top: "b" }''')
    >>> list(net.blobs), list(own_blobs(net))
    (['x', 'x_x_0_split_0', 'x_x_0_split_1', 'a', 'b'], ['x', 'a', 'b'])
    """
    made = (blob for step in net.steps if step.layer.type != "Split" for blob in step.top)
    return {blob.name: blob for blob in made}
