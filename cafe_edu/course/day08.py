"""Day 8's exercises: Blob, Layer, Net."""

import math

import numpy as np

import cafe_edu
from cafe_edu.course.kinds import Code, Experiment, Explain, Hunt, Mistake, Predict, Requirement
from cafe_edu.course.layer_cases import layer_cases
from cafe_edu.data import datasets
from cafe_edu.errors import NetError
from cafe_edu.layers.scale import Scale

# 08.1 ------------------------------------------------------------------------------------------------

COLOUR = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 10 dim: 3 dim: 32 dim: 32 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 16 kernel_size: 5 pad: 2 } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "ip1" type: "InnerProduct" bottom: "pool1" top: "ip1" inner_product_param { num_output: 10 } }
"""
DATA, CONV, POOL, IP = 30_720, 163_840, 40_960, 100  # numbers in each blob
WEIGHTS, BIASES = 16 * 75 + 10 * 4_096, 16 + 10


def count_memory():
    """Bytes of data, counted on the house's net."""
    net = cafe_edu.Net(COLOUR)
    return {
        "blobs": sum(blob.data.nbytes for blob in net.blobs.values()),
        "caffe": sum(blob.data.nbytes for step in net.steps for blob in step.top),
        "parameters": sum(blob.data.nbytes for blobs in net.params.values() for blob in blobs),
    }


def memory_by_hand():
    """Bytes of data, as one counts them on paper."""
    data, conv1, pool1, ip1 = 10 * 3 * 32 * 32, 10 * 16 * 32 * 32, 10 * 16 * 16 * 16, 10 * 10
    return {
        "blobs": 4 * (data + conv1 + pool1 + ip1),
        "caffe": 4 * (data + conv1 + conv1 + pool1 + ip1),  # relu1's top is counted too
        "parameters": 4 * (16 * (3 * 5 * 5) + 16 + 10 * (16 * 16 * 16) + 10),
    }


def _memory(data=DATA, conv=CONV, pool=POOL, ip=IP, parameters=WEIGHTS + BIASES, bytes_each=4, again=1):
    """What one would predict with these counts."""
    return {
        "blobs": bytes_each * (data + conv + pool + ip),
        "caffe": bytes_each * (data + (1 + again) * conv + pool + ip),
        "parameters": bytes_each * parameters,
    }


MEMORY = Predict(
    number="08.1",
    title="What does this net hold in memory?",
    name="memory",
    points=2,
    truth=count_memory,
    what_ran="built the net and added up its arrays",
    solution=memory_by_hand,
    hints=(
        "Write the shape of every blob first, with all its axes, then multiply. How many bytes has one number?",
        "Pad 2 on both sides makes up for a 5 x 5 filter: conv1 is as high and wide as data. And what does relu1 "
        "add, if it works in place: to the blobs, and to Caffe's sum over the tops of all layers?",
        "blobs: 4 x (10x3x32x32 + 10x16x32x32 + 10x16x16x16 + 10x10). caffe: the same, with conv1 twice. Parameters "
        "know nothing of the batch: 16 filters of 3x5x5 with 16 biases, and 10 rows of 16x16x16 with 10 biases.",
    ),
    mistakes=(
        Mistake(
            name="counted numbers, not bytes",
            message="The counts are right. One number of float32 takes more than one byte.",
            answer=_memory(bytes_each=1),
        ),
        Mistake(
            name="data and diff",
            message="This is what data and diff hold together; the question is about data only.",
            answer=_memory(bytes_each=8),
        ),
        Mistake(
            name="forgot the batch",
            message="This is one picture's way through the net. How many are there?",
            answer=_memory(DATA // 10, CONV // 10, POOL // 10, IP // 10),
        ),
        Mistake(
            name="every blob once for Caffe too",
            message="`caffe` equals your `blobs`. Caffe adds up the tops of every layer, one after the other: which "
            "blob is the top of two layers?",
            answer=_memory(again=0),
        ),
        Mistake(
            name="a blob of its own for relu1",
            message="A layer that works in place makes no new blob: relu1 writes into conv1. (Whose sum counts it all "
            "the same?)",
            answer={**_memory(), "blobs": _memory()["caffe"]},
        ),
        Mistake(
            name="parameters in Caffe's sum",
            message="Caffe's line is about the tops of the layers only; it leaves the parameters out.",
            answer={**_memory(), "caffe": _memory()["caffe"] + _memory()["parameters"]},
        ),
        Mistake(
            name="the picture shrinks",
            message="Without padding a 5 x 5 filter fits into 32 pixels at 28 places. Here there is padding.",
            answer=_memory(conv=CONV * 28**2 // 32**2, pool=POOL * 14**2 // 16**2, parameters=16 * 76 + 10 * 3_137),
        ),
        Mistake(
            name="forgot the biases",
            message="Every filter, and every output of an inner product, also learns one number that is added.",
            answer=_memory(parameters=WEIGHTS),
        ),
        Mistake(
            name="parameters for each picture",
            message="All pictures of a batch meet the same parameters: they do not grow with the batch.",
            answer=_memory(parameters=10 * (WEIGHTS + BIASES)),
        ),
        Mistake(
            name="filters that see one colour",
            message="A filter reaches through all channels of its bottom. How many has a colour picture?",
            answer=_memory(parameters=16 * 26 + 10 * 4_097),
        ),
        Mistake(
            name="ip1 reads conv1",
            message="What does ip1 read, according to the table, and how many numbers of one picture are left there?",
            answer=_memory(parameters=16 * 76 + 10 * 16_385),
        ),
    ),
)

# 08.2 ------------------------------------------------------------------------------------------------


class Blob:
    """Numbers, and beside them the slope of the loss along each one."""

    def __init__(self, *shape):
        self.memory = np.zeros((2, 0), np.float32)  # row 0: data, row 1: diff
        self.reshape(*shape)

    data = property(lambda self: self.memory[0, : self.count].reshape(self.shape))
    diff = property(lambda self: self.memory[1, : self.count].reshape(self.shape))

    def reshape(self, *shape):
        self.shape, self.count = shape, math.prod(shape)
        if self.count > self.memory.shape[1]:
            self.memory = np.zeros((2, self.count), np.float32)

    def update(self):
        self.data[...] -= self.diff

    def share(self, owner):
        if owner.count != self.count:
            raise ValueError(f"expected {self.count} numbers to share, found {owner.count}")
        self.memory = owner.memory


class _AlwaysNew(Blob):
    def reshape(self, *shape):
        self.shape, self.count = shape, math.prod(shape)
        self.memory = np.zeros((2, self.count), np.float32)


class _OnlyTheShape(Blob):
    def reshape(self, *shape):
        self.shape, self.count = shape, math.prod(shape)
        if not self.memory.size:
            self.memory = np.zeros((2, self.count), np.float32)


class _NewIfAsLarge(Blob):
    def reshape(self, *shape):
        self.shape, self.count = shape, math.prod(shape)
        if self.count >= self.memory.shape[1]:
            self.memory = np.zeros((2, self.count), np.float32)


class _GrowsAndKeeps(Blob):
    def reshape(self, *shape):
        self.shape, self.count = shape, math.prod(shape)
        if self.count > self.memory.shape[1]:
            self.memory = np.pad(self.memory, ((0, 0), (0, self.count - self.memory.shape[1])))


class _Doubles(Blob):
    def reshape(self, *shape):
        self.shape, self.count = shape, math.prod(shape)
        if self.count > self.memory.shape[1]:
            self.memory = np.zeros((2, self.count))


class _Assigns(Blob):
    def update(self):
        self.data = self.data - self.diff


class _ChangesACopy(Blob):
    def update(self):
        data = self.data
        data = data - self.diff


class _Uphill(Blob):
    def update(self):
        self.data[...] += self.diff


class _ClearsDiff(Blob):
    def update(self):
        self.data[...] -= self.diff
        self.diff[...] = 0


class _CopiesOnce(Blob):
    def share(self, owner):
        if owner.count != self.count:
            raise ValueError(f"expected {self.count} numbers to share, found {owner.count}")
        self.memory = owner.memory.copy()


class _TakesTheShape(Blob):
    def share(self, owner):
        if owner.count != self.count:
            raise ValueError(f"expected {self.count} numbers to share, found {owner.count}")
        self.memory, self.shape = owner.memory, owner.shape


class _SharesAnything(Blob):
    def share(self, owner):
        self.memory = owner.memory


class _WantsTheSameShape(Blob):
    def share(self, owner):
        if owner.shape != self.shape:
            raise ValueError(f"expected {self.count} numbers to share, found {owner.count}")
        self.memory = owner.memory


class _RefusesWithoutAReason(Blob):
    def share(self, owner):
        if owner.count != self.count:
            raise ValueError
        self.memory = owner.memory


def _filled(cls, *shape):
    blob = cls(*shape)
    blob.data[...] = np.arange(blob.count).reshape(shape)
    blob.diff[...] = 0.25
    return blob


def _update(cls):
    blob = _filled(cls, 3)
    blob.update()
    return {"data": blob.data, "diff": blob.diff}


def _smaller(cls):
    blob = _filled(cls, 2, 3)
    before = blob.memory
    blob.reshape(4)
    return {"shape": blob.shape, "data": blob.data, "the same memory": np.shares_memory(before, blob.memory)}


def _smaller_and_back(cls):
    blob = _filled(cls, 2, 3)
    before = blob.memory
    blob.reshape(1, 2)
    blob.reshape(3, 2)
    return {"shape": blob.shape, "data": blob.data, "the same memory": np.shares_memory(before, blob.memory)}


def _larger(cls):
    blob = _filled(cls, 2)
    blob.reshape(2, 2)
    return {"shape": blob.shape, "data": blob.data, "diff": blob.diff, "bytes of one number": blob.data.itemsize}


def _share(cls):
    owner, other = _filled(cls, 2, 2), cls(4)
    other.share(owner)
    other.data[0] = 7
    owner.diff[...] += 1
    other.diff[...] += 1
    return {"owner's data": owner.data, "other's data": other.data, "other's diff": other.diff}


def _share_more(cls):
    found = {"refused with a ValueError": False, "it says both counts": False}
    try:
        cls(12).share(cls(35))
    except ValueError as error:
        found = {"refused with a ValueError": True, "it says both counts": "12" in str(error) and "35" in str(error)}
    return found


BLOB = Code(
    number="08.2",
    title="A blob that can share",
    name="Blob",
    points=3,
    solution=Blob,
    house=(cafe_edu.Blob,),
    cases={
        "update of three numbers": _update,
        "reshape to fewer numbers": _smaller,
        "reshape to fewer numbers and back": _smaller_and_back,
        "reshape to more numbers": _larger,
        "two blobs that share": _share,
        "sharing with a blob of another count": _share_more,
    },
    hints=(
        "`reshape` has to set `self.shape` and `self.count` always, and `self.memory` sometimes. How many numbers fit "
        "into `self.memory`?",
        "`self.memory.shape[1]` numbers fit. `update` must write into the memory (`self.data[...] -= ...`), because "
        "`data` cannot be assigned to here. Sharing is one assignment, after one question.",
        "If `math.prod(shape) > self.memory.shape[1]`: new zeros of shape (2, count). share: if the counts differ, "
        "raise ValueError; otherwise `self.memory = owner.memory`, and nothing is copied.",
    ),
    mistakes=(
        Mistake(
            name="new memory every time",
            message="A net whose batches alternate between two sizes would ask for memory at every step, and what a "
            "blob held would be gone.",
            answer=_AlwaysNew,
        ),
        Mistake(
            name="never any new memory",
            message="The memory that was there at first is not enough for more numbers.",
            answer=_OnlyTheShape,
        ),
        Mistake(
            name="new memory for as many numbers",
            message="As many numbers as before fit into the memory that was there before.",
            answer=_NewIfAsLarge,
        ),
        Mistake(
            name="old numbers in new memory",
            message="Harmless, and not what was asked: where the memory is too small, begin anew, with zeros.",
            answer=_GrowsAndKeeps,
        ),
        Mistake(
            name="numbers twice as large",
            message="`np.zeros` makes float64 unless it is told otherwise: 8 bytes for a number that wants 4.",
            answer=_Doubles,
        ),
        Mistake(
            name="assigned to `data`",
            message="In the lesson `data` had a second function, for assigning. Here it can only be read: write into "
            "the array that it gives you.",
            answer=_Assigns,
        ),
        Mistake(
            name="a new array, and the blob as it was",
            message="After `update` the blob holds what it held before. `a = a - b` makes a new array; what writes "
            "into the old one?",
            answer=_ChangesACopy,
        ),
        Mistake(name="uphill", message="The slope points to where the loss grows. Which way is down?", answer=_Uphill),
        Mistake(
            name="update forgets the slopes",
            message="Whether slopes are forgotten is for the one who trains to decide; `update` is asked to leave "
            "them as they are.",
            answer=_ClearsDiff,
        ),
        Mistake(
            name="copied instead of shared",
            message="After a copy the two go separate ways: what one writes, the other does not see.",
            answer=_CopiesOnce,
        ),
        Mistake(
            name="takes the owner's shape",
            message="The numbers are shared, not the way they are laid out: a blob of shape (4,) stays one.",
            answer=_TakesTheShape,
        ),
        Mistake(
            name="wants the same shape",
            message="Only the counts must be equal. (2, 2) and (4,) are both four numbers.",
            answer=_WantsTheSameShape,
        ),
        Mistake(
            name="refuses without a reason",
            message="A ValueError, and rightly so; but whoever reads it wants to know both counts.",
            answer=_RefusesWithoutAReason,
        ),
        Mistake(
            name="shares with anybody",
            message="Two numbers cannot be three numbers: this must be refused, before anything is changed.",
            answer=_SharesAnything,
        ),
    ),
)

# 08.3 ------------------------------------------------------------------------------------------------


def why_they_differ():
    """b: slopes of a parameter add up until a step is taken; a bottom's belong to one batch."""
    return "b"


WHY = Explain(
    number="08.3",
    title="Who adds, who overwrites, and why?",
    name="answer_08_3",
    points=1,
    options="abcde",
    right="b",
    solution=why_they_differ,
    hints=(
        "Think of two batches that go through the net before one step is taken (`iter_size: 2`).",
        "Think of a weight that two layers share. Each layer's backward runs by itself: what must be in the diff in "
        "the end?",
        "The loss depends on a shared weight in two ways, and the slope of a sum is the sum of the slopes. Which "
        "answer says so?",
    ),
    mistakes=(
        Mistake(
            name="update mixed up with backward",
            message="`update` subtracts the diff from the data, once, and would do so however the diff was written.",
            answer="a",
        ),
        Mistake(
            name="only a matter of speed",
            message="Try it: overwrite a shared weight's diff, and the slopes of its first use are gone.",
            answer="c",
        ),
        Mistake(
            name="only a matter of rounding",
            message="Overwriting loses whole slopes, not last digits: with two batches before a step, the first would "
            "count for nothing.",
            answer="d",
        ),
        Mistake(
            name="in place mixed up with adding",
            message="In place or not, a bottom's diff must not remember the batch before. Parameters are never in "
            "place, so this does not explain why they differ.",
            answer="e",
        ),
    ),
)

# 08.4 ------------------------------------------------------------------------------------------------


def where_it_refuses():
    """The net, while it is built, looks who wrote the blob before: `Net._check_in_place`."""
    return "cafe_edu/net.py:Net._check_in_place"


PLACE = Hunt(
    number="08.4",
    title="Where does the house refuse?",
    name="place",
    points=2,
    place="cafe_edu/net.py:Net._check_in_place",
    solution=where_it_refuses,
    hints=(
        "A layer knows its own blobs only. Who knows which layer wrote a blob before?",
        "It happens while the net is built, when the tops of a layer are made. Read `Net._make_tops`.",
        "`_make_tops` asks one method where a top has the name of a bottom. That method raises the error you saw.",
    ),
    mistakes=(
        Mistake(
            name="the one that refuses a second writer",
            message="Close by, but that one is about a blob that two layers write without reading it.",
            answer="cafe_edu/net.py:Net._refuse_second_writer",
        ),
        Mistake(
            name="the one that counts bottoms and tops",
            message="It asks how many blobs there are, not whose memory they are.",
            answer="cafe_edu/layer.py:Layer.check_counts",
        ),
        Mistake(
            name="who calls it",
            message="Here the tops are made, and the one you look for is called. It refuses nothing by itself.",
            answer="cafe_edu/net.py:Net._make_tops",
        ),
        Mistake(
            name="the layer that would be harmed",
            message="Sigmoid declares that it reads its output again. It cannot know who comes after it.",
            answer="cafe_edu/layers/sigmoid.py",
        ),
        Mistake(
            name="the layer that is refused",
            message="Power may run in place, and says so. Whether it may do so *here* is not its business.",
            answer="cafe_edu/layers/power.py",
        ),
        Mistake(
            name="the error itself",
            message="This is what is raised. Who raises it?",
            answer="cafe_edu/errors.py",
        ),
        Mistake(
            name="the blob",
            message="A blob does not know who writes and who reads it.",
            answer="cafe_edu/blob.py",
        ),
    ),
)

# 08.5 ------------------------------------------------------------------------------------------------


class MyScale(cafe_edu.Layer):
    """y = a x, with one a for each channel."""

    def setup(self, bottom):
        self.a = self.add_param("a", (bottom[0].shape[1],))
        self.a.data[...] = 1

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        x = bottom[0].data
        a = self.a.data.reshape(-1, *[1] * (x.ndim - 2))  # (C, 1, 1): stretched over the pictures
        top[0].data = a * x

    def backward(self, top, propagate_down, bottom):
        x, dy = bottom[0].data, top[0].diff
        all_but_channels = (0, *range(2, x.ndim))
        self.a.diff += (dy * x).sum(axis=all_but_channels)
        if propagate_down[0]:
            a = self.a.data.reshape(-1, *[1] * (x.ndim - 2))
            bottom[0].diff = a * dy


def _wrong(da=None, dx=None, begin=1):
    """Return a MyScale with one thing changed: how da is written, what dx is, how a begins."""

    class Wrong(MyScale):
        def setup(self, bottom):
            super().setup(bottom)
            self.a.data[...] = begin

        def backward(self, top, propagate_down, bottom):
            x, dy = bottom[0].data, top[0].diff
            a, axes = self.a.data.reshape(-1, *[1] * (x.ndim - 2)), (0, *range(2, x.ndim))
            if da is None:
                self.a.diff += (dy * x).sum(axis=axes)
            else:
                da(self.a, x, dy, axes)
            if propagate_down[0]:
                if dx is None:
                    bottom[0].diff = a * dy
                else:
                    dx(bottom[0], a, dy)

    return Wrong


def _overwritten(a, x, dy, axes):
    a.diff[...] = (dy * x).sum(axis=axes)


def _mean(a, x, dy, axes):
    a.diff[...] += (dy * x).mean(axis=axes)


def _without_dy(a, x, dy, axes):
    a.diff[...] += x.sum(axis=axes)


def _without_x(a, x, dy, axes):
    a.diff[...] += dy.sum(axis=axes)


def _dx_without_a(bottom, a, dy):
    bottom.diff[...] = dy


def _dx_added(bottom, a, dy):
    bottom.diff[...] += a * dy


def _one_for_all(a, x, dy, axes):
    a.diff[...] += (dy * x).sum()


def _with_a(a, x, dy, axes):
    a.diff[...] += a.data * (dy * x).sum(axis=axes)


def _over_items_only(a, x, dy, axes):
    a.diff[...] += (dy * x).sum(axis=0)


def _of_pictures(a, x, dy, axes):
    a.diff[...] += (dy * x).sum(axis=(0, 2, 3))


def _dx_without_dy(bottom, a, dy):
    bottom.diff[...] = a


def _dx_divided(bottom, a, dy):
    bottom.diff[...] = dy / a


class _Adds(MyScale):
    def forward(self, bottom, top):
        x = bottom[0].data
        top[0].data = x + self.a.data.reshape(-1, *[1] * (x.ndim - 2))


class _Returns(MyScale):
    def forward(self, bottom, top):
        x = bottom[0].data
        return self.a.data.reshape(-1, *[1] * (x.ndim - 2)) * x


class _LastAxis(MyScale):
    def forward(self, bottom, top):
        top[0].data = self.a.data * bottom[0].data


class _Unasked(MyScale):
    def backward(self, top, propagate_down, bottom):
        super().backward(top, [True], bottom)


def _begins(cls):
    """What the parameter is before anything was learned."""
    from cafe_edu.testing.trial import make_layer

    return make_layer(cls, np.ones((1, 2, 2))).layer.params[0].data


def _unwanted(cls):
    """What a layer leaves in the bottom's diff that nobody wants, and adds to its parameter's."""
    from cafe_edu.testing.trial import make_layer

    trial = make_layer(cls, np.array([[1.0, 2.0]]))
    trial.bottom[0].diff = np.array([[7.0, 7.0]])
    trial.forward()
    trial.backward(np.array([[3.0, 4.0]]), propagate_down=False)
    return {"bottom 0 diff": trial.bottom[0].diff, "parameter 0 diff": trial.layer.params[0].diff}


def _pictures(rng):
    return {
        **layer_cases({"one item of two channels": ("", (np.array([[1.0, -2.0]]),))}, type="Scale"),
        "how a begins": _begins,
        "the bottom's slope is not wanted": _unwanted,
        **layer_cases(
            {
                "three items of two channels": ("", (rng.normal(size=(3, 2)),)),
                "two items, three channels of three places": ("", (rng.normal(size=(2, 3, 3)),)),
                "two pictures of three channels": ("", (rng.normal(size=(2, 3, 4, 5)),)),
            },
            type="Scale",
        ),
    }


SCALE = Code(
    number="08.5",
    title="A layer with a parameter",
    name="MyScale",
    points=4,
    solution=MyScale,
    plugs="Scale",
    house=(Scale,),
    cases=_pictures,
    hints=(
        "a has as many numbers as there are channels: `bottom[0].shape[1]`. To multiply it with pictures, give it the "
        "shape (C, 1, 1) and numpy stretches it.",
        "One a[c] touches every number of channel c, in every item and at every place. So da[c] is a sum over all "
        "axes but the channels': of what?",
        "`self.a.diff += (dy * x).sum(axis=(0, 2, 3))` for pictures; for any number of axes, "
        "`(0, *range(2, x.ndim))`. And `bottom[0].diff = a * dy`, where it is wanted.",
    ),
    mistakes=(
        Mistake(
            name="overwrote the parameter's slope",
            message="The slopes that were in the diff of `a` before are lost. A parameter's diff is added to.",
            answer=_wrong(da=_overwritten),
        ),
        Mistake(
            name="mean instead of sum",
            message="Each number that `a` touches adds its part to the loss; parts are added up, and whatever divides "
            "them (the loss by N) has done so already.",
            answer=_wrong(da=_mean),
        ),
        Mistake(
            name="parameter's slope ignores what comes from above",
            message="`da` does not contain `top[0].diff`: it would be the same if the loss were a thousand times "
            "as steep.",
            answer=_wrong(da=_without_dy),
        ),
        Mistake(
            name="parameter's slope ignores the input",
            message="How much y changes with a depends on the x that a multiplies. (This is the slope of a bias.)",
            answer=_wrong(da=_without_x),
        ),
        Mistake(
            name="slope handed down without a",
            message="If x grows by 1, y grows by a.",
            answer=_wrong(dx=_dx_without_a),
        ),
        Mistake(
            name="added to the bottom's slope",
            message="What was in the bottom's diff belongs to the batch before: it is overwritten.",
            answer=_wrong(dx=_dx_added),
        ),
        Mistake(
            name="slope handed down ignores what comes from above",
            message="`bottom[0].diff` does not contain `top[0].diff`. That is right for a net that ends here, only.",
            answer=_wrong(dx=_dx_without_dy),
        ),
        Mistake(
            name="one sum for all channels",
            message="Each channel has an `a` of its own, and each `a` its own slope: over which axes is the sum?",
            answer=_wrong(da=_one_for_all),
        ),
        Mistake(
            name="the parameter in its own slope",
            message="y = a x is a straight line in a: its slope along a does not depend on a.",
            answer=_wrong(da=_with_a),
        ),
        Mistake(
            name="summed over the items only",
            message="In pictures one `a` touches every place too: those axes have to be added up as well.",
            answer=_wrong(da=_over_items_only),
        ),
        Mistake(
            name="for pictures only",
            message="A bottom may have two axes: then there is no axis 2 and no axis 3. Count them from `x.ndim`.",
            answer=_wrong(da=_of_pictures),
        ),
        Mistake(
            name="divided on the way down",
            message="A slope is not undone on the way down, it is handed on: if x grows by 1, y grows by a.",
            answer=_wrong(dx=_dx_divided),
        ),
        Mistake(
            name="added instead of multiplied",
            message="The top is x + a. That is a bias; a scale multiplies.",
            answer=_Adds,
        ),
        Mistake(
            name="returned instead of written",
            message="The top is still what it was: `forward` writes into `top[0].data`, and returns nothing.",
            answer=_Returns,
        ),
        Mistake(
            name="along the last axis",
            message="numpy stretches `a` along the last axis; in pictures the channels are axis 1. Give `a` more axes.",
            answer=_LastAxis,
        ),
        Mistake(
            name="did not ask whether it is wanted",
            message="`propagate_down[0]` is False there, and the bottom's diff has changed.",
            answer=_Unasked,
        ),
        Mistake(
            name="begins as zeros",
            message="A net in which every channel is multiplied by 0 begins blind: `a` begins as ones.",
            answer=_wrong(begin=0),
        ),
    ),
)

# 08.6 ------------------------------------------------------------------------------------------------

MOST = 450_000
PLAIN = """
layer { name: "digits" type: "Input" top: "data" top: "label"
  input_param { shape { dim: 64 dim: 1 dim: 28 dim: 28 } shape { dim: 64 } } }
layer { name: "small" type: "Pooling" bottom: "data" top: "small"
  pooling_param { pool: AVE kernel_size: 4 stride: 4 } }
layer { name: "ip1" type: "InnerProduct" bottom: "small" top: "ip1"
  inner_product_param { num_output: 24 weight_filler { type: "xavier" } } }
layer { name: "relu1" type: "ReLU" bottom: "ip1" top: "ip1" }
layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "loss" }
"""


def _train(net, iterations, rate=0.5):
    digits = datasets.load("digits")
    for i in range(iterations):
        some = np.arange(64 * i, 64 * (i + 1)) % len(digits.x_train)
        net.clear_param_diffs()
        net.forward(data=digits.x_train[some] / 256, label=digits.y_train[some])
        net.backward()
        for param in net.learnable:
            param.blob.diff *= rate
            param.blob.update()
    return net


def thrifty_net():
    """Pooling first: 49 numbers a digit instead of 784, and everything above is small."""
    return _train(cafe_edu.Net(PLAIN, phase="TRAIN", rng=8), 300)


def measure_thrift(net):
    """Bytes at batches of 64, and how many of 100 test digits it reads; the net stays as it is."""
    shapes = {name: net.blobs[name].shape for name in net.inputs}
    if shapes != {"data": (64, 1, 28, 28), "label": (64,)}:
        raise NetError(
            f"expected the inputs data (64, 1, 28, 28) and label (64,), found {shapes}; if another batch went through "
            f"it since, build and train it again"
        )
    losses = [step for step in net.steps if step.layer.type == "SoftmaxWithLoss"]
    if len(losses) != 1:
        raise NetError(f"expected one SoftmaxWithLoss, which reads the scores, found {len(losses)}")
    held = sum(blob.nbytes for blob in net.blobs.values())
    held += sum(param.blob.nbytes for param in net.learnable)
    learned = any(param.blob.diff.any() for param in net.learnable)
    again = cafe_edu.Net(net.spec, phase=net.phase, engine="plain")
    again.share_with(net)
    digits = datasets.load("digits")
    again.forward(data=digits.x_test / 256, label=digits.y_test)
    scores = next(step for step in again.steps if step.layer.type == "SoftmaxWithLoss").bottom[0].data
    right = 100 * float((scores.reshape(len(scores), -1).argmax(axis=1) == digits.y_test).mean())
    return {"bytes": held, "right of 100": right, "has it learned?": "yes" if learned else "no"}


def _large():
    wide = PLAIN.replace("kernel_size: 4 stride: 4", "kernel_size: 1 stride: 1")
    return _train(cafe_edu.Net(wide, phase="TRAIN", rng=8), 1)


THRIFT = Experiment(
    number="08.6",
    title="A thrifty net",
    name="thrifty",
    points=4,
    expects=cafe_edu.Net,
    expects_words="Net, after training",
    measure=measure_thrift,
    what_ran="added up what your net holds, and let it read the 360 test digits",
    requirements=(Requirement(what="bytes", most=MOST), Requirement(what="right of 100", least=85)),
    solution=thrifty_net,
    seconds=10.0,
    hints=(
        "The pictures themselves take 64 x 784 x 4 bytes. What is made from them first is the largest part of the "
        "rest: make it small.",
        "A stride of 4, or a Pooling layer before anything else, leaves a sixteenth of the numbers. A net that learns "
        "too slowly can be given a higher rate, or more iterations.",
        "AVE pooling of 4 x 4 with stride 4 gives 7 x 7 numbers a digit; then an inner product of 24, a ReLU, an inner "
        "product of 10. With a rate of 0.5 and 300 iterations it reads 9 of 10.",
    ),
    mistakes=(
        Mistake(
            name="too much memory",
            message="It holds more than the limit. Which blob is the largest? `blob.nbytes` says.",
            answer=_large,
            shows=lambda measured: measured["bytes"] > MOST,
        ),
        Mistake(
            name="it has not learned",
            message="No parameter has ever had a slope: the net was built and not trained, or only run forward.",
            answer=lambda: cafe_edu.Net(PLAIN, phase="TRAIN", rng=8),
            shows=lambda measured: measured["has it learned?"] == "no",
        ),
        Mistake(
            name="it guesses",
            message="It reads about as many as one who guesses. Look at the loss: if it never moved, do the weights "
            "begin as zeros (no `weight_filler`)? If it jumped, the rate is too high.",
            answer=lambda: _train(cafe_edu.Net(PLAIN, phase="TRAIN", rng=8), 1, rate=1e-4),
            shows=lambda measured: measured["right of 100"] < 25,
        ),
        Mistake(
            name="stopped too early",
            message="It is on its way: thrifty enough, and better than guessing. What would more iterations do, or a "
            "higher rate?",
            answer=lambda: _train(cafe_edu.Net(PLAIN, phase="TRAIN", rng=8), 40),
            shows=lambda measured: measured["right of 100"] < 85,
        ),
    ),
)

EXERCISES = (MEMORY, BLOB, WHY, PLACE, SCALE, THRIFT)
