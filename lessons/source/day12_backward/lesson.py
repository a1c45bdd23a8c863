# %% [markdown]
# # Day 12 · Backward 反向传播
#
# ## 1 · Promise
#
# Forward, a net answers. Backward, it finds out who is to blame. Tonight you derive and write the way
# back of convolution and pooling, and you build the instrument that every author of layers needs: a
# **gradient checker**, which need not know what is wrong with a backward to catch it. You will plant
# five faults, of the kinds that people make most, and it catches all five.
#
# Here is the whole day in one picture: a LeNet that has not learned anything yet reads a 3, and we ask of
# each of the 784 pixels how the loss would change if the pixel grew a little. Twice: by trying (two
# pictures forward for each pixel) and by thinking (one run back).

# %% [markdown] lang="zh"
# # 第 12 天 · Backward 反向传播
#
# ## 1 · 今晚的承诺
#
# 前向传播给出答案;反向传播找出谁该负责。今晚你推导并写出卷积和池化的反向传播,再造一件每个写层的人都
# 离不开的工具:**梯度检查器**,它不必知道反向传播错在哪里,也能抓住错误。你会故意埋下五个错误,都是人们
# 常犯的,它一个也不会放过。
#
# 一张图说完这一天:一个还没有训练过的 LeNet 读一个 3。我们问 784 个像素中的每一个:它稍微变大,损失会怎样
# 变化?问两遍:一遍靠试(每个像素前向跑两次),一遍靠想(反向只跑一次)。

# %%
import matplotlib.pyplot as plt
import numpy as np

import cafe_edu
from cafe_edu.data import datasets
from cafe_edu.demo import ZOO

digits = datasets.load("digits")
bare = digits.x_test[digits.y_test == 3][:1] / 256
three = bare + 0.05 * np.random.default_rng(1).random(bare.shape)  # a little grain; part 7 says why

layers = (ZOO / "lenet/lenet.prototxt").read_text()
label = 'layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 64 } } }'
loss = 'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "loss" }'
lenet = cafe_edu.Net(f"force_backward: true {layers} {label} {loss}", rng=12, dtype=np.float64)
lenet.forward(data=three, label=[3])["loss"]

# %% [markdown]
# (`force_backward` asks for the slopes of the pixels too; nobody needs them to learn. float64, because
# trying needs digits, as you will see.)

# %%
lenet.backward()
by_thinking = lenet.blobs["data"].diff[0, 0].copy()


# %%
def try_pixels(picture, h=1e-5):
    """The slope of LeNet's loss along each pixel: move it to both sides, and look."""
    slope, j = np.zeros((28, 28)), np.arange(28)
    for i in range(28):  # a row of pixels, each up and down: 56 pictures
        moved = np.repeat(picture, 56, axis=0)
        moved[j, 0, i, j] += h
        moved[28 + j, 0, i, j] -= h
        p = lenet.forward(data=moved, label=np.full(56, 3))["prob"][:, 3]
        slope[i] = (np.log(p[28:]) - np.log(p[:28])) / (2 * h)  # the loss is -log p
    return slope


by_trying = try_pixels(three)

# %%
_, axes = plt.subplots(1, 4, figsize=(10, 2.6), dpi=80)
most = abs(by_thinking).max()
axes[0].imshow(three[0, 0], cmap="gray_r")
axes[1].imshow(by_trying, cmap="RdBu_r", vmin=-most, vmax=most)
axes[2].imshow(by_thinking, cmap="RdBu_r", vmin=-most, vmax=most)
axes[3].imshow(by_trying - by_thinking, cmap="RdBu_r", vmin=-most, vmax=most)
titles = ["the picture", "1,568 pictures forward", "1 run back", "difference, same colours"]
for axis, title in zip(axes, titles, strict=True):
    axis.set(title=title, xticks=[], yticks=[])
plt.tight_layout()
plt.show()
error = abs(by_trying - by_thinking).max() / most
assert error < 1e-6
print("they differ by less than a millionth of the largest slope")

# %% [markdown]
# Red pixels would make the loss larger if they grew, blue ones smaller. Both ways find the same 784
# numbers. One sent 1,568 pictures up, the other one picture up and its slopes down: without the second
# way nobody could train a net of a million weights. How it goes, and how to be sure that it goes right,
# is tonight's work.
#
# ## 2 · Warm-up
#
# Two questions on yesterday. Say your answer aloud, then run the cell.
#
# 1. A picture of 28 x 28, a window of 3 x 3, stride 2, no padding. How many places does a
#    convolution find in a row? And how many does Caffe's pooling?

# %%
import math

(28 - 3) // 2 + 1, math.ceil((28 - 3) / 2) + 1

# %% [markdown]
# Convolution rounds down; Caffe's pooling rounds up, and its last window hangs over the edge.
#
# 2. `im2col` writes every window of a picture into a column of its own. A pixel in the middle of the
#    picture, windows of 3 x 3 at stride 1: in how many columns does it stand?

# %%
x = np.arange(25).reshape(5, 5)
windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3))
print("the pixel in the middle:", int((windows == 12).sum()), "windows")
print("a pixel in a corner:    ", int((windows == 0).sum()))

# %% [markdown]
# Nine copies of one pixel. Keep this in mind: on the way back, nine slopes will come home to it.
#
# ## 3 · The idea
#
# A net is a chain of functions, and the loss $L$ is its last number. We write $dx$ for
# $\partial L / \partial x$, an array of the shape of $x$. Backpropagation is three rules.
#
# **Rule 1, the beginning.** The loss comes first: $dL = 1$. (It is the slope of $L$ along $L$.)
#
# **Rule 2, a link.** A layer computes $y = f(x)$. Given $dy$, the chain rule says
#
# $$dx_i = \sum_j \frac{\partial y_j}{\partial x_i}\, dy_j .$$
#
# What comes from above is multiplied by what the layer knows of itself. It needs to know nothing else.
#
# **Rule 3, a fork.** If $x$ is used twice, by $f$ and by $g$, then $L$ changes by both ways, and
#
# $$dx = dx_{\text{by way of } f} + dx_{\text{by way of } g} .$$
#
# The smallest code that could work, on one number: $L = (w x)^2 + 3 w x$, where $y = w x$ is used
# twice.

# %%
w, x = 2.0, 5.0

y = w * x  # forward
L = y**2 + 3 * y

dL = 1.0  # rule 1
dy = 2 * y * dL + 3 * dL  # rules 2 and 3: by way of the square, by way of the triple
dw = x * dy  # rule 2
dw

# %% [markdown]
# Is it true? Try it: move $w$ a little to both sides, and see by how much $L$ changes.


# %%
def L_of(w):
    y = w * 5.0
    return y**2 + 3 * y


h = 1e-5
round((L_of(w + h) - L_of(w - h)) / (2 * h), 4)

# %% [markdown]
# This quotient, the **central difference** 中心差分, is the judge of everything that follows:
#
# $$\frac{\partial L}{\partial w} \approx \frac{L(w + h) - L(w - h)}{2 h}$$
#
# How small should $h$ be? Let us ask with a function whose slope we know, $\sin$ at 1, in both kinds
# of numbers (day 4). The dashed lines are the simpler quotient, $(L(w + h) - L(w)) / h$.

# %%
steps = 10.0 ** np.arange(-14, 0)
errors = {}
_, axis = plt.subplots(figsize=(8, 3.2), dpi=80)
for kind, color in [(np.float64, "#0072b2"), (np.float32, "#d55e00")]:
    at, hs, name = kind(1), steps.astype(kind), kind.__name__
    two_sided = (np.sin(at + hs) - np.sin(at - hs)) / (2 * hs)
    one_sided = (np.sin(at + hs) - np.sin(at)) / hs
    errors[kind] = abs(two_sided - np.cos(1.0))
    axis.loglog(steps, errors[kind], color=color, marker="o", label=f"{name}, both sides")
    axis.loglog(steps, abs(one_sided - np.cos(1.0)), color=color, linestyle="--", label=f"{name}, one side")
axis.set(xlabel="h", ylabel="error of the slope")
axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.tight_layout()
plt.show()

# %% [markdown]
# Too large an $h$, and the curve bends within it: one side is then off by about $h$, both sides by about
# $h^2$. Too small, and the difference of two nearly equal numbers has no digits left. In between, float64
# gives ten good digits and float32 at most five or so; in a layer that adds up many numbers it
# gives fewer, too few to tell a small mistake from rounding.

# %%
print("float64, h = 1e-5: ten digits:", bool(errors[np.float64][steps.searchsorted(0.9e-5)] < 1e-10))
print("float32, best h: six digits:  ", bool(errors[np.float32].min() < 1e-6))

# %% [markdown]
# So: **central differences, float64, $h = 10^{-5}$.**
#
# ## 4 · Build
#
# ### Backward of convolution
#
# Yesterday: `im2col` writes the windows into columns $X$, and one matrix product does the rest. For
# one picture, with the filters $W$ as a matrix (outputs x numbers in a window):
#
# $$Y = W X + b, \qquad Y_{o,p} = \sum_q W_{o,q} X_{q,p} + b_o$$
#
# $Y_{o,p}$ is the answer of filter $o$ at place $p$; $q$ counts the numbers in a window. Apply rule 2
# three times. $W_{o,q}$ touches $Y_{o,p}$ for every $p$, each time multiplied by $X_{q,p}$; $b_o$ touches
# the same ones, multiplied by 1; $X_{q,p}$ touches $Y_{o,p}$ for every $o$, multiplied by $W_{o,q}$:
#
# $$dW = dY\, X^\top, \qquad db_o = \sum_p dY_{o,p}, \qquad dX = W^\top dY .$$
#
# Check the shapes: they fit in one way only. Is that all? $dX$ are the slopes of the *columns*. Each
# pixel stands in several of them: it was used several times, and rule 3 says *add*. `col2im` puts
# every slope back to where its number was taken from, and adds.


# %%
def im2col(x, k, stride, pad):
    """All k x k windows of x (N, C, H, W) as columns (N, C k k, places)."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    N, C, H, W = x.shape
    OH, OW = (H - k) // stride + 1, (W - k) // stride + 1
    X = np.empty((N, C, k, k, OH, OW), x.dtype)
    for u in range(k):
        for v in range(k):
            X[:, :, u, v] = x[:, :, u : u + stride * OH : stride, v : v + stride * OW : stride]
    return X.reshape(N, C * k * k, OH * OW)


# %%
def col2im(dX, shape, k, stride, pad):
    """Add the slopes of columns back to the pixels of a batch of that shape."""
    N, C, H, W = shape
    dx = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dX.dtype)
    OH, OW = (H + 2 * pad - k) // stride + 1, (W + 2 * pad - k) // stride + 1
    dX = dX.reshape(N, C, k, k, OH, OW)
    for u in range(k):
        for v in range(k):
            dx[:, :, u : u + stride * OH : stride, v : v + stride * OW : stride] += dX[:, :, u, v]
    return dx[:, :, pad : pad + H, pad : pad + W]


# %% [markdown]
# In the innermost line `=` became `+=`, and the sides changed places; the rest is the same counting.
# Columns of ones show how often each pixel was used:

# %%
x = np.zeros((1, 1, 6, 6))
col2im(np.ones_like(im2col(x, 3, 1, 0)), x.shape, 3, 1, 0)[0, 0].astype(int)

# %% [markdown]
# Nine in the middle, as in the warm-up, and one in each corner.
#
# Now the layer. It keeps the house's contract (day 8): `forward` writes the top's data; `backward`
# **adds** to the parameters' diff, **overwrites** the bottom's, and multiplies by the top's.
# (`options_field` says in which part of the prototxt its `options` stand.)


# %%
class MyConvolution(cafe_edu.Layer):
    options_field = "convolution_param"

    def setup(self, bottom):
        o = self.options
        self.k = o.kernel_size[0]
        self.stride, self.pad = (o.stride or [1])[0], (o.pad or [0])[0]
        shape = (o.num_output, bottom[0].shape[1], self.k, self.k)
        self.W = self.add_param("weight", shape, o.weight_filler)
        self.b = self.add_param("bias", (o.num_output,), o.bias_filler)

    def top_shapes(self, bottom_shapes):
        ((N, _, *size),) = bottom_shapes
        return [(N, len(self.W.data), *((n + 2 * self.pad - self.k) // self.stride + 1 for n in size))]

    def forward(self, bottom, top):
        X, W = im2col(bottom[0].data, self.k, self.stride, self.pad), self.W.data
        Y = W.reshape(len(W), -1) @ X + self.b.data[:, np.newaxis]
        top[0].data = Y.reshape(top[0].shape)

    def backward(self, top, propagate_down, bottom):
        x, W, dy = bottom[0].data, self.W.data, top[0].diff
        X, dY = im2col(x, self.k, self.stride, self.pad), dy.reshape(*dy.shape[:2], -1)
        self.W.diff += (dY @ X.swapaxes(1, 2)).sum(axis=0).reshape(W.shape)
        self.b.diff += dY.sum(axis=(0, 2))
        if propagate_down[0]:
            dX = W.reshape(len(W), -1).T @ dY
            bottom[0].diff = col2im(dX, x.shape, self.k, self.stride, self.pad)


# %% [markdown]
# The columns are computed a second time on the way back, rather than kept: at stride 1 they are nearly
# $k^2$ times as large as the picture, and memory is what one runs out of first.
#
# ### Backward of pooling
#
# Max pooling hands on one number of each window. That one gets the whole slope; the others could move
# a little and nothing would change, so theirs is 0. Forward must therefore remember *which* it was.
# (Mean pooling gives each of $k^2$ numbers the share $1 / k^2$; you will write it in exercise 12.2.)


# %%
class MyMaxPooling(cafe_edu.Layer):
    options_field = "pooling_param"

    def top_shapes(self, bottom_shapes):
        self.k, self.stride = self.options.kernel_size, self.options.stride
        ((N, C, *size),) = bottom_shapes  # tonight no window hangs over the edge
        return [(N, C, *((n - self.k) // self.stride + 1 for n in size))]

    def forward(self, bottom, top):
        N, C, H, W = bottom[0].shape
        X = im2col(bottom[0].data.reshape(N * C, 1, H, W), self.k, self.stride, 0)  # (N C, k k, places)
        self.which = X.argmax(axis=1, keepdims=True)
        top[0].data = np.take_along_axis(X, self.which, axis=1).reshape(top[0].shape)

    def backward(self, top, propagate_down, bottom):
        N, C, H, W = bottom[0].shape
        dX = np.zeros((N * C, self.k**2, top[0].data[0, 0].size), bottom[0].dtype)
        np.put_along_axis(dX, self.which, top[0].diff.reshape(N * C, 1, -1), axis=1)
        bottom[0].diff = col2im(dX, (N * C, 1, H, W), self.k, self.stride, 0).reshape(N, C, H, W)


# %% [markdown]
# ### The gradient checker
#
# Are they right? The formulas look convincing, and so do wrong ones. A checker takes a **trial**, which
# is one layer by itself with blobs before and behind it, runs the layer's backward, and compares every
# slope with a central difference. Its whole art is in what it does *before*:
#
# - **What comes from above is random.** We check $L = \sum_j r_j y_j$ with random $r$, so that
#   $dy = r$. If $r$ were all ones, a layer that forgets to multiply by $dy$ would pass.
# - **Every diff is filled with noise first.** A parameter's must come out as noise + slope (added),
#   a bottom's as slope (overwritten). Zeros would hide both mistakes.
# - **What may differ is measured by the largest slope**: a millionth of it. A fixed number would be too
#   strict for large slopes, and blind to mistakes in small ones.


# %%
def numeric_slope(trial, blob, r, h=1e-5):
    """Central differences of L = sum of r y along every number of a blob."""
    slope = np.zeros(blob.shape)
    for i in np.ndindex(*blob.shape):
        kept = blob.data[i]
        for sign in (1, -1):
            blob.data[i] = kept + sign * h
            slope[i] += sign * (r * trial.forward()[0]).sum() / (2 * h)
        blob.data[i] = kept
    return slope


# %%
def check_backward(trial, tolerance=1e-6, seed=0):
    """Return what is wrong with a layer's backward, as a list; empty if nothing is."""
    rng = np.random.default_rng(seed)
    r = rng.normal(size=trial.forward()[0].shape)
    blobs = {"bottom": trial.bottom[0]} | {blob.name: blob for blob in trial.layer.params}
    expected = {name: numeric_slope(trial, blob, r) for name, blob in blobs.items()}
    noise = {name: rng.normal(size=blob.shape) for name, blob in blobs.items()}
    for name, blob in blobs.items():
        blob.diff = noise[name]
    trial.forward()
    trial.backward(r)
    wrong = []
    for name, blob in blobs.items():
        found = blob.diff - (0 if name == "bottom" else noise[name])
        if abs(found - expected[name]).max() > tolerance * abs(expected[name]).max():
            wrong.append(name)
    return wrong


# %% [markdown]
# The house's `make_layer` sets up a trial, in float64; `trial.forward()` gives a list of what the tops
# hold, `trial.backward(r)` goes back from $dy = r$.

# %%
from cafe_edu.testing import make_layer

rng = np.random.default_rng(12)
pictures = rng.normal(size=(2, 2, 6, 5))
options = """convolution_param { num_output: 3 kernel_size: 3 stride: 2 pad: 1
             weight_filler { type: "xavier" } bias_filler { type: "gaussian" } }"""
pooling = "pooling_param { pool: MAX kernel_size: 2 stride: 1 }"
print("convolution:", check_backward(make_layer(MyConvolution, pictures, spec=options)))
print("pooling:    ", check_backward(make_layer(MyMaxPooling, pictures, spec=pooling)))

# %% [markdown]
# Nothing wrong. But a checker that never says anything is a cheap thing to build. Does it bark?
#
# ### Five faults
#
# Here are five that people often make. Each is our convolution with one thing changed in `backward`:


# %%
class IgnoresAbove(MyConvolution):
    def backward(self, top, propagate_down, bottom):
        top[0].diff = np.ones(top[0].shape)  # as if dy were 1 everywhere
        super().backward(top, propagate_down, bottom)


class OverwritesParameter(MyConvolution):
    def backward(self, top, propagate_down, bottom):
        self.W.diff[...] = 0  # so that += becomes =
        super().backward(top, propagate_down, bottom)


class AddsToBottom(MyConvolution):
    def backward(self, top, propagate_down, bottom):
        before = bottom[0].diff.copy()
        super().backward(top, propagate_down, bottom)
        bottom[0].diff += before


# %%
class MeanForSum(MyConvolution):
    def backward(self, top, propagate_down, bottom):
        before = self.b.diff.copy()
        super().backward(top, propagate_down, bottom)
        self.b.diff = before + (self.b.diff - before) / len(bottom[0].data)  # divided by N


class OffByOne(MyConvolution):
    def backward(self, top, propagate_down, bottom):
        super().backward(top, propagate_down, bottom)
        bottom[0].diff = np.roll(bottom[0].diff, 1, axis=3)  # one pixel to the right


faults = [IgnoresAbove, OverwritesParameter, AddsToBottom, MeanForSum, OffByOne]
for fault in faults:
    print(f"{fault.__name__:20}", check_backward(make_layer(fault, pictures, spec=options)))

# %% [markdown]
# All five, and each with the blobs in which it shows. (The layer on trial is called `trial`.) Now see
# what the checker says when it is made the easy way: ones from above, and zeros in the diffs.


# %%
def easy_check(trial):
    """A checker with two mistakes of its own."""
    r = np.ones(trial.forward()[0].shape)
    blobs = {"bottom": trial.bottom[0]} | {blob.name: blob for blob in trial.layer.params}
    expected = {name: numeric_slope(trial, blob, r) for name, blob in blobs.items()}
    trial.backward(r)
    return [n for n, b in blobs.items() if abs(b.diff - expected[n]).max() > 1e-6 * abs(expected[n]).max()]


caught = [fault.__name__ for fault in faults if easy_check(make_layer(fault, pictures, spec=options))]
print("caught:", caught)

# %% [markdown]
# Three of five slip through. What becomes of a net that has one of them, you will see in part 5.
#
# ### A blob that is used twice
#
# Rule 3 is nobody's backward: no layer knows that its bottom has a second reader. Who adds? Caffe's
# answer is a layer that the net puts in by itself. Here two losses read the same scores $y$, and each
# measures how far they are from a constant (`DummyData` makes constants; `EuclideanLoss` is half the
# squared distance, divided by $N$):

# %%
fork = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "zero" type: "DummyData" top: "zero" dummy_data_param { shape { dim: 2 dim: 3 } } }
layer { name: "one" type: "DummyData" top: "one" dummy_data_param { shape { dim: 2 dim: 3 }
  data_filler { value: 1 } } }
layer { name: "near_zero" type: "EuclideanLoss" bottom: "y" bottom: "zero" top: "loss0" loss_weight: 1 }
layer { name: "near_one" type: "EuclideanLoss" bottom: "y" bottom: "one" top: "loss1" loss_weight: 0.3 }
"""
net = cafe_edu.Net(fork, phase="TRAIN", rng=12, dtype=np.float64)
[(layer.name, layer.type) for layer in net.layers]

# %% [markdown]
# Between `ip` and the losses stands a `Split`, which we did not write. Forward it hands the same numbers to
# both; backward it adds what both send back. And this answers a question that was once asked of
# Caffe's author, *can I have losses at several layers?* Yes: the net's loss is their weighted sum,
# and so is every slope.


# %%
def slope_with(weight0, weight1):
    """The slope along ip's weights, if the two losses count this much."""
    spec = fork.replace("loss_weight: 0.3", f"loss_weight: {weight1}")
    spec = spec.replace("loss_weight: 1", f"loss_weight: {weight0}", 1)
    net = cafe_edu.Net(spec, phase="TRAIN", rng=12, dtype=np.float64)
    net.forward(x=np.arange(8.0).reshape(2, 4))
    net.backward()
    return net.params["ip"][0].diff


np.testing.assert_allclose(slope_with(1, 0.3), slope_with(1, 0) + 0.3 * slope_with(0, 1))
print("slope of (L0 + 0.3 L1) = slope of L0 + 0.3 times the slope of L1")

# %% [markdown]
# GoogLeNet (2014) learns this way: two side losses in its middle, each with the weight 0.3, so that
# the slopes reach its lower layers by a shorter way. For answers, they are cut off.
#
# ## 5 · The house
#
# The house's convolution has groups, dilation, rectangles and a fast engine. Where ours applies, the
# two give the same numbers, in a real net that learns:

# %%
body = """
layer { name: "digits" type: "Input" top: "data" top: "label"
  input_param { shape { dim: 64 dim: 1 dim: 28 dim: 28 } shape { dim: 64 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" convolution_param {
  num_output: 8 kernel_size: 5 weight_filler { type: "xavier" } } }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "conv2" type: "Convolution" bottom: "pool1" top: "conv2" convolution_param {
  num_output: 16 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
layer { name: "relu2" type: "ReLU" bottom: "conv2" top: "conv2" }
layer { name: "ip" type: "InnerProduct" bottom: "conv2" top: "ip" inner_product_param {
  num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""


def train(net, iterations, rate=0.05):
    """Plain steps downhill; return the losses on the way."""
    losses = []
    for i in range(iterations):
        some = np.arange(64 * i, 64 * (i + 1)) % len(digits.x_train)
        net.clear_param_diffs()
        net.forward(data=digits.x_train[some] / 256, label=digits.y_train[some])
        net.backward()
        for param in net.learnable:
            param.blob.diff *= rate
            param.blob.update()
        losses.append(net.loss)
    return losses


# %%
mine = {"Convolution": MyConvolution, "Pooling": MyMaxPooling}
ours = train(cafe_edu.Net(body, phase="TRAIN", rng=12, layers=mine), 20)
theirs = train(cafe_edu.Net(body, phase="TRAIN", rng=12), 20)
np.testing.assert_allclose(ours, theirs, rtol=1e-3)
print("twenty losses on our own convolution and pooling: the house's, but for rounding")

# %% [markdown]
# And with the three faults that the easy checker let pass? Sixty steps each, and the mean of the last ten
# losses:

# %%
ends = {}
for convolution in [MyConvolution, *(fault for fault in faults if fault.__name__ not in caught)]:
    net = cafe_edu.Net(body, phase="TRAIN", rng=12, layers=mine | {"Convolution": convolution})
    ends[convolution.__name__] = np.mean(train(net, 60)[-10:])
right = ends["MyConvolution"]
print("the right one has learned:             ", bool(right < 0.5))
print("IgnoresAbove has learned nothing:      ", bool(ends["IgnoresAbove"] > 2.2))
print("AddsToBottom is worse by half, or more:", bool(ends["AddsToBottom"] > 1.5 * right))
print("OverwritesParameter is no worse at all:", bool(np.isclose(ends["OverwritesParameter"], right)))

# %% [markdown]
# The first never learns, and one would look for the reason in the data, in the rate, in the weights. The
# second learns, only worse, and nobody would look. The third cannot be told from the right one, until
# the day when two layers share a weight, or two batches go by before a step.
#
# And this is the house's backward of convolution. The lines of ours are behind one name: `engine`,
# which may be plain numpy, compiled loops or a GPU (day 15).

# %%
import inspect

print(inspect.getsource(cafe_edu.layer.layer_class("Convolution").backward))

# %% [markdown]
# The house has a checker too. It asks a little more than ours (what does a layer do when its bottom's
# slope is not wanted?), it tries to name the mistake, and it runs on every layer of the house at every
# change. What does it say of our five?

# %%
from cafe_edu.testing import CheckFailed, check_gradient

for fault in faults:
    try:
        check_gradient(make_layer(fault, pictures, spec=options))
        print(f"{fault.__name__}: nothing found")
    except CheckFailed as error:
        print(f"{fault.__name__}: {str(error).splitlines()[0]}\n")

# %% [markdown]
# It says where, and for four of the five why. And our own two layers?

# %%
check_gradient(make_layer(MyConvolution, pictures, spec=options))
check_gradient(make_layer(MyMaxPooling, pictures, spec=pooling))
print("and it has nothing to say against our two layers")

# %% [markdown]
# ## 6 · See it
#
# ### A fault that has no name
#
# `OffByOne` was found, but not called by its name. Look at it: the slopes of the bottom by trying and by
# backward, each row of pixels a row of the picture, and the worst of them in a frame.

# %%
from cafe_edu.widgets import GradientCheck

GradientCheck(make_layer(OffByOne, pictures, spec=options)).show_static()

# %% [markdown]
# What backward hands down is what the differences say, one pixel further to the right; the last column has
# come round to the front. (In JupyterLab the same call without `.show_static()` can be clicked, and shows
# the gradients of the parameters too.)
#
# ### Slopes on their way down
#
# A stack of twelve inner products of 64, an activation behind each, and a last
# one for the ten scores; we measure how large the slopes of the weights are (root of the mean square),
# layer by layer, before anything was learned. Two activations, three ways to draw the first weights:


# %%
def stack(neuron, filler, depth=12):
    """A deep net of inner products."""
    text = body.partition('layer { name: "conv1"')[0]
    below = "data"
    for i in range(depth):
        text += f"""
        layer {{ name: "ip{i}" type: "InnerProduct" bottom: "{below}" top: "ip{i}"
          inner_product_param {{ num_output: 64 weight_filler {{ {filler} }} }} }}
        layer {{ name: "y{i}" type: "{neuron}" bottom: "ip{i}" top: "ip{i}" }}"""
        below = f"ip{i}"
    return text + f"""
        layer {{ name: "ip" type: "InnerProduct" bottom: "{below}" top: "ip"
          inner_product_param {{ num_output: 10 weight_filler {{ {filler} }} }} }}
        layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }}"""


# %%
kinds = {
    "Sigmoid, xavier": ("Sigmoid", 'type: "xavier"', "#d55e00"),
    "ReLU, gaussian, std 0.05": ("ReLU", 'type: "gaussian" std: 0.05', "#e69f00"),
    "ReLU, msra": ("ReLU", 'type: "msra"', "#0072b2"),
}
_, axis = plt.subplots(figsize=(7, 3.2), dpi=80)
flow = {}
for name, (neuron, filler, color) in kinds.items():
    net = cafe_edu.Net(stack(neuron, filler), phase="TRAIN", rng=12)
    net.forward(data=digits.x_train[:64] / 256, label=digits.y_train[:64])
    net.backward()
    flow[name] = [np.sqrt((blobs[0].diff ** 2).mean()) for blobs in net.params.values()]
    axis.semilogy(flow[name], color=color, marker="o", label=name)
axis.set(xlabel="layer, from the pictures (0) up to the scores (12)", ylabel="slopes of the weights")
axis.legend()
plt.tight_layout()
plt.show()

# %%
ratio = {name: slopes[1] / slopes[-1] for name, slopes in flow.items()}  # layer 0's depend on the ink as well
print("the slopes of layer 1, beside those of layer 12")
print("Sigmoid: less than a millionth:   ", bool(ratio["Sigmoid, xavier"] < 1e-6))
print("ReLU, msra: more than a twentieth:", bool(ratio["ReLU, msra"] > 0.05))
print("ReLU, std 0.05: all below 1e-6:   ", max(flow["ReLU, gaussian, std 0.05"]) < 1e-6)

# %% [markdown]
# Read the plot from right to left, as backward does. Behind each Sigmoid the slope is multiplied by
# $y (1 - y)$, which is 1/4 at most: after twelve, little is left. The lower layers learn next to nothing,
# in any time you have. This is the **vanishing gradient** 梯度消失, and one of the reasons why nets stayed
# shallow for twenty years. ReLU multiplies by 0 or 1; and with first weights of the right size (He and
# others, 2015, called `msra` in Caffe), what passes keeps its size. With weights drawn too small all layers
# starve at once: what goes up shrinks from layer to layer, and so does what comes down.
#
# ## 7 · Break it
#
# **A kink.** ReLU at exactly 0 has a slope of 1 on one side and 0 on the other. Backward says 0, the
# central difference says 1/2, and neither is wrong:

# %%
at_the_kink = make_layer("ReLU", np.array([[-1.0, 0.0, 2.0]]))
print("wrong:", check_backward(at_the_kink))
print("numeric:", numeric_slope(at_the_kink, at_the_kink.bottom[0], np.ones((1, 3))).round(3)[0])

# %% [markdown]
# The checker barks at a layer that is right. Max pooling has kinks too, wherever two numbers of a
# window are equal. Now you can read the first picture again. We had put a little grain on the 3; here
# is the bare one, whose background is exactly 0 everywhere:

# %%
lenet.forward(data=bare, label=[3])
lenet.backward()
by_thinking = lenet.blobs["data"].diff[0, 0].copy()
differs = abs(try_pixels(bare) - by_thinking) > 1e-6 * most

_, axes = plt.subplots(1, 2, figsize=(5, 2.6), dpi=80)
axes[0].imshow(bare[0, 0], cmap="gray_r")
axes[1].imshow(differs, cmap="gray_r", vmin=0, vmax=1)
for axis, title in zip(axes, ["the bare picture", "black: they differ"], strict=True):
    axis.set(title=title, xticks=[], yticks=[])
plt.tight_layout()
plt.show()

# %% [markdown]
# Far enough from the stroke a filter of 5 x 5 sees white paper only, wherever it stands, and all four
# numbers of a pooling window are equal. Backward picks the first of them; trying picks the one that was
# moved. **Cure:** check with inputs that stay away from kinks by more than $h$. Random numbers nearly
# always do, in a small layer by itself. (In LeNet, with 784 pixels and some thousands of windows and
# ReLUs, one kink is hit now and then: to tell the truth, the grain of the first picture is one that hits
# none.)
#
# **float32.** The same checker, the same correct convolution, single precision:

# %%
single = make_layer(MyConvolution, pictures.astype(np.float32), spec=options, dtype=np.float32)
print("wrong:", check_backward(single))

# %% [markdown]
# Everything is "wrong", because the difference of two rounded numbers is mostly rounding. One can raise
# the tolerance until it is quiet; then it is quiet about mistakes too. **Cure:** check in float64,
# train in float32.
#
# **A random layer.** Dropout draws a new mask at each forward, so a central difference compares two
# different functions. **Cure:** the same seed before each run; `trial.forward()` does so.

# %%
dropout = make_layer("Dropout", pictures, spec="dropout_param { dropout_ratio: 0.5 }")
print("Dropout:", check_backward(dropout))

# %% [markdown]
# ## 8 · In the real world
#
# **Caffe** has a checker of this kind in its tests (`test_gradient_check_util.hpp`); it steps over kinks
# whose place it is told. Its layers' backwards are written by hand, as ours.
#
# **PyTorch** and its like derive them: each elementary operation knows its backward, and a tape of what
# ran is played in reverse. `torch.autograd.gradcheck` is the same comparison, in float64 by its
# documentation's advice; you need it the day you write an operation of your own. The rules on the
# tape are the three of tonight.
#
# **Who found it?** Seppo Linnainmaa wrote the method down in 1970, for rounding errors; Paul Werbos
# brought it to models that learn, in his thesis of 1974 and after; Rumelhart, Hinton and Williams made it
# known in 1986. Others found it by themselves. It is the chain rule, and bookkeeping.
#
# **What does it cost?** A convolution's way back is two matrix products of the size of the one forward,
# so about twice the time. In memory it costs more: everything that forward made must be kept until
# backward has passed it. Very deep nets can keep a part of it and compute the rest again
# (Chen and others, 2016).
#
# **What nobody knows:** how brains do it. As far as anyone has seen, their wires carry nothing back the
# way it came; and yet they learn, often from few examples.
#
# References: S. Linnainmaa, master's thesis, University of Helsinki (1970); P. Werbos, PhD thesis,
# Harvard (1974); D. Rumelhart, G. Hinton, R. Williams, *Learning representations by back-propagating
# errors*, Nature 323 (1986); X. Glorot, Y. Bengio, *Understanding the difficulty of training deep
# feedforward neural networks*, AISTATS (2010); C. Szegedy and others, *Going deeper with convolutions*
# (2014); K. He and others, *Delving deep into rectifiers* (2015); T. Chen and others, *Training deep nets
# with sublinear memory cost* (2016).
#
# ## 9 · Recap
#
# 1. Begin with $dL = 1$; a layer multiplies what comes from above by its own derivative; a fork adds.
# 2. Convolution: $dW = dY X^\top$, $dX = W^\top dY$, and `col2im` adds what `im2col` copied.
# 3. Max pooling sends the slope to the one that won; nobody else could have changed anything.
# 4. A checker needs random slopes from above, noise in every diff, float64, and no kinks.
# 5. Slopes are products of many factors: below 1 they vanish, above 1 they explode.

# %% [markdown] lang="zh"
# ## 9 · 回顾
#
# 1. 从 $dL = 1$ 开始;每层把上面传来的斜率乘以自己的导数;分叉处相加。
# 2. 卷积:$dW = dY X^\top$,$dX = W^\top dY$,`im2col` 复制了什么,`col2im` 就加回什么。
# 3. 最大池化把斜率交给获胜的那一个;别的数变一点,结果也不会变。
# 4. 检查器需要:上方传来的随机斜率,每个 diff 里先填噪声,float64,避开折点。
# 5. 斜率是许多因子的乘积:小于 1 就消失,大于 1 就爆炸。

# %% [markdown]
# | English | 中文 | |
# |---|---|---|
# | backpropagation | 反向传播 | slopes of the loss, from the top down |
# | chain rule | 链式法则 | each link multiplies by its own derivative |
# | gradient | 梯度 | all slopes together |
# | upstream gradient | 上游梯度 | what comes from above, $dy$ |
# | central difference | 中心差分 | the slope by trying, on both sides |
# | gradient check | 梯度检查 | slopes by thinking against slopes by trying |
# | kink | 折点 | where a curve has no slope |
# | vanishing gradient | 梯度消失 | a product of many small factors |
# | split | 分流 | one blob for several readers; adds on the way back |
#
# **Exercises:** [day 12](../exercises/day12_backward.ipynb): slopes by hand on a fork, the way back of
# mean pooling, a derivative of your own, five suspects for your checker, and a deep net to be cured.
#
# **To read on:** `cafe_edu/testing/check_gradient.py`, `cafe_edu/splits.py`, `cafe_edu/backward_plan.py`
# (who runs on the way back, and who need not). Tomorrow: what to do with all these slopes.
