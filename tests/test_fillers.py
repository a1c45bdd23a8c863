import numpy as np
import pytest
from google.protobuf import text_format

from cafe_edu import fillers
from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.fillers import FILLERS, fill
from cafe_edu.proto import caffe_pb2

SHAPE = (40, 20, 5, 5)
VARIANCE = {"FAN_IN": 1 / 500, "FAN_OUT": 1 / 1000, "AVERAGE": 1 / 750}


def draw(text, shape=SHAPE, seed=0):
    kind, *options = text.split(maxsplit=1)
    message = text_format.Parse(f'type: "{kind}" {" ".join(options)}', caffe_pb2.FillerParameter())
    return fill(shape, message, np.random.default_rng(seed))


def test_there_are_caffes_seven():
    assert {*FILLERS} == {"constant", "uniform", "gaussian", "positive_unitball", "xavier", "msra", "bilinear"}


def test_without_a_type_it_is_constant_zero():
    assert not fill((2, 3), caffe_pb2.FillerParameter(), np.random.default_rng(0)).any()


def test_constant():
    assert (draw("constant value: 0.3", (4, 3)) == np.float32(0.3)).all()
    assert draw("constant value: 2", ()) == 2


def test_uniform():
    w = draw("uniform min: -2 max: 3")
    assert -2 <= w.min() < -1.99
    assert 2.99 < w.max() <= 3
    assert abs(w.mean() - 0.5) < 0.05


def test_gaussian():
    w = draw("gaussian mean: 1 std: 0.5")
    assert abs(w.mean() - 1) < 0.02
    assert abs(w.std() - 0.5) < 0.01


def test_sparse_gaussian_keeps_about_so_many_inputs_of_each():
    w = draw("gaussian sparse: 5", (50, 1000))
    assert abs((w != 0).sum() / 1000 - 5) < 0.5


def test_sparse_that_says_none_is_none():
    assert (draw("constant value: 3 sparse: -1", (4,)) == 3).all()
    assert (draw("gaussian sparse: -1", (4, 50)) != 0).all()
    assert not draw("gaussian sparse: 0", (4, 50)).any()


def test_positive_unitball():
    w = draw("positive_unitball", (10, 3, 4))
    assert (w > 0).all()
    assert np.allclose(w.sum(axis=(1, 2)), 1)
    assert (draw("positive_unitball", (5,)) == 1).all()


@pytest.mark.parametrize("norm", VARIANCE)
@pytest.mark.parametrize(("kind", "gain"), [("xavier", 1), ("msra", 2)])
def test_the_variance_is_one_over_the_fan(kind, gain, norm):
    w = draw(f"{kind} variance_norm: {norm}")
    assert np.isclose(w.var(), gain * VARIANCE[norm], rtol=0.05)
    assert abs(w.mean()) < 0.02 * w.std() * 5
    if kind == "xavier":
        limit = np.sqrt(3 * VARIANCE[norm])
        assert 0.99 * limit < np.abs(w).max() <= limit * (1 + 1e-6)


def test_a_bias_has_the_fan_of_its_one_axis():
    assert np.abs(draw("xavier", (1000,))).max() <= np.sqrt(3) * (1 + 1e-6)  # fan-in 1
    assert np.abs(draw("xavier variance_norm: FAN_OUT", (1000,))).max() <= np.sqrt(3 / 1000) * (1 + 1e-6)


def test_bilinear():
    row = np.array([0.25, 0.75, 0.75, 0.25])
    assert np.allclose(draw("bilinear", (2, 1, 4, 4)), np.outer(row, row))


@pytest.mark.parametrize("kind", sorted(FILLERS))
def test_one_seed_one_draw_in_float32(kind):
    a, b = draw(kind, (4, 3, 2, 2)), draw(kind, (4, 3, 2, 2))
    assert a.dtype == np.float32
    assert a.shape == (4, 3, 2, 2)
    assert a.flags.writeable
    assert np.array_equal(a, b)


def test_as_real_caffe_draws(shared):
    """The same distribution: range, mean and spread of Caffe's own draws."""
    stored = np.load(shared / "oracle" / "dataio" / "fillers_seed1701.npz")
    names = [name for name in stored.files if not name.endswith("/spec")]
    assert len(names) >= 14
    for name in names:
        theirs = stored[name]
        ours = draw(str(stored[f"{name}/spec"]), theirs.shape)
        if name.startswith(("constant", "bilinear")):
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, err_msg=name)
            continue
        noise = 6 * theirs.std() / np.sqrt(theirs.size)
        assert abs(ours.mean() - theirs.mean()) < noise, name
        assert np.isclose(ours.std(), theirs.std(), rtol=0.1), name
        assert np.isclose((ours == 0).mean(), (theirs == 0).mean(), atol=0.03), name
        if name.startswith(("uniform", "xavier")):
            np.testing.assert_allclose([ours.min(), ours.max()], [theirs.min(), theirs.max()], rtol=0.01)
        if name == "positive_unitball":
            np.testing.assert_allclose(ours.sum(axis=1), theirs.sum(axis=1), rtol=1e-5)


@pytest.mark.parametrize(
    ("text", "shape", "error", "says"),
    [
        (
            "glorot",
            SHAPE,
            SpecError,
            "unknown filler type 'glorot'; there are bilinear, constant, gaussian, msra, positive_unitball, "
            "uniform, xavier",
        ),
        (
            "xavier sparse: 3",
            SHAPE,
            SpecError,
            "`sparse` is an option of the gaussian filler, not of 'xavier'",
        ),
        ("uniform min: 2 max: 1", SHAPE, SpecError, "the uniform filler expects min <= max, found 2 and 1"),
        ("uniform max: inf", SHAPE, SpecError, "the uniform filler expects a finite `max`, found inf"),
        ("gaussian mean: nan", SHAPE, SpecError, "the gaussian filler expects a finite `mean`, found nan"),
        ("gaussian std: -1", SHAPE, SpecError, "the gaussian filler expects `std` of 0 or more, found -1"),
        (
            "bilinear",
            (2, 1, 3, 4),
            ShapeError,
            "the bilinear filler expects a square kernel of 4 axes, found (2, 1, 3, 4)",
        ),
        (
            "bilinear",
            (3, 3),
            ShapeError,
            "the bilinear filler expects a square kernel of 4 axes, found (3, 3)",
        ),
        (
            "gaussian sparse: 1",
            (),
            ShapeError,
            "`sparse` counts the inputs of each output: expected a weight of 1 axis or more, found ()",
        ),
        ("xavier", (), ShapeError, "the xavier filler expects (outputs, inputs, ...), found ()"),
        ("msra", (3, 0), ShapeError, "the msra filler expects (outputs, inputs, ...), found (3, 0)"),
    ],
)
def test_errors(text, shape, error, says):
    with pytest.raises(error) as caught:
        draw(text, shape)
    assert str(caught.value) == says


@pytest.mark.parametrize("text", ["uniform", "gaussian", "xavier", "msra"])
def test_drawn_in_pieces_as_at_once(text, monkeypatch):
    options = text_format.Parse(f'type: "{text}" std: 1', caffe_pb2.FillerParameter())
    found = []
    for piece in (1, 7, 10**6):
        monkeypatch.setattr(fillers, "PIECE", piece)
        rng = np.random.default_rng(0)
        found.append([fill((5, 20), options, rng), rng.random(3)])
    for other in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], other, strict=True))
