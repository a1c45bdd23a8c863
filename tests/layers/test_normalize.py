import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError

X = np.array([[[3.0, 0], [4, 5]], [[6, 2], [0, 3]]])  # (2 images, 2 channels, 2 places)


def test_each_place_by_hand():
    spec = "norm_param { across_spatial: false channel_shared: false eps: 0 scale_filler { value: 10 } }"
    trial = make_layer("Normalize", X[:1], spec=spec)
    (scale,) = trial.layer.params
    assert scale.data.tolist() == [10, 10]
    assert np.allclose(trial.forward()[0], [[[6, 0], [8, 10]]])
    scale.data = [1, 2]
    assert np.allclose(trial.forward()[0], [[[0.6, 0], [1.6, 2]]])
    (dx,) = trial.backward([[[1.0, 1], [0, 0]]])
    # dx/n less its part along x: (1, 0)/5 - (0.6, 0.8) 0.6/5 at the first place, (1, 0)/5 at the second
    assert np.allclose(dx, [[[0.128, 0.2], [-0.096, 0]]])
    assert np.allclose(scale.diff, [0.6 + 0, 0])


def test_whole_images_by_hand():
    trial = make_layer("Normalize", X, spec="norm_param { eps: 0 }")
    (scale,) = trial.layer.params
    assert scale.shape == ()
    assert scale.data == 1
    expected = [X[0] / np.sqrt(50), X[1] / 7]
    assert np.allclose(trial.forward()[0], expected)
    trial.backward(np.ones_like(X))
    assert np.isclose(scale.diff, 12 / np.sqrt(50) + 11 / 7)


@pytest.mark.parametrize("across", ["true", "false"])
@pytest.mark.parametrize("shared", ["true", "false"])
def test_against_one_vector_at_a_time(across, shared):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 2, 4))
    trial = make_layer(
        "Normalize", x, spec=f"norm_param {{ across_spatial: {across} channel_shared: {shared} eps: 0.5 }}"
    )
    (scale,) = trial.layer.params
    scale.data = rng.normal(size=scale.shape)
    y = trial.forward()[0]
    for n, c, i, j in np.ndindex(*x.shape):
        vector = x[n] if across == "true" else x[n, :, i, j]
        s = scale.data if shared == "true" else scale.data[c]
        assert np.isclose(y[n, c, i, j], s * x[n, c, i, j] / np.sqrt((vector**2).sum() + 0.5))


def test_zeros_stay_zeros():
    trial = make_layer("Normalize", np.zeros((1, 3, 2)), dtype=np.float32)
    assert trial.forward()[0].tolist() == [[[0, 0]] * 3]
    assert np.isfinite(trial.backward(np.ones((1, 3, 2)))[0]).all()


def test_a_scale_of_zero_learns():
    """SSD divides its gradient by the scale, and gives NaN there."""
    trial = make_layer("Normalize", X, spec="norm_param { scale_filler { value: 0 } }")
    trial.forward()
    trial.backward(np.ones_like(X))
    assert np.isclose(trial.layer.params[0].diff, 12 / np.sqrt(50) + 11 / 7)


def test_errors():
    with pytest.raises(ShapeError) as caught:
        make_layer("Normalize", np.ones(3))
    assert str(caught.value) == "expected 2 axes or more (N, C, ...), found (3,)"
    trial = make_layer("Normalize", X, spec="norm_param { channel_shared: false }")
    trial.bottom[0].reshape(2, 3, 2)
    with pytest.raises(ShapeError) as caught:
        trial.forward()
    assert str(caught.value) == "expected 2 channels, one for each scale, found 3 in (2, 3, 2)"
