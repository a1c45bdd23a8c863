import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cafe_edu.arrays.windows import Window, shifts
from cafe_edu.errors import ShapeError

AXIS = st.tuples(
    st.integers(1, 7), st.integers(1, 3), st.integers(1, 3), st.integers(0, 3), st.integers(1, 3)
)  # length, kernel, stride, pad, dilation


def test_square_repeats_its_numbers_on_every_axis():
    window = Window.square(3, stride=2, pad=1, dilation=4, axes=3)
    assert window == Window((3, 3, 3), (2, 2, 2), (1, 1, 1), (4, 4, 4))
    assert window.extent == (9, 9, 9)


@pytest.mark.parametrize(
    ("size", "window", "out"),
    [
        ((28, 28), Window.square(5), (24, 24)),
        ((7, 8), Window.square(3, stride=2, pad=1), (4, 4)),
        ((9,), Window.square(3, dilation=3, axes=1), (3,)),
        ((3, 3), Window.square(3), (1, 1)),
        ((), Window.square(3, axes=0), ()),
    ],
)
def test_conv_size_by_hand(size, window, out):
    assert window.conv_size(size) == out


def test_a_window_larger_than_the_image_is_refused():
    with pytest.raises(ShapeError) as error:
        Window.square(3, pad=1, dilation=3).conv_size((10, 4))
    assert str(error.value) == (
        "expected an image of at least the kernel's extent (7, 7) (pad (1, 1) counted), found (10, 4)"
    )


@given(st.lists(AXIS, min_size=0, max_size=2), st.integers(1, 5))
def test_shifts_pair_each_output_with_the_input_it_sees(axes, out):
    size, kernel, stride, pad, dilation = zip(*axes, strict=True) if axes else ((),) * 5
    outs = (out,) * len(size)
    found = set()
    for place, seen, source in shifts(size, outs, Window(kernel, stride, pad, dilation)):
        outputs = itertools.product(*(range(outs[a])[seen[a]] for a in range(len(size))))
        inputs = itertools.product(*(range(size[a])[source[a]] for a in range(len(size))))
        found |= {(place, o, i) for o, i in zip(outputs, inputs, strict=True)}
    expected = set()
    for place in itertools.product(*map(range, kernel)):
        for o in itertools.product(*map(range, outs)):
            i = tuple(o[a] * stride[a] + place[a] * dilation[a] - pad[a] for a in range(len(size)))
            if all(0 <= i[a] < size[a] for a in range(len(size))):
                expected.add((place, o, i))
    assert found == expected


@pytest.mark.parametrize("window", [Window.square(3), Window.square(4, stride=2, pad=1), Window.square(2, 3, 0, 2)])
def test_deconv_size_is_a_size_with_as_many_windows(window):
    for n in range(1, 6):
        assert window.conv_size(window.deconv_size((n, n + 1))) == (n, n + 1)


def test_windows_that_make_no_image():
    with pytest.raises(ShapeError) as caught:
        Window.square(2, pad=1).deconv_size((1, 3))
    assert str(caught.value) == (
        "expected inputs that make an image larger than the pad (1, 1) taken off on both sides, "
        "found (1, 3), which make (0, 2)"
    )
