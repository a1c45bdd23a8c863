# %% [markdown]
# # Day 1 · What deep learning is: exercises
#
# Five exercises, growing in difficulty. Write your answer where it says `# YOUR CODE HERE` (and take the
# line `raise NotImplementedError()` away), run the cell, then run the check below it. The check runs *your*
# object, says what it tried, and if it knows your mistake it tells you which one it is. `hint("01.1")` says
# a little more each of three times; `solution("01.1")` opens once you have tried. To be wrong here costs
# nothing.
#
# | | exercise | kind | points |
# |---|---|---|---|
# | 01.1 | A softmax that does not overflow | code | 3 |
# | 01.2 | The slope at another temperature | derive | 3 |
# | 01.3 | The loss before anything is learned | predict | 2 |
# | 01.4 | What does it mean that features are learned? | explain | 2 |
# | 01.5 | Three rates | experiment, open-ended | 4 |

# %%
import matplotlib.pyplot as plt
import numpy as np

from cafe_edu.course import check, hint, solution

# %% [markdown]
# ## 01.1 · A softmax that does not overflow
#
# The lesson's softmax gives `nan` when a score is near 1000, and also, you may not have expected it, when
# all scores of a picture are near -1000. Write one that is right for any scores, of many pictures at once:
#
# $$p_{n,k} = \frac{e^{s_{n,k}}}{\sum_j e^{s_{n,j}}},$$
#
# `s` is an array $(N, K)$: a row for each picture, a column for each class. So is what you return. Leave
# `s` as it is.

# %% answer="01.1"
def softmax(s):
    """Return the probabilities (N, K) of scores s, (N, K), however large the scores are."""
    ### BEGIN SOLUTION
    e = np.exp(s - s.max(axis=1, keepdims=True))  # of each row its own largest: the largest exponent is 0
    return e / e.sum(axis=1, keepdims=True)
    ### END SOLUTION


# %% check="01.1"
check("01.1")

# %% [markdown]
# If it does not pass, and the verdict does not help, ask for a hint. Each time it says a little more:

# %%
hint("01.1")

# %% [markdown]
# ## 01.2 · The slope at another temperature
#
# Two things are often changed in the lesson's loss.
#
# **Labels that are not certain.** Of a hundred people, 70 read a scrawl as a 1 and 30 as a 7. In place of
# one true class there are numbers $q_{n,k}$, what *should* be given to class $k$; those of one picture add
# up to 1.
#
# **A temperature** $T > 0$. All scores are divided by it before the softmax. Hot ($T$ large), and the
# probabilities become alike; cold, and the largest takes all. (It is the knob of that name on programs that
# write text.)
#
# $$L = -\frac1N \sum_{n} \sum_{k} q_{n,k} \log p_{n,k}, \qquad
# p_{n,k} = \frac{e^{s_{n,k} / T}}{\sum_j e^{s_{n,j} / T}}.$$
#
# Take paper, and derive $\partial L / \partial s_{n,k}$. Then type it. You may use your own `softmax`. The
# check compares it with slopes found by nudging.

# %% answer="01.2"
def slope(s, q, T):
    """Return dL/ds, (N, K), given scores s, (N, K), targets q, (N, K), and a temperature T."""
    ### BEGIN SOLUTION
    # With z = s / T: L = -(1/N) sum_n sum_k q (z_k - log sum_j e^z_j), so dL/dz = (p sum_k q_k - q) / N = (p - q) / N.
    return (softmax(s / T) - q) / (len(s) * T)
    ### END SOLUTION


# %% check="01.2"
check("01.2")

# %% [markdown]
# Put $T = 1$ and certain labels into your formula: it should be the lesson's.
#
# ## 01.3 · The loss before anything is learned
#
# No cell to run first: **commit to your predictions.** All weights and biases are 0, so all scores are 0,
# unless it says otherwise. A batch has 64 pictures.
#
# Write a dict `first_loss` with the loss that `SoftmaxWithLoss` gives, to one per cent, for
#
# - `"10 classes"`
# - `"1000 classes"` (ImageNet has so many)
# - `"10 classes, all scores 5"`: somebody set all biases to 5
# - `"10 classes, one picture"`: a batch of 1 in place of 64
# - `"10 classes, true score 2"`: the true class has the score 2, the others 0
#
# Write formulas, not results, if you like: `np.log(7) + 1`.

# %% answer="01.3"
### BEGIN SOLUTION
first_loss = {
    "10 classes": np.log(10),
    "1000 classes": np.log(1000),
    "10 classes, all scores 5": np.log(10),  # only differences count
    "10 classes, one picture": np.log(10),  # a mean over 1 or over 64 is the same
    "10 classes, true score 2": -np.log(np.exp(2) / (np.exp(2) + 9)),
}
### END SOLUTION

# %% check="01.3"
check("01.3")

# %% [markdown]
# ## 01.4 · What does it mean that features are learned?
#
# Taught on digits in any ink, LeNet reads most test digits in any ink; ten weighted sums of the pixels do
# not. One says: *LeNet's features are learned*. Which of these says what is meant?
#
# - **a** Somebody chose which edges LeNet looks for; the training finds out how much weight each of them
#   gets.
# - **b** LeNet keeps what it saw in training, and looks up which of it is most like the new digit.
# - **c** LeNet has more layers, and numbers that went through several layers say more than pixels do.
# - **d** The slopes of the loss move the lower layers, too, so that what they compute becomes more useful.
# - **e** LeNet first finds features in pictures without labels; in a second training it learns the classes.
# - **f** LeNet was told, before it was trained, that the colour of the ink is not what matters in a digit.
#
# Write one letter, for example `answer_01_4 = "a"`.

# %% answer="01.4"
### BEGIN SOLUTION
answer_01_4 = "d"
### END SOLUTION

# %% check="01.4"
check("01.4")

# %% [markdown]
# ## 01.5 · Three rates (open-ended)
#
# `train(alpha)` is the lesson's loop: ten weighted sums, 100 steps of 64 digits, all beginning at zero. It
# returns the losses.

# %%
from cafe_edu.course.day01 import train

losses = train(0.03)
print(f"highest loss on the way {max(losses):.2f}, mean of the last 20: {np.mean(losses[-20:]):.2f}")
plt.figure(figsize=(5, 2.2), dpi=80)
plt.plot(losses, color="#0072b2")
plt.gca().set(xlabel="step", ylabel="loss")
plt.show()

# %% [markdown]
# Find three rates, and leave them in a dict called `rates`:
#
# - `"too low"`: it learns, but after 100 steps the loss is still above 1;
# - `"good"`: the loss never rises above 2.5 on the way, and in the end (mean of the last 20) it is at most
#   0.25;
# - `"too high"`: on the way the loss is above 10 at least once.
#
# Before you try a rate, say what you expect.

# %% answer="01.5"
### BEGIN SOLUTION
for alpha in (0.01, 0.03, 0.1, 0.3, 1, 3):
    losses = train(alpha)
    print(f"{alpha:5}: highest {max(losses):5.2f}, in the end {np.mean(losses[-20:]):.2f}")
rates = {"too low": 0.01, "good": 0.3, "too high": 3.0}
### END SOLUTION

# %% check="01.5"
check("01.5")

# %% [markdown]
# **And then?** Here the road is open. Three questions that you can answer with `train` and a pencil:
#
# - Which single rate gives the lowest loss in the end? Is it one of those that jump on the way?
# - `alpha` may be a function of the step: `train(lambda t: 0.3 if t < 20 else 1)`. Can you get lower than
#   every constant rate that does not jump? Why should it help to begin with small steps? (It is called
#   *warm-up*, and the largest nets of our days begin so.)
# - `train(0.3, batch=8)`: an eighth of the digits in a step, so 800 steps see as many. Is it better, for
#   the same number of digits seen? Which rate does it want?
#
# Change one thing at a time, and write down what you see. Day 13 comes back to all three.
