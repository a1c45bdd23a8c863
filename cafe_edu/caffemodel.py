"""Trained weights and solver states in files: Caffe's binary messages, or HDF5.

========================  ==========================================================================
``.caffemodel``           a NetParameter: every layer with its options and its blobs
``.caffemodel.h5``        HDF5: ``/data/<layer>/<0, 1, ...>``, and ``/diff/...`` if asked for
``.solverstate``          a SolverState: iteration, name of the weights' file, history, step
``.solverstate.h5``       HDF5: ``/iter``, ``/learned_net``, ``/history/<0, 1, ...>``, ``/current_step``
``.binaryproto``          a BlobProto: one array, such as a mean image
========================  ==========================================================================

Files are told apart by what they hold when they are read, by their ending when they are written.
"""

import contextlib
import dataclasses
import functools
import math
import pathlib

import numpy as np
from google.protobuf.message import DecodeError

from cafe_edu.errors import WeightsError
from cafe_edu.files import replacing
from cafe_edu.proto import caffe_pb2

_HDF5 = b"\x89HDF\r\n\x1a\n"  # how every HDF5 file begins


# ---- weights ----


def read_weights(path):
    """Read the learned parameters of a net.

    Parameters
    ----------
    path : str or Path
        A .caffemodel of any age, or a .caffemodel.h5.

    Returns
    -------
    dict of str to list of float32 arrays
        The parameters of each layer that has any. In HDF5 a shared parameter is stored once, at the layer
        that owns it; where another layer stores others of its own beside it, its place holds None.

    Raises
    ------
    WeightsError
        If the file is missing, damaged or something else, or holds an array that does not fit its shape.
    """
    if _is_hdf5(path):
        with _hdf5(path, "/data/<layer>/<0, 1, ...>, arrays of numbers") as file:
            return _read_groups(file["data"])
    weights = {}
    for name, blobs in _layers(_read_message(path, "NetParameter")):
        if blobs:
            where = f"{path}, layer '{name}', parameter"
            weights[name] = [_to_array(blob, f"{where} {i}") for i, blob in enumerate(blobs)]
    return weights


def write_weights(path, spec, weights, diffs=None):
    """Write the learned parameters of a net.

    Parameters
    ----------
    path : str or Path
        HDF5 if it ends in ``.h5``, else a binary .caffemodel.
    spec : NetParameter
        The net. Its name and layers go into the file; blobs that they hold do not.
    weights : dict of str to list of arrays
        The parameters of each layer that has any; written as float32.
    diffs : dict of str to list of arrays, optional
        Their gradients.
    """
    names = [layer.name for layer in spec.layer]
    for arrays in (weights, diffs or {}):
        for name in arrays:
            if name not in names:
                raise WeightsError(f"cannot write {path}: there are weights for '{name}', but no such layer")
    with replacing(path) as new:
        if pathlib.Path(path).suffix == ".h5":
            _write_groups(new, spec, weights, diffs)
        else:
            _write_layers(new, spec, weights, diffs or {})


def read_model_spec(path):
    """Return the net that a .caffemodel describes, as a NetParameter without blobs."""
    if _is_hdf5(path):
        raise WeightsError(f"{path} is HDF5, which holds weights but not the net; read its prototxt instead")
    net = _read_message(path, "NetParameter")
    for _, blobs in _layers(net):
        del blobs[:]
    return caffe_pb2.NetParameter.FromString(net.SerializeToString())


def _layers(net):
    """Yield the name and blobs of each layer, new (``layer``), V1 (``layers``) or V0 (``layer`` inside)."""
    for layer in net.layer:
        yield layer.name, layer.blobs
    for layer in net.layers:
        old = layer.layer if layer.HasField("layer") else layer
        yield old.name, old.blobs


def _write_layers(path, spec, weights, diffs):
    """Write a binary .caffemodel layer by layer: messages one after the other read as one."""
    with open(path, "wb") as file:
        if spec.HasField("name"):
            file.write(caffe_pb2.NetParameter(name=spec.name).SerializeToString())
        for layer in spec.layer:
            net = _raw("NetParameter")()
            new = net.layer.add()
            new.ParseFromString(layer.SerializeToString())
            new.ClearField("blobs")
            arrays = weights.get(layer.name, ())
            for array, diff in zip(arrays, diffs.get(layer.name, [None] * len(arrays)), strict=True):
                _fill(new.blobs.add(), array, diff)
            file.write(net.SerializeToString())


def _write_groups(path, spec, weights, diffs):
    """Write a .caffemodel.h5: a group for every layer, shared parameters at their owner alone."""
    import h5py

    with h5py.File(path, "w") as file:
        for group, source in [("data", weights)] + ([("diff", diffs)] if diffs is not None else []):
            taken = set()
            for layer in spec.layer:
                here = file.require_group(f"{group}/{layer.name}")
                for i, array in enumerate(source.get(layer.name, ())):
                    name = layer.param[i].name if i < len(layer.param) else ""
                    if name not in taken:
                        here[str(i)] = np.asarray(array, "<f4")
                    taken |= {name} - {""}


def _read_groups(data):
    """Read ``/data`` of a .caffemodel.h5. A layer's name may hold slashes, so groups may lie in groups."""
    places = []
    data.visit(places.append)
    weights = {}
    for place in places:
        if hasattr(data[place], "dtype"):
            layer, index = place.rsplit("/", 1)
            arrays = weights.setdefault(layer, [])
            arrays.extend([None] * (int(index) + 1 - len(arrays)))
            arrays[int(index)] = np.asarray(data[place], np.float32)
    return weights


# ---- solver states ----


@dataclasses.dataclass
class State:
    """Where a solver stopped.

    Parameters
    ----------
    iter : int
        Iterations done.
    learned_net : str
        The file of the weights, as it was named when it was written.
    history : list of arrays
        What the update rule remembers: one array per parameter for SGD, two for Adam and AdaDelta.
    current_step : int
        How many ``stepvalue`` were reached, for the multistep policy.
    """

    iter: int
    learned_net: str
    history: list
    current_step: int = 0


def read_state(path):
    """Read a .solverstate or .solverstate.h5 into a `State`; raise WeightsError if it is not one."""
    if _is_hdf5(path):
        with _hdf5(path, "/iter, /learned_net, /history/<0, 1, ...> and /current_step") as file:
            history = file["history"]
            return State(
                iter=int(file["iter"][0]),
                learned_net=file["learned_net"][()].decode(),
                history=[np.asarray(history[str(i)], np.float32) for i in range(len(history))],
                current_step=int(file["current_step"][0]),
            )
    state = _read_message(path, "SolverState")
    history = [_to_array(blob, f"{path}, history {i}") for i, blob in enumerate(state.history)]
    return State(state.iter, state.learned_net, history, state.current_step)


def write_state(path, state):
    """Write a `State`: HDF5 if the path ends in ``.h5``, else a binary .solverstate."""
    with replacing(path) as new:
        if pathlib.Path(path).suffix == ".h5":
            import h5py

            with h5py.File(new, "w") as file:
                learned_net = state.learned_net.encode()
                file["iter"] = np.array([state.iter], "<i4")
                file["learned_net"] = np.array(
                    learned_net, f"S{len(learned_net) + 1}"
                )  # ends with a zero byte
                file["current_step"] = np.array([state.current_step], "<i4")
                history = file.create_group("history")
                for i, array in enumerate(state.history):
                    history[str(i)] = np.asarray(array, "<f4")
        else:
            message = _raw("SolverState")(
                iter=state.iter, learned_net=state.learned_net, current_step=state.current_step
            )
            for array in state.history:
                _fill(message.history.add(), array)
            new.write_bytes(message.SerializeToString())


# ---- single arrays ----


def read_blobproto(path):
    """Read one array, such as the mean image (1, C, H, W) that compute_image_mean writes."""
    return _to_array(_read_message(path, "BlobProto"), path)


def write_blobproto(path, array):
    """Write one array as a BlobProto."""
    blob = _raw("BlobProto")()
    _fill(blob, array)
    with replacing(path) as new:
        new.write_bytes(blob.SerializeToString())


def array_to_blobproto(array):
    """Return a BlobProto that holds an array, as float32.

    Examples
    --------
    >>> blobproto_to_array(array_to_blobproto([[1, 2, 3], [4, 5, 6]]))
    array([[1., 2., 3.],
           [4., 5., 6.]], dtype=float32)
    """
    blob = _raw("BlobProto")()
    _fill(blob, array)
    return caffe_pb2.BlobProto.FromString(blob.SerializeToString())


def blobproto_to_array(blob):
    """Return the float32 array that a BlobProto holds."""
    return _to_array(_raw("BlobProto").FromString(blob.SerializeToString()), "BlobProto")


# ---- how it is done fast: numbers as bytes ----


@functools.cache
def _raw(name):
    """Return a message class of caffe.proto in which BlobProto's numbers are plain bytes.

    In a file, packed numbers and bytes look the same: a length, then the bytes. Read as bytes they go to
    numpy in one piece, where protobuf would make a Python number of each.
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto()
    caffe_pb2.DESCRIPTOR.CopyToProto(file)
    for message in file.message_type:
        for field in message.field:
            if field.options.packed and message.name == "BlobProto":
                field.type = field.TYPE_BYTES
                field.ClearField("options")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.{name}"))


def _fill(blob, array, diff=None):
    """Store an array, and its gradient if there is one, in an empty raw BlobProto."""
    array = np.asarray(array, "<f4")
    blob.shape.SetInParent()  # written also where it is empty: one number has no axes
    blob.shape.dim.extend(array.shape)
    blob.data.append(array.tobytes())
    if diff is not None:
        blob.diff.append(np.asarray(diff, "<f4").tobytes())


def _to_array(blob, where):
    """Return the float32 array of a raw BlobProto. Old files give its shape as four numbers."""
    is_old = any(blob.HasField(name) for name in ("num", "channels", "height", "width"))
    shape = (blob.num, blob.channels, blob.height, blob.width) if is_old else tuple(blob.shape.dim)
    if blob.data or blob.double_data:
        kind = np.dtype("<f8" if blob.double_data else "<f4")
        data = b"".join(blob.double_data or blob.data)
        values = np.frombuffer(data, kind, count=len(data) // kind.itemsize)
    else:  # perhaps numbers that are not packed: rare, but allowed
        values = np.array(caffe_pb2.BlobProto.FromString(blob.SerializeToString()).data)
    if min(shape, default=0) < 0 or math.prod(shape) != values.size:
        raise WeightsError(
            f"{where}: expected {math.prod(shape)} values for shape {shape}, found {values.size}"
        )
    return values.astype(np.float32).reshape(shape)


# ---- what can be wrong with a file ----

# The messages that are whole files: what such a file is called, and what it must hold.
_FILES = {
    "NetParameter": (".caffemodel", ("layer", "layers")),
    "SolverState": (".solverstate", ("iter",)),
    "BlobProto": ("BlobProto file", ("data", "double_data")),
}


def _is_hdf5(path):
    """Tell HDF5 by how it begins; raise a WeightsError if the file is missing or empty."""
    try:
        with open(path, "rb") as file:
            start = file.read(len(_HDF5))
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}") from None
    if not start:
        raise WeightsError(f"{path} is empty; fetch or write it again")
    return start == _HDF5


@contextlib.contextmanager
def _hdf5(path, layout):
    """Open an HDF5 file to read entries that it ought to have."""
    import h5py

    found = []
    try:
        with h5py.File(path, "r") as file:
            found += file
            yield file
    except (MemoryError, OSError, RuntimeError):  # RuntimeError is h5py's for a damaged group
        raise WeightsError(f"{path} is damaged or cut short; fetch or write it again") from None
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        found = ", ".join(f"/{name}" for name in found) or "nothing"
        raise WeightsError(f"{path}: expected HDF5 with {layout}, found {found}") from None


def _read_message(path, name):
    """Read a whole file as the message of that name, with raw blobs."""
    kind, _ = _FILES[name]
    if _is_hdf5(path):
        raise WeightsError(f"{path}: expected a {kind}, found HDF5")
    data = pathlib.Path(path).read_bytes()
    message = _parsed(data, name)
    if message is not None:
        return message
    for other in _FILES:
        if _parsed(data, other) is not None:
            raise WeightsError(f"{path}: expected a {kind}, found a {_FILES[other][0]}")
    if _is_text(data):
        raise WeightsError(f"{path}: expected a {kind}, which is binary, found text, perhaps a prototxt")
    if data[0] in b"\x08\x0a\x12\x2a\x3a\xa2":  # as such files begin
        raise WeightsError(f"{path} is damaged or cut short after {len(data)} bytes; fetch or write it again")
    raise WeightsError(f"{path}: expected a {kind}, found something else that begins with {data[:8]!r}")


def _parsed(data, name):
    """Return a raw message, or None if the bytes are not one."""
    message = _raw(name)()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return None
    held = {field.name for field, _ in message.ListFields()}
    return message if held.intersection(_FILES[name][1]) else None


def _is_text(data):
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False
