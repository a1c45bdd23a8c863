import numpy as np
import pytest

from cafe_edu import Net, make_layer
from cafe_edu.errors import DataError, SpecError


def embedded(i, options="num_output: 2 input_dim: 3"):
    return make_layer("Embed", i, spec=f"embed_param {{ {options} }}")


def test_by_hand():
    trial = embedded([[2.0, 0], [2, 2]])
    W, b = trial.layer.params
    W.data, b.data = [[1, 2], [3, 4], [5, 6]], [10, 20]
    assert trial.forward()[0].tolist() == [[[15, 26], [11, 22]], [[15, 26], [15, 26]]]
    W.diff, b.diff = np.ones((3, 2)), [1, 1]
    trial.backward([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    assert W.diff.tolist() == [[1 + 3, 1 + 4], [1, 1], [1 + 13, 1 + 16]]
    assert b.diff.tolist() == [1 + 16, 1 + 20]


def test_it_is_an_inner_product_of_one_hot_vectors():
    i = np.random.default_rng(0).integers(0, 4, (2, 3))
    trial = embedded(i, "num_output: 5 input_dim: 4 bias_term: false weight_filler { type: 'gaussian' }")
    assert np.allclose(trial.forward()[0], np.eye(4)[i] @ trial.layer.weight.data)


def test_force_backward_leaves_the_indices_out():
    net = Net(
        """
        force_backward: true
        layer { name: "i" type: "Input" top: "i" input_param { shape { dim: 2 } } }
        layer { name: "e" type: "Embed" bottom: "i" top: "y" loss_weight: 1
                embed_param { num_output: 2 input_dim: 3 } }
    """
    )
    net.forward(i=[0, 2])
    net.backward()
    assert net.params["e"][0].diff.tolist() == [[1, 1], [0, 0], [1, 1]]
    assert not net.blobs["i"].diff.any()


def test_an_index_out_of_range():
    trial = embedded([0.0, 3])
    with pytest.raises(DataError) as caught:
        trial.forward()
    assert str(caught.value) == ("index 3 at place 1 is out of range: expected a whole number from 0 to 2 for 3 rows")


@pytest.mark.parametrize(("options", "field"), [("input_dim: 3", "num_output"), ("num_output: 3", "input_dim")])
def test_what_is_needed(options, field):
    with pytest.raises(SpecError) as caught:
        embedded([0.0], options)
    assert str(caught.value) == f"`{field}` is needed in `embed_param` and is not set"
