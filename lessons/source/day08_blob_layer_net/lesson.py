# %% [markdown]
# # Day 8 · Blob, Layer, Net 数据结构
#
# ## 1 · Promise
#
# On day 6 you used a `Net` and a `Solver` that somebody else had written. Tonight you write three
# classes of your own, **Blob**, **Layer** and **Net**, in less than 150 lines together, and they
# train LeNet's little brother to read digits: the losses are the house's losses, number for number.
# You will also know, to the byte, what the numbers of a net take in memory, and catch Caffe's own log
# counting something twice.
#
# This is the little brother. Each box is a **layer**, and so is the green strip under one of them;
# each arrow is a **blob**.

# %% [markdown] lang="zh"
# # 第 8 天 · Blob、Layer、Net 数据结构
#
# ## 1 · 今晚的承诺
#
# 第 6 天你用了别人写好的 `Net` 和 `Solver`。今晚你自己写三个类:**Blob**、**Layer** 和 **Net**,加起来
# 不到 150 行,就能训练 LeNet 的小兄弟识别手写数字,每一步的损失都与 cafe_edu 自带的实现相同。你还会算清
# 一个网络的数值占用多少内存,精确到字节,并且看到 Caffe 自己的日志把某一项多算了一次。
#
# 这就是那个小兄弟。每个方框是一个**层**(其中一个下面的绿条也是一层),每个箭头是一个 **blob**。

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import cafe_edu
from cafe_edu.data import datasets
from cafe_edu.drawing.graph import draw_graph
from cafe_edu.layer import layer_class, make_spec

little_brother = """
name: "LeNet's little brother"
layer { name: "digits" type: "Input" top: "data" top: "label"
  input_param { shape { dim: 64 dim: 1 dim: 28 dim: 28 } shape { dim: 64 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 8 kernel_size: 5 stride: 2 } }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "ip1" type: "InnerProduct" bottom: "pool1" top: "ip1"
  inner_product_param { num_output: 32 } }
layer { name: "relu1" type: "ReLU" bottom: "ip1" top: "ip1" }
layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"
  inner_product_param { num_output: 10 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "loss" }
"""
draw_graph(little_brother, rankdir="LR")

# %% [markdown]
# ## 2 · Warm-up
#
# Two questions on yesterday. Say your answer aloud, then run the cell.
#
# 1. ReLU is $y = \max(x, 0)$. It was given $x = (-1, 0, 2)$, and from above come the slopes
#    $\partial L / \partial y = (10, 10, 10)$. Which slopes does it hand down?

# %%
x, dy = np.array([-1.0, 0.0, 2.0]), np.array([10.0, 10.0, 10.0])
dy * (x > 0)

# %% [markdown]
# At $x = 0$ the curve has a kink and no slope at all; by custom one takes 0.
#
# 2. An inner product of 200 inputs and 32 outputs: how many numbers does it learn?

# %%
32 * 200 + 32

# %% [markdown]
# One weight for each pair of an output and an input, one bias for each output.
#
# ## 3 · The idea
#
# Here is one step of learning with no classes at all: 64 digits, ten weighted sums, softmax, the
# loss, and the slopes of the loss $L$ on the way back. We write $dx$ for $\partial L / \partial x$,
# an array of the shape of $x$, and so for every other letter. $t$ are the true classes of the 64
# digits; that $dy$ is $p - 1$ at the true class and $p$ elsewhere, divided by 64, you derived on day 1.

# %%
digits = datasets.load("digits")
x = digits.x_train[:64].reshape(64, 784) / 256
t = digits.y_train[:64]
W, b = np.zeros((10, 784)), np.zeros(10)

y = x @ W.T + b  # forward: the scores ...
p = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)  # ... the probabilities ...
L = -np.log(p[np.arange(64), t]).mean()  # ... the loss

dy = (p - np.eye(10)[t]) / 64  # backward: along each score ...
dW, db = dy.T @ x, dy.sum(axis=0)  # ... along each weight and bias

W, b = W - 0.1 * dW, b - 0.1 * db  # one step downhill
print(f"L = {L:.4f}, ln 10 = {np.log(10):.4f}")

# %% [markdown]
# With weights of zero all ten classes are equally likely, so $L$ is $\ln 10$. So far, day 1.
#
# Now look at it as a builder does, who has to make this for nets of any shape. Three things repeat.
#
# **Numbers come in pairs.** $x$ and $dx$, $y$ and $dy$, $W$ and $dW$: beside each array stands one of
# the same shape that says how the loss changes along it. The pair is a **Blob**. Caffe calls its
# halves `data` and `diff`.
#
# **Steps come in pairs.** Whoever computes $y$ from $x$ on the way up must compute $dx$ from $dy$ on
# the way down, and nobody else can. The pair of steps, with the weights that it needs, is a **Layer**:
#
# $$\text{forward:}\quad y = f(x, W) \qquad\qquad
# \text{backward:}\quad dx = \left(\frac{\partial y}{\partial x}\right)^{\!\top} dy, \qquad
# dW \mathrel{+}= \left(\frac{\partial y}{\partial W}\right)^{\!\top} dy$$
#
# (Read $dx$ so: $x_i$ changes every $y_j$ by $\partial y_j / \partial x_i$, and each $y_j$ changes the
# loss by $dy_j$; multiply, and add up over $j$. Why `+=` for $dW$ comes in part 4.) A layer sees its
# own blobs only. That is the chain rule: each link multiplies by its own derivative what it gets from
# above, and knows nothing of the rest of the chain.
#
# **Somebody keeps the order.** Forward from the bottom to the top, backward from the top to the
# bottom, each blob to the right layers. That is a **Net**.
#
# All three are *mechanism*: how things are computed. How long a step is, when to stop, what to learn
# from, is *policy*, and belongs to the solver (day 13). Caffe keeps the two strictly apart, and this
# is why its solver has not one line about convolutions, and its convolution not one about rates.
#
# ## 4 · Build
#
# ### Blob
#
# Two arrays of one shape. In front of the arrays we put two rules that cost little and save evenings:
#
# - **Assigning copies, and the shape must be equal.** numpy would stretch arrays that do not fit
#   (you will see it go wrong in part 7).
# - **`reshape` keeps the memory** as long as it is large enough. A net that alternates between a
#   batch of 64 and a last one of 29 asks the system for memory once.


# %%
class Blob:
    """Numbers, and beside them the slope of the loss along each one."""

    def __init__(self, *shape):
        self.memory = np.zeros((2, 0), np.float32)  # row 0: data, row 1: diff
        self.reshape(*shape)

    def reshape(self, *shape):
        self.shape, self.count = shape, math.prod(shape)
        if self.count > self.memory.shape[1]:
            self.memory = np.zeros((2, self.count), np.float32)

    def _row(self, i):
        return self.memory[i, : self.count].reshape(self.shape)

    def _copy_to_row(self, i, values):
        if np.shape(values) != self.shape:
            raise ValueError(f"expected shape {self.shape}, found {np.shape(values)}")
        self._row(i)[...] = values

    data = property(lambda self: self._row(0), lambda self, values: self._copy_to_row(0, values))
    diff = property(lambda self: self._row(1), lambda self, values: self._copy_to_row(1, values))

    def update(self):
        self.data -= self.diff  # one step downhill


# %% [markdown]
# `property` makes `blob.data` look like an attribute: reading it calls the first function, assigning
# to it the second. Try each part: assigning, adding to the diff, one step downhill.

# %%
blob = Blob(2, 3)
blob.data = [[1, 2, 3], [4, 5, 6]]
blob.diff += 0.5
blob.update()
blob.data

# %% [markdown]
# And is the memory kept, when the blob becomes smaller, and when it becomes larger?

# %%
memory = blob.memory
blob.reshape(1, 3)
print("smaller, the same memory:", blob.memory is memory)
blob.reshape(4, 3)
print("larger, the same memory: ", blob.memory is memory)

# %% [markdown]
# ### Layer
#
# A layer reads its **bottom** blobs and writes its **top** blobs. The contract has four methods:
# `setup`, `top_shapes`, `forward`, `backward`. The base class says what they are and does what all
# layers share. Two small words in it decide whether learning works:
#
# - `backward` **overwrites** the bottoms' diff: a blob's slope belongs to one batch.
# - `backward` **adds** to the parameters' diff: a parameter may be used more than once before a
#   step is taken, and its slopes add up.
#
# `propagate_down` says for each bottom whether anybody wants its slope: nobody wants that of the
# pictures, or of the labels. `top_shapes` is a function of shapes alone. It runs before every forward,
# so a net can be given another batch size between two runs.


# %%
class Layer:
    """Reads bottom blobs, writes top blobs, may own parameters."""

    loss_weight = 0  # how much its top counts in the loss
    no_gradient = ()  # bottoms that take no slope, such as labels

    def __init__(self, name, **options):
        self.name, self.options, self.params = name, options, []

    def setup(self, bottom):
        """Once: make parameters."""

    def top_shapes(self, bottom_shapes):
        """Return the shape of each top."""
        raise NotImplementedError

    def forward(self, bottom, top):
        """Write each top's data."""

    def backward(self, top, propagate_down, bottom):
        """Add to each parameter's diff; overwrite bottom[i].diff where propagate_down[i]."""

    def add_param(self, values):
        self.params.append(Blob(*values.shape))
        self.params[-1].data = values
        return self.params[-1]

    def reshape(self, bottom, top):
        for blob, shape in zip(top, self.top_shapes([b.shape for b in bottom]), strict=True):
            blob.reshape(*shape)


# %% [markdown]
# Three layers that keep the contract. The inner product first. Its formulas are the lines of part 3,
# and $dx$ beside them:
#
# $$y = x W^\top + b, \qquad dW \mathrel{+}= dy^\top x, \qquad db \mathrel{+}= \sum_n dy_n, \qquad dx = dy\, W.$$
#
# Its first weights are drawn between $-s$ and $s$ with $s = \sqrt{3 / K}$, where $K$ is the number of
# inputs: Caffe's `xavier`, which keeps the size of the numbers about the same from layer to layer.


# %%
class InnerProduct(Layer):
    def setup(self, bottom):
        M, K = self.options["num_output"], math.prod(bottom[0].shape[1:])
        s = math.sqrt(3 / K)
        self.W = self.add_param(self.options["rng"].uniform(-s, s, (M, K)))
        self.b = self.add_param(np.zeros(M))

    def top_shapes(self, bottom_shapes):
        return [(bottom_shapes[0][0], self.options["num_output"])]

    def forward(self, bottom, top):
        x = bottom[0].data.reshape(bottom[0].shape[0], -1)
        top[0].data = x @ self.W.data.T + self.b.data

    def backward(self, top, propagate_down, bottom):
        x, dy = bottom[0].data.reshape(bottom[0].shape[0], -1), top[0].diff
        self.W.diff += dy.T @ x
        self.b.diff += dy.sum(axis=0)
        if propagate_down[0]:
            bottom[0].diff = (dy @ self.W.data).reshape(bottom[0].shape)


# %% [markdown]
# ReLU has no parameters, and may work **in place**: its top may be its bottom. Then $x$ is gone when
# the way back begins; but $y > 0$ exactly where $x > 0$, so asking $y$ is as good.


# %%
class ReLU(Layer):
    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        top[0].data = np.maximum(bottom[0].data, 0)

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff = top[0].diff * (top[0].data > 0)


# %% [markdown]
# And softmax with the loss, from day 1. Its backward multiplies by `top[0].diff`, the slope of the
# loss along itself. That is 1, unless somebody decided that this loss counts half, or double.


# %%
class SoftmaxWithLoss(Layer):
    loss_weight = 1
    no_gradient = (1,)  # the labels

    def top_shapes(self, bottom_shapes):
        return [()]  # one number: a blob without axes

    def forward(self, bottom, top):
        x, t = bottom[0].data, bottom[1].data.astype(int)
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        top[0].data = -np.log(self.p[np.arange(len(t)), t]).mean()

    def backward(self, top, propagate_down, bottom):
        t = bottom[1].data.astype(int)
        dx = self.p.copy()
        dx[np.arange(len(t)), t] -= 1
        bottom[0].diff = dx * top[0].diff / len(t)


# %% [markdown]
# Try a layer by itself before it goes into a net. A layer needs nothing but blobs:

# %%
x, y = Blob(2, 3), Blob()
x.data = [[1, 2, 3], [4, 5, 6]]
layer = InnerProduct("ip", num_output=2, rng=np.random.default_rng(0))
layer.setup([x])
layer.reshape([x], [y])
layer.forward([x], [y])
y.diff[...] = 1  # as if the loss grew by 1 with each output
layer.backward([y], [True], [x])
print("shapes:", y.shape, layer.W.shape, layer.b.shape)
print("db =", layer.b.diff, "   dW =", layer.W.diff.tolist())
dx = x.diff.copy()  # to be compared in a moment

# %% [markdown]
# Each bias was used for both items, so its slope is 2; and $dW$ is the sum of the two rows of $x$, once
# for each output. Now go back a second time, without forgetting:

# %%
layer.backward([y], [True], [x])
print("db =", layer.b.diff, "   dW =", layer.W.diff.tolist())
print("dx as before:", np.array_equal(x.diff, dx))

# %% [markdown]
# The parameters' slopes have doubled: *adds*. The bottom's are what they were: *overwrites*.
#
# ### Net
#
# Where do the digits come from? A layer that only says the shapes of its tops, and leaves the rest to
# us:


# %%
class Input(Layer):
    def top_shapes(self, bottom_shapes):
        return self.options["shapes"]


# %% [markdown]
# And the net: a plan says, for each layer, the names of the blobs that it reads and writes. Names
# are all that ties layers together, as in a prototxt.


# %%
class Net:
    """Layers in the order in which they run, joined by blobs of the same name."""

    def __init__(self, *plan):
        self.blobs, self.steps = {}, []
        for layer, reads, writes in plan:
            bottom = [self.blobs[name] for name in reads]
            top = [self.blobs.setdefault(name, Blob()) for name in writes]
            layer.setup(bottom)
            layer.reshape(bottom, top)  # so the next layer knows what it will read
            self.steps.append((layer, bottom, top))
        self.params = [blob for layer, _, _ in self.steps for blob in layer.params]

    def forward(self):
        loss = 0.0
        for layer, bottom, top in self.steps:
            layer.reshape(bottom, top)
            layer.forward(bottom, top)
            if layer.loss_weight:
                loss += layer.loss_weight * float(top[0].data)
        return loss

    def backward(self):
        for layer, bottom, top in reversed(self.steps):
            if layer.loss_weight:
                top[0].diff = np.full(top[0].shape, layer.loss_weight)
            wanted = [i not in layer.no_gradient for i in range(len(bottom))]
            layer.backward(top, wanted, bottom)


# %% [markdown]
# ### A first net that learns
#
# Two inner products with a ReLU between them, for a start. `batch` puts the $i$-th 64 digits into the
# net; `step` is the smallest solver there is: forget the old slopes, forward, backward, update.


# %%
def batch(net, i):
    """Copy the i-th 64 training digits and their labels into the net."""
    some = np.arange(64 * i, 64 * (i + 1)) % len(digits.x_train)
    net.blobs["data"].data = digits.x_train[some].astype(np.float32) / 256
    net.blobs["label"].data = digits.y_train[some].astype(np.float32)


def step(net, rate=0.1):
    """Walk one step downhill and return the loss before it."""
    for blob in net.params:
        blob.diff[...] = 0
    loss = net.forward()
    net.backward()
    for blob in net.params:
        blob.diff *= rate
        blob.update()
    return loss


# %%
rng = np.random.default_rng(8)
net = Net(
    (Input("digits", shapes=[(64, 1, 28, 28), (64,)]), [], ["data", "label"]),
    (InnerProduct("ip1", num_output=32, rng=rng), ["data"], ["ip1"]),
    (ReLU("relu1"), ["ip1"], ["ip1"]),  # in place
    (InnerProduct("ip2", num_output=10, rng=rng), ["ip1"], ["ip2"]),
    (SoftmaxWithLoss("loss"), ["ip2", "label"], ["loss"]),
)
losses = []
for i in range(100):
    batch(net, i)
    losses.append(step(net))
print(f"ln 10 = {np.log(10):.2f}; first loss near it:", abs(losses[0] - np.log(10)) < 0.5)
print("last five below 0.7 on average:", bool(np.mean(losses[-5:]) < 0.7))

# %% [markdown]
# It learns. How many lines was that? The notebook keeps the text of every cell that was run in a list
# called `In`; those that begin with `class` are ours. (A cell that you ran twice counts once.)

# %%
from IPython import get_ipython

cells = get_ipython().user_ns["In"]
written = {cell.split("\n")[0]: cell for cell in cells if cell.startswith("class ")}
lines = sum(len(cell.splitlines()) for cell in written.values())
assert lines < 150
print(len(written), "classes, together less than 150 lines:", lines < 150)

# %% [markdown]
# ### The little brother
#
# The net of the first picture has a convolution and a pooling layer, which you will write on days 11
# and 12. You need not wait: a net cares for the contract only, and the house's layers keep the very
# same contract. So we borrow them. (They are made from a prototxt message, which `make_spec`
# writes for us.)


# %%
def borrow(type_name, name, **options):
    """One of the house's layers, for our Net."""
    spec = make_spec(type_name, name, bottom=["x"], top=["y"], **options)  # our plan says the real names
    return layer_class(type_name)(spec, rng=rng)


convolution = {"num_output": 8, "kernel_size": [5], "stride": [2], "weight_filler": {"type": "xavier"}}
rng = np.random.default_rng(8)
brother = Net(
    (Input("digits", shapes=[(64, 1, 28, 28), (64,)]), [], ["data", "label"]),
    (borrow("Convolution", "conv1", convolution_param=convolution), ["data"], ["conv1"]),
    (borrow("Pooling", "pool1", pooling_param={"kernel_size": 2, "stride": 2}), ["conv1"], ["pool1"]),
    (InnerProduct("ip1", num_output=32, rng=rng), ["pool1"], ["ip1"]),
    (ReLU("relu1"), ["ip1"], ["ip1"]),
    (InnerProduct("ip2", num_output=10, rng=rng), ["ip1"], ["ip2"]),
    (SoftmaxWithLoss("loss"), ["ip2", "label"], ["loss"]),
)
for name, blob in brother.blobs.items():
    print(f"{name:6} {blob.shape}")

# %% [markdown]
# Before it learns, keep the weights with which it begins: we want to start another net from the very
# same place.

# %%
start = [blob.data.copy() for blob in brother.params]
ours = []
for i in range(60):
    batch(brother, i)
    ours.append(step(brother))
print("last five below 0.9 on average:", bool(np.mean(ours[-5:]) < 0.9))

# %% [markdown]
# ## 5 · The house
#
# The same net from the prototxt of part 1, by the house's `Net`, from the same weights, on the same
# batches, with the same `step` written in the house's words:

# %%
house = cafe_edu.Net(little_brother, phase="TRAIN")
for param, values in zip(house.learnable, start, strict=True):
    param.blob.data = values

theirs = []
for i in range(60):
    batch(house, i)
    house.clear_param_diffs()
    house.forward()
    house.backward()
    for param in house.learnable:
        param.blob.diff *= 0.1
        param.blob.update()
    theirs.append(house.loss)

np.testing.assert_allclose(ours, theirs, rtol=1e-4)
print("sixty losses, ours and the house's: the same, but for the rounding of float32")

# %% [markdown]
# Even `batch` worked as it stands: the house's blobs, too, are called `data` and `label`. And it works
# the other way round. A layer becomes the house's by its base class, and is given to a net by the name
# of its type:


# %%
class MyReLU(cafe_edu.Layer):
    in_place = True  # its top may be its bottom: the house wants to be told

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        top[0].data = np.maximum(bottom[0].data, 0)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            bottom[0].diff = top[0].diff * (top[0].data > 0)


mixed = cafe_edu.Net(little_brother, phase="TRAIN", layers={"ReLU": MyReLU})
mixed.share_with(house)
batch(mixed, 0)
batch(house, 0)
mixed.forward()
house.forward()
print("relu1 is a", type(mixed.layers[4]).__name__, "and the loss is the house's:", mixed.loss == house.loss)

# %% [markdown]
# The methods are word for word those of part 4, but for one `if`: slopes that nobody wants need not be
# computed. Here is how the house runs a net; compare it with yours, line by line. (`_blaming` writes
# the layer's name on an error, `debug_info` is a log of sizes that can be switched on, and a `frozen`
# parameter is one that is not to learn.)

# %%
import inspect

print(inspect.getsource(cafe_edu.Net.forward_step))
print(inspect.getsource(cafe_edu.Net.backward_step))

# %% [markdown]
# What the house has that ours lacks:
#
# | | ours | the house | why |
# |---|---|---|---|
# | memory | data and diff at once | each when first used | a net that only answers needs half |
# | numbers | float32 | float64 too, and on a GPU | to check gradients; to be fast (days 4, 12, 15) |
# | a blob with two readers | the last one's slope wins | the slopes are added | splits, day 12 |
# | parameters | one owner | several layers may share one | recurrent and siamese nets (day 20) |
# | who runs | all layers, both ways | what the phase wants; back only where something learns | days 10, 11 |
# | errors | numpy's | name the layer, the step and every shape | see below |
#
# The last line of the table is worth a look. Give a net of ours, and the house's, pictures that are too small:

# %%
digits_layer = net.steps[0][0]
digits_layer.options["shapes"] = [(64, 1, 20, 20), (64,)]
try:
    net.forward()
except ValueError as error:
    print("ours: ", error)

# %%
try:
    cafe_edu.Net(little_brother).forward(data=np.zeros((64, 1, 20, 20)))
except cafe_edu.errors.CafeError as error:
    print("house:", error.one_line())

# %% [markdown]
# Ours says that two matrices do not fit. Which, in which layer of fifty? A framework is used mostly
# while something is wrong.
#
# ## 6 · See it
#
# ### Both halves of every blob
#
# One digit on its way through the little brother: above, what each blob holds (`data`, darker is
# larger); below, how the loss would change if one of these numbers grew (`diff`). Red: growing would
# make the loss larger; blue: smaller.

# %%
batch(brother, 3)
brother.forward()
brother.backward()
one = 5  # which digit of the batch
shown = [("data", 0), ("conv1", 7), ("pool1", 7)]
_, axes = plt.subplots(2, 5, figsize=(10, 4.2), dpi=80, width_ratios=[1, 1, 1, 1.2, 1.2])
for column, (name, channel) in enumerate(shown):
    data, diff = brother.blobs[name].data[one, channel], brother.blobs[name].diff[one, channel]
    most = abs(diff).max()
    axes[0, column].imshow(data, cmap="gray_r")
    axes[1, column].imshow(diff, cmap="RdBu_r", vmin=-most, vmax=most)
    which = f"{channel + 1} of {brother.blobs[name].shape[1]}"
    axes[0, column].set_title(f"{name}, {which}\n{' x '.join(map(str, data.shape))}", fontsize=10)
for column, name in enumerate(["ip1", "ip2"], start=3):
    data, diff = brother.blobs[name].data[one], brother.blobs[name].diff[one]
    axes[0, column].bar(range(len(data)), data, color="gray")
    axes[1, column].bar(range(len(diff)), diff, color=np.where(diff > 0, "#b2182b", "#2166ac"))
    axes[1, column].set_yticks([0])
    axes[0, column].set_title(f"{name}\n{len(data)} numbers", fontsize=10)
for axis in axes[:, :3].flat:
    axis.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("data")
axes[1, 0].set_ylabel("diff")
plt.tight_layout()
plt.show()
true = int(brother.blobs["label"].data[one])
print("the digit is a", true)

# %% [markdown]
# Read it from the right, as backward does. `ip2` has one blue bar, the true class: its score should
# grow, and every other score should fall. `ip1` has slopes only for those of its 32 numbers that
# passed the ReLU. In `pool1` every number has a slope; in `conv1` one of each 2 x 2 at most, because
# only the largest went on. And at the far left stands something nobody asked for: how each
# *pixel* should change to make the answer better or worse. On day 16 this becomes a way of seeing what
# a net looks at. Is it all so, or do we see what we want to see?

# %%
conv1, pool1, ip1, ip2 = (brother.blobs[name] for name in ("conv1", "pool1", "ip1", "ip2"))
windows = conv1.diff.reshape(64, 8, 6, 2, 6, 2) != 0  # 6 x 6 windows of 2 x 2
print("ip2, slopes below zero: the true class only:", np.flatnonzero(ip2.diff[one] < 0).tolist() == [true])
print("ip1, no slope where the ReLU gave 0:", not ip1.diff[ip1.data == 0].any())
print("pool1, a slope at every number of this digit:", bool(pool1.diff[one].all()))
print("conv1, at most one slope in a window:", windows.sum(axis=(3, 5)).max() == 1)

# %% [markdown]
# We looked at one channel of eight, of one digit, in one net. In JupyterLab the house has a widget that
# shows the rest: put `NetXray(house, (digits.x_train, digits.y_train))` at the end of a cell (after
# `from cafe_edu.widgets import NetXray`), choose a layer, and show its `activations`, then its
# `gradients`.
#
# ### What it costs
#
# A blob of shape $(n_1, n_2, \ldots)$ holds $n_1 n_2 \cdots$ numbers of 4 bytes, twice. Guess first:
# in the little brother with its 64 digits, which takes more, the parameters or what flows through?

# %%
flow = {name: 4 * blob.count for name, blob in brother.blobs.items()}
held = {layer.name: sum(4 * blob.count for blob in layer.params) for layer, _, _ in brother.steps}
print(f"data of all blobs:      {sum(flow.values()):9,} bytes")
print(f"data of all parameters: {sum(held.values()):9,} bytes")

# %%
names = list(flow) + [f"{name} (parameters)" for name in held if held[name]]
sizes = [flow[name] for name in flow] + [held[name] for name in held if held[name]]
kinds = ["#0072b2"] * len(flow) + ["#e69f00"] * (len(names) - len(flow))
_, (left, right) = plt.subplots(1, 2, figsize=(10, 3), dpi=80)
left.barh(names, np.array(sizes) / 1024, color=kinds)
left.invert_yaxis()
left.set(xlabel="KiB of data (diff takes as much again)", title="blue: blobs, orange: parameters")

sizes_of_batch = np.array([1, 8, 16, 32, 64, 128, 256])
per_item = sum(flow.values()) / 64
right.plot(sizes_of_batch, sizes_of_batch * per_item / 2**20, color="#0072b2", marker="o", label="blobs")
right.axhline(sum(held.values()) / 2**20, color="#e69f00", label="parameters")
right.set(xlabel="batch size", ylabel="MiB of data", title="what grows with the batch")
right.legend()
plt.tight_layout()
plt.show()

# %% [markdown]
# What flows grows with the batch; what is learned does not. For a net that does not fit into memory,
# the first cure is therefore a smaller batch. (And if one step is still to see 64 digits, a solver's
# `iter_size` lets several small batches pass before it. Nothing new is needed: `backward` *adds*.)
#
# ### Caffe's own count
#
# When Caffe builds a net it logs, after each layer, `Memory required for data:` and a number. For
# LeNet on MNIST, batches of 64, the last of these lines says **5169924**, and whoever has trained it
# has seen it go by. Can we find it from the shapes?

# %%
from cafe_edu.demo import ZOO

lenet = cafe_edu.Net(ZOO / "lenet/lenet.prototxt")  # 64 pictures at a time
tops = [(blob.name, 4 * blob.count) for step in lenet.steps for blob in step.top if blob.name != "prob"]
label, loss = 4 * 64, 4  # this file ends in `prob`; the one for training has these two instead
print(f"every top of every layer, each time it is written: {sum(size for _, size in tops) + label + loss}")
print(f"every blob once:                                   {sum(dict(tops).values()) + label + loss}")

# %% [markdown]
# There it is, on the first line: Caffe adds up the tops of all layers, and the ReLU that works in
# place has a top too. Its 128,000 bytes are counted a second time. It counts no `diff`, no parameters
# and no work space either. So the number is neither what the net needs nor an upper bound of it. Ask
# what a number counts before you compare it.

# %%
assert sum(size for _, size in tops) + label + loss == 5169924
ip1_bytes = dict(tops)["ip1"]
print("the difference is ip1:", 5169924 - (sum(dict(tops).values()) + label + loss) == ip1_bytes == 128_000)

# %% [markdown]
# ## 7 · Break it
#
# **Slopes that are not forgotten.** Parameters' diffs are added to. Whoever does not begin
# a step by forgetting walks along the sum of all slopes there ever were:


# %%
def step_that_remembers(net, rate=0.1):
    """A step without the first two lines of `step`, whose diffs are left as they are."""
    loss = net.forward()
    net.backward()
    for blob in net.params:
        blob.data -= rate * blob.diff
    return loss


def restart():
    """Give the little brother the weights with which it began."""
    for blob, values in zip(brother.params, start, strict=True):
        blob.data, blob.diff[...] = values, 0


# %%
restart()
wild = []
for i in range(60):
    batch(brother, i)
    with np.errstate(all="ignore"):  # should numbers become too large for float32, we want to see it
        wild.append(step_that_remembers(brother))

_, axis = plt.subplots(figsize=(7, 2.6), dpi=80)
axis.plot(ours, color="#0072b2", label="as it should be")
axis.plot(wild, color="#d55e00", linestyle="--", label="slopes never forgotten")
axis.set(xlabel="iteration", ylabel="loss")
axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.tight_layout()
plt.show()
twice = np.mean(wild[-10:]) > 2 * np.mean(ours[-10:])
print("at the end, the loss is twice as high as it should be, or more:", bool(twice))

# %% [markdown]
# It starts better than the right one. For a few steps the sum of slopes points the right way, like a
# ball that gathers speed; then it shoots past the valley, and nothing ever slows it down. **Cure:**
# the first two lines of `step`. (With a brake it is a good idea: the `momentum` of day 6's solver. Day 13.)
#
# **A shape that almost fits.** Here are eight numbers to be learned, and eight guesses as they come
# out of an inner product with one output: with one axis more. The loss is the mean of the squared
# differences, and the guesses are all right:

# %%
wanted = np.arange(8.0)
guesses = wanted.reshape(8, 1)
float(((guesses - wanted) ** 2).mean())

# %% [markdown]
# It should be 0. numpy has stretched (8, 1) and (8,) to (8, 8) without a word, and compared each
# guess with every number. Nothing crashes; such a net trains, badly, and nobody is told. A blob that refuses
# stops it at the first line:

# %%
blob = Blob(8)
try:
    blob.data = guesses
except ValueError as error:
    print(error)

# %% [markdown]
# **In place, once too often.** Sigmoid computes its slope from its own output, $y\,(1 - y)$. Let the
# layer behind it run in place and double every $y$: on the way back, Sigmoid finds numbers that are not
# its own. At $x = 0$ its slope is $1/2 \cdot 1/2 = 1/4$; it finds $y = 1$, and hands down 0. Nobody says
# so; in Caffe this was reported in 2015, and the report is still open (its number is 2015, too). The
# house knows which layers read their top again:

# %%
in_place = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } }
layer { name: "squash" type: "Sigmoid" bottom: "x" top: "y" }
layer { name: "double" type: "Power" bottom: "y" top: "y" power_param { scale: 2 } }
"""
try:
    cafe_edu.Net(in_place)
except cafe_edu.errors.CafeError as error:
    print(error.one_line())

# %% [markdown]
# ## 8 · In the real world
#
# **Caffe** has exactly these three classes, in `include/caffe/blob.hpp`, `layer.hpp` and `net.hpp`. A
# blob's two halves are `SyncedMemory` each, which knows whether the newest numbers are on the CPU or
# on the GPU (day 4). Blob, Layer and Net forbid being copied by `=`, with the macro
# `DISABLE_COPY_AND_ASSIGN`: in C++ an `=` makes a second object, and two blobs would write into one
# memory without anybody having said so. In Python `=` gives a second name to the same object, so the
# question does not come up.
#
# **Why is a stored blob a protobuf message, not a plain C struct?** Because a struct's bytes are those
# of one compiler, one machine and one version of the program. A message can be read by any language,
# on any machine, by a program ten years younger that has more fields. The bytes of a parameter, as
# Caffe 1.0 reads them:

# %%
from cafe_edu.proto import caffe_pb2

b = house.params["ip2"][1]  # ten biases
message = caffe_pb2.BlobProto(shape=caffe_pb2.BlobShape(dim=b.shape), data=b.data.ravel().tolist())
print(len(message.SerializeToString()), "bytes for", b.count, "numbers of 4")

# %% [markdown]
# Five bytes say the shape, two that ten floats follow, and the rest are the floats.
#
# **PyTorch** has the same nouns under other names. A blob is a tensor with its `.grad`; a layer is an
# `nn.Module`, whose backward it finds by itself, from the operations that forward used (you built such
# a tape on day 3); the net is whatever your Python runs. Slopes are added there too, and forgetting
# `optimizer.zero_grad()` is the same mistake.
#
# **What is old about it?** That a layer's backward is written by hand. It costs the author an evening
# per layer, and gives the reader a page on which the mathematics stands. That is why we keep it.
#
# References: Y. Jia and others, *Caffe: Convolutional architecture for fast feature embedding*, ACM
# Multimedia (2014), section 3; Caffe's tutorial *Blobs, Layers, and Nets*; X. Glorot and Y. Bengio,
# *Understanding the difficulty of training deep feedforward neural networks*, AISTATS (2010), for the
# first weights; BVLC/caffe issue 2015, for layers in place.
#
# ## 9 · Recap
#
# 1. A blob is numbers and their slopes: `data` and `diff`, always of one shape.
# 2. A layer computes up and computes down, and knows only its own blobs: that is the chain rule.
# 3. Backward overwrites a bottom's diff and adds to a parameter's: a step begins by forgetting.
# 4. A net keeps the order and the names. It cares for the contract, not for who wrote a layer.
# 5. What flows grows with the batch, what is learned does not; and every count of memory counts
#    something.

# %% [markdown] lang="zh"
# ## 9 · 回顾
#
# 1. blob 是数值和它的斜率:`data` 与 `diff`,形状总是相同。
# 2. 层向上算一遍,向下算一遍,只认识自己的 blob:这就是链式法则。
# 3. 反向传播对底部的 diff 是覆盖,对参数的 diff 是累加:所以每一步先清零。
# 4. 网络管顺序和名字。它只看约定,不看层是谁写的。
# 5. 流过的数据随批大小增长,学到的参数不会;每一种内存统计都要先问它数的是什么。

# %% [markdown]
# | English | 中文 | |
# |---|---|---|
# | blob | 数据块 | numbers and their slopes |
# | data, diff | 数据,梯度 | the two halves of a blob |
# | layer | 层 | a step up and the step down that belongs to it |
# | bottom, top | 底部,顶部 | what a layer reads, what it writes |
# | parameter | 参数 | a blob that a layer owns and a solver changes |
# | net | 网络 | layers in order, joined by names |
# | in place | 原位 | the top is the bottom |
# | mechanism, policy | 机制,策略 | how it is computed, what is wanted |
# | batch size | 批大小 | how many items run at once |
# | chain rule | 链式法则 | each link multiplies by its own derivative |
#
# **Exercises:** [day 8](../exercises/day08_blob_layer_net.ipynb): predict a net's memory, write a
# blob, say who adds and who overwrites, find where the house refuses, write a layer with a parameter,
# and make a net that is thrifty.
#
# **To read on:** `cafe_edu/blob.py`, then `layer.py`, then `net.py` from `forward` and `backward`: the
# house's three classes, which you can now read as variations on yours. Tomorrow: data.
