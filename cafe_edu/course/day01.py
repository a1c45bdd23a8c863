"""The exercises of day 1: softmax, its slope, the first loss, what "learned" means, the rate."""

from collections.abc import Mapping

import numpy as np

from cafe_edu.arrays.softmax import softmax as softmax_of_the_house
from cafe_edu.course.kinds import Code, Derive, Experiment, Explain, Mistake, Predict, Requirement
from cafe_edu.data import datasets
from cafe_edu.errors import SpecError
from cafe_edu.layers.softmax_with_loss import SoftmaxWithLoss
from cafe_edu.net import Net

# 01.1 ------------------------------------------------------------------------------------------------


def softmax(s):
    """Return the probabilities (N, K) of scores s, (N, K), however large the scores are."""
    e = np.exp(s - s.max(axis=1, keepdims=True))  # of each row its own largest: the largest exponent is 0
    return e / e.sum(axis=1, keepdims=True)


def softmax_cases(rng):
    """Scores small and large; rows that are alike and rows that are far apart."""
    return {
        "one picture, three classes": (np.array([[1.0, 0.0, 2.0]]),),
        "two pictures": (np.array([[1.0, 0.0, 2.0], [0.5, 3.0, -1.0]]),),
        "64 pictures, ten classes": (rng.normal(0, 2, (64, 10)),),
        "scores near 1000": (np.array([[1000.0, 999.0, 998.0], [1001.0, 1000.0, 1000.0]]),),
        "scores near -1000": (np.array([[-1000.0, -1001.0, -1003.0]]),),
        "one picture with small scores, one with large": (np.array([[0.0, 1.0, 2.0], [2000.0, 2001.0, 2000.0]]),),
        "one score far above the others": (np.array([[0.0, 1.0, 3000.0]]),),
        "one class only": (np.array([[3.0], [-4.0]]),),
    }


def _ratio(e, axis=1):
    return e / e.sum(axis=axis, keepdims=True)


SOFTMAX = Code(
    number="01.1",
    title="A softmax that does not overflow",
    name="softmax",
    points=3,
    solution=softmax,
    house=(softmax_of_the_house,),
    cases=softmax_cases,
    hints=(
        "Only differences of scores count: take the same number away from all scores of a picture, and its "
        "probabilities stay as they are. Which number makes it certain that no exponential becomes too large?",
        "The largest score of each picture. Then the largest exponent of each row is 0. What shape must those N "
        "numbers have, so that numpy takes each away from its own row of s, (N, K)?",
        "`s.max(axis=1, keepdims=True)` is a column of N numbers, (N, 1): take it away from `s` inside `np.exp`, "
        "and divide by the sum along the same axis, with `keepdims=True` again.",
    ),
    mistakes=(
        Mistake(
            name="no largest score taken away",
            message="The exponential of 1000 is too large for any float, and that of -1000 is 0: both end in 0/0 or "
            "infinite by infinite, which is NaN. Small scores hide it.",
            answer=lambda s: _ratio(np.exp(s)),
        ),
        Mistake(
            name="one largest score for the whole batch",
            message="A picture whose scores are far below those of another gets exponentials that are all 0, and 0/0 "
            "is NaN. What one picture scores is no matter of the others.",
            answer=lambda s: _ratio(np.exp(s - s.max())),
        ),
        Mistake(
            name="the largest of each class, not of each picture",
            message="Within a row every score was lowered by another number, so their differences changed, and only "
            "these count. Which axis are the classes?",
            answer=lambda s: _ratio(np.exp(s - s.max(axis=0, keepdims=True))),
        ),
        Mistake(
            name="divided by the sum over the pictures",
            message="Each column adds up to 1, but it is each row that should: the classes of one picture share 1.",
            answer=lambda s: _ratio(np.exp(s - s.max(axis=1, keepdims=True)), axis=0),
        ),
        Mistake(
            name="the mean taken away, not the largest",
            message="It helps as long as all scores of a row are near each other. One score far above the mean still "
            "overflows.",
            answer=lambda s: _ratio(np.exp(s - s.mean(axis=1, keepdims=True))),
        ),
        Mistake(
            name="scores cut off where they are too large",
            message="1000 and 998 both became 700: nothing overflows, but their difference is gone, and with it who "
            "is more probable.",
            answer=lambda s: _ratio(np.exp(np.clip(s, -700, 700))),
        ),
        Mistake(
            name="not divided by the sum",
            message="These are exponentials, all positive; probabilities also add up to 1 in each row.",
            answer=lambda s: np.exp(s - s.max(axis=1, keepdims=True)),
        ),
        Mistake(
            name="the logarithms of the probabilities",
            message="A probability is never negative. (Logarithms are what a loss wants; here the probabilities are "
            "asked.)",
            answer=lambda s: np.log(np.maximum(softmax(s), 1e-300)),
        ),
        Mistake(
            name="the wrong sign of the exponent",
            message="The class with the lowest score became the most probable.",
            answer=lambda s: softmax(-s),
        ),
    ),
)


# 01.2 ------------------------------------------------------------------------------------------------


def loss(s, q, T):
    r"""Return :math:`L = -\frac1N \sum_n \sum_k q_{n,k} \log p_{n,k}`, p the softmax of s / T."""
    z = s / T
    z = z - z.real.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -(q * log_p).sum() / len(s)


def slope(s, q, T):
    """Return dL/ds, (N, K): what was given minus what should have been given, over N and over T."""
    return (softmax(s / T) - q) / (len(s) * T)


def slope_points(rng):
    """Labels that are certain and labels that are not, cold and hot, small scores and large."""
    s, one = rng.normal(0, 2, (4, 3)), np.eye(3)[[0, 2, 1, 2]]
    q = rng.random((4, 3)) + 0.1
    q /= q.sum(axis=1, keepdims=True)
    return {
        "one picture, a certain label, T = 1": (s[:1], one[:1], 1.0),
        "four pictures, T = 1": (s, one, 1.0),
        "one picture, T = 2": (s[:1], one[:1], 2.0),
        "four pictures, uncertain labels, T = 4": (s, q, 4.0),
        "four pictures, uncertain labels, T = 0.5": (s, q, 0.5),
        "all scores 0": (np.zeros((2, 3)), q[:2], 2.0),
        "large scores": (np.array([[3000.0, 0.0, -3000.0]]), one[:1] * 0.5 + one[1:2] * 0.5, 2.0),
    }


SLOPE = Derive(
    number="01.2",
    title="The slope at another temperature",
    name="slope",
    points=3,
    of=loss,
    solution=slope,
    at=slope_points,
    wrt=0,
    house=(SoftmaxWithLoss,),
    hints=(
        "Write z = s / T first, and forget T. With z in place of s, and q in place of [k = y], what changes in the "
        "lesson's derivation? You need that the q of one picture add up to 1.",
        "Along z the slope is again what was given minus what should have been given, shared out over N. Then the "
        "chain rule: how much does z change when s changes by one?",
        "Along z it is (p - q) / N, with p the softmax of s / T. And z = s / T, so one more factor of 1 / T.",
    ),
    mistakes=(
        Mistake(
            name="forgot the factor 1/T of the chain rule",
            message="A nudge of s moves z = s / T by a T-th of it only.",
            answer=lambda s, q, T: (softmax(s / T) - q) / len(s),
        ),
        Mistake(
            name="forgot to share out over N",
            message="The loss is a mean over the pictures, so each has only its share in it.",
            answer=lambda s, q, T: (softmax(s / T) - q) / T,
        ),
        Mistake(
            name="multiplied by T",
            message="The hotter, the less a nudge of the score matters: look again at the derivative of s / T.",
            answer=lambda s, q, T: (softmax(s / T) - q) * T / len(s),
        ),
        Mistake(
            name="the probabilities of another temperature",
            message="The p in the slope are those that the loss was computed from.",
            answer=lambda s, q, T: (softmax(s) - q) / (len(s) * T),
        ),
        Mistake(
            name="the sign turned round",
            message="This is the direction in which to go. The slope says where the loss grows.",
            answer=lambda s, q, T: (q - softmax(s / T)) / (len(s) * T),
        ),
        Mistake(
            name="each score only in its own probability",
            message="A score also stands in the sum below every other probability: raise one, and the others fall.",
            answer=lambda s, q, T: q * (softmax(s / T) - 1) / (len(s) * T),
        ),
        Mistake(
            name="the slope along the probabilities",
            message="This is dL/dp. From there it is one more step of the chain rule to the scores.",
            answer=lambda s, q, T: -q / np.maximum(softmax(s / T), 1e-300) / len(s),
        ),
    ),
)


# 01.3 ------------------------------------------------------------------------------------------------


def first_losses():
    """Minus the logarithm of what the true class gets: its share of 1."""
    return {
        "10 classes": np.log(10),
        "1000 classes": np.log(1000),
        "10 classes, all scores 5": np.log(10),  # only differences count
        "10 classes, one picture": np.log(10),  # a mean over 1 or over 64 is the same
        "10 classes, true score 2": -np.log(np.exp(2) / (np.exp(2) + 9)),
    }


def loss_of_the_house(scores, labels):
    """Return what SoftmaxWithLoss says of scores (N, K) and labels (N,)."""
    n, k = scores.shape
    net = Net(f"""
        layer {{ name: "s" type: "Input" top: "s" input_param {{ shape {{ dim: {n} dim: {k} }} }} }}
        layer {{ name: "y" type: "Input" top: "y" input_param {{ shape {{ dim: {n} }} }} }}
        layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "s" bottom: "y" top: "L" }}
    """)
    return float(net.forward(s=scores, y=labels)["L"])


def first_losses_of_the_house():
    """Let the house compute them."""
    labels = np.arange(64) % 10
    return {
        "10 classes": loss_of_the_house(np.zeros((64, 10)), labels),
        "1000 classes": loss_of_the_house(np.zeros((64, 1000)), labels),
        "10 classes, all scores 5": loss_of_the_house(np.full((64, 10), 5.0), labels),
        "10 classes, one picture": loss_of_the_house(np.zeros((1, 10)), labels[:1]),
        "10 classes, true score 2": loss_of_the_house(2.0 * np.eye(10)[labels], labels),
    }


def _all_with(of_probability):
    """Return what ``of_probability`` makes of the probability that the true class gets, for every question."""
    return {what: float(of_probability(np.exp(-right))) for what, right in first_losses().items()}


FIRST_LOSS = Predict(
    number="01.3",
    title="The loss before anything is learned",
    name="first_loss",
    points=2,
    solution=first_losses,
    truth=first_losses_of_the_house,
    what_ran="asked the house's SoftmaxWithLoss for each",
    rtol=0.01,
    atol=0.005,
    hints=(
        "Find the probability of the true class first: its exponential, divided by the sum of all of them.",
        "Equal scores share 1 equally, whatever they are: each of K classes gets 1/K. The loss is minus the natural "
        "logarithm of that, and its mean over pictures that are all alike is that of one of them.",
        "The first is `np.log(10)`. For the last, the true class gets e^2 of a sum of e^2 and nine times e^0.",
    ),
    mistakes=(
        Mistake(
            name="the logarithm to base ten",
            message="The right thing, measured in another unit: here `log` is the natural logarithm, to base e.",
            answer=_all_with(lambda p: -np.log10(p)),
        ),
        Mistake(
            name="the logarithm to base two",
            message="This counts in bits: here `log` is the natural logarithm, to base e.",
            answer=_all_with(lambda p: -np.log2(p)),
        ),
        Mistake(
            name="the probability, not the loss",
            message="The true class gets this much; the loss is how surprising that is.",
            answer=_all_with(lambda p: p),
        ),
        Mistake(
            name="the probability of being wrong",
            message="One minus what the true class gets also says how wrong it is, but it hardly minds whether that "
            "is 0.1 or 0.001. The cross entropy minds.",
            answer=_all_with(lambda p: 1 - p),
        ),
        Mistake(
            name="the logarithm of the wrong probability",
            message="Minus the logarithm of the part that went to the other classes would be small when it is most "
            "wrong.",
            answer=_all_with(lambda p: -np.log(1 - p)),
        ),
        Mistake(
            name="added up over the batch",
            message="The loss is the mean over the 64 pictures, so that it does not grow with the batch.",
            answer={
                what: float(right) * (1 if what.endswith("one picture") else 64)
                for what, right in first_losses().items()
            },
        ),
        Mistake(
            name="nothing learned, so nothing lost",
            message="A loss of 0 belongs to a machine that gives the true class all of its probability.",
            answer=dict.fromkeys(first_losses(), 0.0),
        ),
        Mistake(
            name="larger scores, smaller loss",
            message="Five more for every class multiplies above and below alike: only differences of scores count.",
            answer=first_losses() | {"10 classes, all scores 5": -np.log(np.exp(5) / (np.exp(5) + 9))},
        ),
    ),
)


# 01.4 ------------------------------------------------------------------------------------------------


def learned_by_the_same_slopes():
    """The slope of one loss goes through all layers: those below the last are moved by it, too."""
    return "d"


LEARNED = Explain(
    number="01.4",
    title="What does it mean that features are learned?",
    name="answer_01_4",
    points=2,
    solution=learned_by_the_same_slopes,
    options="abcdef",
    right="d",
    hints=(
        "Before it learned, LeNet's 500 numbers were no better than the pixels; 300 steps later they were. What had "
        "happened to the layers that make them?",
        "Which of the statements are about HOG, and which would also hold of a LeNet that has not learned anything?",
        "Look for the one that says who moves the weights below the last layer, and by what.",
    ),
    mistakes=(
        Mistake(
            name="a feature made by hand",
            message="That is HOG with a learned layer on top: people chose what is computed, and only its weighing "
            "is learned.",
            answer="a",
        ),
        Mistake(
            name="mixed up with remembering examples",
            message="That is what nearest neighbours do, and in a way an SVM. LeNet keeps no picture: only its "
            "weights are left.",
            answer="b",
        ),
        Mistake(
            name="depth without learning",
            message="The untrained LeNet has as many layers, and its 500 numbers were no better than the pixels.",
            answer="c",
        ),
        Mistake(
            name="two trainings where there is one",
            message="There are nets that are taught this way. Here there was one loss, from the first step, and it "
            "moved all layers.",
            answer="e",
        ),
        Mistake(
            name="told what does not matter",
            message="`% np.pi` in HOG tells it. LeNet's files say nothing of ink; its examples showed it.",
            answer="f",
        ),
    ),
)


# 01.5 ------------------------------------------------------------------------------------------------

STEPS = 100
NAMES = ("too low", "good", "too high")


def train(alpha, steps=STEPS, batch=64):
    """Teach ten weighted sums to read the digits, as in the lesson; return the loss of every step.

    Parameters
    ----------
    alpha : float, or function of the step t that returns one
        The rate.
    steps : int
    batch : int
        Digits in a step.

    Returns
    -------
    list of float
    """
    digits = datasets.load("digits")
    x, y = digits.x_train.reshape(-1, 784) / 256, digits.y_train
    W, b, losses = np.zeros((10, 784)), np.zeros(10), []
    for t in range(steps):
        now = np.arange(batch * t, batch * (t + 1)) % len(x)
        p = softmax(x[now] @ W.T + b)
        losses.append(-float(np.log(np.maximum(p[np.arange(batch), y[now]], 1e-300)).mean()))
        p[np.arange(batch), y[now]] -= 1
        rate = alpha(t) if callable(alpha) else alpha
        W -= rate / batch * p.T @ x[now]
        b -= rate / batch * p.sum(axis=0)
    return losses


def _measure_rates(rates):
    missing = [name for name in NAMES if rates.get(name) in (None, ...)]
    if missing:
        raise SpecError(f"expected a rate for each of {', '.join(NAMES)}, found none for {', '.join(missing)}")
    numbers = [name for name in NAMES if isinstance(rates[name], int | float | np.number) and not np.isnan(rates[name])]
    wrong = [name for name in NAMES if name not in numbers]
    if wrong:
        raise SpecError(f"expected numbers as rates, found {rates[wrong[0]]!r} for {wrong[0]}")
    losses = {name: train(float(rates[name])) for name in NAMES}
    end = {name: round(float(np.mean(values[-20:])), 3) for name, values in losses.items()}
    return {
        "lowest rate": float(min(rates[name] for name in NAMES)),
        "in order, all above 0": bool(0 < rates["too low"] < rates["good"] < rates["too high"]),
        "too low: loss in the end": end["too low"],
        "good: highest loss on the way": round(max(losses["good"]), 3),
        "good: loss in the end": end["good"],
        "too high: highest loss on the way": round(max(losses["too high"]), 3),
    }


def rates_by_hand():
    """Up by factors of three: 0.01 crawls, 0.1 is timid, 0.3 is quick and steady, 1 and more jump."""
    return {"too low": 0.01, "good": 0.3, "too high": 3.0}


def _with(**changes):
    """Return a function that gives the worked answer with some rates changed."""
    return lambda: rates_by_hand() | {name.replace("_", " "): rate for name, rate in changes.items()}


RATES = Experiment(
    number="01.5",
    title="Three rates",
    name="rates",
    points=4,
    solution=rates_by_hand,
    expects=Mapping,
    expects_words="dict of three rates",
    measure=_measure_rates,
    what_ran=f"trained for {STEPS} steps with each; the loss in the end is the mean of the last 20",
    requirements=(
        Requirement(what="in order, all above 0", least=True, most=True),
        Requirement(what="too low: loss in the end", least=1.0, most=2.25),
        Requirement(what="good: highest loss on the way", most=2.5),
        Requirement(what="good: loss in the end", most=0.25),
        Requirement(what="too high: highest loss on the way", least=10.0),
    ),
    hints=(
        "Draw the losses of one rate, then of ten times that. Where do the curves part?",
        "Go up by factors of three from 0.003, and write down two numbers for each: the highest loss on the way, and "
        "the mean of the last 20.",
        "0.01 is slow enough, 3 wild enough. The good one lies between the last rate whose loss never rises above that "
        "of the first step and the one that is three times smaller.",
    ),
    mistakes=(
        Mistake(
            name="uphill",
            message="A negative rate walks up the slope. It does go wrong, but not because the steps are too long.",
            answer=_with(too_low=-0.01),
            shows=lambda measured: measured["lowest rate"] < 0,
        ),
        Mistake(
            name="a rate of nothing",
            message="With a rate of 0 no weight moves at all. Too low means that it learns, but far too slowly.",
            answer=_with(too_low=0.0),
            shows=lambda measured: measured["lowest rate"] == 0,
        ),
        Mistake(
            name="the names mixed up",
            message="A low rate is a small number: short steps.",
            answer=lambda: {"too low": 3.0, "good": 0.3, "too high": 0.01},
            shows=lambda measured: not measured["in order, all above 0"],
        ),
        Mistake(
            name="the good one jumps",
            message="It ends well, but on the way it was worse than a machine that knows nothing. A deeper net may "
            "not come back.",
            answer=_with(good=1.0),
            shows=lambda measured: measured["good: highest loss on the way"] > 2.5,
        ),
        Mistake(
            name="the good one is timid",
            message="It never jumps, but it could have come further in the same time.",
            answer=_with(good=0.05),
            shows=lambda measured: measured["good: loss in the end"] > 0.25,
        ),
        Mistake(
            name="the low one is not low enough",
            message="In 100 steps it has learned well. Make it crawl.",
            answer=_with(too_low=0.1),
            shows=lambda measured: measured["too low: loss in the end"] < 1,
        ),
        Mistake(
            name="so low that one sees nothing",
            message="The loss has hardly left that of the first step: one could take it for a bug.",
            answer=_with(too_low=1e-6),
            shows=lambda measured: measured["too low: loss in the end"] > 2.25,
        ),
        Mistake(
            name="the high one is bearable",
            message="It rises for some steps, but it does not leave the page. Higher.",
            answer=_with(too_high=0.6),
            shows=lambda measured: measured["too high: highest loss on the way"] < 10,
        ),
    ),
)

EXERCISES = (SOFTMAX, SLOPE, FIRST_LOSS, LEARNED, RATES)
