# %% [markdown]
# # Day 12 · Backward: exercises
#
# Seven exercises, growing in difficulty. Write your answer where it says `# YOUR CODE HERE` (and take
# the line `raise NotImplementedError()` away), run the cell, then run the check below it. The check
# runs *your* object, says what it tried, and if it knows your mistake it tells you which one it is.
# `hint("12.1")` says a little more each of three times; `solution("12.1")` opens once you have tried.
#
# | | exercise | kind | points |
# |---|---|---|---|
# | 12.1 | Slopes on a fork | predict | 2 |
# | 12.2 | The way back of mean pooling | code | 3 |
# | 12.3 | A vector of length one | derive | 3 |
# | 12.4 | Why random? | explain | 1 |
# | 12.5 | A checker of your own | code | 4 |
# | 12.6 | Five suspects | hunt | 3 |
# | 12.7 | A deep net that can learn | experiment, open-ended | 3 |

# %%
import numpy as np

import cafe_edu
from cafe_edu.course import check, hint, solution
from cafe_edu.testing import make_layer

# %% [markdown]
# ## 12.1 · Slopes on a fork
#
# Four numbers, three steps:
#
# $$a = w\,x, \qquad L = a^2 + x\,a, \qquad w = 3, \quad x = 2 .$$
#
# $a$ is used twice, and so is $x$. Work backward on paper, and **commit to your prediction before
# anything runs**: a dict called `slopes` with the keys `"a"`, `"w"` and `"x"`, the slopes
# $\partial L / \partial a$ (as if $a$ were moved by itself), $\partial L / \partial w$ and
# $\partial L / \partial x$.

# %% answer="12.1"
### BEGIN SOLUTION
w, x = 3.0, 2.0
a = w * x
da = 2 * a + x  # by way of the square, by way of the product
slopes = {"a": da, "w": x * da, "x": w * da + a}  # x: by way of a, and directly
### END SOLUTION

# %% check="12.1"
check("12.1")

# %% [markdown]
# If it does not pass, and the verdict does not help, ask for a hint. Each time it says a little more:

# %%
hint("12.1")

# %% [markdown]
# ## 12.2 · The way back of mean pooling
#
# Forward, each window of $k \times k$ numbers becomes its mean. Write the way back: `dy` are the slopes
# of the means, (N, C, OH, OW); return those of the picture, an array of `shape` (N, C, H, W). Windows
# begin every `stride` pixels, in both directions, and none hangs over the edge. They may overlap, and
# there may be gaps between them.


# %% answer="12.2"
def mean_pooling_backward(dy, shape, k, stride):
    """Return dx, of ``shape``, given dy (N, C, OH, OW)."""
    ### BEGIN SOLUTION
    dx = np.zeros(shape)
    OH, OW = dy.shape[2:]
    for i in range(OH):
        for j in range(OW):
            window = dx[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            window += dy[:, :, i : i + 1, j : j + 1] / k**2
    return dx
    ### END SOLUTION


# %% check="12.2"
check("12.2")

# %% [markdown]
# ## 12.3 · A vector of length one
#
# Some nets compare pictures by the angle between their features, and bring each row of features to
# the length 1 first:
#
# $$y = \frac{x}{\lVert x \rVert}, \qquad \lVert x \rVert = \sqrt{\textstyle\sum_k x_k^2} .$$
#
# Derive $dx$, given $x$ (N, K) and $dy$ (N, K), each row by itself. Mind that every $y_k$ depends on
# *every* $x_j$ of its row, through the length. (A picture helps: if $x$ moves along itself, what
# happens to $y$?)


# %% answer="12.3"
def normalize_backward(x, dy):
    """Return dx (N, K) of y = x / |x|, row by row."""
    ### BEGIN SOLUTION
    length = np.sqrt((x**2).sum(axis=1, keepdims=True))
    y = x / length
    along = (y * dy).sum(axis=1, keepdims=True)  # what of dy points along x changes nothing
    return (dy - y * along) / length
    ### END SOLUTION


# %% check="12.3"
check("12.3")

# %% [markdown]
# ## 12.4 · Why random?
#
# A checker gives a layer random slopes from above, not ones. Why? Choose one, as text:
# `answer_12_4 = "a"`.
#
# - **a** Ones are too large: the differences would lose their last digits.
# - **b** In a real net the slopes from above are random.
# - **c** With ones, a backward that never multiplies by what comes from above would give the right
#   answer.
# - **d** Random numbers keep the inputs away from kinks.
# - **e** It makes no difference; ones are only less elegant.

# %% answer="12.4"
### BEGIN SOLUTION
answer_12_4 = "c"
### END SOLUTION

# %% check="12.4"
check("12.4")

# %% [markdown]
# ## 12.5 · A checker of your own
#
# Write `is_right(trial)`: does the backward of a layer tell the truth? A `trial` is a layer by itself:
#
# - `trial.forward()` runs it and returns a list with the tops' data (here always one);
# - `trial.backward(r)` runs the way back from `dy = r`;
# - `trial.bottom[0]` is the blob before it, `trial.layer.params` are its parameters; each has `data` and
#   `diff`, in float64.
#
# Return `True` if every slope agrees with central differences of $\sum r y$, to a millionth of the
# largest slope of that blob; if parameters' diffs are added to; and if the bottom's is overwritten.
# `numeric_slope` is given.


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


# %% answer="12.5"
def is_right(trial):
    """Say whether the backward of a layer agrees with its forward."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    r = rng.normal(size=trial.forward()[0].shape)
    for blob in [trial.bottom[0], *trial.layer.params]:
        expected = numeric_slope(trial, blob, r)
        noise = rng.normal(size=blob.shape)
        blob.diff = noise
        trial.forward()
        trial.backward(r)
        found = blob.diff - (0 if blob is trial.bottom[0] else noise)
        if abs(found - expected).max() > 1e-6 * abs(expected).max():
            return False
    return True
    ### END SOLUTION


# %% check="12.5"
check("12.5")

# %% [markdown]
# ## 12.6 · Five suspects
#
# Five layers, **a** to **e**. Some have a wrong backward. Do not read their source; put each before
# your checker. `suspects()` returns a dict of letter and trial:

# %%
from cafe_edu.course.day12 import suspects

for letter, trial in suspects().items():
    print(letter, trial.bottom[0].shape, "and", len(trial.layer.params), "parameters")

# %% [markdown]
# Write the letters of the guilty ones as text, such as `guilty = "ad"`. Before you accuse one whose
# trial fails, look at the numbers it was tried on (`trial.bottom[0].data`): part 7 of the lesson knows
# an innocent way to fail. You may give a trial other numbers.

# %% answer="12.6"
### BEGIN SOLUTION
guilty = "bce"  # d is |x|, tried at a kink; at 0.3 instead of 0 it is right
### END SOLUTION

# %% check="12.6"
check("12.6")

# %% [markdown]
# ## 12.7 · A deep net that can learn
#
# Here is a net of twelve inner products with a Sigmoid behind each but the last. In its lowest layer next to no
# slope arrives. Change what you like (the neurons, the fillers, the order; other layer types too) so
# that it becomes a net that can learn:
#
# - it still has twelve `InnerProduct` layers or more, and between any two of them something that bends
#   (not only shifts, scales or normalises);
# - the slopes of the lowest layer's weights are at least a tenth of the highest layer's (root of the
#   mean of the squares, on 64 digits, before anything was learned), and not more than ten times as large;
# - and the highest layer's are between 0.001 and 10: a net that starves, or explodes, everywhere does not
#   count.
#
# Leave the net in a variable called `deep`.

# %%
sick = """
layer { name: "digits" type: "Input" top: "data" top: "label"
  input_param { shape { dim: 64 dim: 1 dim: 28 dim: 28 } shape { dim: 64 } } }
"""
below = "data"
for i in range(11):
    sick += f"""
    layer {{ name: "ip{i}" type: "InnerProduct" bottom: "{below}" top: "ip{i}"
      inner_product_param {{ num_output: 64 weight_filler {{ type: "xavier" }} }} }}
    layer {{ name: "neuron{i}" type: "Sigmoid" bottom: "ip{i}" top: "ip{i}" }}"""
    below = f"ip{i}"
sick += f"""
    layer {{ name: "ip" type: "InnerProduct" bottom: "{below}" top: "ip"
      inner_product_param {{ num_output: 10 weight_filler {{ type: "xavier" }} }} }}
    layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }}"""

# %% answer="12.7"
### BEGIN SOLUTION
deep = cafe_edu.Net(sick.replace("Sigmoid", "ReLU").replace("xavier", "msra"), phase="TRAIN", rng=12)
### END SOLUTION

# %% check="12.7"
check("12.7")

# %% [markdown]
# There is more than one cure. Can you find one that keeps the Sigmoid? (A thought: what normalises
# what goes up also steadies what comes down. Day 18 has a layer for it.)
