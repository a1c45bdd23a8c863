import numpy as np
import pytest

from cafe_edu.errors import NetError
from cafe_edu.pycaffe.io import Transformer


@pytest.fixture(scope="module")
def stored(shared):
    with np.load(shared / "oracle/pycaffe/io_classifier.npz") as file:
        return dict(file)


@pytest.fixture
def transformer():
    t = Transformer({"data": (1, 3, 12, 14)})
    t.set_transpose("data", (2, 0, 1))
    t.set_channel_swap("data", (2, 1, 0))
    t.set_raw_scale("data", 255)
    t.set_mean("data", np.array([104, 117, 123]))
    t.set_input_scale("data", 0.017)
    return t


def test_all_steps_give_caffes_numbers(stored, transformer):
    before = stored["img"].copy()
    found = transformer.preprocess("data", stored["img"])
    np.testing.assert_allclose(found, stored["pre_resize"], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(transformer.deprocess("data", found), stored["depre"], rtol=1e-4, atol=1e-5)
    assert found.dtype == np.float32
    assert np.array_equal(stored["img"], before)


def test_a_mean_image_gives_caffes_numbers(stored):
    t = Transformer({"data": (1, 3, 20, 30)})
    t.set_transpose("data", (2, 0, 1))
    t.set_raw_scale("data", 255.0)
    t.set_mean("data", stored["mean_full"])
    found = t.preprocess("data", stored["img"])
    np.testing.assert_allclose(found, stored["pre_noresize_meanfull"], rtol=1e-4, atol=1e-5)
    t = Transformer({"data": (1, 3, 12, 14)})
    t.set_mean("data", stored["mean_full"])
    np.testing.assert_allclose(t.mean["data"], stored["mean_resized"], rtol=1e-4)


def test_the_callers_image_is_left_alone():
    image = np.ones((2, 2, 3), np.float32)
    t = Transformer({"data": (1, 3, 2, 2)})
    t.set_raw_scale("data", 255)
    assert (t.preprocess("data", image) == 255).all()
    assert (image == 1).all()


@pytest.mark.parametrize("axes", [(1, 3, 2, 2), (3, 2, 2)])
def test_there_and_back(axes):
    t = Transformer({"data": (1, 3, 2, 2)})
    t.set_transpose("data", (2, 0, 1))
    t.set_channel_swap("data", (1, 2, 0))
    t.set_raw_scale("data", 9)
    t.set_mean("data", np.arange(12.0).reshape(3, 2, 2))
    t.set_input_scale("data", 0.5)
    image = np.random.default_rng(0).random((2, 2, 3))
    x = t.preprocess("data", image)
    np.testing.assert_allclose(t.deprocess("data", x.reshape(axes)), image, rtol=1e-5)


def test_one_channel():
    t = Transformer({"data": (5, 1, 4, 4)})
    t.set_transpose("data", (2, 0, 1))
    t.set_mean("data", np.ones((4, 4)))
    assert (t.preprocess("data", np.full((4, 4, 1), 3)) == 2).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda t: t.set_transpose("data", (1, 0)), r"an order of 3 axes for 'data', each once, found \(1, 0\)"),
        (lambda t: t.set_transpose("data", (0, 0, 1)), r"3 axes for 'data', each once, found \(0, 0, 1\)"),
        (lambda t: t.set_channel_swap("data", (3, 1, 0)), r"3 channels, 0 to 2, for 'data', found \(3, 1, 0\)"),
        (lambda t: t.set_channel_swap("data", (1, 0)), r"an order of 3 channels, 0 to 2, for 'data', found \(1, 0\)"),
        (lambda t: t.set_mean("data", np.ones(4)), r"expected a mean of 3 channels for 'data', found \(4,\)"),
        (lambda t: t.set_mean("data", np.ones((2, 5, 5))), r"expected a mean image \(3, H, W\) or \(H, W\) for 'data'"),
    ],
)
def test_what_does_not_fit(transformer, call, says):
    with pytest.raises(ValueError, match=says):
        call(transformer)


def test_no_such_input(transformer):
    for call in (
        lambda t: t.set_transpose("date", (2, 0, 1)),
        lambda t: t.set_mean("date", np.ones(3)),
        lambda t: t.set_raw_scale("date", 1),
        lambda t: t.preprocess("date", np.ones((2, 2, 3))),
        lambda t: t.deprocess("date", np.ones((3, 2, 2))),
    ):
        with pytest.raises(NetError, match="'date' is no input of the net; it has data"):
            call(transformer)
