# %% [markdown]
# # Day 1 · What deep learning is 什么是深度学习
#
# ## 1 · Promise
#
# In the next ten minutes a net that knows nothing learns, on your machine, to read handwriting. Then you
# draw a digit and it tells you which one it is.
#
# After that you take it apart. Its last layer, the one that decides, you will have built yourself before
# the evening is over: in some twenty lines of Python, from 1,437 digits, with every number in it accounted
# for. You will know what a score, a softmax, a cross entropy, a slope and a step are, and you will be able
# to tell a friend what is *deep* about deep learning, when it is worth the trouble, and when it is not.
#
# You need Python, and to have met a matrix and a derivative. An hour of reading, less than a minute of
# computing; nothing is downloaded.

# %% [markdown] lang="zh"
# # 第 1 天 · 什么是深度学习 What deep learning is
#
# ## 1 · 今晚的约定
#
# 接下来的十分钟里，一个什么都不知道的网络，会在你的机器上学会认手写数字。
# 然后你画一个数字，它告诉你画的是几。
#
# 之后你把它拆开。它的最后一层，也就是做决定的那一层，今晚由你亲手写出来：
# 二十来行 Python，一千多个手写数字，里面的每个数都说得清来历。
# 你会知道什么是得分、softmax、交叉熵、斜率和步长；你还能讲给朋友听：
# 深度学习“深”在哪里，什么时候值得用，什么时候不值得。
#
# 你需要会 Python，见过矩阵和导数。阅读约一小时，计算不到一分钟，不需要下载任何东西。

# %% [markdown]
# ### The digits
#
# The data are 1,797 digits that 13 people wrote in the 1990s; they come with scikit-learn. Each is a grey
# picture, enlarged to 28 x 28 pixels.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import cafe_edu
from cafe_edu import Net, Solver
from cafe_edu.data import datasets

plt.rcParams.update({"figure.constrained_layout.use": True, "image.interpolation": "nearest"})
plt.rcParams["figure.dpi"] = 72

digits = datasets.load("digits")
digits


# %%
def show(pictures, captions):
    """Draw pictures (N, 28, 28) in a row, black 0 and white 1, a caption above each."""
    _, axes = plt.subplots(1, len(pictures), figsize=(9, 1.3))
    for axis, picture, caption in zip(axes, pictures, captions, strict=True):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=1)
        axis.set_title(caption, fontsize=12)
        axis.axis("off")
    plt.show()


ten = [np.flatnonzero(digits.y_test == k)[0] for k in range(10)]  # the first 0, the first 1, ...
show(digits.x_test[ten, 0] / 256, ["?"] * 10)

# %% [markdown]
# You read these without effort, and cannot say how you do it. Nobody can write down the rule. So we let a
# machine find one by itself.
#
# The digits are split in two. From 1,437 the machine learns; the other 360 it never sees while it learns.
# They are for the test: what counts is whether it reads *new* digits.
#
# ### A net is a file
#
# In Caffe a net is a text, a **prototxt**: a list of layers. Here is one layer of LeNet. (Its forebears
# read the cheques of American banks in the 1990s.) What the layer does need not bother us yet.

# %%
folder = Path(cafe_edu.__file__).parent / "zoo" / "lenet"
text = (folder / "lenet.prototxt").read_text()
first, second, *rest = text.split("layer {")[1:]
print("layer {" + second)

# %% [markdown]
# The solver is the part that teaches. It reads two such files, one that says what the net is and one that
# says how it learns, and fills the net with random numbers:

# %%
solver = Solver(folder / "lenet_solver.prototxt", snapshot=0, test_initialization=False)

reader = Net(folder / "lenet.prototxt")  # the same net for reading: picture in, probabilities out
reader.share_with(solver.net)  # it uses the numbers of the net that learns
reader

# %% [markdown]
# Read the table from top to bottom: it is the way that 64 pictures take through the net, until ten numbers
# for each picture are left. `parameters` counts the numbers in it, 431,080. They begin at random (a few at
# zero), and they are all that can be learned.
#
# ### It learns
#
# `solver.step(1)` shows the net 64 digits together with the right answers, and moves every one of the
# 431,080 numbers a little, so that the right answers become more probable. We let it take 100 such steps,
# and stop on the way to ask what it makes of the ten digits above.

# %%
stops = [0, 5, 10, 20, 50, 100]
seen = []
for stop in stops:
    solver.step(stop - solver.iter)
    seen.append(reader.forward(data=digits.x_test[ten] / 256)["prob"])
seen = np.array(seen)
seen.shape

# %% [markdown]
# Six stops, ten digits, ten probabilities for each. One picture of it:

# %%
_, (above, below) = plt.subplots(2, 1, figsize=(7, 4), height_ratios=[1.2, 5])
above.imshow(np.hstack(digits.x_test[ten, 0]), cmap="gray", aspect="auto")
above.axis("off")
right = seen[:, range(10), range(10)]  # the probability that the true digit gets
below.imshow(right, cmap=plt.get_cmap("Blues", 10), vmin=0, vmax=1, aspect="auto")
for i, k in np.ndindex(right.shape):
    answer = seen[i, k].argmax()
    color = "#d55e00" if answer != k else "white" if right[i, k] > 0.5 else "black"
    below.text(k, i, answer, ha="center", va="center", fontsize=14, color=color)
names = ["before", *(f"after {stop} steps" for stop in stops[1:])]
below.set(yticks=range(6), yticklabels=names, xticks=[])
plt.show()

# %% [markdown]
# Each column is one digit, each row a later moment. The figure in a field is what the net reads (orange if
# it is wrong); the darker the field, the more probability the true digit gets. At first it says the same
# for nearly everything. A hundred steps later it reads.
#
# Ten digits are no test. Here are all 360:

# %%
answers = reader.forward(data=digits.x_test / 256)["prob"].argmax(axis=1)
lenet_100 = (answers == digits.y_test).mean()
assert 0.93 < lenet_100 < 0.99
print("of 100 digits that it has never seen, it reads more than 93:", bool(lenet_100 > 0.93))

# %% [markdown]
# Nobody told it what a stroke is, or a loop, or a corner. It was shown examples, and its numbers were
# moved.
#
# ### Draw one
#
# Draw a digit on the black field, with the mouse or a finger, and watch what the net says while you draw.
# Try to make it change its mind with one stroke more. (If you have run all cells at once, it answers when
# the last of them is done.)

# %% tags=["nbval-ignore-output"]
from cafe_edu.widgets import DrawDigit

pad = DrawDigit(reader)
pad

# %% [markdown]
# The next cell makes a picture of what you have drawn. (Where nothing is drawn, as on paper, it takes a 2
# of ours.)

# %%
pad.show_static()

# %% [markdown]
# It will be wrong at times, and sure of itself when it is. It learned from 1,437 digits with one kind of
# pen; your hand is new to it.
#
# So much for the first ten minutes. From here on we want to know what happened.
#
# ## 2 · Warm-up
#
# There is no yesterday yet, so here are three questions on what you know. Say your answer aloud before you
# run the cell; a wrong guess is remembered better than a right answer that was only read.
#
# **1.** A picture has 28 x 28 pixels. For each of the ten digits we add up all pixels, each multiplied by a
# number of its own, and then add one more number. How many numbers are that?

# %%
10 * 28 * 28 + 10

# %% [markdown]
# **2.** The logarithm of a probability: it grows from 0.01 to 0.1, and then from 0.1 to 1. In which of the
# two does $\log p$ (the natural logarithm, here and always) grow more?

# %%
print(f"{np.log(0.1) - np.log(0.01):.4f}, {np.log(1) - np.log(0.1):.4f}")

# %% [markdown]
# In both by the same. To the logarithm, ten times as probable is always the same gain.
#
# **3.** Suppose you have forgotten how to differentiate $e^z$. How do you find the slope at $z = 1$ with
# nothing but a calculator?

# %%
h = 1e-5
slope = (np.exp(1 + h) - np.exp(1 - h)) / (2 * h)
print(f"slope by nudging {slope:.6f}, e = {np.exp(1):.6f}")

# %% [markdown]
# One nudges $z$ a little to both sides and looks how much the result changes. It works for any function,
# and we shall use it to catch our own mistakes.
#
# ## 3 · The idea
#
# LeNet has 431,080 numbers; we shall understand how it learns on a net that has 7,850. That one has a
# single layer, and it is the same as the last layer of LeNet. These are the letters of the evening:
#
# | letter | code | shape | |
# |---|---|---|---|
# | $x$ | `x` | $N \times 784$ | $N$ pictures, a row of 784 pixels each, 0 black to 1 white |
# | $y$ | `y` | $N$ | the true digits |
# | $W$, $b$ | `W`, `b` | $10 \times 784$, $10$ | weights and biases: the numbers that are learned |
# | $s$ | `s` | $N \times 10$ | scores |
# | $p$ | `p` | $N \times 10$ | probabilities |
# | $L$ | `L` | one number | the loss: how wrong it is |
# | $\alpha$ | `alpha` | one number | the rate: how long a step is |
#
# ### A picture is numbers

# %%
x_train, y_train = digits.x_train.reshape(-1, 784) / 256, digits.y_train
x_test, y_test = digits.x_test.reshape(-1, 784) / 256, digits.y_test

picture = x_test[ten[5]].reshape(28, 28)
_, (left, right) = plt.subplots(1, 2, figsize=(7.5, 3.4))
left.imshow(picture, cmap="gray")
left.add_patch(plt.Rectangle((7.5, 3.5), 8, 8, edgecolor="#e69f00", fill=False, linewidth=2))
right.imshow(picture[4:12, 8:16], cmap="gray")
for i, j in np.ndindex(8, 8):
    value = picture[4 + i, 8 + j]
    color = "white" if value < 0.5 else "black"
    right.text(j, i, f"{value:.1f}", ha="center", va="center", color=color)
left.set_title("a picture")
right.set_title("what the machine gets")
for axis in (left, right):
    axis.axis("off")
plt.show()

# %% [markdown]
# That is all it gets: 784 numbers in a row. It does not know that some of them are neighbours.
#
# ### A score is a weighted sum
#
# The simplest way to make one number of 784 is to weigh each and add up. Do so once for each of the ten
# digits, with weights of its own:
#
# $$s_k = \sum_{i=1}^{784} W_{k,i}\, x_i + b_k, \qquad k = 0, \ldots, 9.$$
#
# The largest score wins. Row $k$ of $W$ has one weight for each pixel, so it is itself a picture: where its
# weight is positive, white speaks *for* digit $k$; where it is negative, *against* it.
#
# What could such weights be? Try this first: $m_k$, the mean of all training digits of class $k$. A new
# picture $x$ belongs to the class whose mean is nearest, and
#
# $$|x - m_k|^2 = |x|^2 - 2 \left( m_k \cdot x - \tfrac12 |m_k|^2 \right).$$
#
# The first term is the same for all $k$, so the nearest mean is the largest *weighted sum*, with $W_k =
# m_k$ and $b_k = -\frac12 |m_k|^2$. No learning, and it is the smallest program that reads:

# %%
means = np.array([x_train[y_train == k].mean(axis=0) for k in range(10)])
b_means = -(means**2).sum(axis=1) / 2

s = x_test @ means.T + b_means
read_by_means = (s.argmax(axis=1) == y_test).sum()
assert 310 <= read_by_means <= 335
print(read_by_means, "of", len(y_test), "test digits")
show(means.reshape(-1, 28, 28), [f"$m_{k}$" for k in range(10)])

# %% [markdown]
# Nine of ten, from ten blurred pictures. It is what one should always do first: now we know what a method
# has to beat.
#
# But nobody looked at mistakes. The means of 3, 5, 8 and 9 have most of their white in common, and that is
# just where they say nothing. One would like to ask: *which weights make the fewest mistakes?* For that we
# need a number that says how wrong we are, and it has to change smoothly when a weight changes. (The count
# of mistakes does not: move a weight by a hair, and nearly always it stays as it is.)
#
# ### Softmax: from scores to probabilities
#
# Scores may be any numbers. Probabilities are positive and add up to 1. So make the scores positive, by
# $e^{s}$, and divide by the sum:
#
# $$p_k = \frac{e^{s_k}}{\sum_j e^{s_j}}.$$
#
# This is the **softmax**. Only differences of scores count: one more for every score multiplies above and
# below by $e$. Two points more for one class, and it becomes $e^2 \approx 7.4$ times as probable beside
# each of the others.
#
# ### Cross entropy: how surprised it is
#
# The machine gives the true digit $y$ the probability $p_y$. How bad is that? We take
#
# $$L = -\log p_y,$$
#
# the **cross entropy**. If $p_y = 1$ it is 0. For every ten times that $p_y$ is smaller it is $\log 10
# \approx 2.3$ more: who is sure, and wrong, pays much. For $N$ pictures, $L$ is the mean over all of them.

# %%
_, (left, right) = plt.subplots(1, 2, figsize=(8, 2.5))
scores = np.array([3.0, 1.0, 0.2])
p = np.exp(scores) / np.exp(scores).sum()
left.bar(np.arange(3) - 0.2, scores, 0.4, color="#56b4e9", label="score $s_k$")
left.bar(np.arange(3) + 0.2, p, 0.4, color="#d55e00", label="probability $p_k$")
for k in range(3):
    left.text(k - 0.2, scores[k], f"{scores[k]:.1f}", ha="center", va="bottom")
    left.text(k + 0.2, p[k], f"{p[k]:.2f}", ha="center", va="bottom")
left.set(title="softmax of three scores", xticks=range(3), xticklabels=["3", "5", "8"], ylim=(0, 3.6))
left.legend()
q = np.linspace(0.005, 1, 200)
right.plot(q, -np.log(q), color="#0072b2")
for point in (0.01, 0.1, 0.5, 0.99):
    right.plot(point, -np.log(point), "o", color="#d55e00")
    right.annotate(f" {-np.log(point):.2f}", (point, -np.log(point)), (4, 4), textcoords="offset points")
right.set(title="cross entropy: $L = -\\log p_y$", xlabel="$p_y$, the probability of the truth")
right.set_xlim(-0.03, 1.15)
plt.show()

# %% [markdown]
# ### The slope, and a step downhill
#
# $L$ depends on every weight. If we knew for each of them whether $L$ grows or falls when it grows, and how
# fast, we could move all of them a little in the better direction. That number is the **slope** $\partial L
# / \partial W_{k,i}$, and it can be worked out by hand. Write the logarithm out:
#
# $$L = -\log \frac{e^{s_y}}{\sum_j e^{s_j}} = -s_y + \log \sum_j e^{s_j}.$$
#
# Now nudge one score $s_k$. The first term gives $-1$ if $k = y$, else nothing; we write this $-[k = y]$.
# The second gives $e^{s_k} / \sum_j e^{s_j}$, and that is $p_k$ again. Together:
#
# $$\frac{\partial L}{\partial s_k} = p_k - [k = y].$$
#
# Read it once more, it is the heart of the evening. *What was given, minus what should have been given.*
# The score of the true digit is to be pushed up by what it lacked to 1, every other down by what it got
# without deserving it.
#
# A weight acts on the score through its pixel, $s_k = \ldots + W_{k,i}\, x_i + \ldots$, so by the chain
# rule
#
# $$\frac{\partial L}{\partial W_{k,i}} = (p_k - [k = y])\, x_i, \qquad
# \frac{\partial L}{\partial b_k} = p_k - [k = y].$$
#
# And the step, for every weight at once:
#
# $$W \leftarrow W - \alpha \frac{\partial L}{\partial W}, \qquad
# b \leftarrow b - \alpha \frac{\partial L}{\partial b}.$$
#
# This is **gradient descent**. Take 64 digits, compute the slope, take a step, take the next 64: that is
# the whole of learning, here and in LeNet and in nets a million times as large.
#
# ## 4 · Build
#
# Four functions, each a formula from above.


# %%
def softmax(s):
    """Each row of scores s, (N, K), made into probabilities."""
    e = np.exp(s)
    return e / e.sum(axis=1, keepdims=True)


p = softmax(np.array([[3.0, 1.0, 0.2], [13.0, 11.0, 10.2]]))
print(p.round(3))
print("sums:", p.sum(axis=1))

# %% [markdown]
# Two rows of scores, the second ten more than the first: the same probabilities, as promised. `axis=1`
# means along each row, picture by picture; `keepdims` keeps the sums as a column, so that each row is
# divided by its own.


# %%
def cross_entropy(p, y):
    """The mean of -log p[n, y[n]] over the N pictures."""
    return -np.log(p[np.arange(len(y)), y]).mean()


print(cross_entropy(p, np.array([0, 0])).round(3), "if the true class is the first, both times")
print(cross_entropy(p, np.array([2, 2])).round(3), "if it is the third")


# %% [markdown]
# The slope along the scores: $p$, and 1 less where the truth is. $L$ is a mean over $N$ pictures, so each
# has a share of $1/N$.


# %%
def slope_of_scores(p, y):
    """dL/ds, (N, K): what was given minus what should have been given, shared out over N."""
    ds = p.copy()
    ds[np.arange(len(y)), y] -= 1
    return ds / len(y)


ds = slope_of_scores(p, np.array([0, 2]))
print(ds.round(3))

# %% [markdown]
# The first picture is a 0 (of three classes), and most was given to it: small slopes. The second is a 2,
# but it was given little: large slopes. Against the slope means that the score of class 0 comes down and
# that of class 2 goes up. Each row adds up to zero. Why must it? (What is taken from one class has to go to
# the others.)
#
# **Trust nothing that you have derived by hand.** Take real digits, some random weights, and compare the
# slope by the formula with the slope by nudging (warm-up, question 3):

# %%
rng = np.random.default_rng(1)
x, y = x_train[:64], y_train[:64]
W, b = rng.normal(0, 0.1, (10, 784)), np.zeros(10)

ds = slope_of_scores(softmax(x @ W.T + b), y)
dW, db = ds.T @ x, ds.sum(axis=0)  # the chain rule, and the sum over the 64 pictures, in one product
for k, i in [(3, 14 * 28 + 13), (7, 10 * 28 + 12), (0, 14 * 28 + 20)]:
    nudge = np.zeros_like(W)
    nudge[k, i] = 1e-5
    more = cross_entropy(softmax(x @ (W + nudge).T + b), y)
    less = cross_entropy(softmax(x @ (W - nudge).T + b), y)
    by_nudging = (more - less) / 2e-5
    np.testing.assert_allclose(dW[k, i], by_nudging, rtol=1e-4)
    print(f"W[{k}, {i}]: by the formula {dW[k, i]:+.6f}, by nudging {by_nudging:+.6f}")

# %% [markdown]
# They agree. (Day 12 makes a machine of this check, for any layer.) Now the loop. The weights begin at
# zero: the machine knows nothing, and says so.


# %%
def learn(x, y, alpha, steps):
    """Gradient descent on the digits x, (N, 784), in batches of 64; return W, b and the losses."""
    W, b, losses = np.zeros((10, x.shape[1])), np.zeros(10), []
    for t in range(steps):
        batch = np.arange(64 * t, 64 * (t + 1)) % len(x)  # the next 64, and again from the front
        p = softmax(x[batch] @ W.T + b)
        losses.append(cross_entropy(p, y[batch]))
        ds = slope_of_scores(p, y[batch])
        W -= alpha * ds.T @ x[batch]
        b -= alpha * ds.sum(axis=0)
    return W, b, losses


W, b, losses = learn(x_train, y_train, alpha=0.3, steps=300)
print(f"the first loss {losses[0]:.4f}, log 10 = {np.log(10):.4f}")

# %% [markdown]
# The first loss you could have known in advance. All scores are 0, so each class gets $1/10$, and $-\log
# \frac1{10} = \log 10$. A net for ten classes that begins far from it has a mistake in it. Remember 2.30:
# you will meet it again on every other day of this course.

# %%
read_by_ours = ((x_test @ W.T + b).argmax(axis=1) == y_test).sum()
assert 335 <= read_by_ours <= 350
print(read_by_ours, "of", len(y_test), "test digits; the means read", read_by_means)

_, axis = plt.subplots(figsize=(5.5, 2.3))
axis.plot(losses, color="#0072b2")
axis.axhline(np.log(10), color="gray", linestyle=":")
axis.set(xlabel="step", ylabel="loss of 64 digits", title="it learns (dotted: log 10)", ylim=(0, 2.5))
plt.show()

# %% [markdown]
# It is done: a machine that learns to read, and you wrote all of it. It is ragged because each step sees 64
# other digits, some easier, some harder.
#
# ## 5 · The house
#
# The package in which LeNet lives has your two functions too. This is its softmax:

# %%
import inspect

import cafe_edu.arrays.softmax
from cafe_edu.layers.softmax_with_loss import SoftmaxWithLoss

print(inspect.getsource(cafe_edu.arrays.softmax.softmax))

# %% [markdown]
# And this is the layer `SoftmaxWithLoss`, your `cross_entropy` forward and your `slope_of_scores` backward:

# %%
print(inspect.getsource(SoftmaxWithLoss.forward))
print(inspect.getsource(SoftmaxWithLoss.backward))

# %% [markdown]
# Its `x` are our scores $s$, its `t` our $y$; and there, in `backward`, is your slope: `(p - one)`. What it
# has that ours lacks:
#
# - It takes the largest score away before $e^x$. Why, you will see in section 7.
# - It never takes the logarithm of 0 but at least of the smallest number that float32 knows (`tiny`).
# - The classes may lie along any axis, and some labels may be marked as "do not count". That is for nets
#   which say a class for every pixel.
# - `self.xp` is numpy, or its twin on a graphics card.
#
# Do both give the same numbers? First a single batch, through a net of one layer and a loss, written as a
# prototxt with our letters:

# %%
one_layer = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 64 dim: 784 } } }
layer { name: "y" type: "Input" top: "y" input_param { shape { dim: 64 } } }
layer { name: "score" type: "InnerProduct" bottom: "x" top: "s" inner_product_param { num_output: 10 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "s" bottom: "y" top: "L" }
"""
house = Net(one_layer, phase="TRAIN")
house.params["score"][0].data = W
house.params["score"][1].data = b
L = house.forward(x=x, y=y)["L"]
house.backward()

p = softmax(x @ W.T + b)
np.testing.assert_allclose(cafe_edu.arrays.softmax.softmax(x @ W.T + b, axis=1), p)
np.testing.assert_allclose(L, cross_entropy(p, y), rtol=1e-5)
np.testing.assert_allclose(house.blobs["s"].diff, slope_of_scores(p, y), atol=1e-7)
np.testing.assert_allclose(house.params["score"][0].diff, slope_of_scores(p, y).T @ x, atol=1e-6)
print("the same probabilities, loss and slopes")

# %% [markdown]
# Then the whole training, 300 steps from the beginning, by the same solver that taught LeNet. It starts
# from zeros too, because `InnerProduct` does unless told otherwise.

# %%
house_solver = Solver(f'base_lr: 0.3 lr_policy: "fixed" net_param {{ {one_layer} }}')
for t in range(300):
    batch = np.arange(64 * t, 64 * (t + 1)) % len(x_train)
    house_solver.net.blobs["x"].data = x_train[batch]
    house_solver.net.blobs["y"].data = y_train[batch]
    house_solver.step(1)

W_house, b_house = (blob.data for blob in house_solver.net.params["score"])
np.testing.assert_allclose(W_house, W, atol=1e-4)
np.testing.assert_allclose(b_house, b, atol=1e-4)
print("after 300 steps, all 7,850 numbers are the same, but for the rounding of float32")

# %% [markdown]
# ## 6 · See it
#
# ### What it learned
#
# Row $k$ of $W$ is a picture. Here are the ten, after one step and after 300. Red is positive (white speaks
# for this digit), blue negative (white speaks against it).

# %%
W_1, _, _ = learn(x_train, y_train, alpha=0.3, steps=1)
_, axes = plt.subplots(2, 10, figsize=(9, 2.2))
for row, weights, title in zip(axes, (W_1, W), ("1 step", "300 steps"), strict=True):
    most = abs(weights).max()
    for k, axis in enumerate(row):
        axis.imshow(weights[k].reshape(28, 28), cmap=plt.get_cmap("RdBu_r", 15), vmin=-most, vmax=most)
        axis.set(xticks=[], yticks=[], title=f"$W_{k}$")
    row[0].set_ylabel(title)
plt.show()

# %% [markdown]
# While all $p_k$ are $\frac1{10}$, the formula of the slope says: add the pictures of each digit to its
# row, and take a tenth of all pictures away. So the first step draws nearly the means that we had. (There
# are many 8s among the first 64 digits.) Then learning goes on: it rubs out what digits have in common, and
# keeps what tells them apart. Look at $W_0$: the strongest blue is the hole in the middle. White there, and
# it cannot be a 0.
#
# ### Why this answer?
#
# A score is a sum of 784 terms, so one can see what each pixel contributed: $W_{k,i}\, x_i$. Here is a
# digit that our machine reads wrongly, and the votes of its pixels for what it was taken for and for what
# it is:

# %%
p_test = softmax(x_test @ W.T + b)
wrong = np.flatnonzero(p_test.argmax(axis=1) != y_test)
n = wrong[p_test[wrong].max(axis=1).argmax()]  # of those, the one it is surest of
taken, true = p_test[n].argmax(), y_test[n]
votes = {k: W[k] * x_test[n] for k in (taken, true)}
most = max(abs(vote).max() for vote in votes.values())

_, axes = plt.subplots(1, 4, figsize=(9, 2.6))
axes[0].imshow(x_test[n].reshape(28, 28), cmap="gray")
axes[0].set_title(f"a {true}, taken for a {taken}")
for axis, (k, vote) in zip(axes[1:3], votes.items(), strict=True):
    axis.imshow(vote.reshape(28, 28), cmap="RdBu_r", vmin=-most, vmax=most)
    axis.set_title(f"votes for {k}: $s_{k}$ = {vote.sum() + b[k]:.1f}")
axes[3].barh(range(10), p_test[n], color="#0072b2")
axes[3].set(yticks=range(10), title="$p$", xlim=(0, 1))
axes[3].invert_yaxis()
for axis in axes[:3]:
    axis.axis("off")
plt.show()

# %% [markdown]
# A machine with one layer can be asked why, and answers. Keep that in mind: it is what deeper nets give up,
# and day 16 is spent on getting some of it back.
#
# ### Where it ends
#
# Now a harder task, though not to you: the same digits, in any ink on any paper. The paper dark and the pen
# bright, or the other way round.


# %%
def any_ink(pictures, rng):
    """The same pictures, (N, 784), each with a pen and a paper of its own."""
    dark, bright = rng.uniform(0, 0.4, (len(pictures), 1)), rng.uniform(0.6, 1, (len(pictures), 1))
    paper, pen = np.where(rng.random((len(pictures), 1)) < 0.5, [dark, bright], [bright, dark])
    return paper + (pen - paper) * pictures


rng = np.random.default_rng(1)
ink_train, ink_test = any_ink(x_train, rng), any_ink(x_test, rng)
show(ink_test[ten].reshape(-1, 28, 28), y_test[ten])

# %%
W_ink, b_ink, losses = learn(ink_train, y_train, alpha=0.02, steps=300)
read_in_any_ink = ((ink_test @ W_ink.T + b_ink).argmax(axis=1) == y_test).mean()
assert read_in_any_ink < 0.3
print(f"loss {np.mean(losses[-20:]):.2f}, read {read_in_any_ink:.0%}")

# %% [markdown]
# It has learned next to nothing: the loss still stands at $\log 10$. It is not a matter of patience. If a
# picture $x$ gives the score $W_k \cdot x + b_k$, its negative $1 - x$ gives $-W_k \cdot x$ plus a
# constant: **whatever speaks for a 3 in white ink speaks against it in black.** No weights can do well at
# both. A weighted sum of pixels is the wrong thing to compute.
#
# ### Features made by hand
#
# For decades the way out was to think. *What matters in a digit is not how bright a pixel is but where its
# edges are, and in which direction they run. Whether ink or paper is the brighter one does not matter.* So
# compute edges first, and give those to the weighted sums. What is computed of the pixels and handed to the
# weighted sums is called a **feature** 特征.
#
# A well-known one is the histogram of oriented gradients, **HOG** (Dalal and Triggs, 2005). Here in short:


# %%
def hog(pictures):
    """Edges, (N, 441): in each 4 x 4 pixels, how much edge runs in each of 9 directions."""
    dy, dx = np.gradient(pictures.reshape(-1, 28, 28), axis=(1, 2))  # how fast it brightens
    size, angle = np.hypot(dx, dy), np.arctan2(dy, dx) % np.pi  # dark to bright or bright to dark
    direction = np.minimum((angle / np.pi * 9).astype(int), 8)
    cells = [(size * (direction == d)).reshape(-1, 7, 4, 7, 4).sum(axis=(2, 4)) for d in range(9)]
    h = np.stack(cells, axis=-1).reshape(len(pictures), -1)
    return 10 * h / np.linalg.norm(h, axis=1, keepdims=True)  # strong or weak contrast


hog(ink_test[:1]).shape

# %% [markdown]
# Two lines in it hold somebody's knowledge: `% np.pi`, which forgets who is brighter, and the last, which
# forgets how much. See what they do to one digit in two inks:

# %%
from matplotlib.collections import LineCollection

two = np.array([x_test[ten[3]], 0.8 - 0.5 * x_test[ten[3]]])
row, column, d = np.indices((7, 7, 9)).reshape(3, -1)  # a cell, and one of the nine directions
place = np.stack([4 * column + 1.5, 4 * row + 1.5], axis=1)
turn = (d + 0.5) * np.pi / 9 + np.pi / 2  # an edge runs across the direction in which it brightens
along = 1.8 * np.stack([np.cos(turn), np.sin(turn)], axis=1)

_, axes = plt.subplots(1, 4, figsize=(9, 2.5))
for pixels, edges, left, right in zip(two, hog(two), axes[::2], axes[1::2], strict=True):
    left.imshow(pixels.reshape(28, 28), cmap="gray", vmin=0, vmax=1)
    left.set_title("784 pixels")
    right.imshow(np.zeros((28, 28)), cmap="gray")
    lines = np.stack([place - along, place + along], axis=1)
    right.add_collection(LineCollection(lines, colors="white", alpha=np.minimum(1, edges / 1.5)))
    right.set_title("441 numbers of HOG")
for axis in axes:
    axis.axis("off")
plt.show()
np.testing.assert_allclose(hog(two)[0], hog(two)[1], atol=1e-9)

# %% [markdown]
# Two very different pictures, and to HOG they are the same. Our own loop, not a letter changed, on these
# 441 numbers:

# %%
W_hog, b_hog, losses = learn(hog(ink_train), y_train, alpha=0.3, steps=300)
read_by_hog = ((hog(ink_test) @ W_hog.T + b_hog).argmax(axis=1) == y_test).sum()
assert 340 <= read_by_hog <= 355
print(read_by_hog, "of", len(y_test), "test digits in any ink")

# %% [markdown]
# The learning is the same, the numbers it is given are better. This is how nearly everything worked until
# 2012: people who knew their field made the features, and a small learner on top weighed them.
#
# ### Features that are learned
#
# LeNet gets no HOG. It gets the pixels, in any ink, and 300 steps of 64 digits, as above. Its files stay as
# they are, but for the name of the data. (First the digits have to be written into a database, for the
# net's Data layer to read; day 6 does this slowly.)

# %%
import tempfile

from cafe_edu.data.lmdb_db import write_lmdb

scratch = tempfile.TemporaryDirectory(prefix="day01-")
lmdb, prototxt = Path(scratch.name) / "any_ink_lmdb", Path(scratch.name) / "any_ink.prototxt"
levels = np.rint(255 * ink_train).astype(np.uint8).reshape(-1, 1, 28, 28)
write_lmdb(lmdb, zip(levels, y_train, strict=True))
net_text = (folder / "lenet_train_test.prototxt").read_text()
prototxt.write_text(net_text.replace("digits/digits_train_lmdb", lmdb.as_posix()))

solver_file = folder / "lenet_solver.prototxt"
ink_solver = Solver(solver_file, net=prototxt, snapshot=0, test_initialization=False)
ink_reader = Net(folder / "lenet.prototxt")
ink_reader.share_with(ink_solver.net)


# %% [markdown]
# Below its last layer LeNet makes 500 numbers of each picture; the last layer is ten weighted sums of
# those, and a softmax: our machine, the same formula. So the 500 numbers are its features. How good are
# they, before it learned and after? One way to look at features that needs no learning at all: for each
# test digit find the training digit whose features are nearest, and see whether it is the same digit.


# %%
def nearest_is_right(features_train, features_test):
    """The part of the test digits whose nearest training digit has the same label."""
    d2 = (features_train**2).sum(axis=1) - 2 * features_test @ features_train.T  # but for |a|^2
    return (y_train[d2.argmin(axis=1)] == y_test).mean()


def features(net, pictures):
    """The 500 numbers that the net's last layer reads, (N, 500)."""
    net.forward(data=pictures.reshape(-1, 1, 28, 28))
    return net.blobs["ip1"].data.copy()


before = nearest_is_right(features(ink_reader, ink_train), features(ink_reader, ink_test))
ink_solver.step(300)
after = nearest_is_right(features(ink_reader, ink_train), features(ink_reader, ink_test))
by_pixels = nearest_is_right(ink_train, ink_test)
by_hog = nearest_is_right(hog(ink_train), hog(ink_test))

# %%
names = ["pixels", "LeNet, nothing learned", "LeNet, 300 steps later", "HOG"]
values = [by_pixels, before, after, by_hog]
_, axis = plt.subplots(figsize=(7, 2.4))
axis.barh(names, values, color=["#999999", "#999999", "#0072b2", "#e69f00"])
for i, value in enumerate(values):
    axis.text(value, i, f" {value:.1%}", va="center")
axis.set(xlim=(0.8, 1), title="any ink: the nearest training digit is the same digit")
axis.invert_yaxis()
plt.show()
assert 0.85 < before < 0.93 < after < 0.985
assert 0.87 < by_pixels < 0.94 < by_hog < 0.985

# %% [markdown]
# Before it learned, LeNet's random numbers are no better than the pixels. 300 steps later they are about as
# good as HOG, and *nobody told it that the colour of the ink does not matter*. It found out, from examples
# in which it did not. **That is what is meant by "features are learned", and deep means no more than
# this:** layers below the last that are moved by the same slopes, so that what the last layer gets becomes
# better too.
#
# ### Who is better, fairly?
#
# The strongest of the classical learners are support vector machines (SVM): in place of a weighted sum of
# pixels they weigh how *similar* a new picture is to the training digits. Let everybody do both tasks: the
# same 1,437 digits to learn from, the same 360 for the test. Nobody may look at the test digits to choose a
# setting. LeNet has the settings it was shipped with; the SVM's one knob `C` is chosen on every fifth
# training digit, held back for that. scikit-learn's `LogisticRegression` is our ten weighted sums with
# softmax, fitted to the very end (with a light pull of the weights towards zero, which is what its `C`
# says).

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

held = np.arange(len(y_train)) % 5 == 0
held_back = {}
for C in (1, 10, 100):
    model = SVC(C=C).fit(ink_train[~held], y_train[~held])
    held_back[C] = model.score(ink_train[held], y_train[held])
best_C = max(held_back, key=held_back.get)
print("the C that reads most of the digits held back:", best_C)

# %%
learners = {"ten weighted sums": LogisticRegression(C=0.1, max_iter=1000), "SVM": SVC(C=best_C)}
tasks = {"white on black": (x_train, x_test), "any ink": (ink_train, ink_test)}
results = {}
with threadpool_limits(1):  # for matrices as small as these one thread is as fast
    for task, (train, test) in tasks.items():
        for kind, make in {"pixels": np.asarray, "HOG": hog}.items():
            for learner, model in learners.items():
                score = model.fit(make(train), y_train).score(make(test), y_test)
                results[f"{kind}, {learner}", task] = score

solver.step(300 - solver.iter)  # the first LeNet, too, gets its 300 steps
for task, net in {"white on black": reader, "any ink": ink_reader}.items():
    prob = net.forward(data=tasks[task][1].reshape(-1, 1, 28, 28))["prob"]
    results["LeNet", task] = (prob.argmax(axis=1) == y_test).mean()

# %% [markdown]
# An accuracy from 360 digits is itself uncertain: another 360 would give another one. If the true accuracy
# is $a$, it scatters by about $\sqrt{a (1 - a) / 360}$ (the standard error). The lines show one standard
# error to each side. (And all these digits are by the same 13 people; a new hand would be harder for
# everybody.)

# %%
rows = list(dict.fromkeys(name for name, _ in results))
_, axes = plt.subplots(1, 2, figsize=(9, 2.8), sharey=True)
for axis, task in zip(axes, tasks, strict=True):
    for name, color in zip(rows, ["#999999", "black", "#e69f00", "#d55e00", "#0072b2"], strict=True):
        a = results[name, task]
        error = np.sqrt(a * (1 - a) / len(y_test))
        axis.errorbar(100 * (1 - a), name, xerr=100 * error, fmt="o", color=color, capsize=3)
        axis.annotate(f"{a:.1%}", (100 * (1 - a), name), (0, 6), textcoords="offset points", ha="center")
    axis.set(xscale="log", xlim=(200, 0.2), xlabel="wrong, in % (better to the right)", title=task)
    ticks = [100, 30, 10, 3, 1, 0.3]
    axis.set(xticks=ticks, xticklabels=ticks, ylim=(4.4, -0.7))
    axis.minorticks_off()
plt.show()
assert all(results[name, "white on black"] > 0.94 for name in rows)
assert results["pixels, ten weighted sums", "any ink"] < 0.4
assert results["pixels, SVM", "any ink"] < 0.965
assert 0.93 < results["LeNet", "any ink"] < 0.985
assert results["HOG, SVM", "any ink"] > 0.97

# %% [markdown]
# What it says, and what it does not:
#
# - *White on black.* All but the weighted sums of pixels lie within one or two standard errors of each
#   other. An SVM, which has no deep layer, is as good as LeNet. With a thousand small pictures that is the
#   usual result; whoever says that deep is always better has not tried.
# - *Any ink, from pixels.* The weighted sums fail, as they must, even when they are fitted to the end. The
#   SVM copes, by keeping examples of both kinds. LeNet is as good or a little better.
# - *Any ink, from HOG.* At least as good as LeNet, with the SVM better. To *know* that the colour of the
#   ink does not matter beats finding it out from 1,437 examples.
#
# Why then does anybody learn features? Because the last point needs somebody who knows what matters. For
# the edges of a digit, somebody did. For what makes a face a face, or a sentence polite, nobody does. And a
# learner that finds out goes on getting better with more examples, while HOG stays what it was in 2005.
#
# ## 7 · Break it
#
# **Scores too large.** The softmax of section 4, on scores such as a net gives whose pixels were left at 0
# to 255:

# %%
large = np.array([[1000.0, 999.0, 990.0]])
with np.errstate(all="ignore"):  # numpy would warn, and rightly
    print("ours:     ", softmax(large))
print("the house:", cafe_edu.arrays.softmax.softmax(large, axis=1).round(3))

# %% [markdown]
# $e^{1000}$ is larger than any number a computer's floats can hold. It becomes infinite, infinite by
# infinite is `nan`, not a number, and one nan in a loss makes every weight nan with the next step.
# **Cure:** only differences of scores count, so take the largest away first. Then the largest exponent is
# 0, and nothing can overflow:
#
# $$p_k = \frac{e^{s_k - m}}{\sum_j e^{s_j - m}}, \qquad m = \max_j s_j.$$
#
# (In exercise 01.1 you build it in. It is less obvious than it looks which maximum to take.)
#
# **The sum along the wrong axis.** One figure in `softmax`, `axis=0`. Every column adds up to 1 instead of
# every row: the pictures compete with each other, the classes do not. Nothing raises. What gives it away?

# %%
s = x @ np.zeros((784, 10))
mistaken = np.exp(s) / np.exp(s).sum(axis=0, keepdims=True)
print(f"the loss before learning: {cross_entropy(mistaken, y):.2f}")
print(f"log 10 = {np.log(10):.2f}, log 64 = {np.log(64):.2f}")

# %% [markdown]
# The loss at step 0. It should be the logarithm of the number of classes; it is that of the number of
# pictures in a batch. **Cure:** look at the first loss before you wait for the last.
#
# **The rate.** The slope tells the direction, not how far to go. The same machine with three rates:

# %%
_, axis = plt.subplots(figsize=(6.5, 2.4))
for alpha, color in [(0.003, "#009e73"), (0.3, "#0072b2"), (3, "#d55e00")]:
    W_rate, b_rate, losses = learn(x_train, y_train, alpha, steps=100)
    read = ((x_test @ W_rate.T + b_rate).argmax(axis=1) == y_test).mean()
    axis.semilogy(losses, color=color, label=f"$\\alpha$ = {alpha}: reads {read:.0%}")
axis.axhline(np.log(10), color="gray", linestyle=":")
axis.set(xlabel="step", ylabel="loss of 64 digits", title="dotted: log 10")
axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()
assert max(losses) > 10 * np.log(10)

# %% [markdown]
# At 0.003 it crawls. At 3 the first steps overshoot: the loss jumps to more than ten times $\log 10$ before
# it comes down. **Cure:** go up by factors of three until the loss jumps, then one back.
#
# Two things that the curves do not say. First, even the wild one reads nine of ten in the end: with a
# single layer the *directions* of the weights soon become right, only they are far too long, so that it is
# sure where it is wrong. Loss and accuracy are not the same. Second, do not count on that: a deep net that
# is thrown so far out does not come back. (Day 6 shows one, and day 13 has a clinic.)
#
# ## 8 · In the real world
#
# **Features made by hand** were whole careers. Each of these holds decades of thought on what does not
# matter:
#
# | field | feature | what it forgets on purpose |
# |---|---|---|
# | objects in photos | SIFT (Lowe, 2004): edge directions around chosen points | position, size, rotation |
# | people in photos | HOG (2005): edge directions on a grid | small shifts, contrast, who is brighter |
# | speech | MFCC (Davis and Mermelstein, 1980): loudness in a dozen or so bands | the voice's own pitch |
#
# In 2012 the yearly ImageNet contest, 1.2 million photos of a thousand kinds of things, was won by a net
# with eight layers that got nothing but pixels. Among its five best guesses the right one was missing for
# 15.3 % of the photos. The second best, with SIFT and its relatives, missed 26.2 %. (Krizhevsky, Sutskever,
# Hinton, 2012. Day 18 builds that net.) The idea was not new: LeNet is from 1989. New were 1.2 million
# examples (in 1989 there had been 7,291), and graphics cards to learn them with. Speech had turned to
# learned features a little earlier, text followed.
#
# **When not.** A few hundred examples, or a table with twenty columns that each mean something: try the
# means, the ten weighted sums, an SVM, trees. They take a second, and most of them can be asked why. Try
# them first in any case; it tells you what a net has to beat.
#
# **In PyTorch** your machine is `nn.Linear(784, 10)` with `nn.functional.cross_entropy(s, y)`. It takes
# *scores*: the softmax is inside, with the largest taken away. To put a softmax before it is a well-known
# mistake; it learns, slowly, and nobody is told. Caffe's `SoftmaxWithLoss` takes scores too.
#
# **What is not known.** LeNet has 431,080 numbers and saw 1,437 digits. It could have learned those by
# heart and nothing else. Why nets with far more numbers than examples read *new* digits is understood only
# in part. Day 2 begins there.
#
# References: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to document
# recognition*, Proc. IEEE 86 (1998). N. Dalal, B. Triggs, *Histograms of oriented gradients for human
# detection*, CVPR (2005). D. Lowe, *Distinctive image features from scale-invariant keypoints*, IJCV 60
# (2004). S. Davis, P. Mermelstein, *Comparison of parametric representations for monosyllabic word
# recognition*, IEEE Trans. ASSP 28 (1980). A. Krizhevsky, I. Sutskever, G. Hinton, *ImageNet classification
# with deep convolutional neural networks*, NIPS (2012). E. Alpaydin, C. Kaynak, *Optical recognition of
# handwritten digits*, UCI Machine Learning Repository (1998). The course follows the arc of
# 《深度学习:21天实战Caffe》 (2016).

# %% [markdown]
# ## 9 · Recap
#
# 1. A picture is numbers. A score is a weighted sum of them; softmax makes probabilities of scores.
# 2. The loss $-\log p_y$ says how surprised the machine is by the truth. Before it learns it is $\log$
#    (number of classes).
# 3. Its slope along the scores is *what was given minus what should have been given*, $p_k - [k = y]$.
#    Learning is steps down that slope.
# 4. A feature is what is computed of the pixels before the last sums. People can make it, who know what
#    does not matter; or layers can learn it by the same slopes. That is *deep*.
# 5. Deep is not always better. Compare on the same digits, say how uncertain the number is, and try the
#    simple thing first.

# %% [markdown] lang="zh"
# ## 9 · 回顾
#
# 1. 图片就是一串数。得分是这些数的加权和；softmax 把得分变成概率。
# 2. 损失 $-\log p_y$ 说的是：正确答案让机器有多意外。
#    学习之前，它等于 $\log$（类别数）。
# 3. 损失对得分的斜率是“给了多少，减去该给多少”：$p_k - [k = y]$。
#    学习就是顺着斜率一步一步往下走。
# 4. 特征，是在最后的加权和之前由像素算出来的东西。
#    可以由懂得“什么不重要”的人来设计，也可以由下面的层用同样的斜率学出来。这就是“深”。
# 5. 深的不一定更好。要用同样的数字来比，要说明这个准确率有多不确定，并且先试简单的办法。

# %% [markdown]
# | English | 中文 | |
# |---|---|---|
# | net, layer | 网络，层 | a function made of simpler ones, one after the other |
# | weight, bias | 权重，偏置 | the numbers that are learned |
# | score | 得分 | a weighted sum; any number |
# | softmax | softmax，归一化指数函数 | scores made into probabilities |
# | loss, cross entropy | 损失，交叉熵 | $-\log$ of the probability that the truth got |
# | slope, gradient | 斜率，梯度 | how fast the loss grows when a number grows |
# | gradient descent | 梯度下降 | a small step against the slope, again and again |
# | (learning) rate | 学习率 | how long a step is |
# | batch | 批 | the pictures of one step |
# | feature | 特征 | what is computed of the pixels before the last sums |
# | train, test | 训练，测试 | learn from these; be judged on those |
# | accuracy | 准确率 | the part of the digits that is read correctly |
#
# **Exercises:** [day 1](../exercises/day01_what_deep_learning_is.ipynb): a softmax that does not overflow,
# its slope at another temperature, the loss before anything is learned, what "learned" means, and three
# rates.
#
# **To read on:** `cafe_edu/arrays/softmax.py` and `cafe_edu/layers/softmax_with_loss.py`, now that you can;
# the first two pages of LeCun's paper, on why features should be learned. Tomorrow: where all this came
# from.
