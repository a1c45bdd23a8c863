"""A figure becomes a PNG, and the next one takes its place."""

import io

import numpy as np
from PIL import Image

from cafe_edu.drawing import new_picture
from cafe_edu.widgets.canvas import Canvas, png


def figure(colour):
    picture = new_picture(2, 1)
    picture.set_facecolor(colour)
    return picture


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def test_it_shows_the_figure():
    canvas = Canvas(figure("red"), dpi=50)
    assert pixels(canvas.value).shape == (50, 100, 3)
    assert pixels(canvas.value)[25, 50].tolist() == [255, 0, 0]


def test_the_next_figure_takes_its_place():
    canvas = Canvas(figure("red"))
    canvas.show(figure("blue"), "all blue")
    assert pixels(canvas.value)[25, 50].tolist() == [0, 0, 255]
    assert canvas.tooltip == "all blue"


def test_the_same_bytes_at_every_run():
    assert png(figure("red")) == png(figure("red"))


def test_without_a_figure_it_is_empty():
    assert Canvas().value == b""
