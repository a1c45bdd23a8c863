"""Net: layers joined by blobs, run forward for answers and backward for slopes."""

import contextlib
import dataclasses
import difflib
import os
import pathlib

import numpy as np

from cafe_edu import caffemodel, debug_info, engines, prototxt
from cafe_edu.backward_plan import plan_backward
from cafe_edu.blob import Blob
from cafe_edu.device import module_of, to_numpy
from cafe_edu.errors import DataError, NetError, ShapeError, SpecError, WeightsError, noting
from cafe_edu.layer import Layer, layer_class
from cafe_edu.legacy import upgrade_net
from cafe_edu.memory_plan import MemoryPlan, refuse
from cafe_edu.not_a_number import refuse_nan
from cafe_edu.proto import caffe_pb2
from cafe_edu.rules import filter_layers
from cafe_edu.shared_diffs import share_diffs
from cafe_edu.sharing import adopt
from cafe_edu.splits import insert_splits


@dataclasses.dataclass
class Step:
    """One layer in its place: what it reads, what it writes, and what of it runs on the way back."""

    layer: Layer
    bottom: list
    top: list
    loss_weights: list  # one for each top
    propagate_down: list  # one for each bottom: does its diff matter to anyone?
    backward: bool = False  # does this layer run on the way back?
    frozen: list = dataclasses.field(default_factory=list)  # its parameters that get no gradient
    read_on: list = dataclasses.field(default_factory=list)  # one for each top: does a reader overwrite its diff?
    same_diff: list = dataclasses.field(default_factory=list)  # (blob, the blob whose diff it shares)


class Net:
    """A directed graph of layers, from a prototxt.

    Parameters
    ----------
    spec : path, prototxt text or NetParameter
    phase : {"TEST", "TRAIN"}
        Which layers are in and how they behave.
    weights : path, optional
        A .caffemodel whose parameters are copied in, by layer name.
    layers : dict, optional
        Type name -> class, asked before the built-in layers; for your own ``ReLU``.
    level, stages : int, sequence of str
        The rest of Caffe's net state, for ``include`` and ``exclude`` rules: a level wins over that of the
        net's own ``state``, stages are added to its stages.
    rng : int or numpy.random.Generator, optional
        Seed or source of all chance in this net.
    device : {"cpu", "gpu"}
    dtype : dtype, default=float32
    engine : {"auto", "plain", "fast_cpu", "fast_gpu"}
        Who computes convolution, pooling and the like (see ``cafe_edu.engines``). A layer whose options say
        ``engine: CAFFE`` is always computed by ``plain``.
    keep : {"all", "outputs"}
        Which blobs can be looked at afterwards. With "outputs" the blobs between share memory: in a TEST net, which
        then only answers, their data, in a TRAIN net their gradients. A deep net needs a fraction of the memory.
    folder : path, optional
        Where files lie that the layers name; by default where the prototxt lies, if it is a file.

    Attributes
    ----------
    blobs : dict of name -> Blob
    params : dict of layer name -> list of Blob
    layers : list of Layer
    inputs, outputs : list of str
        Tops of Input layers; tops that nobody reads, in alphabetical order.
    learnable : list of Param
        Each parameter once, with its multipliers; what a solver updates.
    loss : float
        Weighted sum of the losses at the last forward.
    debug_info : bool
        Log how large the numbers of each layer are, as `cafe_edu.debug_info` does; at first what the spec says.

    Examples
    --------
    >>> net = Net('''
    ...     name: "tiny"
    ...     layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
    ...     layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
    ...       num_output: 1 weight_filler { type: "constant" value: 1 } } }
    ... ''')
    >>> net.forward(x=[[1, 2, 3], [4, 5, 6]])
    {'y': array([[ 6.],
           [15.]], dtype=float32)}

    References
    ----------
    Caffe: ``src/caffe/net.cpp``. Lessons: days 8, 11, 12.
    """

    def __init__(
        self, spec, phase="TEST", weights=None, *, layers=None, level=None, stages=(), rng=None, device="cpu",
        dtype=np.float32, folder=None, engine="auto", keep="all",
    ):  # fmt: skip
        if phase not in ("TRAIN", "TEST"):
            raise NetError(f"expected phase 'TRAIN' or 'TEST', found {phase!r}")
        if keep not in ("all", "outputs"):
            raise NetError(f"expected keep 'all' or 'outputs', found {keep!r}")
        spec, path = _read(spec)
        self.folder = folder or (path.parent if path else None)
        self.phase, self.name, self.loss, self.debug_info = phase, spec.name, 0.0, spec.debug_info
        self.rng, self.xp, self.dtype = np.random.default_rng(rng), module_of(device), np.dtype(dtype)
        self.blobs, self.params, self.learnable, self.steps = {}, {}, [], []
        if isinstance(stages, str):
            raise NetError(f"expected a list of stages, found text: stages=[{stages!r}]")
        level = spec.state.level if level is None else level
        stages = [*spec.state.stage, *stages]
        with noting(f"in {path}" if path else ""):
            self.spec = insert_splits(filter_layers(spec, phase, level, stages))
        self._build(layers, path)
        self._choose_engine(engine)
        self._plan = MemoryPlan(self) if keep == "outputs" else None
        for layer in self.layers if self._plan and phase == "TEST" else ():
            layer.goes_back = False
        if weights is not None:
            self.load(weights)

    # building ---------------------------------------------------------------------------------------

    def _build(self, extra, path):
        self._written_by = {}  # blob name -> the step that wrote it last
        unread = set()
        for spec in self.spec.layer:
            try:
                self._add(spec, extra)
            except Exception as error:
                if path:
                    error.add_note(f"in {prototxt.place_of_layer(path, spec.name)}")
                raise
            unread = (unread - set(spec.bottom)) | set(spec.top)
        self.outputs = sorted(unread)
        self.inputs = [blob.name for step in self.steps if step.layer.type == "Input" for blob in step.top]
        plan_backward(self.steps, self.learnable, self.spec.force_backward)
        share_diffs(self.steps)

    def _add(self, spec, extra):
        """Make one layer, its tops and its parameters."""
        if not spec.HasField("phase"):  # a layer may insist on a phase of its own
            spec.phase = caffe_pb2.Phase.Value(self.phase)
        cls = self._class_of(spec, extra)
        layer = cls(spec, caffe_pb2.Phase.Name(spec.phase), self.rng, self.folder, self.dtype, self.xp)
        step = Step(layer, [self.blobs[name] for name in spec.bottom], [], [], [])
        with _blaming(step, "set up"):
            refuse_nan(spec)
            if spec.propagate_down and len(spec.propagate_down) != len(spec.bottom):
                raise SpecError("expected one `propagate_down` for each bottom, or none")
            self._make_tops(step)
            layer.check_counts(len(step.bottom), len(step.top))
            layer.setup(step.bottom)
            layer.reshape(step.bottom, step.top)
            self._weigh_losses(step)
            self._adopt_params(layer)
        self.steps.append(step)

    def _choose_engine(self, name):
        """Tell every layer who computes for it."""
        self.engine = engines.engine(name, self.xp, sum(map(_work, self.steps)))
        for layer in self.layers:
            options = layer.options
            own = options is not None and "engine" in options.DESCRIPTOR.fields_by_name
            if not (own and options.engine == options.CAFFE):
                layer.engine = self.engine

    def _class_of(self, spec, extra):
        try:
            return layer_class(spec.type, extra)
        except NetError as error:
            error.add_note(f"in layer {spec.name!r}")
            raise

    def _make_tops(self, step):
        """Make the blobs that a layer writes; in place, take the one it reads."""
        spec, layer = step.layer.spec, step.layer
        names = list(spec.top)
        if layer.auto_top:
            least = layer.num_top[0] if isinstance(layer.num_top, tuple) else layer.num_top
            names += [self._automatic() for _ in range(len(names), least)]
        for i, name in enumerate(names):
            if i < len(spec.bottom) and spec.bottom[i] == name:
                self._check_in_place(layer, name)
                blob = self.blobs[name]
            elif name in self.blobs:
                self._refuse_second_writer(layer, name)
            else:
                blob = self.blobs[name] = Blob((), self.dtype, name, self.xp)
            step.top.append(blob)
            self._written_by[name] = step

    def _automatic(self):
        """Caffe's name for a top that the prototxt does not name; numbered from the second on."""
        number = sum(name.startswith("(automatic") for name in self.blobs)
        return f"(automatic {number + 1})" if number else "(automatic)"

    def _check_in_place(self, layer, name):
        """Refuse to overwrite what a layer before still needs (Caffe's issue #2015: wrong gradients)."""
        if not layer.in_place:
            raise NetError(f"this type cannot run in place: give its top a name other than {name!r}")
        before = self._written_by[name]
        while before.layer.shares_data and len(before.top) == len(before.bottom) == 1:
            before = self._written_by[before.bottom[0].name]  # the same memory under another name
        if before.layer.shares_data:
            others = ", ".join(repr(blob.name) for blob in before.top if blob.name != name)
            raise NetError(f"it cannot run in place on {name!r}, whose memory is also that of {others}")
        copies = layer.type == "Dropout" and layer.phase == "TEST"  # which overwrites nothing
        if before.layer.rereads_top and not copies:
            raise NetError(
                f"it cannot run in place on {name!r}: {before.layer.name!r} ({before.layer.type}) needs "
                f"those numbers for its gradient; give the top another name"
            )
        if any(blob.name == name and weight for blob, weight in zip(before.top, before.loss_weights, strict=True)):
            raise NetError(
                f"it cannot run in place on {name!r}, which is a part of the loss; give the top another name"
            )

    def _refuse_second_writer(self, layer, name):
        first = self._written_by[name].layer
        hint = "to run in place, name it as the bottom at the same position"
        if any(bottom.startswith(f"{name}_{first.name}_") for bottom in layer.spec.bottom):
            hint = f"it cannot run in place here, because other layers read {name!r} too"
        raise NetError(f"blob {name!r} is made by {first.name!r} ({first.type}) already; {hint}")

    def _weigh_losses(self, step):
        given, tops = list(step.layer.spec.loss_weight), len(step.top)
        if given and len(given) != tops:
            raise SpecError(f"expected no `loss_weight` or one for each of {tops} tops, found {len(given)}")
        step.loss_weights = given or [step.layer.loss_weight] + [0] * (tops - 1) if tops else []

    def _adopt_params(self, layer):
        if layer.params and layer.name in self.params:
            raise NetError("another layer has this name: their parameters could not be told apart in a file")
        if layer.params:
            self.params[layer.name] = layer.params
        self.learnable += adopt(layer, self.learnable)

    # running ----------------------------------------------------------------------------------------

    def forward(self, *, start=None, end=None, **inputs):
        """Run the layers in order.

        Parameters
        ----------
        start, end : str, optional
            Names of the first and the last layer to run; all, if not given. What lies before ``start`` is
            taken as the blobs hold it.
        **inputs : array
            One for each input that changes; its shape becomes the blob's.

        Returns
        -------
        dict of name -> numpy array
            The outputs of the net or, with ``end``, the tops of that layer. Copies: yours to keep.
        """
        first, last = self._position(start, 0), self._position(end, len(self.steps) - 1)
        for name, values in inputs.items():
            if name not in self.inputs:
                known = ", ".join(self.inputs) or "none"
                raise NetError(f"net {self.name!r} has no input {name!r}; it has {known}")
            values = self._numbers(name, values)
            self.blobs[name].reshape(*values.shape)
            self.blobs[name].data = values
        if self._plan:
            self.reshape()
            self._plan.make()
        self.loss = 0.0
        for i in range(first, last + 1):
            self.loss += self.forward_step(i)
        names = self.outputs if end is None else [blob.name for blob in self.steps[last].top]
        return {name: to_numpy(self.blobs[name].data).copy() for name in names}

    def _numbers(self, name, values):
        try:
            return self.xp.asarray(values, self.dtype)
        except (TypeError, ValueError) as error:
            found = f"a {type(values).__name__}: {error}"
            raise DataError(f"expected an array of numbers for {name!r}, found {found}") from None

    def forward_step(self, i):
        """Run the i-th layer and return its part of the loss."""
        step, plan = self.steps[i], self._plan if self.phase == "TEST" else None
        with _blaming(step, "forward"):
            if plan:
                plan.before(i)
            step.layer.reshape(step.bottom, step.top)
            for blob, owner in step.same_diff:
                blob.share_diff(owner)
            step.layer.forward(step.bottom, step.top)
        if self.debug_info:
            debug_info.forward(step)
        weighed = zip(step.top, step.loss_weights, strict=True)
        loss = sum(weight * float(blob.data.sum()) for blob, weight in weighed if weight)
        if plan:
            plan.after(i)
        return loss

    def backward(self, *, start=None, end=None, **diffs):
        """Run the layers in reverse: parameter diffs are added to, blob diffs overwritten.

        It starts from the loss weights. An output that is no loss starts from what its ``diff`` holds. The
        gradient of a parameter with an ``lr_mult`` of 0 is 0, unless the net has ``force_backward``.

        Parameters
        ----------
        start, end : str, optional
            Names of the first and the last layer to run, ``start`` being the one nearer to the loss.
        **diffs : array
            Gradients to start from, by blob; they win over the loss weights.
        """
        if self._plan and self.phase == "TEST":
            refuse("no way back")
        first, last = self._position(start, len(self.steps) - 1), self._position(end, 0)
        for step in self.steps[last : first + 1]:
            for blob, weight, read_on in zip(step.top, step.loss_weights, step.read_on, strict=True):
                if weight:
                    blob.diff[...] = 0 if read_on else weight  # there, its reader's gradient comes first
        for name, values in diffs.items():
            if name not in self.blobs:
                raise NetError(f"net {self.name!r} has no blob {name!r}{near(name, self.blobs)}")
            self.blobs[name].diff = self._numbers(name, values)
        for i in range(first, last - 1, -1):
            step = self.steps[i]
            for blob, weight, read_on in zip(step.top, step.loss_weights, step.read_on, strict=True):
                if weight and read_on and blob.name not in diffs:
                    blob.diff[...] += weight
            self.backward_step(i)
        if self.debug_info and last == 0:
            debug_info.whole(self.learnable)

    def reshape(self):
        """Give every blob the shape that follows from those of the inputs; compute nothing."""
        for step in self.steps:
            with _blaming(step, "reshape"):
                step.layer.reshape(step.bottom, step.top)

    def backward_step(self, i):
        """Run the i-th layer on the way back, if anything there learns."""
        step = self.steps[i]
        if step.backward:
            if self._plan:
                self._plan.before(i)
            with _blaming(step, "backward"):
                step.layer.backward(step.top, step.propagate_down, step.bottom)
            for blob in step.frozen:
                blob.diff[...] = 0
            if self.debug_info:
                debug_info.backward(step)
            if self._plan:
                self._plan.after(i)

    def _position(self, name, default):
        """Where the layer of that name stands."""
        if name is None:
            return default
        names = [layer.name for layer in self.layers]
        if name not in names:
            raise NetError(f"net {self.name!r} has no layer {name!r}{near(name, names)}")
        return names.index(name)

    def clear_param_diffs(self):
        """Set every parameter's diff to zero, as before each iteration of a solver."""
        for param in self.learnable:
            param.blob.forget_diff()

    # weights ----------------------------------------------------------------------------------------

    @property
    def layers(self):
        return [step.layer for step in self.steps]

    def load(self, path, none_ok=False):
        """Copy parameters from a .caffemodel (or .caffemodel.h5), by layer name.

        Layers that the file does not name keep their values; layers that only the file has are ignored. A file
        of another net altogether is refused unless ``none_ok``.

        Raises
        ------
        WeightsError
            If the file is damaged, or a parameter's shape is not the net's; then nothing is copied.
        """
        stored, found = caffemodel.read_weights(path), []
        for name, blobs in self.params.items():
            if name not in stored:
                continue
            with noting(f"in {path}"):
                found += self._fit(name, blobs, stored[name])
        if not found and self.params and not none_ok:
            raise WeightsError(
                f"{path} has no layer of this net: it has {', '.join(stored) or 'none'}; "
                f"the net has {', '.join(self.params)}"
            )
        for blob, values in found:
            blob.data = self.xp.asarray(values, self.dtype)

    def _fit(self, name, blobs, arrays):
        """Pair the layer's blobs with the stored arrays, in the blobs' shapes."""
        owned = {id(param.blob) for param in self.learnable}
        arrays = arrays + [None] * (len(blobs) - len(arrays))
        missing = any(array is None and id(blob) in owned for blob, array in zip(blobs, arrays, strict=False))
        if missing or len(arrays) > len(blobs):
            found = sum(array is not None for array in arrays)
            raise WeightsError(f"layer {name!r}: expected {len(blobs)} parameters, found {found}")
        pairs = []
        for i, (blob, array) in enumerate(zip(blobs, arrays, strict=True)):
            if array is None:  # HDF5 keeps a shared parameter with its owner only
                continue
            old = (1,) * (4 - len(blob.shape)) + blob.shape  # files of before 2015 wrote four axes always
            if array.shape not in (blob.shape, old):
                raise WeightsError(
                    f"layer {name!r}, parameter {i}: expected shape {blob.shape}, found {array.shape}; "
                    f"to leave this layer as it is, give it a name that the file does not have"
                )
            pairs.append((blob, array.reshape(blob.shape)))
        return pairs

    def save(self, path, diffs=False):
        """Write the parameters, and their gradients if ``diffs``, whole or not at all.

        A .caffemodel, or HDF5 if the name ends in .h5.
        """
        weights = {name: [to_numpy(blob.data) for blob in blobs] for name, blobs in self.params.items()}
        slopes = (
            {name: [to_numpy(blob.diff) for blob in blobs] for name, blobs in self.params.items()} if diffs else None
        )
        caffemodel.write_weights(path, self.spec, weights, slopes)

    def share_with(self, other):
        """Use the parameters of another net's layers of the same names (a TEST net beside its TRAIN net)."""
        for name, blobs in self.params.items():
            owners = other.params.get(name, blobs)
            mine, theirs = [blob.shape for blob in blobs], [blob.shape for blob in owners]
            if mine != theirs:
                raise ShapeError(f"layer {name!r} cannot share: its parameters are {mine}, the other's {theirs}")
            for blob, owner in zip(blobs, owners, strict=True):
                blob.share(owner)

    # looking ----------------------------------------------------------------------------------------

    def profile(self, iterations=10):
        """Run forward and back ``iterations`` times and return what each layer costs: a table that prints and draws.

        See `cafe_edu.profiling.profile`, of which this is the short way; ``net.profile().draw()`` is its picture.
        """
        from cafe_edu.profiling import profile

        return profile(self, iterations)

    def __repr__(self):
        from cafe_edu.summary import net_text

        return net_text(self)

    def _repr_html_(self):
        from cafe_edu.summary import net_html

        return net_html(self)


def _read(spec):
    """Return (NetParameter as written today, path of the file or None)."""
    if isinstance(spec, caffe_pb2.NetParameter):
        return upgrade_net(spec), None
    if isinstance(spec, str) and ("{" in spec or "\n" in spec):
        return upgrade_net(prototxt.parse_net(spec)), None
    if not isinstance(spec, str | os.PathLike):
        raise SpecError(f"expected a path, prototxt text or a NetParameter, found a {type(spec).__name__}")
    path = pathlib.Path(spec)
    spec = prototxt.read_net(path)
    with noting(f"in {path}"):
        return upgrade_net(spec), path


def _work(step):
    """Multiply-adds of a convolution or inner product, about; 0 for other layers, which have little to do."""
    layer = step.layer
    if layer.type not in ("Convolution", "Deconvolution", "InnerProduct"):
        return 0
    weight, side = layer.params[0], step.bottom if layer.type == "Deconvolution" else step.top
    outputs = layer.options.num_output if layer.type == "InnerProduct" else weight.shape[0]
    return sum(blob.count for blob in side) * weight.count // max(1, outputs)


def near(name, names):
    """Say which of the names was perhaps meant, or which there are: the end of an error message."""
    close = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(names)}"


@contextlib.contextmanager
def _blaming(step, doing):
    """Add to any error which layer it came from, and the shapes it had before it."""
    try:
        yield
    except Exception as error:
        shapes = ", ".join(f"{blob.name} {blob.shape}" for blob in step.bottom)
        reading = f", reading {shapes}" if shapes else ""
        where = f"in layer {step.layer.name!r} ({step.layer.type}), {doing}{reading}"
        if isinstance(error, MemoryError):
            error = NetError(f"there is not enough memory for this net: {str(error)[:1].lower()}{str(error)[1:]}")
            error.add_note(where)
            raise error from None
        error.add_note(where)
        raise
