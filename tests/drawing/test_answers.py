import numpy as np
import pytest

from cafe_edu.drawing import draw_answers, draw_confusion, draw_hardest, new_picture
from cafe_edu.drawing.picture import GREEN, RED
from cafe_edu.errors import DataError


def test_confusion():
    figure = draw_confusion([0, 0, 0, 1, 2], [0, 0, 2, 1, 1], ["cat", "dog", "cow"])
    (axes,) = figure.get_axes()
    assert np.allclose(axes.get_images()[0].get_array(), [[2 / 3, 0, 1 / 3], [0, 1, 0], [0, 1, 0]])
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert texts == {(0, 0): "2", (2, 0): "1", (1, 1): "1", (1, 2): "1"}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog", "cow"]
    assert axes.get_title() == "3 of 5 right (60.0%)"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("answer of the net", "right class")


def test_of_many_classes_those_that_occur():
    (axes,) = draw_confusion([999, 5], [999, 7]).get_axes()
    assert axes.get_images()[0].get_array().tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["5", "7", "999"]
    (axes,) = draw_confusion(np.arange(200), np.arange(200)).get_axes()
    assert axes.get_images()[0].get_array().shape == (200, 200)
    assert not axes.texts
    assert len(axes.get_xticks()) <= 60


def test_a_class_without_a_name():
    with pytest.raises(DataError, match="expected labels and answers below 2, the number of classes, found 2"):
        draw_confusion([0, 2], [0, 1], ["cat", "dog"])


def test_hardest():
    p = np.array([[0.7, 0.3], [0.9, 0.1], [0.4, 0.6]])
    images = np.arange(3)[:, None, None] * np.ones((3, 2, 2))
    figure = draw_hardest(images, [1, 1, 1], p, n=3, names=["cat", "dog"])
    axes = figure.get_axes()[:3]
    assert [a.get_title() for a in axes] == [
        "is dog: 0.10\nsays cat: 0.90", "is dog: 0.30\nsays cat: 0.70", "is dog: 0.60\nright",
    ]  # fmt: skip
    assert [a.get_images()[0].get_array()[0, 0] for a in axes] == [1, 0, 2]
    assert [a.title.get_color() for a in axes] == [RED, RED, GREEN]
    assert figure._suptitle.get_text() == "the hardest 3 of 3"


def test_colour_images_have_answers_too():
    blue = np.zeros((1, 3, 2, 2))
    blue[0, 0] = 1
    (axes,) = draw_answers(blue, [4], columns=1).get_axes()
    assert axes.get_images()[0].get_array()[0, 0].tolist() == [0, 0, 1]


def test_each_is_drawn_where_it_is_told():
    left, right = new_picture().subfigures(1, 2)
    assert draw_confusion([0], [0], figure=left) is left
    assert draw_hardest(np.zeros((1, 2, 2)), [0], [[1.0]], figure=right) is right
