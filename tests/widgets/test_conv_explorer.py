"""widgets/conv_explorer.py: a pixel pointed at is a window, its terms and their sum."""

import io

import numpy as np
import pytest
from PIL import Image

from cafe_edu.data.digits import read_digits
from cafe_edu.errors import CafeError, ShapeError
from cafe_edu.widgets import ConvExplorer


@pytest.fixture
def explorer():
    explorer = ConvExplorer()
    yield explorer
    explorer.close()


def shown(explorer):
    return np.asarray(Image.open(io.BytesIO(explorer.picker.picture)))


def test_pointing_at_a_pixel(explorer):
    before = shown(explorer)
    explorer.picker.at = [2, 3]
    look = explorer.look
    assert look.at == (2, 3)
    assert look.terms.sum() == pytest.approx(look.output[2, 3])
    np.testing.assert_array_equal(look.seen, explorer.image[2:5, 3:6])
    assert explorer.picker.text == explorer.formulas[0] == (
        "y[2, 3] = 13*(-1) + 8*0 + 16*1 + 6*(-1) + 15*0 + 11*1 + 13*(-1) + 15*0 + 1*1 = -4"
    )
    assert (shown(explorer) != before).any()


def test_what_is_drawn_over_is_what_is_drawn_anew(explorer):
    """The moving picture is the old one drawn over; the static one is drawn from nothing."""
    for at in ([0, 0], [5, 1], [2, 3]):
        explorer.picker.at = at
    figure = explorer.show_static()
    figure.set_dpi(72)
    figure.canvas.draw()
    np.testing.assert_array_equal(shown(explorer), np.asarray(figure.canvas.buffer_rgba())[..., :3])


def test_step_goes_through_all_pixels(explorer):
    explorer.stride.value = 3
    seen = []
    for _ in range(5):
        seen.append(explorer.look.at)
        explorer.step.click()
    assert seen == [(0, 0), (0, 1), (1, 0), (1, 1), (0, 0)]


def test_sliders(explorer):
    for name, value, size in [("pad", 2, 10), ("stride", 2, 5), ("dilation", 2, 4), ("size", 1, 6)]:
        getattr(explorer, name).value = value
        assert explorer.look.output.shape == (size, size)
        assert explorer.picker.shape == [size, size]
        assert not explorer.message.value
    assert explorer.formulas[1].startswith("OH = floor(")


def test_pooling(explorer):
    explorer.mode.value = "max pooling"
    explorer.stride.value = 2
    assert explorer.dilation.disabled
    assert explorer.formulas[-1] == "rounded down it would be 3: here the last window hangs over the edge by 1"
    explorer.picker.at = [3, 3]
    assert explorer.look.value == 9
    explorer.mode.value = "average pooling"
    assert explorer.formulas[0] == "y[3, 3] = (5 + 0 + 9 + 0) / 4 = 3.5"


def test_what_cannot_be_is_said_and_the_rest_goes_on(explorer):
    explorer.mode.value = "max pooling"
    explorer.pad.value = 3
    assert "expected a pad smaller than the kernel (3, 3), found (3, 3)" in explorer.message.value
    explorer.pad.value = 1
    assert not explorer.message.value
    assert explorer.look.output.shape == (8, 8)


def test_image_and_kernel_of_ones_own():
    digits = read_digits()[0]
    explorer = ConvExplorer(digits[0], [[0, 1], [1, 0]])
    assert explorer.size.disabled
    assert explorer.look.output.shape == (27, 27)
    explorer.mode.value = "average pooling"
    assert not explorer.size.disabled
    explorer.close()


def test_the_place_of_the_output_in_the_picture(explorer):
    """The middle of the framed pixel is where the browser would have it pointed at."""
    explorer.stride.value, explorer.picker.at = 2, [1, 2]
    figure, (left, top, width, height) = explorer.show_static(), explorer.picker.place
    axes = figure.axes[-1]
    figure.canvas.draw()
    x, y = figure.transFigure.inverted().transform(axes.transData.transform((2, 1)))
    rows, columns = explorer.picker.shape
    assert int((x - left) / width * columns) == 2
    assert int((1 - y - top) / height * rows) == 1


def test_errors():
    with pytest.raises(CafeError, match="no mode 'pool'; there are convolution, max pooling, average pooling"):
        ConvExplorer(mode="pool")
    with pytest.raises(ShapeError, match=r"expected an image of one channel, .* found \(3, 8, 8\)"):
        ConvExplorer(np.zeros((3, 8, 8)))
    with pytest.raises(ShapeError, match=r"expected a square kernel \(k, k\), found \(2, 3\)"):
        ConvExplorer(kernel=np.ones((2, 3)))
    with pytest.raises(ShapeError, match="expected an image of at least the kernel's extent"):
        ConvExplorer(np.zeros((2, 2)))
