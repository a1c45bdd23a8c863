"""Day 12's exercises: Backward."""

import itertools

import numpy as np

import cafe_edu
from cafe_edu.arrays import pooling
from cafe_edu.course.kinds import Code, Derive, Experiment, Explain, Mistake, Predict, Requirement
from cafe_edu.data import datasets
from cafe_edu.errors import NetError
from cafe_edu.testing.check_gradient import check_gradient
from cafe_edu.testing.trial import make_layer

# 12.1 ------------------------------------------------------------------------------------------------


def slopes_by_trying():
    """Move a, w and x to both sides, each by itself, and look at L."""
    h = 1e-5

    def slope(f, at):
        return (f(at + h) - f(at - h)) / (2 * h)

    return {
        "a": slope(lambda a: a**2 + 2 * a, 6.0),
        "w": slope(lambda w: (w * 2) ** 2 + 2 * (w * 2), 3.0),
        "x": slope(lambda x: (3 * x) ** 2 + x * (3 * x), 2.0),
    }


def slopes_by_thinking():
    """Add the ways: a has two, x has one by a and one beside it."""
    w, x = 3.0, 2.0
    a = w * x
    da = 2 * a + x  # by way of the square, by way of the product
    return {"a": da, "w": x * da, "x": w * da + a}  # x: by way of a, and directly


FORK = Predict(
    number="12.1",
    title="Slopes on a fork",
    name="slopes",
    points=2,
    truth=slopes_by_trying,
    what_ran="moved each number to both sides and looked at L",
    solution=slopes_by_thinking,
    hints=(
        "Begin with a = 6. By which two ways does L change when a changes?",
        "The square gives 2 a, the product gives x: their sum is the slope along a. w touches L by way of a only.",
        "x touches L by two ways: by way of a (multiplied by w), and directly in x a (multiplied by a). Add them.",
    ),
    mistakes=(
        Mistake(
            name="x by way of a only",
            message="x is used a second time, outside of a.",
            answer={"a": 14.0, "w": 28.0, "x": 42.0},
        ),
        Mistake(
            name="x directly only",
            message="x also changes a, and a changes L.",
            answer={"a": 14.0, "w": 28.0, "x": 6.0},
        ),
        Mistake(
            name="a is used once only",
            message="The slope along a has the way through the square, and not the one through the product.",
            answer={"a": 12.0, "w": 24.0, "x": 42.0},
        ),
        Mistake(
            name="forgot the square's way",
            message="The slope along a has the way through the product, and not the one through the square.",
            answer={"a": 2.0, "w": 4.0, "x": 12.0},
        ),
        Mistake(
            name="w and x changed places",
            message="a = w x: the slope of a along w is x, and the other way round.",
            answer={"a": 14.0, "w": 42.0, "x": 34.0},
        ),
        Mistake(
            name="the slope of the square",
            message="The slope of a squared is twice a, not a.",
            answer={"a": 8.0, "w": 16.0, "x": 30.0},
        ),
        Mistake(
            name="w where x stands",
            message="In the product x a the slope along a is the other factor. Which of the two is it, x or w?",
            answer={"a": 15.0, "w": 30.0, "x": 51.0},
        ),
        Mistake(
            name="handed on without its own factor",
            message="What comes from a is multiplied by how a changes with w, or with x, before it is handed on.",
            answer={"a": 14.0, "w": 14.0, "x": 20.0},
        ),
        Mistake(
            name="handed on, and nothing else",
            message="w and x do not have the slope of a: each is a step further down, and x is used twice.",
            answer={"a": 14.0, "w": 14.0, "x": 14.0},
        ),
        Mistake(
            name="multiplied where it should be added",
            message="Two ways add up; only what lies one behind the other is multiplied.",
            answer={"a": 24.0, "w": 48.0, "x": 150.0},
        ),
    ),
)

# 12.2 ------------------------------------------------------------------------------------------------


def mean_pooling_backward(dy, shape, k, stride):
    """Return dx, of ``shape``, given dy (N, C, OH, OW)."""
    dx = np.zeros(shape)
    OH, OW = dy.shape[2:]
    for i in range(OH):
        for j in range(OW):
            window = dx[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            window += dy[:, :, i : i + 1, j : j + 1] / k**2
    return dx


def _mean_pooling(share=lambda k: 1 / k**2, adds=True, steps=None, all_of=slice(None), above=lambda d: d):
    """Return a mean_pooling_backward with one thing changed."""

    def backward(dy, shape, k, stride):
        dx, step = np.zeros(shape), (steps or (lambda k, stride: stride))(k, stride)
        for i in range(dy.shape[2]):
            for j in range(dy.shape[3]):
                rows, columns = slice(i * step, i * step + k), slice(j * step, j * step + k)
                window = dx[:, :, rows, columns][:, :, all_of, all_of]
                slope = above(dy[:, :, i : i + 1, j : j + 1]) * share(k)
                window[...] = window + slope if adds else slope + np.zeros_like(window)
        return dx

    return backward


def _by_use(dy, shape, k, stride):
    return mean_pooling_backward(dy, shape, k, stride) / np.maximum(
        mean_pooling_backward(np.full(dy.shape, float(k**2)), shape, k, stride), 1
    )


def _turned(dy, shape, k, stride):
    dx = np.zeros(shape)
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            dx[:, :, j * stride : j * stride + k, i * stride : i * stride + k] += dy[:, :, i : i + 1, j : j + 1] / k**2
    return dx


def _lost_axes(dy, shape, k, stride):
    dx = np.zeros(shape)
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            dx[:, :, i * stride : i * stride + k, j * stride : j * stride + k] += dy[:, :, i, j] / k**2
    return dx


def _repeated(dy, shape, k, stride):
    return np.repeat(np.repeat(dy, k, axis=2), k, axis=3) / k**2


def _square(dy, shape, k, stride):
    return mean_pooling_backward(dy[:, :, :, : dy.shape[2]], shape, k, stride)


def _pictures(rng):
    return {
        "one window": (np.array([[[[4.0]]]]), (1, 1, 2, 2), 2, 2),
        "four windows side by side": (rng.normal(size=(1, 1, 2, 2)), (1, 1, 4, 4), 2, 2),
        "windows that overlap": (rng.normal(size=(1, 2, 3, 3)), (1, 2, 5, 5), 3, 1),
        "windows with gaps": (rng.normal(size=(2, 1, 2, 3)), (2, 1, 5, 8), 2, 3),
    }


POOLING = Code(
    number="12.2",
    title="The way back of mean pooling",
    name="mean_pooling_backward",
    points=3,
    solution=mean_pooling_backward,
    house=(pooling,),
    cases=_pictures,
    hints=(
        "Each number of a window moves the mean by 1 / k**2 of its own movement. Which means does one pixel touch?",
        "Go over the places i, j of dy. The window of place (i, j) begins at pixel (i stride, j stride). Where windows "
        "overlap, a pixel gets something from each.",
        "`dx[:, :, i*stride : i*stride+k, j*stride : j*stride+k] += dy[:, :, i:i+1, j:j+1] / k**2`, for every i and j.",
    ),
    mistakes=(
        Mistake(
            name="the whole slope to everyone",
            message="A mean moves by less than the number that moves it. What is the share of one of k x k?",
            answer=_mean_pooling(share=lambda k: 1.0),
        ),
        Mistake(
            name="divided by k only",
            message="A window is k numbers wide, and how many high?",
            answer=_mean_pooling(share=lambda k: 1 / k),
        ),
        Mistake(
            name="`=` for `+=`",
            message="Where windows overlap, a pixel was used more than once. What was there is overwritten.",
            answer=_mean_pooling(adds=False),
        ),
        Mistake(
            name="windows side by side, whatever the stride",
            message="The windows begin every `stride` pixels, not every k.",
            answer=_mean_pooling(steps=lambda k, stride: k),
        ),
        Mistake(
            name="windows at every pixel, whatever the stride",
            message="The window of place (i, j) does not begin at pixel (i, j), unless the stride is 1.",
            answer=_mean_pooling(steps=lambda k, stride: 1),
        ),
        Mistake(
            name="divided by how often a pixel was used",
            message="Each use of a pixel moves a mean of its own: uses add up, and are not averaged.",
            answer=_by_use,
        ),
        Mistake(
            name="rows and columns changed places",
            message="The first axis of a window goes down, with i; the second to the right, with j.",
            answer=_turned,
        ),
        Mistake(
            name="two axes lost",
            message="`dy[:, :, i, j]` has two axes, and numpy stretches it along the wrong ones. `i : i + 1` keeps an "
            "axis.",
            answer=_lost_axes,
        ),
        Mistake(
            name="every number k times, in both directions",
            message="That is right where windows lie side by side and fill the picture. They may overlap, or leave "
            "gaps.",
            answer=_repeated,
        ),
        Mistake(
            name="as many columns as rows",
            message="dy need not be square: OH places down, OW to the right.",
            answer=_square,
        ),
        Mistake(
            name="all to the first of the window",
            message="Every number of a window moves its mean, not one of them. (One of them: that is max pooling.)",
            answer=_mean_pooling(share=lambda k: 1.0, all_of=slice(0, 1)),
        ),
        Mistake(
            name="what comes from above is ignored",
            message="The result is the same whatever `dy` holds.",
            answer=_mean_pooling(above=np.ones_like),
        ),
    ),
)

# 12.3 ------------------------------------------------------------------------------------------------


def normalized(x, dy):
    """Return dy y, with y = x / |x| row by row: its sum is L, if dy is the slope along y."""
    return dy * x / np.sqrt((x**2).sum(axis=1, keepdims=True))


def normalize_backward(x, dy):
    """Return dx (N, K) of y = x / |x|, row by row."""
    length = np.sqrt((x**2).sum(axis=1, keepdims=True))
    y = x / length
    along = (y * dy).sum(axis=1, keepdims=True)  # what of dy points along x changes nothing
    return (dy - y * along) / length


def _normalize(over=1, sign=1, divides=True, projects=True, of_y=True):
    """Return a normalize_backward with one thing changed."""

    def backward(x, dy):
        length = np.sqrt((x**2).sum(axis=1, keepdims=True))
        y = x / length if of_y else x
        along = (y * dy).sum(axis=over, keepdims=True) if projects else 0
        return (dy - sign * y * along) / (length if divides else 1)

    return backward


def _each_alone(x, dy):
    length = np.sqrt((x**2).sum(axis=1, keepdims=True))
    return dy * (1 - (x / length) ** 2) / length


def _the_part_along(x, dy):
    return dy / np.sqrt((x**2).sum(axis=1, keepdims=True)) - normalize_backward(x, dy)


def _one_length(x, dy):
    length, y = np.sqrt((x**2).sum()), x / np.sqrt((x**2).sum())
    return (dy - y * (y * dy).sum(axis=1, keepdims=True)) / length


def _without_root(x, dy):
    length = (x**2).sum(axis=1, keepdims=True)
    return (dy - x / length * (x / length * dy).sum(axis=1, keepdims=True)) / length


def _all_of_dy(x, dy):
    length = np.sqrt((x**2).sum(axis=1, keepdims=True))
    return (dy - x / length * dy.sum(axis=1, keepdims=True)) / length


def _short_of_a_length(x, dy):
    length = np.sqrt((x**2).sum(axis=1, keepdims=True))
    return dy / length - x * (x * dy).sum(axis=1, keepdims=True) / length**2


def _times_y(x, dy):
    return dy * x / np.sqrt((x**2).sum(axis=1, keepdims=True))


def _rows(rng):
    return {
        "one row": (np.array([[3.0, 4.0]]), np.array([[1.0, 0.0]])),
        "three rows": (rng.normal(size=(3, 4)), rng.normal(size=(3, 4))),
        "a long vector": (1e3 * rng.normal(size=(1, 3)), rng.normal(size=(1, 3))),
        "a short vector": (1e-2 * rng.normal(size=(1, 3)), rng.normal(size=(1, 3))),
        "slopes that point along x": (np.array([[1.0, 2.0, 2.0]]), np.array([[2.0, 4.0, 4.1]])),
        "a zero among the numbers": (np.array([[0.0, 2.0, -1.0]]), np.array([[1.0, 1.0, 1.0]])),
    }


NORMALIZE = Derive(
    number="12.3",
    title="A vector of length one",
    name="normalize_backward",
    points=3,
    of=normalized,
    at=_rows,
    solution=normalize_backward,
    hints=(
        "Write n for the length. y[k] = x[k] / n, and n depends on every x[j]: its slope along x[j] is x[j] / n.",
        "The slope of y[k] along x[j] is 1 / n where k = j, less x[k] x[j] / n**3 for every k and j. Multiply by dy[k] "
        "and add up over k; write y wherever x / n stands.",
        "dx = (dy - y s) / n, where s, the sum of y dy over the row, is one number for each row.",
    ),
    mistakes=(
        Mistake(
            name="took the length for a constant",
            message="If x grows along itself, y stays as it is; by this slope it would grow.",
            answer=_normalize(projects=False),
        ),
        Mistake(
            name="forgot the length",
            message="A vector ten times as long turns ten times less for the same push.",
            answer=_normalize(divides=False),
        ),
        Mistake(
            name="the wrong sign",
            message="What points along x must be taken away, not doubled.",
            answer=_normalize(sign=-1),
        ),
        Mistake(
            name="x for y",
            message="What is taken away must have the direction of x, and its length must not depend on that of x.",
            answer=_normalize(of_y=False),
        ),
        Mistake(
            name="each number by itself",
            message="If x[j] moves, every y[k] of its row moves, because the length does. These ways are missing.",
            answer=_each_alone,
        ),
        Mistake(
            name="kept what should go",
            message="This is the part of the slope that points along x. It is the other part that counts.",
            answer=_the_part_along,
        ),
        Mistake(
            name="one length for all rows",
            message="With one row it is right. Each row has a length of its own.",
            answer=_one_length,
        ),
        Mistake(
            name="the length without its root",
            message="The sum of the squares is the square of the length.",
            answer=_without_root,
        ),
        Mistake(
            name="added up dy alone",
            message="How much of dy points along x? For that, each dy[k] counts by its y[k].",
            answer=_all_of_dy,
        ),
        Mistake(
            name="a power of the length short",
            message="Try x ten times as long: all of dx should be ten times smaller, and one part of yours is not.",
            answer=_short_of_a_length,
        ),
        Mistake(
            name="multiplied by y instead of its slope",
            message="This is dy times y itself. Wanted is dy times the slope of y.",
            answer=_times_y,
        ),
        Mistake(
            name="all rows added up",
            message="Each row has a length of its own: nothing of one row's slopes may reach another row.",
            answer=_normalize(over=None),
        ),
    ),
)

# 12.4 ------------------------------------------------------------------------------------------------


def why_random():
    """c: ones hide a backward that ignores what comes from above."""
    return "c"


RANDOM = Explain(
    number="12.4",
    title="Why random?",
    name="answer_12_4",
    points=1,
    options="abcde",
    right="c",
    solution=why_random,
    hints=(
        "Part 4 of the lesson tried the five faults with ones from above. Which slipped through?",
        "What is `x * dy` if dy is 1? And what is `x`?",
        "A layer that leaves out the multiplication by dy gives the same numbers, if every dy is 1. Which answer says "
        "so?",
    ),
    mistakes=(
        Mistake(
            name="size mixed up with sameness",
            message="Ones are as good as any numbers of that size for digits; something else is wrong with them.",
            answer="a",
        ),
        Mistake(
            name="a likeness taken for a reason",
            message="They are not random in a net; they come from its loss. And a check need not look like a net.",
            answer="b",
        ),
        Mistake(
            name="slopes mixed up with inputs",
            message="Kinks are a matter of what goes in below; what comes from above does not move the inputs.",
            answer="d",
        ),
        Mistake(
            name="elegance",
            message="It makes all the difference for one of the five faults: try `easy_check` of the lesson.",
            answer="e",
        ),
    ),
)

# 12.5 ------------------------------------------------------------------------------------------------


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


def is_right(trial):
    """Say whether the backward of a layer agrees with its forward."""
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


def _checker(ones=False, noise_below=True, noise_in_params=True, tolerance=1e-6, one_sided=False, params=True,
             bottom=True, minus_below=False, minus_in_params=True, size=abs):  # fmt: skip
    """Return an is_right with one thing changed, or two."""

    def one_sided_slope(trial, blob, r, h=1e-5):
        here, slope = (r * trial.forward()[0]).sum(), np.zeros(blob.shape)
        for i in np.ndindex(*blob.shape):
            kept = blob.data[i]
            blob.data[i] = kept + h
            slope[i] = ((r * trial.forward()[0]).sum() - here) / h
            blob.data[i] = kept
        return slope

    def checker(trial):
        rng = np.random.default_rng(0)
        shape = trial.forward()[0].shape
        r = np.ones(shape) if ones else rng.normal(size=shape)
        for blob in [*trial.bottom[: int(bottom)], *(trial.layer.params if params else [])]:
            below = blob is trial.bottom[0]
            expected = (one_sided_slope if one_sided else numeric_slope)(trial, blob, r)
            noise = rng.normal(size=blob.shape) * (noise_below if below else noise_in_params)
            blob.diff = noise
            trial.forward()
            trial.backward(r)
            found = blob.diff - noise * (minus_below if below else minus_in_params)
            if size(found - expected).max() > tolerance * abs(expected).max():
                return False
        return True

    return checker


class Product(cafe_edu.Layer):
    """y = x W^T: an inner product without bias, and right."""

    def setup(self, bottom):
        self.W = self.add_param("weight", (2, bottom[0].shape[1]))
        self.W.data[...] = np.random.default_rng(5).normal(size=self.W.shape)

    def top_shapes(self, bottom_shapes):
        return [(bottom_shapes[0][0], 2)]

    def forward(self, bottom, top):
        top[0].data = bottom[0].data @ self.W.data.T

    def backward(self, top, propagate_down, bottom):
        self.W.diff += top[0].diff.T @ bottom[0].data
        if propagate_down[0]:
            bottom[0].diff = top[0].diff @ self.W.data


class _IgnoresAbove(Product):
    def backward(self, top, propagate_down, bottom):
        top[0].diff = np.ones(top[0].shape)
        super().backward(top, propagate_down, bottom)


class _OverwritesParameter(Product):
    def backward(self, top, propagate_down, bottom):
        self.W.diff[...] = 0
        super().backward(top, propagate_down, bottom)


class _AddsToBottom(Product):
    def backward(self, top, propagate_down, bottom):
        before = bottom[0].diff.copy()
        super().backward(top, propagate_down, bottom)
        bottom[0].diff += before


class _MeanForSum(Product):
    def backward(self, top, propagate_down, bottom):
        before = self.W.diff.copy()
        super().backward(top, propagate_down, bottom)
        self.W.diff = before + (self.W.diff - before) / len(bottom[0].data)


class _OffByOne(Product):
    def backward(self, top, propagate_down, bottom):
        super().backward(top, propagate_down, bottom)
        bottom[0].diff = np.roll(bottom[0].diff, 1, axis=1)


class _ATenThousandthOff(Product):
    def backward(self, top, propagate_down, bottom):
        super().backward(top, propagate_down, bottom)
        bottom[0].diff *= 1.0001


class _TooLow(Product):
    def backward(self, top, propagate_down, bottom):
        super().backward(top, propagate_down, bottom)
        bottom[0].diff -= 0.1


def _asked(layer, **how):
    """A case: what the reader's checker says of one layer."""

    def case(checker):
        x = np.random.default_rng(7).normal(size=(3, 4))
        return bool(checker(make_layer(layer, x, **how)))

    return case


CHECKER = Code(
    number="12.5",
    title="A checker of your own",
    name="is_right",
    points=4,
    solution=is_right,
    house=(check_gradient,),
    cases={
        "a layer that is right": _asked(Product),
        "another that is right, and curved": _asked("Sigmoid"),
        "one that ignores what comes from above": _asked(_IgnoresAbove),
        "one that overwrites its parameter's diff": _asked(_OverwritesParameter),
        "one that adds to its bottom's diff": _asked(_AddsToBottom),
        "one that takes a mean for a sum": _asked(_MeanForSum),
        "one that is off by one": _asked(_OffByOne),
        "one whose slope is off by a ten-thousandth": _asked(_ATenThousandthOff),
        "one whose slopes are all too low": _asked(_TooLow),
    },
    hints=(
        "Draw r once, at random, in the shape of the top. For each blob, the bottom and every parameter: what do "
        "central differences say, and what does backward say?",
        "Fill the blob's diff with noise before `trial.backward(r)`. A parameter's slope is then diff less noise; "
        "a bottom's is the diff itself. Run `trial.forward()` between moving numbers and going back.",
        "It is wrong if `abs(found - expected).max() > 1e-6 * abs(expected).max()` for any blob. Return False then, "
        "and True after the last blob.",
    ),
    mistakes=(
        Mistake(
            name="ones from above",
            message="A layer that never multiplies by `top[0].diff` passes your checker.",
            answer=_checker(ones=True),
        ),
        Mistake(
            name="no noise in the bottom's diff",
            message="Where the diff was zero before, adding and overwriting give the same: a layer that adds passes.",
            answer=_checker(noise_below=False),
        ),
        Mistake(
            name="no noise in the parameters' diffs",
            message="Where the diff was zero before, adding and overwriting give the same: a layer that overwrites "
            "passes.",
            answer=_checker(noise_in_params=False),
        ),
        Mistake(
            name="no noise in any diff",
            message="Where a diff was zero before, adding and overwriting give the same: two layers pass that do the "
            "one for the other.",
            answer=_checker(noise_below=False, noise_in_params=False),
        ),
        Mistake(
            name="ones from above, and no noise",
            message="This is the easy checker of the lesson, and three layers slip through. What did the other one do "
            "before it ran backward?",
            answer=_checker(ones=True, noise_below=False, noise_in_params=False),
        ),
        Mistake(
            name="only the bottom is looked at",
            message="Parameters have slopes too; two layers that get those wrong pass.",
            answer=_checker(params=False),
        ),
        Mistake(
            name="only the parameters are looked at",
            message="The bottom has slopes too, and some layers have no parameters at all.",
            answer=_checker(bottom=False),
        ),
        Mistake(
            name="wants the bottom's diff added to",
            message="Layers that are right are called wrong, and one that adds to its bottom's diff passes: a bottom's "
            "is overwritten.",
            answer=_checker(minus_below=True),
        ),
        Mistake(
            name="wants parameters' diffs overwritten",
            message="A layer that is right is called wrong, and one that overwrites passes: a parameter's diff is "
            "added to.",
            answer=_checker(minus_in_params=False),
        ),
        Mistake(
            name="no absolute value",
            message="Slopes that are all too low pass: a difference goes both ways.",
            answer=_checker(size=np.asarray),
        ),
        Mistake(
            name="turned round",
            message="It says True where a layer is wrong, and False where it is right.",
            answer=lambda trial: not is_right(trial),
        ),
        Mistake(
            name="a checker that always barks",
            message="It calls every layer wrong. Is r the same for both, and the difference allowed as large as asked?",
            answer=lambda trial: False,
        ),
        Mistake(
            name="too kind",
            message="A slope that is off by a ten-thousandth passes. In float64 six good digits can be asked for.",
            answer=_checker(tolerance=1e-2),
        ),
        Mistake(
            name="one-sided differences",
            message="A layer that is right is called wrong where its curve bends: look to both sides.",
            answer=_checker(one_sided=True),
        ),
        Mistake(
            name="a checker that never barks",
            message="It calls every layer right.",
            answer=lambda trial: True,
        ),
    ),
)

# 12.6 ------------------------------------------------------------------------------------------------


class _A(cafe_edu.Layer):
    """softplus, and right."""

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        top[0].data = np.logaddexp(0, bottom[0].data)

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff = top[0].diff / (1 + np.exp(-bottom[0].data))


class _B(_A):
    """tanh, with 1 - y for 1 - y squared."""

    def forward(self, bottom, top):
        top[0].data = np.tanh(bottom[0].data)

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff = top[0].diff * (1 - top[0].data)


class _C(_OverwritesParameter):
    """An inner product that overwrites its parameter's diff."""


class _D(_A):
    """The absolute value, and right; it is tried at its kink."""

    def forward(self, bottom, top):
        top[0].data = np.abs(bottom[0].data)

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff = top[0].diff * np.sign(bottom[0].data + 1e-300)


class _E(_A):
    """A square, whose backward adds to the bottom's diff."""

    def forward(self, bottom, top):
        top[0].data = bottom[0].data ** 2

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff += 2 * bottom[0].data * top[0].diff


def suspects():
    """Return five layers on trial, by letter."""
    x = np.array([[0.3, -1.2, 0.0, 2.0], [-0.5, 0.7, 1.1, -0.1]])
    curved = x + 0.01
    return {
        "a": make_layer(_A, curved),
        "b": make_layer(_B, curved),
        "c": make_layer(_C, curved),
        "d": make_layer(_D, x),
        "e": make_layer(_E, curved),
    }


def who_is_guilty():
    """Check each where it has no kink."""
    found = ""
    for letter, trial in suspects().items():
        trial.bottom[0].data[trial.bottom[0].data == 0] = 0.3  # away from the kink
        if not is_right(trial):
            found += letter
    return found


SUSPECTS = Explain(
    number="12.6",
    title="Five suspects",
    kind="hunt",
    name="guilty",
    points=3,
    options="abcde",
    right="bce",
    solution=who_is_guilty,
    hints=(
        "Put `is_right(trial)` of exercise 12.5 to each of `suspects().values()`. Four come out as wrong.",
        "One of the four was tried on a number at which its curve has no slope. `trial.bottom[0].data` shows it.",
        "Give that one another number: `trial.bottom[0].data[trial.bottom[0].data == 0] = 0.3`, and try again.",
    ),
    mistakes=(
        Mistake(
            name="accused at a kink",
            message="One of those was tried exactly where its curve has a kink; elsewhere it is right.",
            answer="bcde",
        ),
        Mistake(
            name="only the formulas were checked",
            message="Two of the guilty compute the right numbers and put them down in the wrong way: added, where they "
            "should overwrite, or the other way round.",
            answer="b",
        ),
        Mistake(
            name="no noise in the bottom's diff",
            message="One that adds to its bottom's diff went free.",
            answer="bc",
        ),
        Mistake(
            name="no noise in the parameters' diffs",
            message="One that overwrites its parameter's diff went free.",
            answer="be",
        ),
        Mistake(
            name="accused at a kink, and no noise in the parameters' diffs",
            message="One of those was tried exactly where its curve has a kink; and one that overwrites its "
            "parameter's diff went free.",
            answer="bde",
        ),
        Mistake(
            name="accused at a kink, and no noise in the bottom's diff",
            message="One of those was tried exactly where its curve has a kink; and one that adds to its bottom's diff "
            "went free.",
            answer="bcd",
        ),
        Mistake(
            name="accused at a kink, and no noise",
            message="One of those was tried exactly where its curve has a kink; and two went free that add where they "
            "should overwrite, or the other way round.",
            answer="bd",
        ),
        Mistake(
            name="everybody",
            message="At least one of them is innocent.",
            answer="abcde",
        ),
    ),
)

# 12.7 ------------------------------------------------------------------------------------------------

LEAST, MOST = 1e-3, 10


def _stack(neuron="Sigmoid", filler='type: "xavier"', depth=12):
    """The deep net of the exercise, as text."""
    text = """
    layer { name: "digits" type: "Input" top: "data" top: "label"
      input_param { shape { dim: 64 dim: 1 dim: 28 dim: 28 } shape { dim: 64 } } }"""
    below = "data"
    for i in range(depth - 1):
        text += f"""
        layer {{ name: "ip{i}" type: "InnerProduct" bottom: "{below}" top: "ip{i}"
          inner_product_param {{ num_output: 64 weight_filler {{ {filler} }} }} }}"""
        below = f"ip{i}"
        if neuron:
            text += f' layer {{ name: "neuron{i}" type: "{neuron}" bottom: "ip{i}" top: "ip{i}" }}'
    return text + f"""
        layer {{ name: "ip" type: "InnerProduct" bottom: "{below}" top: "ip"
          inner_product_param {{ num_output: 10 weight_filler {{ {filler} }} }} }}
        layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }}"""


def _deep(*how, **more):
    return cafe_edu.Net(_stack(*how, **more), phase="TRAIN", rng=12)


def deep_net():
    """ReLU, and first weights of the size that keeps its numbers alive."""
    return _deep("ReLU", 'type: "msra"')


LINEAR = {"InnerProduct", "Input", "Split", "Flatten", "Reshape", "Scale", "Bias", "Concat", "Slice", "Eltwise",
          "Convolution", "BatchNorm", "Dropout", "Tile", "Silence"}  # fmt: skip


def _bends(layer):
    """Is its top more than a weighted sum of its bottoms?"""
    return layer.type not in LINEAR and not (layer.type == "Power" and layer.options.power == 1)


def measure_flow(net):
    """Slopes of the lowest and highest inner product's weights on 64 digits; the net's own diffs stay as they are."""
    if set(net.inputs) != {"data", "label"}:
        raise NetError(f"expected the inputs data and label, found {', '.join(net.inputs) or 'none'}")
    if not any(step.loss_weights and any(step.loss_weights) for step in net.steps):
        raise NetError("expected a loss at the end, found none: without it no slope comes down")
    products = [i for i, layer in enumerate(net.layers) if layer.type == "InnerProduct"]
    bends = [any(map(_bends, net.layers[a:b])) for a, b in itertools.pairwise(products)]
    again = cafe_edu.Net(net.spec, phase=net.phase, engine="plain")
    for name, blobs in again.params.items():
        for mine, theirs in zip(blobs, net.params[name], strict=True):
            mine.data = theirs.data
    digits = datasets.load("digits")
    with np.errstate(all="ignore"):
        again.forward(data=digits.x_train[:64] / 256, label=digits.y_train[:64])
        again.backward()
        ips = [layer.params[0].diff for layer in again.layers if layer.type == "InnerProduct"]
        sizes = [float(np.sqrt((diff.astype(np.float64) ** 2).mean())) for diff in ips]
    found = {"inner products": len(products), "without a bend between": sum(not bend for bend in bends)}
    if sizes and sizes[-1] > 0:
        found |= {"highest layer's slopes": sizes[-1], "lowest over highest": sizes[0] / sizes[-1]}
    return found


DEEP = Experiment(
    number="12.7",
    title="A deep net that can learn",
    name="deep",
    points=3,
    expects=cafe_edu.Net,
    expects_words="Net",
    measure=measure_flow,
    what_ran="sent 64 digits up and their slopes down",
    requirements=(
        Requirement(what="inner products", least=12),
        Requirement(what="without a bend between", most=0),
        Requirement(what="highest layer's slopes", least=LEAST, most=MOST),
        Requirement(what="lowest over highest", least=0.1, most=10),
    ),
    solution=deep_net,
    hints=(
        "Behind each Sigmoid the slope is multiplied by 1/4 at most. Which neuron of day 7 multiplies by 1, at least "
        "where it is awake?",
        "With ReLU alone the slopes still depend on how large the first weights are: half of the numbers are put to 0 "
        "at each layer, and something has to make up for it.",
        "`sick.replace(...)` twice: ReLU for Sigmoid, and the filler `msra` for `xavier`. Build a Net of it, "
        'phase="TRAIN".',
    ),
    mistakes=(
        Mistake(
            name="too few layers",
            message="A shallow net has no such trouble; it is to have twelve inner products.",
            answer=lambda: _deep("ReLU", 'type: "msra"', depth=6),
            shows=lambda measured: measured["inner products"] < 12,
        ),
        Mistake(
            name="nothing bends",
            message="Inner products one after the other, with nothing between them or only what shifts and scales, are "
            "a single inner product: the slopes flow, and it can learn no more than ten weighted sums.",
            answer=lambda: _deep(None),
            shows=lambda measured: measured["without a bend between"] > 0,
        ),
        Mistake(
            name="it starves everywhere",
            message="Even the highest layer's slopes are next to nothing: what goes up has shrunk on the way. How "
            "large are the first weights (zeros, without a `weight_filler`), and what does the neuron take away?",
            answer=lambda: _deep("ReLU", 'type: "gaussian" std: 0.05'),
            shows=lambda measured: measured.get("highest layer's slopes", 0) < LEAST,
        ),
        Mistake(
            name="it explodes everywhere",
            message="Even the highest layer's slopes are huge: what goes up has grown on the way. How large are the "
            "first weights?",
            answer=lambda: _deep("ReLU", 'type: "gaussian" std: 1'),
            shows=lambda measured: measured["highest layer's slopes"] > MOST,
        ),
        Mistake(
            name="the slopes vanish",
            message="At each layer most of the slope is lost; twelve times over, nothing arrives.",
            answer=_deep,
            shows=lambda measured: measured["lowest over highest"] < 0.1,
        ),
        Mistake(
            name="the slopes explode",
            message="At each layer the slope grows; the lowest layer would jump where the highest walks.",
            answer=lambda: _deep("TanH", 'type: "gaussian" std: 0.8'),
            shows=lambda measured: measured["lowest over highest"] > 10,
        ),
    ),
)

EXERCISES = (FORK, POOLING, NORMALIZE, RANDOM, CHECKER, SUSPECTS, DEEP)
