# %% [markdown]
# # Day 6 · The handwritten digits 运行手写体数字识别例程
#
# ## 1 · Promise
#
# Tonight you train LeNet, a convolutional net, to read handwriting, and you do it the way Caffe does:
# **from files**. You will write two small text files and a database, type one command, read what it
# logs, go on from the middle of a run, measure the net on digits it has never seen, and at the end
# let it read ten digits of your own.
#
# | file | who writes it | who reads it |
# |---|---|---|
# | `digits_train_lmdb`, `digits_test_lmdb` | you, once | the net's Data layer |
# | `lenet_train_test.prototxt` | you: what the net is | `cafe train`, `cafe test` |
# | `lenet_solver.prototxt` | you: how it learns | `cafe train` |
# | `train.log` | `cafe train` | you |
# | `lenet_iter_N.caffemodel` | `cafe train`: what it learned | `cafe test`, your program |
# | `lenet_iter_N.solverstate` | `cafe train`: where it stood | `cafe train`, to resume |
#
# This is one evening's work: about an hour of reading, less than a minute of computing on two cores.
# The data are the 1,797 real digits that come with scikit-learn, enlarged to LeNet's 28 x 28 pixels;
# nothing is downloaded.

# %%
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from cafe_edu import Net, Solver
from cafe_edu.data import datasets
from cafe_edu.data.lmdb_db import LmdbReader, write_lmdb
from cafe_edu.errors import CafeError

digits = datasets.load("digits")
digits


# %%
def show(pictures, captions, rows=1):
    """Draw pictures (N, 28, 28) with a caption under each."""
    columns = len(pictures) // rows
    _, axes = plt.subplots(rows, columns, figsize=(0.9 * columns, 1.15 * rows), dpi=80)
    for axis, picture, caption in zip(axes.flat, pictures, captions, strict=True):
        axis.imshow(picture, cmap="gray_r")
        axis.set_title(caption, y=-0.1, va="top", fontsize=11)
        axis.axis("off")
    plt.show()


show(digits.x_test[:20, 0], ["?"] * 20, rows=2)

# %% [markdown]
# Twenty digits, twenty question marks. People read them without effort and cannot say how. By the end
# of the evening a file of less than half a million numbers will have replaced the question marks, and
# you will know how they came about.
#
# ## 2 · Warm-up
#
# Two questions on yesterday. Say your answer aloud, then run the cell.
#
# 1. A grey picture of 28 x 28 pixels goes into a `Datum`, one byte for each pixel. How long is the
#    message?

# %%
from cafe_edu.data.datum import array_to_datum

datum = array_to_datum(digits.x_train[0], label=digits.y_train[0])
datum.ByteSize(), 28 * 28

# %% [markdown]
# Eleven bytes more than there are pixels: a tag in front of each field, and channels, height, width
# and label as varints.
#
# 2. A database gives its records back in the order of their keys. In which order do the keys 9, 10
#    and 100 come, if they are written as text?

# %%
sorted(["9", "10", "100"]), sorted(["00000009", "00000010", "00000100"])

# %% [markdown]
# Text is sorted letter by letter, so 9 comes last. Caffe pads its keys with zeros, and so do we.
#
# ## 3 · The idea
#
# Learning is going downhill. A net is a function with very many numbers in it, its **weights** $w$.
# Give it a picture and it answers with ten scores. A **loss** $L(w)$ says how wrong the scores are:
# with softmax and cross entropy,
#
# $$p_k = \frac{e^{s_k}}{\sum_j e^{s_j}}, \qquad L = -\frac1N \sum_{n=1}^{N} \log p_{n, y_n},$$
#
# where $s_k$ is the score of class $k$, $p_k$ the probability that the net gives to it, $y_n$ the
# true class of picture $n$, and $N$ the number of pictures in a batch. The slope $\nabla L$ says in
# which direction the loss grows; one takes a small step the other way, and does it again with the
# next batch. What does the walking is called the **solver**. Caffe's solver remembers its last step,
# as a heavy ball would:
#
# $$V_{t+1} = \mu V_t + \alpha_t \left( \nabla L(w_t) + \lambda w_t \right), \qquad w_{t+1} = w_t - V_{t+1}.$$
#
# $\alpha_t$ is the **rate** (how long a step is), $\mu$ the **momentum** (how much of the last step
# is kept), $\lambda$ the **weight decay** (a pull towards zero that keeps weights small). The rate
# shrinks slowly; LeNet's rule is called `inv`:
#
# $$\alpha_t = \alpha_0 \, (1 + \gamma t)^{-p}.$$
#
# Before LeNet, the smallest code that could work: ten scores, each a weighted sum of the pixels, and
# the loop. It is all there already: forward, loss, slope, step.

# %%
pixels, labels = digits.x_train.reshape(-1, 784) / 256, digits.y_train
weights = np.zeros((784, 10))
for t in range(200):
    batch = np.arange(64 * t, 64 * (t + 1)) % len(pixels)  # the next 64, and again from the front
    scores = pixels[batch] @ weights
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(64), labels[batch]] -= 1  # the slope of the loss along each score
    weights -= 0.05 * pixels[batch].T @ p / 64  # along each weight: its pixel times that
answers = (digits.x_test.reshape(-1, 784) / 256 @ weights).argmax(axis=1)
linear_accuracy = (answers == digits.y_test).mean()
print("ten weighted sums read 90 to 95 % of the test digits:", bool(0.90 < linear_accuracy < 0.95))

# %% [markdown]
# A dozen lines, and not bad. But each weight looks at one fixed pixel: move a digit two pixels to the
# right and all that was learned looks at the wrong place. Try it:

# %%
moved = np.roll(digits.x_test, 2, axis=3).reshape(-1, 784) / 256
moved_accuracy = ((moved @ weights).argmax(axis=1) == digits.y_test).mean()
print("two pixels to the right, and it reads less than six of ten:", bool(moved_accuracy < 0.6))

# %% [markdown]
# LeNet (Yann LeCun and others, 1989 to 1998) starts from this weakness. Its first layers are
# **convolutions** 卷积: one small filter of 5 x 5 weights slides over the whole picture, and asks at
# every place the same question:
#
# $$y_{i,j} = b + \sum_{u=0}^{4} \sum_{v=0}^{4} w_{u,v} \, x_{i+u,\, j+v}.$$
#
# Here $x$ is the picture, $w$ the filter, $b$ its bias, and $y$ the map of answers. (A picture of
# several channels has a filter as deep, and the sum runs over the channels too.) After it,
# **pooling** 池化 keeps the largest of each 2 x 2 answers: where exactly something was matters less and
# less. Twice this, then two layers of weighted sums (**inner products**), and out come ten scores.
# (Day 11 builds both by hand; today we put them together.)
#
# ## 4 · Build
#
# Everything is written into a folder of its own, as you would do for a project.

# %%
folder = tempfile.TemporaryDirectory(prefix="day06-")
os.chdir(folder.name)

# %% [markdown]
# ### The data, as a database
#
# Caffe reads its pictures from a database, one record after the other: this is how a disk likes to be
# read, and a million pictures are one file, not a million. `write_lmdb` takes pairs of an array
# (channels, height, width) and a label.

# %%
write_lmdb("digits_train_lmdb", zip(digits.x_train, digits.y_train, strict=True))
write_lmdb("digits_test_lmdb", zip(digits.x_test, digits.y_test, strict=True))

with LmdbReader("digits_train_lmdb") as reader:
    key, first = reader.next()
    print(len(reader), "records; the first has the key", key.decode(), "and the label", first.label)

# %% [markdown]
# ### The net, as a prototxt
#
# A net is a list of layers. A layer has a name and a type, reads blobs from below (`bottom`) and
# writes blobs above (`top`). Nothing else ties layers together: who writes `conv1` and who reads it
# is found by that name.
#
# First the data. There are two layers of one name; `include` says in which phase each takes part, so
# that the same file serves to train and to test. `scale` brings the grey levels 0 ... 255 to 0 ... 1.

# %%
data_layers = """
name: "LeNet"
layer {
  name: "digits" type: "Data" top: "data" top: "label"
  include { phase: TRAIN }
  transform_param { scale: 0.00390625 }
  data_param { source: "digits_train_lmdb" backend: LMDB batch_size: 64 }
}
layer {
  name: "digits" type: "Data" top: "data" top: "label"
  include { phase: TEST }
  transform_param { scale: 0.00390625 }
  data_param { source: "digits_test_lmdb" backend: LMDB batch_size: 60 }
}
"""

# %% [markdown]
# Then two rounds of convolution and pooling. `num_output` is the number of filters; `xavier` draws
# the first random weights so that the numbers keep about the same size from layer to layer. The two
# `param` are the weights and the bias: `lr_mult: 2` lets the bias learn twice as fast.

# %%
convolutions = """
layer {
  name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  param { lr_mult: 1 } param { lr_mult: 2 }
  convolution_param { num_output: 20 kernel_size: 5 weight_filler { type: "xavier" } }
}
layer {
  name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param { pool: MAX kernel_size: 2 stride: 2 }
}
layer {
  name: "conv2" type: "Convolution" bottom: "pool1" top: "conv2"
  param { lr_mult: 1 } param { lr_mult: 2 }
  convolution_param { num_output: 50 kernel_size: 5 weight_filler { type: "xavier" } }
}
layer {
  name: "pool2" type: "Pooling" bottom: "conv2" top: "pool2"
  pooling_param { pool: MAX kernel_size: 2 stride: 2 }
}
"""

# %% [markdown]
# Then the two inner products with a ReLU between them. ReLU replaces what is negative by 0; without
# something like it two layers of weighted sums would be no more than one. Its top has the name of its
# bottom: it works **in place**, and needs no memory of its own.

# %%
inner_products = """
layer {
  name: "ip1" type: "InnerProduct" bottom: "pool2" top: "ip1"
  param { lr_mult: 1 } param { lr_mult: 2 }
  inner_product_param { num_output: 500 weight_filler { type: "xavier" } }
}
layer { name: "relu1" type: "ReLU" bottom: "ip1" top: "ip1" }
layer {
  name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"
  param { lr_mult: 1 } param { lr_mult: 2 }
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } }
}
"""

# %% [markdown]
# At the top, what we want to know. Both layers read the scores `ip2` and the true labels. Accuracy is
# for people and only asked when testing; the loss is what the slopes come from.

# %%
on_top = """
layer {
  name: "accuracy" type: "Accuracy" bottom: "ip2" bottom: "label" top: "accuracy"
  include { phase: TEST }
}
layer {
  name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "loss"
}
"""

# %% [markdown]
# The four texts together are the file. From it we make a net, and send one batch through:

# %%
net_text = data_layers + convolutions + inner_products + on_top
Path("lenet_train_test.prototxt").write_text(net_text)

net = Net("lenet_train_test.prototxt", phase="TRAIN", rng=1)
first_loss = net.forward()["loss"]
net

# %% [markdown]
# Read the table from the top: it is the way of one batch through the net. 64 pictures of one channel
# and 28 x 28 pixels come in. A 5 x 5 filter fits into 28 pixels at 24 places, so `conv1` gives 20
# maps of 24 x 24; `pool1` halves them; and so on, until 64 x 10 scores are left. Most of the numbers
# to be learned are in one layer. Which one, and why? (In exercise 06.1 you will count them without a
# table.) The last column says what the numbers that flow through cost in memory.
#
# This net has learned nothing yet. What loss do you expect? If it gave each of the ten classes the
# probability 1/10, the loss would be $-\ln \frac1{10} = \ln 10$:

# %%
print(f"ln 10 = {np.log(10):.2f}")
print("the loss is within 0.5 of it:", bool(abs(first_loss - np.log(10)) < 0.5))

# %% [markdown]
# Remember this number, 2.30. A loss that begins far from $\ln$ (number of classes) says that
# something is wrong before anything was learned.
#
# ### How it learns, as a second prototxt
#
# The solver's file holds the letters of the formula above: `base_lr` is $\alpha_0$, `gamma` and
# `power` are $\gamma$ and $p$, `momentum` is $\mu$, `weight_decay` is $\lambda$. The rest says when
# to look (`display`, `test_interval`), how long (`max_iter`) and when to remember (`snapshot`). 6
# test batches of 60 are the 360 test digits.

# %%
solver_text = """
net: "lenet_train_test.prototxt"
base_lr: 0.01
lr_policy: "inv"
gamma: 0.0001
power: 0.75
momentum: 0.9
weight_decay: 0.0005
max_iter: 300
display: 20
test_interval: 100
test_iter: 6
snapshot: 150
snapshot_prefix: "lenet"
random_seed: 1701
"""
Path("lenet_solver.prototxt").write_text(solver_text)

Solver("lenet_solver.prototxt")

# %% [markdown]
# ### One command
#
# In a terminal you would type `cafe train --solver lenet_solver.prototxt`. Here the notebook types it
# for you, and keeps what the command says in a file: it writes its log to the error stream, as Caffe
# does.


# %%
def cafe(arguments, log):
    """Run the `cafe` command of this very installation; write all it says to a file."""
    command = [sys.executable, "-m", "cafe_edu.cli", *arguments.split()]
    with open(log, "w") as file:
        subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=True)


cafe("train --solver lenet_solver.prototxt", log="train.log")
sorted(path.name for path in Path().iterdir())

# %% [markdown]
# ### Reading the log
#
# A log is the only witness of a training, so learn to read it. A line looks like this:
#
# ```
# I1122 01:38:11.145730  2918 solver.py:251] Iteration 20 (36.2 iter/s, 0.55s/20 iters), loss = 0.614333
# ```
#
# First who speaks and when: I for information, the date (month and day), the time, the process, the
# line of the program. After the `]` what it has to say. The next cell cuts off the first part, leaves
# out how fast it was, and rounds.


# %%
def in_short(line):
    """What a line of the log says, without times, and with losses and accuracies rounded."""
    line = re.sub(r"^.*?\] ", "", line)
    line = re.sub(r" \([^()]*iter/s[^()]*\)", "", line)
    if "lr =" in line:
        return line
    return re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.1f}", line)


log = Path("train.log").read_text()
said = [in_short(line) for line in log.splitlines() if re.search("Iteration|output|napshot", line)]
print("\n".join(said[:9]))

# %% [markdown]
# Line by line:
#
# - `Testing net (#0)`: before it learns anything the solver tests. The accuracy is that of guessing,
#   about one in ten, and the loss is near $\ln 10$. If it is not, stop here and look for the mistake.
# - `Iteration 0, loss = ...`: the loss of this one batch of 64. (With `average_loss: 20` it would be
#   the mean of the last twenty.)
# - `Train net output #0: loss = ... (* 1 = ... loss)`: every output of the net; those that are losses
#   with their weight.
# - `lr = 0.01`: the rate.
#
# The numbers are what one wants to see as a curve. A pattern takes the losses out of the text (for
# the accuracies you will write one in exercise 06.2; here the last one will do):

# %%
train_loss = [(int(i), float(loss)) for i, loss in re.findall(r"Iteration (\d+).*, loss = (\S+)", log)]
final_accuracy = float(log.split("accuracy = ")[-1].split()[0])
print("losses at the iterations", [i for i, loss in train_loss])
print("at the end it reads more than 95 % of digits it never saw:", final_accuracy > 0.95)

# %% [markdown]
# ### Test
#
# `cafe test` takes a net and its weights and runs the TEST phase for a number of batches, nothing
# else.

# %%
weights_file = "lenet_iter_300.caffemodel"
cafe(f"test --model lenet_train_test.prototxt --weights {weights_file} --iterations 6", log="test.log")
mean_accuracy = float(Path("test.log").read_text().split("accuracy = ")[-1].split()[0])
print("the accuracy that the training said:", abs(mean_accuracy - final_accuracy) < 1e-4)

# %% [markdown]
# ### Stop, and go on
#
# At iteration 150 two files were written. The `.caffemodel` holds the weights. The `.solverstate`
# holds what the solver itself remembers: the iteration, and $V$, the last step, one number for each
# weight. To go on, both are needed; the second names the first. (From the command line it is
# `cafe train --solver lenet_solver.prototxt --snapshot lenet_iter_150.solverstate`. Here the new run
# gets a `snapshot_prefix` of its own, or it would write over the files of the old one.)

# %%
resumed = Solver("lenet_solver.prototxt", snapshot_prefix="resumed")
resumed.restore("lenet_iter_150.solverstate")
print(resumed)

# %%
resumed.step(150)
tested = resumed.test()[0]
print("it reads more than 95 %, too:", float(tested["accuracy"]) > 0.95)

# %% [markdown]
# Are these the weights that the uninterrupted run ended with? Think first: what is stored, and what
# is not?

# %%
whole = Net("lenet_train_test.prototxt", weights="lenet_iter_300.caffemodel")
same = np.array_equal(whole.params["ip2"][0].data, resumed.net.params["ip2"][0].data)
print("the same weights as the run that was never stopped:", same)

# %% [markdown]
# They are not. The position in the data is not stored: after a resume the Data layer begins again at
# the first record, so the second half saw other batches. This is Caffe's behaviour, and we keep it.
# Both nets are good; they are not the same net.
#
# From the very beginning, however, one seed gives one result. A run from Python with the same seed
# gives the command's weights, bit for bit:

# %%
solver = Solver("lenet_solver.prototxt", snapshot=0)
solver.step(150)
by_command = Net("lenet_train_test.prototxt", weights="lenet_iter_150.caffemodel")
for name, blobs in solver.net.params.items():
    assert all(np.array_equal(a.data, b.data) for a, b in zip(blobs, by_command.params[name], strict=True))
print("every weight of", ", ".join(solver.net.params), "is the same")

# %% [markdown]
# ### Your own ten digits
#
# To predict there are no labels and no loss. The net that is used (Caffe says **deployed**) begins
# with an Input and ends with probabilities. The layers between have the same names, and by these
# names the weights find their places.

# %%
deploy_text = f"""
name: "LeNet"
layer {{ name: "data" type: "Input" top: "data"
  input_param {{ shape {{ dim: 1 dim: 1 dim: 28 dim: 28 }} }} }}
{convolutions}
{inner_products}
layer {{ name: "prob" type: "Softmax" bottom: "ip2" top: "prob" }}
"""
lenet = Net(deploy_text, weights="lenet_iter_300.caffemodel")
prob = lenet.forward(data=digits.x_test / 256)["prob"]
print("probabilities:", prob.shape)
print("more than 95 % read correctly:", bool((prob.argmax(axis=1) == digits.y_test).mean() > 0.95))

# %% [markdown]
# Now draw. Each digit is 6 x 8 characters: `#` is ink, `+` half as much, `.` paper. Change them, and
# run the two cells again.

# %%
drawing = """
  .##+..    ..##..    .###+.    .###+.    ...##.    .#####    ..##+.    ######    .+##+.    .+##+.
  +#++#.    .###..    ++.+#+    ++.+#+    ..###.    .#+...    .##+..    ++++#+    +#++#+    +#++#+
  #+..#+    .+##..    ....#+    ....#+    .+#+#.    .##+..    .#+...    ...+#.    +#..#+    #+..##
  #+..+#    ..##..    ...+#.    ..###.    +#.+#.    .+###.    +##+..    ..+##.    .+##+.    +#++##
  #+..+#    ..##..    ...#+.    ..+##+    ######    ...+#+    ##++#.    .####+    .+##+.    .+##+#
  #+..#+    ..##..    ..#+..    ....##    ++++#+    ....##    #+..#+    ..#+..    +#..#+    ....+#
  +#++#.    ..##..    .+#+++    ++.+#+    ...+#.    ++.+#+    +#++#+    .+#...    +#++#+    ...+#+
  .##+..    .####.    .#####    .###+.    ...+#.    .###+.    .+##+.    .##...    .+##+.    .###+.
"""

# %%
from cafe_edu.data.digits import enlarge

rows = drawing.strip("\n").split("\n")
letters = np.array([[row[2 + 10 * d : 8 + 10 * d].center(8, ".") for row in rows] for d in range(10)])
ink = np.array([[[{".": 0, "+": 8, "#": 16}[c] for c in row] for row in digit] for digit in letters])
mine = enlarge(ink)
prob = lenet.forward(data=mine[:, np.newaxis] / 256)["prob"]
show(mine, [f"{k}\n{p:.0%}" for k, p in zip(prob.argmax(axis=1), prob.max(axis=1), strict=True)])
print("at least seven of ten:", bool((prob.argmax(axis=1) == np.arange(10)).sum() >= 7))

# %% [markdown]
# Under each digit: what the net reads, and the probability that it gives to its answer. Make the 1
# lean, open the 6, put a bar through the 7, and watch both. You will find digits that it reads
# wrongly and is sure of. It learned from 13 people whose digits were scanned in one way; your `#` and
# `+` are another hand and another pen.
#
# ## 5 · The house
#
# You wrote the loop for ten weighted sums. Here is the same for a net of any shape: momentum, weight
# decay, the rate of `inv`, and each parameter's own `lr_mult`.


# %%
def train(net, steps, base_lr=0.01, gamma=0.0001, power=0.75, momentum=0.9, weight_decay=0.0005):
    """Caffe's SGD, as in the formula: V = mu V + alpha (dw + lambda w), w = w - V."""
    V = [np.zeros_like(param.blob.data) for param in net.learnable]
    for t in range(steps):
        net.clear_param_diffs()
        net.forward()
        net.backward()
        alpha = base_lr * (1 + gamma * t) ** -power
        for i, param in enumerate(net.learnable):
            w, dw = param.blob.data, param.blob.diff
            V[i] = momentum * V[i] + alpha * param.lr_mult * (dw + weight_decay * w)
            param.blob.data = w - V[i]


ours = Net("lenet_train_test.prototxt", phase="TRAIN", rng=np.random.default_rng(1701))
train(ours, steps=10)

house = Solver("lenet_solver.prototxt")
house.step(10)
for name, blobs in house.net.params.items():
    for a, b in zip(blobs, ours.params[name], strict=True):
        np.testing.assert_allclose(b.data, a.data, rtol=1e-3, atol=1e-6)
print("after ten steps, our weights and the house's are the same, but for the rounding of float32")

# %% [markdown]
# And this stands in the house. It is not pasted here: the cell shows the very lines that ran.

# %%
import inspect

print(inspect.getsource(Solver._learn))
print(inspect.getsource(Solver._gradients))
print(inspect.getsource(Solver.apply_update))

# %% [markdown]
# What it has that ours lacks: `iter_size` adds up the slopes of several batches before it steps (for
# batches that do not fit into memory), `clip_gradients` holds back a wild step, and the rule is a
# part that can be exchanged: six of them on day 13. The commonest rule, ours, is handed to a compiled
# loop where there is one, which does all of these lines in one pass through memory. What tests,
# displays and takes snapshots stands around it, in `Solver.step`.
#
# ## 6 · See it
#
# First the curves: the losses of the log on a logarithmic axis (there it shows whether a net still
# learns when its loss is small), and the tests that the two solvers of this notebook made on the way.

# %%
_, (left, right) = plt.subplots(1, 2, figsize=(9, 3), dpi=80)
left.semilogy(*zip(*train_loss, strict=True), color="#0072b2", marker=".")
left.axhline(np.log(10), color="gray", linestyle=":")
left.set(xlabel="iteration", ylabel="loss of a batch", title="training (dotted: ln 10)")
tests = resumed.test_record + solver.test_record
right.plot([test["iter"] for test in tests], [test["accuracy"] for test in tests], "o", color="#d55e00")
right.axhline(linear_accuracy, color="gray", linestyle=":")
right.set(xlabel="iteration", ylim=(0, 1.05), title="accuracy in tests (dotted: ten weighted sums)")
plt.tight_layout()
plt.show()

# %% [markdown]
# Then what it learned: the 20 filters of `conv1`, as they were drawn at random, after 300 iterations,
# and the difference of the two. Orange is positive, purple negative, white zero.

# %%
start = Solver("lenet_solver.prototxt").net.params["conv1"][0].data[:, 0]  # one seed, one beginning
end = lenet.params["conv1"][0].data[:, 0]
_, axes = plt.subplots(3, 20, figsize=(10, 1.9), dpi=80)
for row, (title, filters) in enumerate([("start", start), ("end", end), ("difference", end - start)]):
    for axis, image in zip(axes[row], filters, strict=True):
        axis.imshow(image, cmap="PuOr_r", vmin=-abs(filters).max(), vmax=abs(filters).max())
        axis.set(xticks=[], yticks=[])
    axes[row, 0].set_ylabel(title, rotation=0, ha="right", va="center")
plt.show()

# %% [markdown]
# The first two rows look alike, and this is the truth about a short training: most of the noise of
# the beginning is still there. Look at the third. What learning wrote is smooth: spots, strokes,
# edges that are bright on one side and dark on the other. Nobody told the net that digits are made of
# strokes.
#
# See what the filters answer to one digit: ten of the 20 maps of `conv1`, and of `pool1` under them,
# half as large.

# %%
lenet.forward(data=digits.x_test[:1] / 256)
_, axes = plt.subplots(2, 11, figsize=(10, 2), dpi=80)
for row, name in enumerate(["conv1", "pool1"]):
    maps = [lenet.blobs["data"].data[0, 0], *lenet.blobs[name].data[0, :10]]
    for axis, image in zip(axes[row], maps, strict=True):
        axis.imshow(image, cmap="viridis" if axis is not axes[row, 0] else "gray_r")
        axis.axis("off")
    axes[row, 1].set_title(name, loc="left", fontsize=10)
axes[0, 0].set_title("the digit", fontsize=10)
plt.show()

# %% [markdown]
# And the question marks of the beginning. Those that it reads wrongly have the true digit behind
# them.

# %%
prob = lenet.forward(data=digits.x_test / 256)["prob"]
answers = prob.argmax(axis=1)
captions = [str(a) if a == y else f"{a} not {y}" for a, y in zip(answers, digits.y_test, strict=True)]
show(digits.x_test[:20, 0], captions[:20], rows=2)

# %% [markdown]
# More can be learned from its mistakes. Here are the ten test digits to whose true class it gave the
# least probability:

# %%
given_to_truth = prob[np.arange(len(prob)), digits.y_test]
worst = given_to_truth.argsort()[:10]
show(digits.x_test[worst, 0], [captions[i] for i in worst])

# %% [markdown]
# Would you have read them all?
#
# Last, the weakness we began with: the test digits moved to the left and to the right, read by LeNet
# and by the ten weighted sums.

# %%
shifts = range(-4, 5)
by_lenet, by_sums = [], []
for shift in shifts:
    x = np.roll(digits.x_test, shift, axis=3) / 256
    by_lenet.append((lenet.forward(data=x)["prob"].argmax(axis=1) == digits.y_test).mean())
    by_sums.append(((x.reshape(-1, 784) @ weights).argmax(axis=1) == digits.y_test).mean())
plt.figure(figsize=(5, 2.6), dpi=80)
plt.plot(shifts, by_lenet, color="#d55e00", marker="o", label="LeNet")
plt.plot(shifts, by_sums, color="#0072b2", marker="s", label="ten weighted sums")
plt.gca().set(xlabel="pixels to the right", ylabel="accuracy", ylim=(0, 1.05))
plt.legend()
plt.show()

# %% [markdown]
# LeNet bears a small shift better, and a large one not well either: pooling forgives a pixel or two,
# and nobody ever showed it a digit at the edge. Day 9 shows it some.
#
# ## 7 · Break it
#
# Three ways in which this commonly goes wrong. See each once on purpose, and you will know it when
# you meet it.
#
# **The rate is too high.** Steps so long that every one overshoots. The same net at three rates:

# %%
_, axis = plt.subplots(figsize=(5, 2.6), dpi=80)
for base_lr, color in [(0.01, "#0072b2"), (0.1, "#e69f00"), (0.3, "#d55e00")]:
    trial = Solver("lenet_solver.prototxt", base_lr=base_lr, snapshot=0, test_initialization=False)
    with np.errstate(all="ignore"):  # numbers too large for float32 are what we want to see
        trial.step(25)
    losses = np.array([record["loss"] for record in trial.train_record])
    axis.plot(losses, color=color, marker=".", label=f"base_lr: {base_lr}")
axis.axhline(-np.log(np.finfo(np.float32).tiny), color="gray", linestyle=":")
axis.set(xlabel="iteration", ylabel="loss of a batch", title="dotted: 87.3")
axis.legend()
plt.show()

# %%
print(f"-log of the smallest float32: {-np.log(np.finfo(np.float32).tiny):.2f}")
print("the highest loss of the last run lies between 50 and 87.4:", bool(50 < np.nanmax(losses) < 87.4))
print("and then it is", losses[-1])

# %% [markdown]
# 87.3 is a number to remember. The net gives the true class the probability 0; the logarithm of 0
# does not exist, so the loss takes the smallest number that float32 has, about $10^{-38}$, and
# $-\ln 10^{-38}$ is about 87.3. Each digit that the net is sure of, and wrong about, counts 87.3;
# nine wrong of ten, and the mean is near 79. Soon the scores are too large for float32 and the loss
# is nan, not a number. No later step brings it back. Whoever sees 87.3365 or nan in a log stops, and
# takes the **cure:** a rate ten times smaller, or a hundred.
#
# **A label that is no class.** The labels of ten classes are 0 to 9. Somebody counted from 1:

# %%
write_lmdb("from_one_lmdb", zip(digits.x_train, digits.y_train + 1, strict=True))
Path("from_one.prototxt").write_text(net_text.replace("digits_train_lmdb", "from_one_lmdb"))
try:
    Net("from_one.prototxt", phase="TRAIN").forward()
except CafeError as error:
    print(error.one_line())

# %% [markdown]
# Here you are told. Caffe, as it is usually built, does not look: it takes a number that lies behind
# the scores in memory, and goes on learning from it. **Cure:** subtract one.
#
# **The scale was forgotten.** Without `scale: 0.00390625` the pixels are 0 ... 255 and not 0 ... 1:
# everything that the first random weights compute is 256 times larger.

# %%
Path("unscaled.prototxt").write_text(net_text.replace("transform_param { scale: 0.00390625 }", ""))
unscaled = Solver("lenet_solver.prototxt", net="unscaled.prototxt", snapshot=0, test_initialization=False)
with np.errstate(all="ignore"):
    unscaled.step(10)
print("the first loss is more than ten times ln 10:", unscaled.train_record[0]["loss"] > 23)
print("the last is", unscaled.train_record[-1]["loss"])

# %% [markdown]
# The first loss gives it away, before anything was learned: not near $\ln 10$. **Cure:** the scale;
# the same in training, in tests and when you deploy. (We divided by 256 by hand above. Forget it
# there, and a good net reads badly.)
#
# ## 8 · In the real world
#
# **Caffe** ships this very example. Its `lenet_train_test.prototxt` differs from ours in the data:
# 60,000 digits of MNIST to learn from and 10,000 for tests. After 10,000 iterations it reads about 99
# of 100 test digits. With MNIST at hand (`cafe fetch mnist`) try it: load `"mnist"` in the first
# cell, and set `test_iter: 100`, a test `batch_size: 100`, `max_iter: 10000`.
#
# **PyTorch** has no file for the net: it is written in Python, and the loop is yours.
#
# ```python
# net = nn.Sequential(nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2),
#                     nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10))
# optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=0.0005)
# for x, y in loader:
#     optimizer.zero_grad()
#     nn.functional.cross_entropy(net(x), y).backward()
#     optimizer.step()
# ```
#
# The layers and the loss are the same, and so is the step, but for the policy `inv` and the biases'
# own rate. What you gain by Python is freedom; what you gain by files is that a net can be read,
# sent, compared and run by a program that knows nothing of yours.
#
# **An honest word on the test.** The people who wrote our training digits also wrote the test digits:
# new digits, known hands. A new hand is harder. If you report an accuracy, say whose digits they
# were.
#
# References: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to document
# recognition*, Proc. IEEE 86 (1998). Y. Jia and others, *Caffe: Convolutional architecture for fast
# feature embedding*, ACM Multimedia (2014); Caffe's `examples/mnist`. E. Alpaydin, C. Kaynak,
# *Optical recognition of handwritten digits*, UCI Machine Learning Repository (1998).
#
# ## 9 · Recap
#
# 1. A net is a list of layers in a file; layers find each other by the names of blobs.
# 2. A solver is a second file: how long a step is, when to look, when to remember.
# 3. A good log begins at $\ln$ (number of classes) and goes down; 87.3 and nan are bad news.
# 4. A `.caffemodel` is enough to test and predict; to go on training you also want the
#    `.solverstate`.
# 5. The same filter at every place is why LeNet needs few numbers where it looks, and bears small
#    shifts.
#
# | English | 中文 | |
# |---|---|---|
# | convolution | 卷积 | the same small filter at every place |
# | pooling | 池化 | the largest (or mean) of each small window |
# | fully connected, inner product | 全连接,内积 | every output looks at every input |
# | batch | 批 | the pictures of one step |
# | iteration | 迭代 | one step of the solver |
# | learning rate | 学习率 | how long a step is |
# | momentum | 动量 | how much of the last step is kept |
# | weight decay | 权值衰减 | a pull of all weights towards zero |
# | loss | 损失 | how wrong the scores are, one number |
# | accuracy | 准确率 | the part of the digits that is read correctly |
# | snapshot | 快照 | weights and solver state, written to disk |
#
# **Exercises:** [day 6](../exercises/day06_handwritten_digits.ipynb): count what LeNet learns, read a
# log, find the bug in a solver, make the net smaller, bring it to colour.
#
# **To read on:** `cafe_edu/zoo/lenet/` for the files as they ship, `cafe_edu/solver.py` for the loop,
# section III of LeCun's paper for what each layer of his net does. Tomorrow: how to read code.
