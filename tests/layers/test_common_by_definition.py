"""Common layers against their definitions, over random shapes and options: one number at a time."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cafe_edu import make_layer

shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def apart(*shape, seed=0):
    """No two are equal, none nearer to another or to zero than 0.005."""
    return 0.01 * np.random.default_rng(seed).permutation(math.prod(shape)).reshape(shape) - 0.105


def either_end(data, axis, axes):
    """An axis as it may be written: from the front or from the end."""
    return axis if data.draw(st.booleans()) else axis - axes


@settings(max_examples=40)
@given(st.data())
def test_inner_product(hold, data):
    shape, N = data.draw(shapes), data.draw(st.integers(1, 3))
    first = data.draw(st.integers(0, len(shape) - 1))
    transpose, bias = data.draw(st.booleans()), data.draw(st.booleans())
    spec = (
        f"inner_product_param {{ num_output: {N} axis: {either_end(data, first, len(shape))} "
        f"transpose: {str(transpose).lower()} bias_term: {str(bias).lower()} }}"
    )

    def definition(x, W, b=(0,) * N):
        y = np.zeros((*shape[:first], N))
        for *m, n in np.ndindex(*y.shape):
            item = x[tuple(m)].reshape(-1)
            y[*m, n] = b[n] + sum(item[k] * (W[k, n] if transpose else W[n, k]) for k in range(len(item)))
        return [y]

    hold("InnerProduct", [numbers(*shape)], definition, spec)


@settings(max_examples=25)
@given(st.lists(st.integers(1, 3), max_size=3).map(tuple), st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_embed(hold, shape, K, N, bias):
    index = np.random.default_rng(0).integers(0, K, shape).astype(float)
    spec = f"embed_param {{ num_output: {N} input_dim: {K} bias_term: {str(bias).lower()} }}"

    def definition(i, W, b=(0,) * N):
        y = np.zeros((*shape, N))
        for at in np.ndindex(*shape):
            y[at] = W[int(i[at])] + b
        return [y]

    hold("Embed", [index], definition, spec)


@settings(max_examples=30)
@given(st.data())
def test_concat_and_slice_undo_each_other(hold, data):
    shape = data.draw(shapes)
    axis = data.draw(st.integers(0, len(shape) - 1))
    lengths = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    parts = [numbers(*shape[:axis], n, *shape[axis + 1 :], seed=i) for i, n in enumerate(lengths)]
    edges, written = np.cumsum([0, *lengths]), either_end(data, axis, len(shape))
    old = data.draw(st.booleans())  # Caffe's first names, which count from the front only

    def joined(*parts):
        y = np.zeros((*shape[:axis], edges[-1], *shape[axis + 1 :]))
        for begin, part in zip(edges, parts, strict=False):
            for at in np.ndindex(*part.shape):
                y[*at[:axis], begin + at[axis], *at[axis + 1 :]] = part[at]
        return [y]

    spec = f"concat_param {{ {f'concat_dim: {axis}' if old else f'axis: {written}'} }}"
    hold("Concat", parts, joined, spec)
    points = "" if len({*lengths}) == 1 else " ".join(f"slice_point: {edge}" for edge in edges[1:-1])
    spec = f"slice_param {{ {f'slice_dim: {axis}' if old else f'axis: {written}'} {points} }}"
    hold("Slice", joined(*parts), lambda x: parts, spec, tops=len(parts))


@pytest.mark.parametrize("operation", ["SUM", "PROD", "MAX"])
def test_eltwise(hold, operation):
    @settings(max_examples=25)
    @given(st.data())
    def run(data):
        shape, count = data.draw(shapes), data.draw(st.integers(2, 4))
        coeff = data.draw(
            st.one_of(st.just([]), st.lists(st.sampled_from([-2, 0, 0.5, 1]), min_size=count, max_size=count))
        )
        coeff, stable = (coeff, "true") if operation == "SUM" else ([], data.draw(st.sampled_from(["true", "false"])))
        spec = (
            f"eltwise_param {{ operation: {operation} stable_prod_grad: {stable} "
            f"{' '.join(f'coeff: {c}' for c in coeff)} }}"
        )
        x = apart(count, *shape)

        def definition(*x):
            y = np.zeros(shape)
            for at in np.ndindex(*shape):
                values = [part[at] for part in x]
                terms = [c * v for c, v in zip(coeff or [1] * count, values, strict=True)]
                y[at] = {"SUM": sum(terms), "PROD": math.prod(values), "MAX": max(values)}[operation]
            return [y]

        hold("Eltwise", list(x), definition, spec)

    run()


@settings(max_examples=40)
@given(st.integers(2, 4), st.lists(st.integers(0, 2), min_size=16, max_size=16))
def test_of_equal_bottoms_the_second_wins_and_later_ones_do_not(count, values):
    """Caffe: bottom 0 wins where it is larger than bottom 1, and a later bottom where it is larger than all before."""
    x = np.resize(values, (count, 4)).astype(float)
    trial = make_layer("Eltwise", *x, spec="eltwise_param { operation: MAX }")
    trial.forward()
    expected = np.zeros((count, 4))
    for at in range(4):
        winner = 0 if x[0, at] > x[1, at] else 1
        for i in range(2, count):
            winner = i if x[i, at] > x[winner, at] else winner
        expected[winner, at] = at + 1
    assert np.array_equal(trial.backward(np.arange(1.0, 5)), expected)


@settings(max_examples=40)
@given(st.data(), st.sampled_from(["SUM", "ASUM", "SUMSQ", "MEAN"]), st.sampled_from([1, -2, 0.5]))
def test_reduction(hold, data, operation, coeff):
    shape = data.draw(shapes)
    axis = data.draw(st.integers(0, len(shape) - 1))
    spec = f"reduction_param {{ operation: {operation} axis: {either_end(data, axis, len(shape))} coeff: {coeff} }}"

    def definition(x):
        y = np.zeros(shape[:axis])
        for at in np.ndindex(*y.shape):
            values = [abs(v) if operation == "ASUM" else v * v if operation == "SUMSQ" else v for v in x[at].flat]
            y[at] = coeff * sum(values) / (len(values) if operation == "MEAN" else 1)
        return [y]

    hold("Reduction", [apart(*shape)], definition, spec)


@settings(max_examples=60)
@given(st.data(), st.booleans(), st.integers(0, 2**32 - 1))
def test_argmax(hold, data, value, seed):
    """Pairs (number, index), the largest first: of equal numbers the larger index."""
    shape = data.draw(shapes)
    axis = data.draw(st.sampled_from([None, *range(len(shape))]))
    count = math.prod(shape[1:]) if axis is None else shape[axis]
    k = data.draw(st.integers(1, count))
    written = "" if axis is None else f"axis: {either_end(data, axis, len(shape))}"
    spec = f"argmax_param {{ top_k: {k} out_max_val: {str(value).lower()} {written} }}"
    x = np.random.default_rng(seed).integers(0, 3, shape).astype(float)  # many are equal

    def best(line):
        return sorted(((v, i) for i, v in enumerate(line)), reverse=True)[:k]

    def definition(x):
        if axis is None:
            y = np.zeros((len(x), 1 + value, k))
            for n in range(len(x)):
                pairs = best(x[n].reshape(-1))
                y[n, 0] = [i for _, i in pairs]
                if value:
                    y[n, 1] = [v for v, _ in pairs]
            return [y.reshape(*y.shape, *[1] * (len(shape) - 3))]
        y = np.zeros((*shape[:axis], k, *shape[axis + 1 :]))
        for before in np.ndindex(*shape[:axis]):
            for after in np.ndindex(*shape[axis + 1 :]):
                pairs = best(x[(*before, slice(None), *after)])
                y[(*before, slice(None), *after)] = [pair[0 if value else 1] for pair in pairs]
        return [y]

    hold("ArgMax", [x], definition, spec, gradient=False)


@settings(max_examples=25)
@given(st.data(), st.integers(1, 3))
def test_tile(hold, data, tiles):
    shape = data.draw(shapes)
    axis = data.draw(st.integers(0, len(shape) - 1))

    def definition(x):
        y = np.zeros((*shape[:axis], tiles * shape[axis], *shape[axis + 1 :]))
        for at in np.ndindex(*y.shape):
            y[at] = x[*at[:axis], at[axis] % shape[axis], *at[axis + 1 :]]
        return [y]

    spec = f"tile_param {{ tiles: {tiles} axis: {either_end(data, axis, len(shape))} }}"
    hold("Tile", [numbers(*shape)], definition, spec)


@settings(max_examples=40)
@given(st.data())
def test_flatten(hold, data):
    shape = data.draw(shapes)
    first = data.draw(st.integers(0, len(shape) - 1))
    last = data.draw(st.integers(max(first - 1, 0), len(shape) - 1))
    spec = (
        f"flatten_param {{ axis: {either_end(data, first, len(shape))} "
        f"end_axis: {either_end(data, last, len(shape))} }}"
    )
    joined = (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :])
    hold("Flatten", [numbers(*shape)], lambda x: [x.reshape(joined)], spec)


@settings(max_examples=60)
@given(st.data())
def test_reshape(hold, data):
    """Any axes for some of the bottom's: copied by 0 or written out, one perhaps left to find."""
    shape = data.draw(shapes)
    first = data.draw(st.integers(0, len(shape)))
    behind = data.draw(st.integers(first, len(shape)))
    new, left = [], math.prod(shape[first:behind])
    while left > 1:
        new.append(data.draw(st.sampled_from([n for n in range(1, left + 1) if left % n == 0])))
        left //= new[-1]
        if len(new) > 3:
            new[-1] *= left
            left = 1
    dims = [
        0 if first + i < len(shape) and n == shape[first + i] and data.draw(st.booleans()) else n
        for i, n in enumerate(new)
    ]
    if dims and data.draw(st.booleans()):
        dims[data.draw(st.integers(0, len(dims) - 1))] = -1
    axis = first if data.draw(st.booleans()) else first - len(shape) - 1
    count = -1 if behind == len(shape) and data.draw(st.booleans()) else behind - first
    spec = f"reshape_param {{ axis: {axis} num_axes: {count} shape {{ {' '.join(f'dim: {d}' for d in dims)} }} }}"
    expected = (*shape[:first], *new, *shape[behind:])
    hold("Reshape", [numbers(*shape)], lambda x: [x.reshape(expected)], spec)


@settings(max_examples=25)
@given(shapes, st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_batch_reindex(hold, shape, index):
    index = [i % shape[0] for i in index]
    hold("BatchReindex", [numbers(*shape), np.array(index, float)], lambda x, i: [np.stack([x[int(j)] for j in i])])


@settings(max_examples=25)
@given(st.integers(1, 4), shapes, st.integers(1, 3), st.booleans(), st.data())
def test_filter(N, rest, count, long, data):
    selector = np.array(data.draw(st.lists(st.sampled_from([0, 1, -2, 0.5]), min_size=N, max_size=N)), float)
    x = [numbers(N, *rest[:i], seed=i) for i in range(count)]
    trial = make_layer("Filter", *x, selector.reshape(N, 1, 1) if long else selector, tops=count)
    kept = [n for n in range(N) if selector[n] != 0]
    for part, y in zip(x, trial.forward(), strict=True):
        assert np.array_equal(y, part[kept])
    dy = [numbers(*blob.shape, seed=9) for blob in trial.top]
    for blob in trial.bottom:
        blob.diff[...] = 7  # whatever was there before is written over
    for part, slope, dx in zip(x, dy, trial.backward(*dy), strict=False):
        expected = np.zeros_like(part)
        for m, n in enumerate(kept):
            expected[n] = slope[m]
        assert np.array_equal(dx, expected)


@settings(max_examples=30)
@given(shapes, st.booleans(), st.booleans(), st.sampled_from([1e-9, 0.5]))
def test_mvn(hold, shape, across, variance, eps):
    """Caffe's gradient is that of an eps of 0: only then can forward judge it."""
    spec = (
        f"mvn_param {{ across_channels: {str(across).lower()} normalize_variance: {str(variance).lower()} eps: {eps} }}"
    )

    def definition(x):
        x = x.reshape((*x.shape, 1, 1, 1)[:4])
        y = np.zeros_like(x)
        for at in np.ndindex(*x.shape[: 1 if across else 2]):
            mean = x[at].sum() / x[at].size
            y[at] = x[at] - mean
            if variance:
                y[at] /= math.sqrt((y[at] ** 2).sum() / x[at].size) + eps
        return [y]

    spread = math.prod(shape[1:] if across else shape[2:])
    hold(
        "MVN",
        [numbers(*shape)],
        definition,
        spec,
        gradient=spread > 2 and (eps < 1e-6 or not variance),
        single=spread > 2,
    )


def test_mvn_gradient_is_caffes_formula_whatever_eps():
    x, dy = numbers(2, 3, 4, 1), numbers(2, 3, 4, 1, seed=1)
    trial = make_layer("MVN", x, spec="mvn_param { eps: 0.5 }")
    (y,) = trial.forward()
    (dx,) = trial.backward(dy)
    for at in np.ndindex(2, 3):
        scale = x[at].std() + 0.5
        expected = (dy[at] - dy[at].mean() - y[at] * (y[at] * dy[at]).mean()) / scale
        assert np.allclose(dx[at], expected)


# ---- statistics over a batch ----


@settings(max_examples=25)
@given(st.tuples(st.integers(1, 3), *[st.integers(1, 3)] * 2), st.sampled_from([0.999, 0.9, 0.5, 0]), st.integers(1, 4))
def test_batch_norm_over_several_batches(shape, fraction, batches):
    options = f"eps: 0.01 moving_average_fraction: {fraction}"
    trial = make_layer("BatchNorm", np.zeros(shape), spec=f"batch_norm_param {{ {options} }}")
    m = shape[0] * shape[2]
    M, V, k = np.zeros(shape[1]), np.zeros(shape[1]), 0
    for batch in range(batches):
        x = numbers(*shape, seed=batch)
        trial.bottom[0].data = x
        (y,) = trial.forward()
        for c in range(shape[1]):
            mean = x[:, c].sum() / m
            variance = ((x[:, c] - mean) ** 2).sum() / m
            assert np.allclose(y[:, c], (x[:, c] - mean) / math.sqrt(variance + 0.01))
            M[c], V[c] = fraction * M[c] + mean, fraction * V[c] + variance * (m / (m - 1) if m > 1 else 1)
        k = fraction * k + 1
    found = [blob.data for blob in trial.layer.params]
    for mine, its in zip(found, (M, V, [k]), strict=True):
        assert np.allclose(mine, its, rtol=1e-6)  # the fraction is a float32 in the prototxt

    later = make_layer("BatchNorm", x, spec=f"batch_norm_param {{ {options} }}", phase="TEST")
    for blob, values in zip(later.layer.params, found, strict=True):
        blob.data = values
    (y,) = later.forward()
    expected = (x - (M / k)[:, None]) / np.sqrt(V / k + 0.01)[:, None]
    assert np.allclose(y, expected, rtol=1e-5)
    assert np.allclose(
        later.backward(numbers(*shape, seed=7))[0], numbers(*shape, seed=7) / np.sqrt(V / k + 0.01)[:, None]
    )
    assert all(np.array_equal(a.data, b) for a, b in zip(later.layer.params, found, strict=True))


@pytest.mark.parametrize("phase", ["TRAIN", "TEST"])
@pytest.mark.parametrize("gathered", ["", "true", "false"])
def test_batch_norm_asks_the_option_before_the_phase(phase, gathered):
    x, options = numbers(3, 2, 4), f"use_global_stats: {gathered}" if gathered else ""
    trial = make_layer("BatchNorm", x, spec=f"batch_norm_param {{ eps: 0.1 {options} }}", phase=phase)
    stored = ([2.0, 4], [6.0, 8], [2])
    for blob, values in zip(trial.layer.params, stored, strict=True):
        blob.data = values
    mean, variance = x.mean(axis=(0, 2)), x.var(axis=(0, 2))
    if gathered == "true" or (not gathered and phase == "TEST"):
        mean, variance = np.array([1.0, 2]), np.array([3.0, 4])
    (y,) = trial.forward()
    assert np.allclose(y, (x - mean[:, None]) / np.sqrt(variance + 0.1)[:, None])
    changed = [not np.array_equal(blob.data, values) for blob, values in zip(trial.layer.params, stored, strict=True)]
    assert changed == [gathered == "false" or (not gathered and phase == "TRAIN")] * 3


# ---- scale and bias ----


def spread(small, axis, shape):
    """The small array at every place of the large one, from ``axis`` on."""
    y = np.zeros(shape)
    for at in np.ndindex(*shape):
        y[at] = small[at[axis : axis + small.ndim]]
    return y


@pytest.mark.parametrize("name", ["Scale", "Bias"])
def test_scale_and_bias(hold, name):
    @settings(max_examples=60)
    @given(st.data())
    def run(data):
        shape = data.draw(shapes)
        axis = data.draw(st.integers(0, len(shape) - 1))
        count = data.draw(st.integers(0, len(shape) - axis))
        two, bias = data.draw(st.booleans()), name == "Scale" and data.draw(st.booleans())
        small = shape[axis : axis + count]
        num_axes = -1 if count == len(shape) - axis and data.draw(st.booleans()) else count
        options = f"axis: {either_end(data, axis, len(shape))} " + ("" if two else f"num_axes: {num_axes} ")
        spec = f"{name.lower()}_param {{ {options} {'bias_term: true' if bias else ''} }}"

        def definition(x, s, b=None):
            s = spread(s, axis, shape)
            return [x * s + (0 if b is None else spread(b, axis, shape)) if name == "Scale" else x + s]

        hold(name, [numbers(*shape), *([numbers(*small, seed=1)] if two else [])], definition, spec)

    run()


def test_scale_and_bias_begin_where_nothing_changes():
    x = numbers(2, 3)
    for name, value in (("Scale", 1), ("Bias", 0)):
        (blob,) = make_layer(name, x).layer.params
        assert blob.data.tolist() == [value] * 3


# ---- softmax ----


@settings(max_examples=40)
@given(st.data(), st.sampled_from([1, 100]))
def test_softmax(hold, data, size):
    shape = data.draw(shapes)
    axis = data.draw(st.integers(0, len(shape) - 1))

    def definition(x):
        y = np.zeros(shape)
        for at in np.ndindex(*shape):
            line = x[(*at[:axis], slice(None), *at[axis + 1 :])]
            y[at] = 1 / sum(math.exp(min(v - x[at], 700)) for v in line)
        return [y]

    spec = f"softmax_param {{ axis: {either_end(data, axis, len(shape))} }}"
    hold("Softmax", [size * numbers(*shape)], definition, spec, gradient=size == 1)


@settings(max_examples=15)
@given(shapes, st.integers(1, 4))
def test_split(hold, shape, tops):
    hold("Split", [numbers(*shape)], lambda x: [x] * tops, tops=tops)


@pytest.mark.parametrize("ratio", [0, 0.3, 0.9])
def test_dropout(ratio):
    x = numbers(100, 100)
    trial = make_layer("Dropout", x, spec=f"dropout_param {{ dropout_ratio: {ratio} }}")
    (y,) = trial.forward()
    kept = y != 0
    assert abs(kept.mean() - (1 - ratio)) < 0.02
    assert np.allclose(y, kept * x / (1 - np.float32(ratio)))
    assert np.allclose(trial.backward(x)[0], y)
    same = make_layer("Dropout", x, spec=f"dropout_param {{ dropout_ratio: {ratio} }}", phase="TEST")
    assert np.array_equal(same.forward()[0], x)
    assert np.array_equal(same.backward(x)[0], x)
