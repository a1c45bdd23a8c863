# %% [markdown]
# # Day 8 · Blob, Layer, Net: exercises
#
# Six exercises, growing in difficulty. Write your answer where it says `# YOUR CODE HERE` (and take
# the line `raise NotImplementedError()` away), run the cell, then run the check below it. The check
# runs *your* object, says what it tried, and if it knows your mistake it tells you which one it is.
# `hint("08.1")` says a little more each of three times; `solution("08.1")` opens once you have tried.
#
# | | exercise | kind | points |
# |---|---|---|---|
# | 08.1 | What does this net hold in memory? | predict | 2 |
# | 08.2 | A blob that can share | code | 3 |
# | 08.3 | Who adds, who overwrites, and why? | explain | 1 |
# | 08.4 | Where does the house refuse? | hunt | 2 |
# | 08.5 | A layer with a parameter | code | 4 |
# | 08.6 | A thrifty net | experiment, open-ended | 4 |

# %%
import math

import numpy as np

import cafe_edu
from cafe_edu.course import check, hint, solution
from cafe_edu.data import datasets

# %% [markdown]
# ## 08.1 · What does this net hold in memory?
#
# Ten colour pictures of 32 x 32 pixels, and numbers of 4 bytes:
#
# | layer | reads | makes | |
# |---|---|---|---|
# | data | | data | 10 x 3 x 32 x 32 |
# | conv1 | data | conv1 | 16 filters of 5 x 5, pad 2, stride 1 |
# | relu1 | conv1 | conv1 | in place |
# | pool1 | conv1 | pool1 | the largest of each 2 x 2, stride 2 |
# | ip1 | pool1 | ip1 | 10 outputs |
#
# Three questions, all about `data` and not `diff`, in bytes. **Commit to your prediction before
# anything runs**: a dict called `memory` with the keys
#
# - `"blobs"`: the data of all blobs, each once;
# - `"caffe"`: what Caffe's log would call `Memory required for data`;
# - `"parameters"`: the data of all parameters.
#
# Write products, not results, if you like: `4 * (10 * 3 * 32 * 32 + ...)`.

# %% answer="08.1"
### BEGIN SOLUTION
data, conv1, pool1, ip1 = 10 * 3 * 32 * 32, 10 * 16 * 32 * 32, 10 * 16 * 16 * 16, 10 * 10
memory = {
    "blobs": 4 * (data + conv1 + pool1 + ip1),
    "caffe": 4 * (data + conv1 + conv1 + pool1 + ip1),  # relu1's top is counted too
    "parameters": 4 * (16 * (3 * 5 * 5) + 16 + 10 * (16 * 16 * 16) + 10),
}
### END SOLUTION

# %% check="08.1"
check("08.1")

# %% [markdown]
# If it does not pass, and the verdict does not help, ask for a hint. Each time it says a little more:

# %%
hint("08.1")

# %% [markdown]
# ## 08.2 · A blob that can share
#
# Here is the beginning of a blob. Write its three methods:
#
# - `reshape(*shape)`: take a new shape (a tuple) and count. Keep the memory, and the numbers in it, as
#   long as it is large enough; otherwise make new memory of zeros, float32 as in `__init__`.
# - `update()`: one step downhill, `data` minus `diff`. The diff stays as it is.
# - `share(owner)`: from now on, use the memory of `owner`, another blob with as many numbers (its
#   shape may differ). Whatever one writes, the other sees, data and diff. A blob with another number of
#   numbers is refused with a `ValueError` that says both counts.
#
# (`data` can only be read here; it gives you the array itself, into which you can write.) Two layers
# that share a weight, as in a recurrent net, need nothing else: each adds its slopes to the one diff.


# %% answer="08.2"
class Blob:
    """Numbers, and beside them the slope of the loss along each one."""

    def __init__(self, *shape):
        self.memory = np.zeros((2, 0), np.float32)  # row 0: data, row 1: diff
        self.reshape(*shape)

    data = property(lambda self: self.memory[0, : self.count].reshape(self.shape))
    diff = property(lambda self: self.memory[1, : self.count].reshape(self.shape))

    def reshape(self, *shape):
        ### BEGIN SOLUTION
        self.shape, self.count = shape, math.prod(shape)
        if self.count > self.memory.shape[1]:
            self.memory = np.zeros((2, self.count), np.float32)
        ### END SOLUTION

    def update(self):
        ### BEGIN SOLUTION
        self.data[...] -= self.diff
        ### END SOLUTION

    def share(self, owner):
        ### BEGIN SOLUTION
        if owner.count != self.count:
            raise ValueError(f"expected {self.count} numbers to share, found {owner.count}")
        self.memory = owner.memory
        ### END SOLUTION


# %% check="08.2"
check("08.2")

# %% [markdown]
# ## 08.3 · Who adds, who overwrites, and why?
#
# `backward` adds to the diff of a layer's parameters, and overwrites the diff of its bottoms. Why the
# difference? Choose one, as text: `answer_08_3 = "a"`.
#
# - **a** Parameters are updated by adding, so their diffs must be added to as well.
# - **b** A parameter may be used several times before one step is taken, by several layers or batches,
#   and the slope of a sum is the sum of slopes. A bottom's diff belongs to this batch and this reader.
# - **c** Overwriting is faster, and bottoms are larger than parameters; it makes no other difference.
# - **d** Both could be overwritten; adding only keeps rounding errors small.
# - **e** Bottoms must be overwritten because a layer may run in place and would otherwise add to its own
#   output.

# %% answer="08.3"
### BEGIN SOLUTION
answer_08_3 = "b"
### END SOLUTION

# %% check="08.3"
check("08.3")

# %% [markdown]
# ## 08.4 · Where does the house refuse?
#
# The house does not let a layer run in place where the layer below needs its output again: you saw the
# error in part 7 of the lesson. Find the method that refuses. The floor plan (`cafe_edu/README.md`)
# says which file builds a net; this shows its source:
#
# ```python
# import inspect; print(inspect.getsource(cafe_edu.net))
# ```
#
# Answer with file and name, as text: `place = "cafe_edu/blob.py:Blob.update"`.

# %% answer="08.4"
### BEGIN SOLUTION
place = "cafe_edu/net.py:Net._check_in_place"
### END SOLUTION

# %% check="08.4"
check("08.4")

# %% [markdown]
# ## 08.5 · A layer with a parameter
#
# Write `MyScale`, a layer that multiplies each channel by a number of its own, which it learns:
#
# $$y_{n,c,\ldots} = a_c \, x_{n,c,\ldots}$$
#
# The bottom has two axes or more, the channels are axis 1, and $a$ begins as ones. Derive $da_c$ and
# $dx$ on paper first: which of the $y$ does one $a_c$ touch? Keep the contract of part 4: multiply by
# what comes from above, add to the parameter's diff, overwrite the bottom's.
#
# `self.add_param("a", shape)` of `cafe_edu.Layer` makes the blob, filled with zeros.


# %% answer="08.5"
class MyScale(cafe_edu.Layer):
    """y = a x, with one a for each channel."""

    def setup(self, bottom):
        ### BEGIN SOLUTION
        self.a = self.add_param("a", (bottom[0].shape[1],))
        self.a.data[...] = 1
        ### END SOLUTION

    def top_shapes(self, bottom_shapes):
        ### BEGIN SOLUTION
        return bottom_shapes
        ### END SOLUTION

    def forward(self, bottom, top):
        ### BEGIN SOLUTION
        x = bottom[0].data
        a = self.a.data.reshape(-1, *[1] * (x.ndim - 2))  # (C, 1, 1): stretched over the pictures
        top[0].data = a * x
        ### END SOLUTION

    def backward(self, top, propagate_down, bottom):
        ### BEGIN SOLUTION
        x, dy = bottom[0].data, top[0].diff
        all_but_channels = (0, *range(2, x.ndim))
        self.a.diff += (dy * x).sum(axis=all_but_channels)
        if propagate_down[0]:
            a = self.a.data.reshape(-1, *[1] * (x.ndim - 2))
            bottom[0].diff = a * dy
        ### END SOLUTION


# %% check="08.5"
check("08.5")

# %% [markdown]
# What passed can be used: with `from cafe_edu.course import mine`, a net built as
# `cafe_edu.Net(spec, layers=mine())` runs your layer where its prototxt says `Scale`.
#
# ## 08.6 · A thrifty net
#
# The little brother of the lesson, once it learns, holds more than a million bytes at batches of 64.
# Make a net that reads the digits with less than 450,000, and still gets 85 of 100 test digits right.
#
# - Its prototxt has an Input layer with the tops `data` (64 x 1 x 28 x 28) and `label` (64), and ends in
#   a `SoftmaxWithLoss`. All other layers are up to you.
# - Train it with the loop below, or your own, and leave it in a variable called `thrifty`.
# - Counted is what all blobs and parameters hold, data and diff: `blob.nbytes`. (The house makes a diff
#   when it is first used, so the pictures have none.)
#
# There are many ways. How far below the limit can you come?


# %%
def train(net, iterations, rate=0.1):
    """Plain steps downhill on batches of 64 training digits."""
    digits = datasets.load("digits")
    for i in range(iterations):
        some = np.arange(64 * i, 64 * (i + 1)) % len(digits.x_train)
        net.clear_param_diffs()
        net.forward(data=digits.x_train[some] / 256, label=digits.y_train[some])
        net.backward()
        for param in net.learnable:
            param.blob.diff *= rate
            param.blob.update()


# %% answer="08.6"
### BEGIN SOLUTION
thrifty = cafe_edu.Net(
    """
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
    """,
    phase="TRAIN",
    rng=8,
)
train(thrifty, 300, rate=0.5)
### END SOLUTION

# %% check="08.6"
check("08.6")

# %% [markdown]
# Look at where the rest of the memory is: `sorted((blob.nbytes, name) for name, blob in
# thrifty.blobs.items())`. Which of it could be saved only by changing the house?
