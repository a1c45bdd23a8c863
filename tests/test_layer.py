import numpy as np
import pytest

from cafe_edu import Blob, layers  # noqa: F401 (fills the registry)
from cafe_edu.errors import NetError, ShapeError, SpecError
from cafe_edu.layer import REGISTRY, Layer, layer_class, make_spec, register


class Copy(Layer):
    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        top[0].data = bottom[0].data


@pytest.fixture
def registry(monkeypatch):
    """The registry, put back as it was afterwards."""
    monkeypatch.setattr("cafe_edu.layer.REGISTRY", dict(REGISTRY))
    return layer_class


def test_running_a_cell_again_replaces_the_class(registry):
    for _ in range(2):

        @register("Mine")
        class Mine(Copy):
            pass

    assert registry("Mine") is Mine
    assert Mine.type == "Mine"


def test_a_built_in_name_is_refused(registry):
    house = registry("ReLU")
    with pytest.raises(NetError) as caught:

        @register("ReLU")
        class MyReLU(Copy):
            pass

    assert str(caught.value) == (
        "layer type 'ReLU' is built in; to use yours in one net: Net(spec, layers={'ReLU': MyReLU})"
    )
    assert registry("ReLU") is house


def test_a_built_in_file_may_be_loaded_again(registry):
    register("ReLU")(REGISTRY["ReLU"])
    assert registry("ReLU") is REGISTRY["ReLU"]


def test_extra_classes_are_asked_first():
    assert layer_class("ReLU", {"ReLU": Copy}) is Copy
    assert layer_class("ReLU") is not Copy


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Relu", "did you mean 'ReLU'?"),
        ("SoftmaxLoss", "did you mean 'SoftmaxWithLoss' or 'Softmax'?"),
    ],
)
def test_an_unknown_type(name, hint):
    with pytest.raises(NetError) as caught:
        layer_class(name)
    assert str(caught.value) == f"unknown layer type {name!r}; {hint}"


def test_a_type_like_no_other():
    with pytest.raises(NetError) as caught:
        layer_class("Xyzzy")
    assert str(caught.value) == f"unknown layer type 'Xyzzy'; there are {', '.join(sorted(REGISTRY))}"
    with pytest.raises(NetError, match='expected a `type`, such as type: "ReLU", found none'):
        layer_class("")


def test_what_a_layer_has():
    rng = np.random.default_rng(0)
    layer = REGISTRY["Pooling"](make_spec("Pooling", "p1", pooling_param={"kernel_size": 3}), "TEST", rng)
    assert (layer.name, layer.type, layer.phase, layer.params) == ("p1", "Pooling", "TEST", [])
    assert layer.options.kernel_size == 3
    assert layer.rng is rng
    assert layer.dtype == np.float32
    assert repr(layer) == "Pooling 'p1'"
    assert Copy(make_spec("Copy")).options is None


def test_a_layer_without_forward_is_none():
    class Half(Layer):
        def top_shapes(self, bottom_shapes):
            return bottom_shapes

    with pytest.raises(TypeError, match="forward"):
        Half(make_spec("Half"))


def test_a_layer_without_backward_says_so():
    with pytest.raises(NetError) as caught:
        Copy(make_spec("Copy")).backward([], [], [])
    assert str(caught.value) == "this layer has no gradient: nothing behind it can learn"


def test_required_options():
    cls = REGISTRY["InnerProduct"]
    assert cls(make_spec("InnerProduct", inner_product_param={"num_output": 3})).required("num_output") == 3
    with pytest.raises(SpecError) as caught:
        cls(make_spec("InnerProduct")).required("num_output")
    assert str(caught.value) == "`num_output` is needed in `inner_product_param` and is not set"
    with pytest.raises(SpecError) as caught:
        cls(make_spec("InnerProduct", inner_product_param={"num_output": 0})).required("num_output")
    assert str(caught.value) == "expected a `num_output` of 1 or more in `inner_product_param`, found 0"


def test_parameters():
    options = make_spec("InnerProduct", inner_product_param={"weight_filler": {"type": "xavier"}})
    layer = Copy(options, rng=np.random.default_rng(0), dtype=np.float64)
    weight = layer.add_param("weight", (3, 4), options.inner_product_param.weight_filler)
    bias = layer.add_param("bias", (3,))
    assert layer.params == [weight, bias]
    assert weight.name == "innerproduct.weight"
    assert weight.dtype == np.float64
    assert 0 < np.abs(weight.data).max() <= np.sqrt(3 / 4) + 1e-6
    assert not bias.data.any()


@pytest.mark.parametrize(
    ("declared", "good", "bad", "says"),
    [
        (1, 1, 2, "expected 1 bottom, found 2"),
        (2, 2, 1, "expected 2 bottoms, found 1"),
        (0, 0, 1, "expected 0 bottoms, found 1"),
        ((1, None), 7, 0, "expected 1 or more bottoms, found 0"),
        ((1, 2), 2, 3, "expected 1 to 2 bottoms, found 3"),
        ((2, 2), 2, 3, "expected 2 bottoms, found 3"),
    ],
)
def test_counts(declared, good, bad, says):
    class Counted(Copy):
        num_bottom = declared
        num_top = declared

    Counted.check_counts(good, good)
    with pytest.raises(NetError) as caught:
        Counted.check_counts(bad, good)
    assert str(caught.value) == says
    with pytest.raises(NetError) as caught:
        Counted.check_counts(good, bad)
    assert str(caught.value) == says.replace("bottom", "top")


def test_reshape_gives_the_tops_their_shapes():
    bottom, top = Blob((2, 3)), Blob()
    Copy(make_spec("Copy")).reshape([bottom], [top])
    assert top.shape == (2, 3)


@pytest.mark.parametrize("returned", [None, 5, (2, 3), [], [(2, 3), (2, 3)], [6]])
def test_top_shapes_is_a_list_of_shapes(returned):
    class Odd(Copy):
        def top_shapes(self, bottom_shapes):
            return returned

    with pytest.raises(ShapeError) as caught:
        Odd(make_spec("Odd")).reshape([Blob((2, 3))], [Blob()])
    assert str(caught.value) == (
        f"expected `top_shapes` to return a list of 1 shapes, one for each top, found {returned}"
    )


def test_make_spec():
    spec = make_spec("Pooling", pooling_param={"pool": "AVE"}, loss_weight=[1])
    assert (spec.type, spec.name, list(spec.loss_weight)) == ("Pooling", "pooling", [1])
    assert spec.pooling_param.pool == spec.pooling_param.AVE


@pytest.mark.parametrize("name", ["BatchNorm", "LayerNorm", "Normalize"])
def test_what_stands_under_a_root_is_not_negative(name):
    options = REGISTRY[name].options_field
    layer = REGISTRY[name](make_spec(name, **{options: {"eps": -1}}))
    with pytest.raises(SpecError, match=f"expected `eps` of 0 or more in `{options}`, found -1"):
        layer.setup([Blob((2, 3))])
