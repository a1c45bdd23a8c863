"""Net: pycaffe's net, around ours."""

import collections
import os
import warnings
import weakref

import numpy as np

from cafe_edu import net as core
from cafe_edu.errors import CafeError, DataError, NetError, ShapeError
from cafe_edu.files import replacing
from cafe_edu.pycaffe import batches, mode
from cafe_edu.pycaffe.errors import NoBlob, NoLayer, NoMemoryData, NoNetFile, NoWeightsFile, WrongArrays
from cafe_edu.pycaffe.layer import handle

PHASES = ("TRAIN", "TEST")  # in the order of their numbers


class Net:
    """A net from a prototxt file: ``Net("deploy.prototxt", caffe.TEST, weights="trained.caffemodel")``.

    ``Net(file, weights, phase)`` is the old form; it is understood, with a warning.

    Parameters
    ----------
    network_file : path
    phase : {caffe.TRAIN, caffe.TEST}
    level : int, default=0
    stages : list of str, optional
    weights : path, optional

    Attributes
    ----------
    blobs : OrderedDict of name -> Blob
        ``net.blobs["data"].data`` is an array to read and to write: ``[...] = x``.
    params : OrderedDict of layer name -> list of Blob
    layers : list of Layer
    layer_dict : OrderedDict of layer name -> Layer
    inputs, outputs : list of str
        Tops of Input layers; tops that nobody reads, in alphabetical order.
    top_names, bottom_names : OrderedDict of layer name -> list of blob names
        With the Split layers that the net put in.
    blob_loss_weights : OrderedDict of blob name -> float

    Examples
    --------
    >>> import tempfile, pathlib, cafe_edu.pycaffe as caffe
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "net.prototxt"
    >>> _ = file.write_text('''
    ...   layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
    ...   layer { name: "y" type: "Power" bottom: "x" top: "y" power_param { power: 2 } }''')
    >>> net = caffe.Net(str(file), caffe.TEST)
    >>> net.blobs["x"].data[...] = [3, 4]
    >>> net.forward()
    {'y': array([[ 9., 16.]], dtype=float32)}
    """

    def __init__(self, network_file, phase=None, level=None, stages=None, weights=None):
        if isinstance(phase, str | os.PathLike):  # the old form: file, weights, phase
            says = "Net(file, weights, phase) is the old form: say Net(file, phase, weights=weights)"
            warnings.warn(says, DeprecationWarning, stacklevel=2)
            phase, level, weights = level, None, phase
        if phase not in (0, 1):
            raise CafeError(f"expected a phase, caffe.TRAIN (0) or caffe.TEST (1), found {phase!r}")
        for file, error in ((network_file, NoNetFile), (weights, NoWeightsFile)):
            if file is not None and not os.path.exists(file):
                raise error(f"no such file: {file}")
        device, rng = mode.device(), mode.rng()
        net = core.Net(network_file, PHASES[phase], level=level or 0, stages=stages or (), device=device, rng=rng)
        self._surround(net)
        if weights is not None:
            self.copy_from(weights)

    @classmethod
    def around(cls, net):
        """Return pycaffe's view of a net that is there already, such as a solver's."""
        made = cls.__new__(cls)
        made._surround(net)
        return made

    def _surround(self, net):
        self._net, steps = net, net.steps
        mode.follow(net)
        self._heard = collections.defaultdict(list)  # ("before", "forward") -> functions to call
        net.forward_step = _listened_to(net, "forward", self._heard)
        net.backward_step = _listened_to(net, "backward", self._heard)
        self._layer_names = [step.layer.name for step in steps]
        self.blobs = collections.OrderedDict(net.blobs)
        self.params = collections.OrderedDict(net.params)
        self.layers = [handle(step.layer) for step in steps]
        self.layer_dict = collections.OrderedDict(zip(self._layer_names, self.layers, strict=True))
        self.inputs, self.outputs = list(net.inputs), list(net.outputs)
        self.top_names = collections.OrderedDict((s.layer.name, [b.name for b in s.top]) for s in steps)
        self.bottom_names = collections.OrderedDict((s.layer.name, [b.name for b in s.bottom]) for s in steps)
        self.blob_loss_weights = collections.OrderedDict.fromkeys(net.blobs, 0.0)
        for step in steps:
            self.blob_loss_weights.update(zip(self.top_names[step.layer.name], step.loss_weights, strict=True))
        self._blob_names, self._blobs = list(self.blobs), list(self.blobs.values())
        self._blob_loss_weights = list(self.blob_loss_weights.values())
        self._inputs = [self._blob_names.index(name) for name in self.inputs]
        self._outputs = [self._blob_names.index(name) for name in self.outputs]
        self._weighed = {}  # blob name -> its shape when its diff was given the loss weight
        self._weigh()

    def _weigh(self):
        """Put loss weights into the diffs, where Caffe keeps them; anew for a new shape only: a user's own stay."""
        for name, weight in self.blob_loss_weights.items():
            blob = self.blobs[name]
            if weight and self._weighed.get(name) != blob.shape:
                blob.diff[...] = weight
                self._weighed[name] = blob.shape

    # running ----------------------------------------------------------------------------------------

    def forward(self, blobs=None, start=None, end=None, **inputs):
        """Run the layers from ``start`` to ``end``, both included.

        Returns
        -------
        dict of name -> array
            The outputs (with ``end``, that layer's tops) and ``blobs``: the blobs' own memory, which the next
            forward writes over.
        """
        first, last = self._position(start, 0), self._position(end, len(self.layers) - 1)
        self._fill(inputs, self.inputs, "data", "inputs")
        self._forward(first, last)
        names = [*(self.outputs if end is None else self.top_names[end]), *(blobs or [])]
        return {name: self._blob(name).data for name in names}

    def backward(self, diffs=None, start=None, end=None, **top_diffs):
        """Run the layers in reverse from ``start`` to ``end``, both included.

        Returns
        -------
        dict of name -> array
            The diffs of the inputs (with ``end``, of that layer's bottoms) and of ``diffs``.
        """
        first, last = self._position(start, len(self.layers) - 1), self._position(end, 0)
        self._fill(top_diffs, self.outputs, "diff", "outputs")
        self._backward(first, last)
        names = [*(self.inputs if end is None else self.bottom_names[end]), *(diffs or [])]
        return {name: self._blob(name).diff for name in names}

    def _forward(self, start, end):
        """Run the layers of these numbers and return the weighted loss."""
        self._check_numbers(start, end)
        self._net.loss = sum(self._net.forward_step(i) for i in range(start, end + 1))
        self._weigh()
        return float(self._net.loss)

    def _backward(self, start, end):
        self._check_numbers(end, start)
        for i in range(start, end - 1, -1):
            self._net.backward_step(i)

    def _check_numbers(self, low, high):
        """Refuse numbers of layers that are not there; from ``low`` above ``high`` nothing runs, and all is well."""
        last = len(self.layers) - 1
        if low <= high and (low < 0 or high > last):
            raise NetError(f"expected numbers of layers from 0 to {last}, found {low} to {high}")

    def _fill(self, arrays, names, what, group):
        """Copy arrays into the blobs of these names, all of them or none."""
        if not arrays:
            return
        if {*arrays} != {*names}:
            raise NetError(f"expected one array for each of the net's {group}, {', '.join(names) or 'none'}; "
                           f"found {', '.join(arrays)}")  # fmt: skip
        for name, values in arrays.items():
            blob = self.blobs[name]
            if np.shape(values)[:1] != blob.shape[:1]:
                raise DataError(
                    f"expected {what} of {blob.shape} for {name!r}, as many items as its batch has, "
                    f"found {np.shape(values)}; to change the batch: net.blobs[{name!r}].reshape(...)"
                )
            try:
                getattr(blob, what)[...] = self._net.xp.asarray(values, blob.dtype)
            except (TypeError, ValueError):
                raise DataError(f"expected {what} of {blob.shape} for {name!r}, found {np.shape(values)}") from None

    def _top_ids(self, i):
        """The numbers, among all blobs, of the i-th layer's tops."""
        return [self._blob_names.index(blob.name) for blob in self._net.steps[i].top]

    def _bottom_ids(self, i):
        """The numbers, among all blobs, of the i-th layer's bottoms."""
        return [self._blob_names.index(blob.name) for blob in self._net.steps[i].bottom]

    def _position(self, name, default):
        try:
            return self._net._position(name, default)
        except NetError as error:
            raise NoLayer(str(error)) from None

    def _blob(self, name):
        if name not in self.blobs:
            raise NoBlob(f"the net has no blob {name!r}; it has {', '.join(self.blobs)}")
        return self.blobs[name]

    forward_all = batches.forward_all
    forward_backward_all = batches.forward_backward_all

    def reshape(self):
        """Give every blob the shape that follows from those of the inputs; compute nothing."""
        self._net.reshape()
        self._weigh()

    def set_input_arrays(self, data, labels):
        """Give a net that begins with MemoryData its items (N, C, H, W) and their labels (N,)."""
        first = self._net.layers[0]
        if first.type != "MemoryData":
            raise NoMemoryData(f"set_input_arrays wants a net that begins with MemoryData, found {first.type}")
        try:
            first.reset(np.asarray(data), np.asarray(labels))
        except ShapeError as error:
            raise WrongArrays(str(error)) from None

    # listening --------------------------------------------------------------------------------------

    def before_forward(self, function):
        """Call ``function`` with the number of each layer before it runs forward; likewise the three below."""
        self._heard["before", "forward"].append(function)

    def after_forward(self, function):
        self._heard["after", "forward"].append(function)

    def before_backward(self, function):
        self._heard["before", "backward"].append(function)

    def after_backward(self, function):
        self._heard["after", "backward"].append(function)

    # weights ----------------------------------------------------------------------------------------

    def clear_param_diffs(self):
        """Set every parameter's diff to zero, at once: a program may hold views of them."""
        self._net.clear_param_diffs()
        for param in self._net.learnable:
            param.blob.diff  # noqa: B018 (who looks finds zeros)

    def copy_from(self, path):
        """Copy parameters from a .caffemodel or .caffemodel.h5, by layer name; as in Caffe, none may fit."""
        self._net.load(path, none_ok=True)

    load_hdf5 = copy_from

    def share_with(self, other):
        """Use the parameters of another net's layers of the same names."""
        self._net.share_with(other._net)

    def save(self, path):
        """Write a .caffemodel, whatever the name ends with."""
        self._write(path, "net.caffemodel")

    def save_hdf5(self, path):
        """Write HDF5, whatever the name ends with."""
        self._write(path, "net.h5")

    def _write(self, path, name):
        with replacing(path) as new:
            aside = new.with_name(name)  # our net chooses the format by the ending
            self._net.save(aside)
            os.replace(aside, new)

    def __repr__(self):
        return repr(self._net)

    def _repr_html_(self):
        return self._net._repr_html_()


def _listened_to(net, direction, heard):
    """Return the net's own ``forward_step`` or ``backward_step``, which calls the listeners before and after."""
    run, net = getattr(type(net), f"{direction}_step"), weakref.ref(net)  # weak: nothing here keeps the net alive

    def step(i):
        for listener in heard["before", direction]:
            listener(i)
        result = run(net(), i)
        for listener in heard["after", direction]:
            listener(i)
        return result

    return step
