"""engines/lines.py: every output finds what it sees at the place where its line says it is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cafe_edu.arrays.windows import Window, shifts
from cafe_edu.engines import conv_loops
from cafe_edu.engines.lines import axes_of, lines

pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


@st.composite
def geometries(draw):
    kernel, stride, dilation = draw(pairs), draw(pairs), draw(st.tuples(st.integers(1, 2), st.integers(1, 3)))
    window = Window(kernel, stride, draw(st.tuples(st.integers(0, 3), st.integers(0, 3))), dilation)
    size = tuple(draw(st.integers(max(1, e - 2 * p), e + 9)) for e, p in zip(window.extent, window.pad, strict=True))
    out = window.conv_size(size)
    rows = draw(st.integers(1, out[0]))
    return window, size, out, rows, draw(st.integers(0, out[0] - rows)), draw(st.sampled_from([1, 2, 4, 8]))


def laid(x, top, on, axes):
    if not len(on.phases):
        return x.reshape(-1)[top * on.row :]
    line = np.full(len(x) * x.shape[1] * on.channel + on.beyond, np.nan, x.dtype)
    stride, pad = zip(*(axis[2:4] for axis in axes), strict=True)
    conv_loops.lay(x, top, on.phases, on.rows, on.row, stride, pad, on.beyond, line)
    return line


def seen_by_outputs(x, window, out):
    """(images, channels, places of the kernel, outputs): the inputs, found by `shifts`."""
    found = np.zeros((*x.shape[:2], *window.kernel, *out), x.dtype)
    for place, seen, source in shifts(x.shape[2:], out, window):
        found[:, :, *place, *seen] = x[:, :, *source]
    return found.reshape(*x.shape[:2], -1, *out)


@given(geometries())
def test_every_output_finds_what_it_sees(geometry):
    window, size, out, rows, top, half = geometry
    x = np.arange(1, 1 + 2 * 3 * np.prod(size), dtype=np.float32).reshape(2, 3, *size)
    axes = axes_of(size, window, out)
    on = lines(axes, rows, half)
    line, expected = laid(x, top, on, axes), seen_by_outputs(x, window, out)[..., top : top + rows, :]
    taps = on.all_taps(3).reshape(3, -1)
    starts = (np.arange(2)[:, None] * 3 * on.channel + on.places).reshape(-1)
    at = starts[:, None, None, None] + taps[None, :, :, None] + np.arange(half)
    assert at.max() < line.size  # nothing is read that is not there
    computed = line[at].reshape(2, len(on.places), 3, -1, half).transpose(0, 2, 3, 1, 4).reshape(2, 3, -1, on.computed)
    found = np.zeros((2, 3, taps.shape[1], rows * out[1]), x.dtype)
    for first, row, column, many in on.pieces:
        begin = row * out[1] + column
        assert not found[..., begin : begin + many].any()  # every output once
        found[..., begin : begin + many] = computed[..., first : first + many]
    assert np.array_equal(found.reshape(expected.shape), expected)
    assert on.used == rows * out[1] / on.computed


@given(geometries())
def test_what_is_laid_is_picked_up_again(geometry):
    window, size, out, _, _, half = geometry
    x = np.arange(1, 1 + 2 * 3 * np.prod(size), dtype=np.float32).reshape(2, 3, *size)
    axes = axes_of(size, window, out)
    on = lines(axes, out[0], half)
    back = np.full_like(x, np.nan)
    if len(on.phases):
        stride, pad = zip(*(axis[2:4] for axis in axes), strict=True)
        conv_loops.pick_up(laid(x, 0, on, axes), on.phases, on.rows, on.row, stride, pad, back)
        seen = np.isin(x, seen_by_outputs(x, window, out))
        assert np.array_equal(back[seen], x[seen])
        assert np.isin(back[~seen], [0, *x[~seen]]).all()


def test_neighbouring_rows_share_their_padding():
    on = lines(axes_of((16, 16), Window.square(5, pad=2), (16, 16)), 16, 8)
    assert (on.rows, on.row, on.beyond) == (20, 18, 2)
    assert on.used == 1


def test_images_of_a_pointwise_convolution_serve_as_they_are():
    on = lines(axes_of((5, 5), Window.square(1), (5, 5)), 5, 8)
    assert len(on.phases) == on.beyond == 0
    assert on.places.tolist() == [0, 8, 16, 17]  # the last goes back over some of the one before
