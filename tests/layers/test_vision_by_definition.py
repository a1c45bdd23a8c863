"""Vision layers against their definitions, over random geometries: one number at a time."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError

small = st.integers(1, 3)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def apart(*shape, seed=0):
    """No two are equal, none nearer to another than 0.01."""
    return 0.01 * np.random.default_rng(seed).permutation(math.prod(shape)).reshape(shape)


def written(name, values, pair=None):
    """An option for each axis: once if they are equal, else one by one, or, with ``pair``, in its _h and _w form."""
    if pair:
        return " ".join(f"{pair}_{side}: {value}" for side, value in zip("hw", values, strict=True))
    return " ".join(f"{name}: {value}" for value in (values[:1] if len({*values}) == 1 else values))


@st.composite
def slidings(draw, least=0, transposed=False):
    """Options and shapes of a (de)convolution: N-D, grouped, from any axis, one or two bottoms."""
    D = draw(st.integers(least, 3))
    each = st.tuples(*[st.tuples(small, small, st.integers(0, 2), st.integers(1, 2), st.integers(0, 2))] * D)
    kernel, stride, pad, dilation, more = zip(*draw(each), strict=True) if D else ((),) * 5
    extent = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    if transposed:  # s (n - 1) + e - 2p must be 1 or more
        size = [
            max(1, -(-(2 * p + 1 - e) // s) + 1) + m // 2 for e, s, p, m in zip(extent, stride, pad, more, strict=True)
        ]
    else:
        size = [max(1, e - 2 * p) + m for e, p, m in zip(extent, pad, more, strict=True)]
    lead, G = draw(st.tuples(*[st.integers(1, 2)] * draw(st.integers(0, 2)))), draw(st.integers(1, 2))
    C, O = G * draw(st.integers(1, 2)), G * draw(st.integers(1, 2))
    axis = draw(st.sampled_from([len(lead), -1 - D]))
    by_side = D == 2 and draw(st.booleans())
    parts = [f"num_output: {O} group: {G} axis: {axis} bias_term: {str(draw(st.booleans())).lower()}"]
    for name, values in (("kernel_size", kernel), ("stride", stride), ("pad", pad)):
        parts.append(written(name, values, name.removesuffix("_size") if by_side else None))
    parts.append(written("dilation", dilation))
    shapes = [(*lead, C, *size)] * draw(st.integers(1, 2))
    return f"convolution_param {{ {' '.join(parts)} }}", shapes, (O, G, kernel, stride, pad, dilation)


def convolved(x, W, b, O, G, kernel, stride, pad, dilation):
    """The sum of the formula, term by term; all axes before the channels are one."""
    lead, C, size = x.shape[: -1 - len(kernel)], x.shape[-1 - len(kernel)], x.shape[x.ndim - len(kernel) :]
    x = x.reshape(-1, C, *size)
    extent = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    out = [(n + 2 * p - e) // s + 1 for n, p, e, s in zip(size, pad, extent, stride, strict=True)]
    y = np.zeros((len(x), O, *out))
    for n, o, at in itertools.product(range(len(x)), range(O), np.ndindex(*out)):
        for c, place in itertools.product(range(C // G), np.ndindex(*kernel)):
            where = [i * s + u * d - p for i, s, u, d, p in zip(at, stride, place, dilation, pad, strict=True)]
            if all(0 <= i < limit for i, limit in zip(where, size, strict=True)):
                y[n, o, *at] += W[o, c, *place] * x[n, o // (O // G) * (C // G) + c, *where]
        y[n, o, *at] += b[o]
    return y.reshape(*lead, *y.shape[1:])


def deconvolved(x, W, b, O, G, kernel, stride, pad, dilation):
    """Each input puts its window of numbers down; what falls outside is lost."""
    lead, C, size = x.shape[: -1 - len(kernel)], x.shape[-1 - len(kernel)], x.shape[x.ndim - len(kernel) :]
    x = x.reshape(-1, C, *size)
    axes = list(zip(size, stride, kernel, dilation, pad, strict=True))
    out = [s * (n - 1) + d * (k - 1) + 1 - 2 * p for n, s, k, d, p in axes]
    y = np.zeros((len(x), O, *out)) + np.reshape(b, (O, *[1] * len(out)))
    for n, c, at in itertools.product(range(len(x)), range(C), np.ndindex(*size)):
        for o, place in itertools.product(range(O // G), np.ndindex(*kernel)):
            where = [i * s + u * d - p for i, s, u, d, p in zip(at, stride, place, dilation, pad, strict=True)]
            if all(0 <= i < limit for i, limit in zip(where, out, strict=True)):
                y[n, c // (C // G) * (O // G) + o, *where] += W[c, o, *place] * x[n, c, *at]
    return y.reshape(*lead, *y.shape[1:])


@pytest.mark.parametrize(("name", "term"), [("Convolution", convolved), ("Deconvolution", deconvolved)])
def test_convolutions(hold, name, term):
    @settings(max_examples=60)
    @given(slidings(transposed=name == "Deconvolution"))
    def run(drawn):
        spec, shapes, geometry = drawn

        def definition(*blobs):
            bottoms, (W, *b) = blobs[: len(shapes)], blobs[len(shapes) :]
            return [term(x, W, b[0] if b else np.zeros(geometry[0]), *geometry) for x in bottoms]

        hold(name, [numbers(*x, seed=i) for i, x in enumerate(shapes)], definition, spec, tops=len(shapes))

    run()


@settings(max_examples=40)
@given(slidings(least=1))
def test_im2col(hold, drawn):
    spec, (shape, *_), (_, _, kernel, stride, pad, dilation) = drawn
    C = shape[-1 - len(kernel)]
    eye = np.eye(C * math.prod(kernel)).reshape(-1, C, *kernel)  # one output for each place: a convolution by 1

    def definition(x):
        return [convolved(x, eye, np.zeros(len(eye)), len(eye), 1, kernel, stride, pad, dilation)]

    hold("Im2col", [numbers(*shape)], definition, spec)


# ---- pooling ----


@st.composite
def poolings(draw):
    kernel, stride = draw(st.tuples(small, small)), draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    pad = tuple(draw(st.integers(0, k - 1)) for k in kernel)
    return draw(st.tuples(st.integers(1, 7), st.integers(1, 7))), kernel, stride, pad, draw(st.booleans())


def starts(n, k, s, p, ceil, padded):
    """Where the windows along an axis begin, by Caffe's rule; None where one would see no input, or there is none."""
    count = (math.ceil if ceil else math.floor)((n + 2 * p - k) / s) + 1
    if padded and (count - 1) * s >= n + p:
        count -= 1
    found = [i * s - p for i in range(count)]
    return found if found and found[-1] < n else None


def pooled(x, kind, kernel, pad, windows):
    """Tops y and mask: the first largest, and where; or the sum over the area up to the padded edge."""
    (N, C, H, W), (rows, columns) = x.shape, windows
    y, mask = np.zeros((2, N, C, len(rows), len(columns)))
    for n, c, i, j in np.ndindex(*y.shape):
        r, q = rows[i], columns[j]
        bottom, right = min(r + kernel[0], H + pad[0]), min(q + kernel[1], W + pad[1])
        seen = [(u, v) for u in range(max(r, 0), min(bottom, H)) for v in range(max(q, 0), min(right, W))]
        best = seen[0]
        for place in seen:
            best = place if x[n, c, *place] > x[n, c, *best] else best
        mean = sum(x[n, c, *place] for place in seen) / ((bottom - r) * (right - q))
        y[n, c, i, j] = x[n, c, *best] if kind == "MAX" else mean
        mask[n, c, i, j] = best[0] * W + best[1]
    return [y, mask]


@pytest.mark.parametrize("kind", ["MAX", "AVE"])
def test_pooling(hold, kind):
    seen = {True: 0, False: 0}

    @settings(max_examples=120)
    @given(poolings(), st.booleans(), st.booleans())
    def run(geometry, masked, ties):
        size, kernel, stride, pad, ceil = geometry
        spec = (
            f"pooling_param {{ pool: {kind} round_mode: {'CEIL' if ceil else 'FLOOR'} {written('', kernel, 'kernel')} "
            f"{written('', stride, 'stride')} {written('', pad, 'pad')} }}"
        )
        x = np.round(numbers(2, 2, *size)) if ties else apart(2, 2, *size)
        tops = 2 if masked and kind == "MAX" else 1
        windows = [starts(*axis, ceil, any(pad)) for axis in zip(size, kernel, stride, pad, strict=True)]
        seen[None not in windows] += 1
        if None in windows:
            with pytest.raises(ShapeError):
                make_layer("Pooling", x, spec=spec, tops=tops)
            return

        def definition(x):
            return pooled(x, kind, kernel, pad, windows)[:tops]

        hold("Pooling", [x], definition, spec, tops=tops, gradient=kind == "AVE" or not (ties or tops > 1))

    run()
    assert min(seen.values()) > 10  # both kinds of geometry were tried


@settings(max_examples=15)
@given(st.tuples(*[st.integers(1, 5)] * 4), st.sampled_from(["MAX", "AVE"]))
def test_global_pooling(hold, shape, kind):
    spec = f"pooling_param {{ pool: {kind} global_pooling: true }}"
    whole = np.max if kind == "MAX" else np.mean
    hold("Pooling", [apart(*shape)], lambda x: [whole(x, axis=(2, 3), keepdims=True)], spec)


@settings(max_examples=40)
@given(st.tuples(*[st.integers(1, 2)] * 2, *[st.integers(1, 9)] * 2), small, st.sampled_from(["MAX", "AVE"]))
def test_spp(hold, shape, height, kind):
    spec = f"spp_param {{ pyramid_height: {height} pool: {kind} }}"
    levels = []
    for bins in (2**level for level in range(height)):
        kernel = [-(-n // bins) for n in shape[2:]]
        pad = [(k * bins - n + 1) // 2 for k, n in zip(kernel, shape[2:], strict=True)]
        if any(p >= k for p, k in zip(pad, kernel, strict=True)):
            with pytest.raises(ShapeError, match="cuts the image into"):
                make_layer("SPP", apart(*shape), spec=spec)
            return
        levels.append((kernel, pad, [[i * k - p for i in range(bins)] for k, p in zip(kernel, pad, strict=True)]))

    def definition(x):
        parts = [pooled(x, kind, kernel, pad, windows)[0] for kernel, pad, windows in levels]
        return parts if height == 1 else [np.concatenate([y.reshape(len(x), -1) for y in parts], axis=1)]

    hold("SPP", [apart(*shape)], definition, spec)


# ---- the rest ----


@settings(max_examples=40)
@given(
    st.tuples(st.integers(1, 2), st.integers(1, 6), small, small), st.sampled_from([1, 3, 5, 7]), st.booleans(),
    st.floats(0, 2, width=32), st.floats(0, 1.5, width=32), st.floats(0.5, 2, width=32),
)  # fmt: skip
def test_lrn(hold, shape, size, within, alpha, beta, k):
    region = "WITHIN_CHANNEL" if within else "ACROSS_CHANNELS"
    spec = f"lrn_param {{ local_size: {size} alpha: {alpha!r} beta: {beta!r} k: {k!r} norm_region: {region} }}"
    reach = range(-(size // 2), size // 2 + 1)
    near = [(0, 0, i, j) for i in reach for j in reach] if within else [(0, i, 0, 0) for i in reach]

    def definition(x):
        y = np.zeros_like(x)
        for at in np.ndindex(*x.shape):
            total = 0
            for step in near:
                there = tuple(a + b for a, b in zip(at, step, strict=True))
                total += x[there] ** 2 if all(0 <= i < n for i, n in zip(there, x.shape, strict=True)) else 0
            y[at] = x[at] / ((1 if within else k) + alpha * total / len(near)) ** beta
        return [y]

    hold("LRN", [numbers(*shape)], definition, spec)


@settings(max_examples=40)
@given(st.data())
def test_crop(hold, data):
    axes = data.draw(st.integers(1, 4))
    size, rooms = data.draw(st.tuples(*[st.lists(st.integers(k, 3), min_size=axes, max_size=axes) for k in (1, 0)]))
    x = [n + room for n, room in zip(size, rooms, strict=True)]
    first = data.draw(st.integers(0, axes - 1))
    rooms = rooms[first:]
    offsets = data.draw(
        st.one_of(
            st.just([]), st.integers(0, min(rooms)).map(lambda o: [o]), st.tuples(*(st.integers(0, r) for r in rooms))
        )
    )
    axis = first if data.draw(st.booleans()) else first - axes
    spec = f"crop_param {{ axis: {axis} {' '.join(f'offset: {o}' for o in offsets)} }}"
    begins = [0] * first + (list(offsets) if len(offsets) == axes - first else (list(offsets) or [0]) * (axes - first))

    def definition(x, like):
        y = np.zeros((*x.shape[:first], *size[first:]))
        for at in np.ndindex(*y.shape):
            y[at] = x[tuple(i + o for i, o in zip(at, begins, strict=True))]
        return [y]

    hold("Crop", [numbers(*x), numbers(*size)], definition, spec)
