import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError, SpecError

X = np.array([[[[0.0, 2], [4, 10]]]])


def interp(x, options):
    return make_layer("Interp", x, spec=f"interp_param {{ {options} }}")


def bilinear(x, OH, OW):
    """One output number at a time: the four neighbours, weighed by how near they are."""
    H, W = x.shape[2:]
    y = np.zeros((*x.shape[:2], OH, OW))
    for i, j in np.ndindex(OH, OW):
        p, q = i * (H - 1) / max(OH - 1, 1), j * (W - 1) / max(OW - 1, 1)
        h, w = min(int(p), H - 1), min(int(q), W - 1)
        h2, w2 = min(h + 1, H - 1), min(w + 1, W - 1)
        a, b = p - h, q - w
        above = (1 - b) * x[:, :, h, w] + b * x[:, :, h, w2]
        below = (1 - b) * x[:, :, h2, w] + b * x[:, :, h2, w2]
        y[:, :, i, j] = (1 - a) * above + a * below
    return y


def test_by_hand():
    trial = interp(X, "height: 3 width: 3")
    assert trial.forward()[0].tolist() == [[[[0, 1, 2], [2, 4, 6], [4, 7, 10]]]]
    dx = trial.backward([[[[0.0, 0, 0], [0, 4, 8], [0, 0, 0]]]])[0]
    assert dx.tolist() == [[[[1, 1 + 4], [1, 1 + 4]]]]


@pytest.mark.parametrize(
    ("options", "size", "shape"),
    [
        ("height: 60 width: 45", (1, 1), (60, 45)),
        ("height: 1 width: 1", (6, 7), (1, 1)),
        ("zoom_factor: 8", (60, 33), (473, 257)),
        ("zoom_factor: 2", (1, 2), (1, 3)),
        ("zoom_factor: 1", (5, 4), (5, 4)),
        ("shrink_factor: 8", (473, 8), (60, 1)),
        ("shrink_factor: 2", (5, 6), (3, 3)),
        ("shrink_factor: 2 zoom_factor: 3", (6, 7), (7, 10)),
        ("zoom_factor: 2 pad_beg: -1 pad_end: -2", (6, 5), (5, 3)),
        ("height: 4 width: 4 pad_end: -3", (6, 4), (4, 4)),
    ],
)
def test_sizes_and_values(options, size, shape):
    x = np.random.default_rng(0).normal(size=(2, 3, *size))
    y = interp(x, options).forward()[0]
    assert y.shape == (2, 3, *shape)
    begin, end = (int(options.partition(f"{pad}: -")[2][:1] or 0) for pad in ("pad_beg", "pad_end"))
    kept = x[:, :, begin : size[0] - end, begin : size[1] - end]
    assert np.allclose(y, bilinear(kept, *shape), rtol=1e-10, atol=1e-10)


@settings(max_examples=50, deadline=None)
@given(st.tuples(*[st.integers(1, 6)] * 4), st.integers(0, 2), st.integers(0, 2))
def test_backward_is_the_transpose_of_forward(lengths, begin, end):
    """The matrix of the whole layer, one row for each image that has a single 1, gives dx from dy."""
    H, W, OH, OW = lengths
    options = f"height: {OH} width: {OW} pad_beg: {-begin} pad_end: {-end}"
    size = H + begin + end, W + begin + end
    count = size[0] * size[1]
    matrix = interp(np.eye(count).reshape(count, 1, *size), options).forward()[0].reshape(count, OH * OW)
    trial = interp(np.ones((2, 3, *size)), options)
    trial.forward()
    dy = np.random.default_rng(0).normal(size=(2, 3, OH, OW))
    (dx,) = trial.backward(dy)
    assert np.allclose(dx.reshape(2, 3, -1), dy.reshape(2, 3, -1) @ matrix.T, rtol=1e-12, atol=1e-12)


def test_the_sampled_numbers_of_a_shrink_are_old_ones():
    x = np.random.default_rng(0).normal(size=(1, 2, 9, 13))
    assert np.array_equal(interp(x, "shrink_factor: 4").forward()[0], x[:, :, ::4, ::4])


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("", "none of them"),
        ("height: 3", "height"),
        ("height: 3 width: 3 zoom_factor: 2", "height, width, zoom_factor"),
    ],
)
def test_the_size_must_be_said_in_one_way(options, found):
    with pytest.raises(SpecError) as caught:
        interp(X, options)
    assert str(caught.value) == (
        "expected the size in one way in `interp_param`, `height` and `width` or `zoom_factor` or `shrink_factor` "
        f"or both factors, found {found}"
    )


def test_other_errors():
    with pytest.raises(SpecError, match="expected a `width` of 1 or more in `interp_param`, found 0"):
        interp(X, "height: 2 width: 0")
    with pytest.raises(SpecError, match="expected a `zoom_factor` of 1 or more in `interp_param`, found -1"):
        interp(X, "zoom_factor: -1")
    with pytest.raises(
        SpecError, match=r"expected a `pad_end` of 0 or less in `interp_param` \(it cuts off\), found 1"
    ):
        interp(X, "zoom_factor: 2 pad_end: 1")
    with pytest.raises(ShapeError) as caught:
        interp(X, "zoom_factor: 2 pad_beg: -1 pad_end: -1")
    assert str(caught.value) == (
        "expected images larger than the 1 + 1 rows and columns that `pad_beg` and `pad_end` cut off, "
        "found (1, 1, 2, 2)"
    )
    with pytest.raises(ShapeError, match=r"expected images \(N, C, H, W\), found \(2, 2\)"):
        interp(X[0, 0], "zoom_factor: 2")
