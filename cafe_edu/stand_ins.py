"""Stand-ins: data layers made into inputs of the same shapes, so that a net can be looked at without its data."""

import pathlib

from cafe_edu import files
from cafe_edu.data import datasets
from cafe_edu.data.databases import open_database
from cafe_edu.data.datum import datum_to_array
from cafe_edu.errors import CafeError, SpecError

DATA_LAYERS = {  # type -> field of its options
    "Data": "data_param",
    "ImageData": "image_data_param",
    "HDF5Data": "hdf5_data_param",
    "MemoryData": "memory_data_param",
    "WindowData": "window_data_param",
}


def stand_in(layer, given, assumed, folder):
    """Turn a data layer into an Input that makes blobs of the same shapes.

    Parameters
    ----------
    layer : LayerParameter
        It is changed.
    given : dict of blob name -> tuple
        Shapes that are known; those that are used are taken out.
    assumed : list of str
        What is not to be known and taken to be so is added, in words.
    folder : Path or None
        Where the prototxt lies.

    Raises
    ------
    SpecError
        If a shape cannot be known.

    Examples
    --------
    >>> from cafe_edu.layer import make_spec
    >>> layer = make_spec("Data", top=["x"], data_param={"source": "mnist/mnist_train_lmdb", "batch_size": 64})
    >>> stand_in(layer, {}, [], None)
    >>> layer.type, list(layer.input_param.shape[0].dim)
    ('Input', [64, 1, 28, 28])
    """
    options = getattr(layer, DATA_LAYERS[layer.type])
    N = next((given[top][0] for top in layer.top if given.get(top)), options.batch_size)
    shapes = [
        given.pop(top) if top in given else _shape(layer, i, N, options, assumed, folder)
        for i, top in enumerate(layer.top)
    ]
    layer.type = "Input"
    for i, shape in enumerate(shapes):
        set_shape(layer, i, shape)


def set_shape(layer, i, shape):
    """Give one top of an Input a shape of its own."""
    shapes = layer.input_param.shape
    if len(shapes) == 1 and len(layer.top) > 1:  # one for all
        shapes.extend([shapes[0]] * (len(layer.top) - 1))
    while len(shapes) <= i:
        shapes.add()
    shapes[i].dim[:] = shape


def _shape(layer, i, N, options, assumed, folder):
    """What is known of the shape of a data layer's top, with N items."""
    crop = layer.transform_param.crop_size
    if i == 1 and layer.type != "HDF5Data":
        return (N,)
    item = None
    if layer.type == "MemoryData":
        item = (options.channels, options.height, options.width)
    elif layer.type == "Data":
        item = _item_of_known_set(options.source) or _first_item(options, folder)
    elif layer.type == "ImageData" and options.new_height and options.new_width:
        item = (3 if options.is_color else 1, options.new_height, options.new_width)
    if crop and layer.type != "HDF5Data":
        if item is None:
            item = (1 if layer.type == "ImageData" and not options.is_color else 3, crop, crop)
            shape = " x ".join(map(str, (N, *item)))
            assumed.append(f"{layer.top[i]} is taken to be {shape}, the size of its crop in three channels")
        return (N, item[0], crop, crop)
    if item is None:
        raise SpecError(
            f"the shape of {layer.top[i]!r}, which layer {layer.name!r} ({layer.type}) reads from its source, cannot "
            f"be known from the prototxt: say it, as in --shape {layer.top[i]}={N},3,32,32"
        )
    return (N, *item)


def _first_item(options, folder):
    """The shape of the first record of a database, if that is here."""
    try:
        path = files.find(options.source, folder)
        with open_database(path, options.DB.Name(options.backend).lower()) as reader:
            return datum_to_array(reader.peek()[1]).shape
    except CafeError:  # not here, or of a kind that cannot be read: then the shape must come from elsewhere
        return None


def _item_of_known_set(source):
    """The shape of an item if the source is named as one of our data sets is."""
    parts = pathlib.PurePath(source).parts[-2:]
    for name, item in datasets.ITEMS.items():
        if parts in [(name, f"{name}_{split}_{kind}") for split in datasets.SPLITS for kind in ("lmdb", "leveldb")]:
            return item
    return None
