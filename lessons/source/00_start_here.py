# %% [markdown]
# # Start here 从这里开始
#
# This is a course in deep learning that you run. It takes you into Caffe, a well-known framework of
# 2013, rebuilt in Python so that every line can be read. By the end you will know not only that a net
# works but why, and you will have written the parts yourself.
#
# You need Python, a little linear algebra (what a matrix does to a vector) and a little calculus
# (what a slope is). You do not need a graphics card, an account, or a fast line: everything runs on a
# laptop, and nothing is downloaded on the way.
#
# ## How to use a notebook
#
# A notebook is a page with cells. Click into a cell and press **Shift + Enter**: it runs, its result
# appears below it, and the next one is chosen. Run them from top to bottom. Try it with this one:

# %%
import cafe_edu
from cafe_edu.data import datasets

digits = datasets.load("digits")
digits

# %% [markdown]
# Those are the data of the first days: handwritten digits, 28 x 28 grey pixels each. A picture is
# numbers, and this is how they look:

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 12, figsize=(9, 0.9), dpi=80)
for axis, picture in zip(axes, digits.x_train[:12, 0], strict=True):
    axis.imshow(picture, cmap="gray_r")
    axis.axis("off")
plt.show()

# %% [markdown]
# ## A net, in four cells
#
# Before any theory: let a net learn to read them. These lines take LeNet as it ships with the
# package, two files of text, and train it for 100 steps with 64 digits each. It takes a few seconds.

# %%
from pathlib import Path

lenet = Path(cafe_edu.__file__).parent / "zoo" / "lenet"
solver = cafe_edu.Solver(lenet / "lenet_solver.prototxt", snapshot=0)
solver.step(100)
print(solver.iter, "steps done")

# %% [markdown]
# Its loss (how wrong it is, as one number) while it learned:

# %%
plt.figure(figsize=(5, 2.2), dpi=80)
plt.plot([record["loss"] for record in solver.train_record], color="#0072b2")
plt.gca().set(xlabel="step", ylabel="loss")
plt.show()

# %% [markdown]
# And now 360 digits that it has never seen:

# %%
[tested] = solver.test()
print("it reads more than nine of ten:", bool(tested["accuracy"] > 0.9))

# %% [markdown]
# Twelve of them, each with what the net reads:

# %%
blobs = solver.test_nets[0].blobs
figure, axes = plt.subplots(1, 12, figsize=(9, 0.9), dpi=80)
for axis, picture, scores in zip(axes, blobs["data"].data[:12, 0], blobs["ip2"].data[:12], strict=True):
    axis.imshow(picture, cmap="gray_r")
    axis.set_title(scores.argmax())
    axis.axis("off")
plt.show()

# %% [markdown]
# That was all of it: data, a net, a loss, a loop. The course opens these four words, one after the
# other, until nothing is left that you could not write yourself.
#
# ## The course
#
# Twenty-one days in three parts, after the arc of the Chinese book 《深度学习:21天实战Caffe》. A day is a
# lesson of 30 to 60 minutes, five exercises, and their solutions. Days are being written; those that
# are here have a link. Each stands on its own, and the package has everything a day needs, so you can
# begin with any; the best first evening is day 1.
#
# | part | day | what | where |
# |---|---|---|---|
# | I 初见 | 1 | **What deep learning is**: softmax by hand | [lesson][1l], [exercises][1e], [solutions][1s] |
# | I 初见 | 6 | **The handwritten digits**: LeNet from files | [lesson][6l], [exercises][6e], [solutions][6s] |
#
# [1l]: day01_what_deep_learning_is.ipynb
# [1e]: ../exercises/day01_what_deep_learning_is.ipynb
# [1s]: ../solutions/day01_what_deep_learning_is.ipynb
# [6l]: day06_handwritten_digits.ipynb
# [6e]: ../exercises/day06_handwritten_digits.ipynb
# [6s]: ../solutions/day06_handwritten_digits.ipynb
#
# ## How exercises answer
#
# In an exercise notebook you write your answer into a cell, run it, and ask:
#
# ```python
# from cafe_edu.course import check, hint, mine, progress, ship, skip, solution
#
# check("06.1")     # runs your answer and says how it did; a known mistake is called by its name
# hint("06.1")      # says a little more, up to three times
# solution("06.1")  # shows an answer, once you have tried, beside your own
# skip("06.1")      # leaves it for later
# progress()        # twenty-one days, your points, what is left
# mine()            # your layers and functions that passed: Net(spec, layers=mine())
# ship()            # how much of LeNet runs on your own code by now
# ```
#
# Your notebooks are yours. `make lab` (or `cafe lab`) opens copies in the folder `my_work`; when the
# course is updated, what you wrote stays as it is, and a new version is put beside it.
#
# ## Where things are
#
# | | |
# |---|---|
# | `lessons/` | what you read |
# | `exercises/`, `solutions/` | what you do, and one way to do it |
# | `cafe_edu/` | the house: one idea, one file; its `README.md` is the floor plan |
# | `datasets/` | where the data come from, and their licences |
#
# If something does not run, `cafe doctor` in a terminal says what is missing.
