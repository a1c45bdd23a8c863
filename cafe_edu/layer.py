"""THE CONTRACT: what every layer promises, and what the house does for it in return.

A layer writes four methods, on blobs, with the mathematics inside:

1. ``setup(bottom)``: once. Read ``self.options``, make parameters with ``add_param``.
2. ``top_shapes(bottom_shapes)``: a pure function of shapes. It runs before every forward.
3. ``forward(bottom, top)``: write ``top[i].data``.
4. ``backward(top, propagate_down, bottom)``: given ``top[i].diff``, **add** to the ``diff`` of each
   parameter and **overwrite** ``bottom[i].diff`` where ``propagate_down[i]`` is true.

and declares the rest: how many bottoms and tops, its options, whether it may run in place. What forward
computed is still in the blobs on the way back, so most layers keep nothing.

Three words that Caffe calls "param": ``spec`` is the layer's whole message in the prototxt, ``options`` the
part for its type, ``params`` the learnable blobs.

References
----------
Caffe: ``include/caffe/layer.hpp``. Lesson: day 8.
"""

import abc
import difflib

import numpy as np

from cafe_edu.blob import Blob
from cafe_edu.engines import plain
from cafe_edu.errors import NetError, ShapeError, SpecError
from cafe_edu.fillers import fill
from cafe_edu.proto import caffe_pb2

REGISTRY = {}


def register(type_name):
    """Class decorator: make a layer class available to every net under ``type_name``.

    Running a notebook cell again replaces the class. A name that belongs to the house is refused.

    Examples
    --------
    >>> @register("ReLU")  # doctest: +NORMALIZE_WHITESPACE
    ... class MyReLU(Layer): ...
    Traceback (most recent call last):
      ...
    cafe_edu.errors.NetError: layer type 'ReLU' is built in;
      to use yours in one net: Net(spec, layers={'ReLU': MyReLU})
    """

    def add(cls):
        import cafe_edu.layers  # noqa: F401 (the house's own are registered first)

        owner = getattr(REGISTRY.get(type_name), "__module__", "")
        if owner.startswith("cafe_edu.layers.") and owner != cls.__module__:
            raise NetError(
                f"layer type {type_name!r} is built in; to use yours in one net: "
                f"Net(spec, layers={{{type_name!r}: {cls.__name__}}})"
            )
        cls.type = type_name
        REGISTRY[type_name] = cls
        return cls

    return add


def layer_class(type_name, extra=None):
    """Return the class for a layer type; ``extra`` (name -> class) is asked first.

    Raises
    ------
    NetError
        For an unknown type, with the nearest known ones.
    """
    import cafe_edu.layers  # noqa: F401 (registers them, the first time)

    known = {**REGISTRY, **(extra or {})}
    if not type_name:
        raise NetError('expected a `type`, such as type: "ReLU", found none')
    if type_name in known:
        return known[type_name]
    names = {name.lower(): name for name in known}  # most mistakes are in the capitals: Relu, LeakyRelu
    asked = type_name.lower()
    near = [names[name] for name in ([asked] if asked in names else difflib.get_close_matches(asked, names, n=2))]
    there_are = f"there are {', '.join(sorted(known))}"
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else there_are
    raise NetError(f"unknown layer type {type_name!r}; {hint}")


class Layer(abc.ABC):
    """Base of all layers. Its classes are final (``DataLayer`` apart): they share by calling functions.

    Parameters
    ----------
    spec : LayerParameter
        What the prototxt says of this layer.
    phase : {"TRAIN", "TEST"}
        Fixed for life: two nets, not one net in two moods.
    rng : numpy.random.Generator, optional
        The one source of chance: fillers and dropout draw from it.
    folder : Path, optional
        Where the prototxt lies, for layers that read files.
    dtype : dtype, default=float32
    xp : module, default=numpy
        numpy or cupy.
    """

    type = None
    stock = True  #: has stock Caffe this type? (False: a variant of Caffe has it, or it is ours)
    options_field = None  #: name of the options message in LayerParameter, such as "pooling_param"
    num_bottom = 1  #: how many bottoms: a number, or (least, most) where most may be None
    num_top = 1  #: how many tops, likewise
    in_place = False  #: may its top be its bottom?
    rereads_top = False  #: does backward read top data? (then no in-place layer may follow)
    shares_data = False  #: is the top the bottom's memory under another name?
    loss_weight = 0  #: weight of top[0] in the loss of the net, unless the prototxt says otherwise
    auto_top = False  #: are tops that the prototxt does not name made all the same?
    no_gradient = ()  #: bottoms that take no gradient, such as labels

    def __init__(self, spec, phase="TRAIN", rng=None, folder=None, dtype=np.float32, xp=np):
        self.spec, self.phase, self.folder = spec, phase, folder
        self.name, self.type = spec.name, spec.type
        self.rng = np.random.default_rng() if rng is None else rng
        self.dtype, self.xp = np.dtype(dtype), xp
        self.engine = plain  # who computes convolution, pooling, ...; a net may choose another
        self.options = getattr(spec, self.options_field) if self.options_field else None
        self.params = []

    # what a layer writes ---------------------------------------------------------------------------

    def setup(self, bottom):  # noqa: B027 (a layer without parameters has nothing to set up)
        """Once: read options, make parameters. ``bottom`` blobs have their first shapes."""

    @abc.abstractmethod
    def top_shapes(self, bottom_shapes):
        """Return the shape of each top. A pure function; raises ``ShapeError``."""

    @abc.abstractmethod
    def forward(self, bottom, top):
        """Write every ``top[i].data``."""

    def backward(self, top, propagate_down, bottom):
        """Add to each parameter's diff; overwrite ``bottom[i].diff`` where ``propagate_down[i]``."""
        raise NetError("this layer has no gradient: nothing behind it can learn")

    # what a layer calls -----------------------------------------------------------------------------

    def required(self, field):
        """Return an option that has no default. protobuf reads an unset number as 0; this refuses both."""
        if not self.options.HasField(field):
            raise SpecError(f"`{field}` is needed in `{self.options_field}` and is not set")
        value = getattr(self.options, field)
        if value == 0:
            raise SpecError(f"expected a `{field}` of 1 or more in `{self.options_field}`, found 0")
        return value

    def not_negative(self, field):
        """Return an option that must be 0 or more."""
        value = getattr(self.options, field)
        if value < 0:
            raise SpecError(f"expected `{field}` of 0 or more in `{self.options_field}`, found {value:g}")
        return value

    def add_param(self, name, shape, filler=None, dtype=None):
        """Make a learnable blob, filled as the ``FillerParameter`` says (zeros if there is none).

        Its type is the layer's, unless ``dtype`` says otherwise (the parameters of 8-bit layers are whole numbers).
        """
        blob = Blob(shape, dtype or self.dtype, f"{self.name}.{name}", self.xp)
        if filler is not None:
            blob.data = self.xp.asarray(fill(shape, filler, self.rng), self.dtype)
        self.params.append(blob)
        return blob

    # what the house does ----------------------------------------------------------------------------

    @classmethod
    def check_counts(cls, bottoms, tops):
        """Raise ``NetError`` unless the numbers of bottoms and tops are what the type declares."""
        for what, found, declared in (("bottom", bottoms, cls.num_bottom), ("top", tops, cls.num_top)):
            least, most = declared if isinstance(declared, tuple) else (declared, declared)
            if found < least or (most is not None and found > most):
                more = " or more" if most is None else f" to {most}" if most > least else ""
                span = f"{least}{more}"
                raise NetError(f"expected {span} {what}{'s' * (span != '1')}, found {found}")

    def reshape(self, bottom, top):
        """Give the tops their shapes (Caffe's Reshape)."""
        shapes = self.top_shapes([blob.shape for blob in bottom])
        is_list = isinstance(shapes, list | tuple) and all(isinstance(s, list | tuple) for s in shapes)
        if not is_list or len(shapes) != len(top):
            raise ShapeError(
                f"expected `top_shapes` to return a list of {len(top)} shapes, one for each top, found {shapes}"
            )
        for blob, shape in zip(top, shapes, strict=True):
            if blob.shape != shape:
                blob.reshape(*shape)

    def __repr__(self):
        return f"{type(self).__name__} {self.name!r}"


def make_spec(type_name, name=None, **options):
    """Return a LayerParameter, its fields given as keywords and its options as a dict.

    Examples
    --------
    >>> make_spec("Pooling", pooling_param={"pool": "AVE", "kernel_size": 2}).pooling_param.kernel_size
    2
    """
    return caffe_pb2.LayerParameter(type=type_name, name=name or type_name.lower(), **options)
