# %% [markdown]
# # Day 6 · The handwritten digits: exercises
#
# Five exercises, growing in difficulty. Write your answer where it says `# YOUR CODE HERE` (and take
# the line `raise NotImplementedError()` away), run the cell, then run the check below it. The check
# runs *your* object, says what it tried, and if it knows your mistake it tells you which one it is.
# `hint("06.1")` says a little more each of three times; `solution("06.1")` opens once you have tried,
# and `skip("06.1")` leaves one for later. `progress()` shows how far you are.
#
# | | exercise | kind | points |
# |---|---|---|---|
# | 06.1 | How much does a net learn? | predict | 2 |
# | 06.2 | Read a log | code | 3 |
# | 06.3 | Find the bug in a solver | hunt | 2 |
# | 06.4 | A smaller net | experiment | 3 |
# | 06.5 | A net for colour pictures | experiment, open-ended | 4 |

# %%
from cafe_edu import Net, Solver, prototxt
from cafe_edu.course import check, hint, progress, skip, solution

# %% [markdown]
# ## 06.1 · How much does a net learn?
#
# Take LeNet's plan, but for colour pictures of 3 x 32 x 32, and narrower:
#
# | layer | does | gives |
# |---|---|---|
# | conv1 | 16 filters of 5 x 5 | ? |
# | pool1 | the largest of each 2 x 2 | ? |
# | conv2 | 32 filters of 3 x 3 | ? |
# | pool2 | the largest of each 2 x 2 | ? |
# | ip1 | 100 outputs | 100 |
# | ip2 | 10 outputs | 10 |
#
# How many numbers does each layer learn, weights and biases together? Take paper, fill in the column
# "gives" first, and **commit to your prediction before anything runs**: a dict called `parameters`
# with the keys `"conv1"`, `"conv2"`, `"ip1"` and `"ip2"`. Write products, not results, if you like:
# `20 * 7 + 1`.

# %% answer="06.1"
### BEGIN SOLUTION
parameters = {
    "conv1": 16 * (3 * 5 * 5) + 16,
    "conv2": 32 * (16 * 3 * 3) + 32,  # each filter is as deep as what it reads: 16 channels
    "ip1": 100 * (32 * 6 * 6) + 100,  # 32 - 4 = 28, halved 14, 14 - 2 = 12, halved 6
    "ip2": 10 * 100 + 10,
}
### END SOLUTION

# %% check="06.1"
check("06.1")

# %% [markdown]
# If it does not pass, and the verdict does not help, ask for a hint. Each time it says a little more:

# %%
hint("06.1")

# %% [markdown]
# ## 06.2 · Read a log
#
# Write `read_log(text)`: it takes the text of a training log and returns a list of pairs,
# `(iteration, accuracy)`, one for each test, in order: `[(0, 0.1), (100, 0.963889), ...]`. The two
# numbers do not stand in the same line:
#
# ```
# Iteration 100, Testing net (#0)
#     Test net output #0: accuracy = 0.963889
#     Test net output #1: loss = 0.139744 (* 1 = 0.139744 loss)
# Iteration 100 (36.2 iter/s, 2.766s/100 iters), loss = 0.0791351
#     Train net output #0: loss = 0.0791351 (* 1 = 0.0791351 loss)
# Iteration 100, lr = 0.00992565
# ```
#
# In a real log each line begins with the date, the time and the place in the program. The accuracy
# can be any output, not only #0; it can be `1`, and with many test pictures as small as `5e-05`. Some
# people log the accuracy in training too: that one is not wanted.

# %% answer="06.2"
import re


def read_log(text):
    """Return [(iteration, accuracy), ...] of the tests in a log."""
    ### BEGIN SOLUTION
    pairs, iteration = [], None
    for line in text.splitlines():
        testing = re.search(r"Iteration (\d+), Testing", line)
        if testing:
            iteration = int(testing[1])
        tested = re.search(r"Test net output #\d+: accuracy = (\S+)", line)
        if tested:
            pairs.append((iteration, float(tested[1])))
    return pairs
    ### END SOLUTION


# %% check="06.2"
check("06.2")

# %% [markdown]
# ## 06.3 · Find the bug in a solver
#
# A colleague trains ten weighted sums (one InnerProduct) on the digits and complains: "It learns for
# a moment, and then it stops, however long I wait." Here are the solver and its losses. One line is
# at fault. Which?

# %%
from cafe_edu.course.day06 import PATIENT, train_patient

print(PATIENT)
losses = train_patient(PATIENT)
print("loss of every 20th iteration:", [round(loss, 1) for loss in losses[::20]])

# %% [markdown]
# Answer with a pair: the name of the line, and the value that it should have. For example,
# `cure = ("display", 10)` (which would cure nothing). More than one value is right; the check trains
# your colleague's net with your line.

# %% answer="06.3"
### BEGIN SOLUTION
# lr_policy "step": the rate is base_lr * gamma ** (iteration // stepsize). With steps of 10 iterations it is
# a ten-thousandth of base_lr by iteration 40. The first step must come when the loss no longer falls.
cure = ("stepsize", 5000)
### END SOLUTION

# %% check="06.3"
check("06.3")

# %% [markdown]
# ## 06.4 · A smaller net
#
# LeNet is large for small digits. Change it: **at most 20,000 parameters, and still at least 94 % of
# the 360 test digits.** Train it here, for a few hundred iterations, and leave the trained solver
# under the name `little`. It must have a TEST net that reads `digits/digits_test_lmdb`, with
# `test_iter` and `batch_size` such that all 360 digits are tested.
#
# This is LeNet as it ships. It is far too large:

# %%
from pathlib import Path

import cafe_edu

shipped = Path(cafe_edu.__file__).parent / "zoo" / "lenet"
net_text = (shipped / "lenet_train_test.prototxt").read_text()
Net(net_text, phase="TRAIN")

# %% [markdown]
# Change the text (by hand in a copy, or with `net_text.replace`), and give it to a solver with
# `spec.net_param.CopyFrom(prototxt.parse_net(your_text))`. Before you train, predict what your change
# will cost.

# %% answer="06.4"
spec = prototxt.parse_solver("""
    base_lr: 0.02  lr_policy: "fixed"  momentum: 0.9  weight_decay: 0.0005  random_seed: 6
    test_iter: 6  test_interval: 1000  test_initialization: false  snapshot_after_train: false
""")
### BEGIN SOLUTION
# Nearly all of LeNet's numbers are in ip1, so it is there that one saves: fewer outputs, and fewer channels
# in conv2 that each of them has to look at.
little_text = (
    net_text.replace("num_output: 20", "num_output: 8")
    .replace("num_output: 500", "num_output: 32")
    .replace("num_output: 50", "num_output: 16")
)
spec.net_param.CopyFrom(prototxt.parse_net(little_text))
little = Solver(spec)
little.step(300)
### END SOLUTION

# %% check="06.4"
check("06.4")

# %% [markdown]
# ## 06.5 · A net for colour pictures (open-ended)
#
# The book that this course follows ends its sixth day with: complete Caffe's CIFAR-10 example.
# CIFAR-10 has 60,000 photos of ten kinds of things, 3 x 32 x 32 pixels each. Some of its readers
# waited for six hours and gave up. You will not wait: the question today is whether *your* net is fit
# for such pictures, and there is an old test for this that takes seconds: **can it learn twenty
# pictures by heart?** A net that cannot has a mistake in it, and no amount of data will help.
#
# Write the prototxt of a net as a text called `colour_net`. It begins with an Input layer that gives
# a blob `data` of 20 x 3 x 32 x 32, ends with a blob `score` of 20 x 10 (ten scores, no softmax, no
# loss: the check puts the loss on top), and has at most 500,000 parameters. In between, do as you
# like: begin with LeNet, add layers, leave some out. The pictures are these:

# %%
import matplotlib.pyplot as plt

from cafe_edu.course.day06 import painted_digits

x, y = painted_digits(20)
figure, axes = plt.subplots(1, 10, figsize=(9, 1), dpi=80)
for axis, picture in zip(axes, x[:10], strict=True):
    axis.imshow(picture.transpose(1, 2, 0)[:, :, ::-1])  # blue, green, red to red, green, blue
    axis.axis("off")
plt.show()

# %% answer="06.5"
### BEGIN SOLUTION
colour_net = """
name: "colour"
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 20 dim: 3 dim: 32 dim: 32 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 16 kernel_size: 5 weight_filler { type: "xavier" } } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "conv2" type: "Convolution" bottom: "pool1" top: "conv2"
  convolution_param { num_output: 32 kernel_size: 5 weight_filler { type: "xavier" } } }
layer { name: "relu2" type: "ReLU" bottom: "conv2" top: "conv2" }
layer { name: "pool2" type: "Pooling" bottom: "conv2" top: "pool2"
  pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "ip1" type: "InnerProduct" bottom: "pool2" top: "ip1"
  inner_product_param { num_output: 64 weight_filler { type: "xavier" } } }
layer { name: "relu3" type: "ReLU" bottom: "ip1" top: "ip1" }
layer { name: "score" type: "InnerProduct" bottom: "ip1" top: "score"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
"""
### END SOLUTION

# %% check="06.5"
check("06.5")

# %% [markdown]
# **And then?** Here the road is open. Write all 1,437 painted digits into an LMDB and train on them;
# keep some back for the test. Which of these matters most: more filters, a third convolution, a ReLU
# after each convolution, the mean subtracted? Change one thing at a time and write down what you see.
# With the photos of CIFAR-10 at hand, the same net, a mean, and patience lead to about three of four;
# Caffe's own `cifar10_quick` does no better.
