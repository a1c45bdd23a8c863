import numpy as np
import pytest

from cafe_edu.data.transformer import Transformer
from cafe_edu.drawing import draw_classes, draw_transformed, new_picture
from cafe_edu.errors import ShapeError
from cafe_edu.proto.caffe_pb2 import TransformationParameter


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (7, 1, 4, 4)).astype(np.uint8)


LABELS = [2, 0, 2, 2, 0, 2, 5]


def pictures(figure):
    return {i: np.asarray(axes.get_images()[0].get_array()) for i, axes in enumerate(figure.get_axes()) if axes.images}


def test_classes(images):
    figure = draw_classes(images, LABELS, samples=3)
    *grid, bars = figure.get_axes()
    assert len(grid) == 3 * 4
    shown = pictures(figure)
    assert np.allclose(shown[4], images[[0, 2, 3, 5], 0].mean(axis=0))  # row 1 is class 2, its mean first
    assert np.array_equal(shown[6], images[2, 0])
    assert sorted(shown) == [0, 1, 2, 4, 5, 6, 7, 8, 9]  # class 0 has two images, class 5 one
    assert [patch.get_width() for patch in bars.patches] == [2, 4, 1]
    assert [label.get_text() for label in bars.get_yticklabels()] == ["0", "2", "5"]
    assert [axes.get_ylabel() for axes in grid[::4]] == ["0", "2", "5"]
    assert bars.get_title() == "number of images: 7"


def test_names_and_only_the_first_classes(images):
    names = ["zero", "one", "two", "three", "four", "five"]
    figure = draw_classes(images, LABELS, names, samples=1, most=2)
    assert [label.get_text() for label in figure.get_axes()[-1].get_yticklabels()] == ["zero", "two"]
    assert figure._suptitle.get_text() == "classes: 3, the first 2"


def test_colours(images):
    colour = np.zeros((2, 3, 2, 2))
    colour[:, 0] = 1
    assert pictures(draw_classes(colour, [0, 1]))[0][0, 0].tolist() == [0, 0, 1]
    assert pictures(draw_classes(colour, [0, 1], rgb=True))[0][0, 0].tolist() == [1, 0, 0]


def test_transformed(images):
    options = TransformationParameter(crop_size=3, mirror=True, scale=0.5, mean_value=[10])
    figure = draw_transformed(images, Transformer(options, "TRAIN", np.random.default_rng(3)), draws=5, first=2)
    again = Transformer(options, "TRAIN", np.random.default_rng(3))
    shown = pictures(figure)
    assert len(shown) == 2 * 6
    assert np.array_equal(shown[0], images[0, 0])
    for i in range(5):
        assert np.array_equal(shown[1 + i], again(images[0])[0])
    assert np.array_equal(shown[6], images[1, 0])
    for i in range(5):
        assert np.array_equal(shown[7 + i], again(images[1])[0])
    titles = [axes.get_title() for axes in figure.get_axes()[:2]]
    assert titles[0] == f"before\n1 x 4 x 4\n{images[:2].min()} to {images[:2].max()}"
    assert titles[1].startswith("after\n1 x 3 x 3\n")


def test_shapes():
    transformer = Transformer(TransformationParameter(), "TEST", np.random.default_rng(0))
    with pytest.raises(ShapeError, match=r"expected images \(N, 1, H, W\) or .* found \(2, 5, 4, 4\)"):
        draw_transformed(np.zeros((2, 5, 4, 4)), transformer)
    with pytest.raises(ShapeError, match=r"expected images .* found \(\d, 2, 4, 4\)"):
        draw_classes(np.zeros((2, 2, 4, 4)), [0, 1])


def test_each_is_drawn_where_it_is_told(images):
    left, right = new_picture().subfigures(1, 2)
    assert draw_classes(images, LABELS, figure=left) is left
    transformer = Transformer(TransformationParameter(), "TEST", np.random.default_rng(0))
    assert draw_transformed(images, transformer, figure=right) is right
