import pytest

from cafe_edu.drawing.settings import kind_of, learning_rates, settings
from cafe_edu.layer import REGISTRY, make_spec


@pytest.mark.parametrize(
    ("type_name", "options", "lines"),
    [
        ("Convolution", {"kernel_size": [3, 5], "dilation": [2], "group": 4},
         ["kernel size: 3x5", "stride: 1", "pad: 0", "dilation: 2", "groups: 4"]),
        ("Deconvolution", {"kernel_size": [4, 4], "stride_h": 2, "stride_w": 3},
         ["kernel size: 4", "stride: 2x3", "pad: 0"]),
        ("Pooling", {"pool": "MAX", "kernel_size": 2, "pad": 1}, ["MAX, kernel size: 2", "stride: 1", "pad: 1"]),
        ("Pooling", {"pool": "AVE", "global_pooling": True}, ["AVE, the whole image"]),
        ("Dropout", {"dropout_ratio": 0.4}, ["ratio: 0.4"]),
        ("LRN", {"local_size": 3}, ["size: 3"]),
        ("Eltwise", {"operation": "MAX"}, ["MAX"]),
        ("InnerProduct", {"num_output": 3}, []),
    ],
)  # fmt: skip
def test_settings(type_name, options, lines):
    field = {
        "Deconvolution": "convolution_param", "LRN": "lrn_param", "InnerProduct": "inner_product_param",
    }.get(type_name, f"{type_name.lower()}_param")  # fmt: skip
    assert settings(make_spec(type_name, **{field: options})) == lines


def test_learning_rates():
    assert learning_rates(make_spec("ReLU")) == []
    assert learning_rates(make_spec("Convolution", param=[{"lr_mult": 0.5}, {}])) == ["lr_mult: 0.5, 1"]


def test_kinds():
    import cafe_edu.layers  # noqa: F401 (fills REGISTRY)

    shaping = {
        "ArgMax", "BatchReindex", "Concat", "Crop", "Eltwise", "Filter", "Flatten", "Interp", "Permute", "Python",
        "Reduction", "Reshape", "Silence", "Slice", "Split", "Tile", "Upsample",
    }  # fmt: skip
    ours = {name for name, cls in REGISTRY.items() if cls.__module__.startswith("cafe_edu.layers.")}
    assert {name for name in ours if kind_of(name) == "other"} == shaping
    assert kind_of("PReLU") == "neuron"
    assert kind_of("MyOwn") == "other"
