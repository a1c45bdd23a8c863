"""Losses and scores against their definitions, over random shapes and options: one item at a time."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cafe_edu import make_layer

TINY = float(np.finfo(np.float32).tiny)
seeds = st.integers(0, 2**32 - 1)
#: what `loss_param` may say of Z, and which Z that is (None: the layer's own default)
SAID = {
    "": None,
    "normalization: VALID": "VALID",
    "normalization: FULL": "FULL",
    "normalization: BATCH_SIZE": "BATCH_SIZE",
    "normalization: NONE": "NONE",
    "normalize: true": "VALID",
    "normalize: false": "BATCH_SIZE",
    "normalize: true normalization: NONE": "NONE",  # the new field wins
    "normalize: false normalization: VALID": "VALID",
}
said = st.sampled_from(sorted(SAID))


def divisor(words, default, outer, inner, counted):
    """Z, never below 1."""
    return max(1, {"VALID": counted, "FULL": outer * inner, "BATCH_SIZE": outer, "NONE": 1}[SAID[words] or default])


@st.composite
def scores(draw):
    """Scores (outer..., classes, inner...) and the axis of the classes, as it may be written."""
    outer, inner = (draw(st.lists(st.integers(1, 3), min_size=n, max_size=2)) for n in (1, 0))
    shape = (*outer, draw(st.integers(1, 4)), *inner)
    return shape, len(outer), draw(st.sampled_from([len(outer), len(outer) - len(shape)]))


def items(x, t, axis):
    """Yield the scores and the label of each item, those at one place of the outer axes together."""
    for o, before in enumerate(np.ndindex(*x.shape[:axis])):
        for i, after in enumerate(np.ndindex(*x.shape[axis + 1 :])):
            yield x[(*before, slice(None), *after)], int(t.reshape(math.prod(x.shape[:axis]), -1)[o, i])


def labelled(seed, shape, axis, ignored):
    """Scores and labels; with ``ignored``, about a third of the labels are that."""
    rng = np.random.default_rng(seed)
    t = rng.integers(0, shape[axis], (*shape[:axis], *shape[axis + 1 :])).astype(float)
    if ignored is not None:
        t[rng.random(t.shape) < 0.3] = ignored
    return rng.normal(size=shape), t


def softmax(x):
    return [1 / sum(math.exp(other - score) for other in x) for score in x]


@settings(max_examples=80)
@given(scores(), said, st.sampled_from([None, -1, 0, 255]), seeds)
def test_softmax_with_loss(hold, drawn, words, ignored, seed):
    shape, axis, written = drawn
    x, t = labelled(seed, shape, axis, ignored)
    spec = (
        f"softmax_param {{ axis: {written} }} "
        f"loss_param {{ {words} {'' if ignored is None else f'ignore_label: {ignored}'} }}"
    )

    def definition(x, t):
        found = [
            -math.log(max(softmax(scores)[label], TINY)) for scores, label in items(x, t, axis) if label != ignored
        ]
        return [sum(found) / divisor(words, "VALID", math.prod(shape[:axis]), math.prod(shape[axis + 1 :]), len(found))]

    hold("SoftmaxWithLoss", [x, t], definition, spec)


def test_softmax_with_loss_shows_its_probabilities():
    x, t = labelled(0, (3, 4), 1, None)
    _, p = make_layer("SoftmaxWithLoss", x, t, tops=2).forward()
    assert np.allclose(p, [softmax(row) for row in x])


@settings(max_examples=60)
@given(scores(), said, st.sampled_from([None, -1, 0]), st.booleans(), seeds)
def test_infogain_loss(hold, drawn, words, ignored, four_axes, seed):
    shape, axis, written = drawn
    x, t = labelled(seed, shape, axis, ignored)
    K = shape[axis]
    H = np.random.default_rng(seed).uniform(-1, 1, (1, 1, K, K) if four_axes else (K, K))
    spec = (
        f"infogain_loss_param {{ axis: {written} }} "
        f"loss_param {{ {words} {'' if ignored is None else f'ignore_label: {ignored}'} }}"
    )

    def definition(x, t, H):
        H, found = H.reshape(K, K), []
        for scores, label in items(x, t, axis):
            if label != ignored:
                p = softmax(scores)
                found.append(-sum(H[label, i] * math.log(max(p[i], 1e-20)) for i in range(K)))
        return [sum(found) / divisor(words, "VALID", math.prod(shape[:axis]), math.prod(shape[axis + 1 :]), len(found))]

    hold("InfogainLoss", [x, t, H], definition, spec)


@settings(max_examples=60)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), said, st.sampled_from([None, -1, 0, 1]), seeds)
def test_sigmoid_cross_entropy_loss(hold, shape, words, ignored, seed):
    rng = np.random.default_rng(seed)
    x, t = rng.normal(size=shape), rng.choice([-1.0, 0, 0.3, 0.7, 1], shape)
    spec = f"loss_param {{ {words} {'' if ignored is None else f'ignore_label: {ignored}'} }}"

    def definition(x, t):
        found = []
        for score, target in zip(x.flat, t.flat, strict=True):
            if int(target) != ignored:  # the whole part decides
                p = 1 / (1 + math.exp(-score))
                found.append(-(target * math.log(p) + (1 - target) * math.log(1 - p)))
        return [sum(found) / divisor(words, "BATCH_SIZE", shape[0], math.prod(shape[1:]), len(found))]

    hold("SigmoidCrossEntropyLoss", [x, t], definition, spec)


@settings(max_examples=25)
@given(st.integers(1, 4), st.integers(1, 4), st.booleans(), seeds)
def test_multinomial_logistic_loss(hold, N, K, four_axes, seed):
    rng = np.random.default_rng(seed)
    p, t = (
        rng.uniform(0.05, 1, (N, K, *[1, 1] * four_axes)),
        rng.integers(0, K, (N, *[1] * 3 * four_axes)).astype(float),
    )

    def definition(p, t):
        return [sum(-math.log(row[int(i)]) for row, i in zip(p.reshape(N, K), t.flat, strict=True)) / N]

    hold("MultinomialLogisticLoss", [p, t], definition)


@settings(max_examples=40)
@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from(["", "norm: L1", "norm: L2"]), seeds)
def test_hinge_loss(hold, N, K, norm, seed):
    rng = np.random.default_rng(seed)
    x, t = rng.normal(scale=2, size=(N, K)), rng.integers(0, K, N).astype(float)
    x[abs(abs(x) - 1) < 1e-3] = 0.5  # no kink within reach

    def definition(x, t):
        total = 0
        for n, i in np.ndindex(N, K):
            miss = max(0, 1 - x[n, i] if i == t[n] else 1 + x[n, i])
            total += miss**2 if norm == "norm: L2" else miss
        return [total / N]

    hold("HingeLoss", [x, t], definition, f"hinge_loss_param {{ {norm} }}")


@settings(max_examples=25)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.booleans(), seeds)
def test_euclidean_loss(hold, shape, flat, seed):
    a, b = np.random.default_rng(seed).normal(size=(2, *shape))
    b = b.reshape(shape[0], -1) if flat else b
    hold("EuclideanLoss", [a, b], lambda a, b: [((a.ravel() - b.ravel()) ** 2).sum() / (2 * shape[0])])


@settings(max_examples=40)
@given(st.integers(1, 4), st.integers(1, 4), st.booleans(), st.sampled_from([0.5, 1, 100]), seeds)
def test_contrastive_loss(hold, N, C, legacy, margin, seed):
    rng = np.random.default_rng(seed)
    (a, b), t = rng.normal(size=(2, N, C)), rng.choice([0.0, 1, 0.4, 2], N)  # 0.4 has the whole part 0

    def definition(a, b, t):
        total = 0
        for n in range(N):
            square = ((a[n] - b[n]) ** 2).sum()
            apart = max(margin - square, 0) if legacy else max(margin - math.sqrt(square), 0) ** 2
            total += square if int(t[n]) else apart
        return [total / (2 * N)]

    spec = f"contrastive_loss_param {{ margin: {margin} legacy_version: {str(legacy).lower()} }}"
    hold("ContrastiveLoss", [a, b, t], definition, spec, gradient=legacy)  # Caffe's 1e-4 is in the other slope only


@settings(max_examples=40)
@given(st.integers(1, 4), st.sampled_from([0.5, 1, 3]), seeds)
def test_contrastive_loss_gradient_has_caffes_small_number(N, margin, seed):
    rng = np.random.default_rng(seed)
    (a, b), t, dL = rng.normal(size=(2, N, 2)), rng.choice([0.0, 1], N), 3.0
    b[0] = a[0]  # two equal points: 0 / 0 without it
    trial = make_layer("ContrastiveLoss", a, b, t, spec=f"contrastive_loss_param {{ margin: {margin} }}")
    trial.forward()
    da, db, _ = trial.backward(np.array(dL))
    for n in range(N):
        d = np.linalg.norm(a[n] - b[n])
        pull = 1 if t[n] else -(margin - d) / (d + 1e-4) if d < margin else 0
        assert np.allclose(da[n], dL / N * pull * (a[n] - b[n]))
    assert np.array_equal(db, -da)


@settings(max_examples=80)
@given(scores(), st.sampled_from([None, -1, 0]), st.booleans(), st.data(), seeds)
def test_accuracy(hold, drawn, ignored, per_class, data, seed):
    """Right, unless top_k other classes have as good a score: ties count against the net."""
    shape, axis, written = drawn
    x, t = labelled(seed, shape, axis, ignored)
    x, K = np.round(x), shape[axis]  # many are equal
    k = data.draw(st.integers(1, K))
    spec = f"accuracy_param {{ axis: {written} top_k: {k} {'' if ignored is None else f'ignore_label: {ignored}'} }}"

    def definition(x, t):
        right, of = [0] * K, [0] * K
        for scores, label in items(x, t, axis):
            if label != ignored:
                better = sum(scores[i] >= scores[label] for i in range(K) if i != label)
                right[label], of[label] = right[label] + (better < k), of[label] + 1
        each = [hit / n if n else 0 for hit, n in zip(right, of, strict=True)]
        return [sum(right) / max(sum(of), 1), each][: 1 + per_class]

    hold("Accuracy", [x, t], definition, spec, tops=1 + per_class, gradient=False)


LOSSES = [
    "ContrastiveLoss", "EuclideanLoss", "HingeLoss", "InfogainLoss", "MultinomialLogisticLoss",
    "SigmoidCrossEntropyLoss", "SoftmaxWithLoss",
]  # fmt: skip


@pytest.mark.parametrize("weight", [0, -2.5, 1000])
@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_multiplied_by_the_tops(name, weight):
    rng = np.random.default_rng(0)
    bottoms = {
        "InfogainLoss": [rng.normal(size=(3, 3)), np.arange(3.0), np.eye(3)],
        "EuclideanLoss": rng.normal(size=(2, 3, 3)),
        "ContrastiveLoss": [*rng.normal(size=(2, 3, 3)), np.arange(3.0)],
        "SigmoidCrossEntropyLoss": rng.random(size=(2, 3, 3)),
    }.get(name, [rng.uniform(0.1, 1, (3, 3)), np.arange(3.0)])
    trial = make_layer(name, *bottoms)
    trial.forward()
    one, found = trial.backward(np.array(1.0)), trial.backward(np.array(float(weight)))
    assert one[0].any()
    for dx, scaled in zip(one, found, strict=True):
        assert np.allclose(scaled, weight * dx)


def test_an_item_that_does_not_count_gives_no_gradient():
    x = np.random.default_rng(0).normal(size=(2, 3))
    for name, t in (("SoftmaxWithLoss", [7.0, 1]), ("SigmoidCrossEntropyLoss", [[7.0] * 3, [0, 1, 1]])):
        trial = make_layer(name, x, np.array(t), spec="loss_param { ignore_label: 7 }")
        trial.forward()
        dx = trial.backward(np.array(1.0))[0]
        assert not dx[0].any()
        assert dx[1].all()
