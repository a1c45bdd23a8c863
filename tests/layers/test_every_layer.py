"""What holds for every registered layer type."""

import collections
import inspect
import itertools
import pathlib
import re

import numpy as np
import pytest

from cafe_edu import caffemodel, layers, prototxt
from cafe_edu.layer import REGISTRY, Layer
from cafe_edu.proto import caffe_pb2
from cafe_edu.testing import check_layer, make_layer, strict_cupy
from cafe_edu.testing.cases import CASES
from cafe_edu.testing.check_shapes import check_shapes, emptied

TYPES = sorted(name for name, cls in REGISTRY.items() if cls.__module__.startswith("cafe_edu.layers."))
FILES = sorted(pathlib.Path(layers.__file__).parent.glob("*.py"))


def has_gradient(cls):
    least = cls.num_bottom[0] if isinstance(cls.num_bottom, tuple) else cls.num_bottom
    takes_one = any(i not in cls.no_gradient for i in range(least)) or learns(cls.type)
    return takes_one and cls.backward is not Layer.backward


def learns(name):
    """Has it parameters? (Embed: no gradient to what it reads, but one to its table.)"""
    cases = [(case, case.bottom(np.random.default_rng(0), 2)) for case in CASES[name]]
    return any(make_layer(name, *x, spec=case.spec, tops=case.tops).layer.params for case, x in cases)


WITH_CASES = [name for name in TYPES if CASES[name]]
STRICT = [pytest.param("strict", name, marks=pytest.mark.slow if len(CASES[name]) > 3 else ()) for name in WITH_CASES]


@pytest.mark.parametrize(
    ("device", "name"), [*itertools.product(["numpy", "cupy"], WITH_CASES), *STRICT], indirect=["device"]
)
def test_it_conforms(name, device):
    check_layer(name, device=device)


def test_every_type_has_cases():
    assert {*CASES} == {*TYPES}
    for name in TYPES:
        a_source, writes_files = REGISTRY[name].num_bottom == 0, name == "HDF5Output"
        assert CASES[name] or a_source or writes_files, f"{name} reads blobs and has no case"


@pytest.mark.parametrize("name", TYPES)
def test_its_gradient_is_checked(name):
    cls = REGISTRY[name]
    assert any(case.gradient for case in CASES[name]) == has_gradient(cls)


@pytest.mark.parametrize("name", [name for name in TYPES if CASES[name]])
def test_an_axis_without_numbers_is_computed_or_refused(name, device):
    for case in CASES[name]:

        def build(bottom, case=case):
            return make_layer(name, *bottom, spec=case.spec, tops=case.tops, device=device)

        check_shapes(build, case.bottom(np.random.default_rng(0), 2), case.gradient, changes=emptied)


@pytest.mark.parametrize("name", [name for name in TYPES if any(case.gradient for case in CASES[name])])
def test_it_leaves_alone_what_nobody_asks_for(name, device):
    for case in CASES[name]:
        if case.gradient:
            bottom = case.bottom(np.random.default_rng(0), 2)
            trial = make_layer(name, *bottom, spec=case.spec, tops=case.tops, device=device)
            trial.forward()
            for blob in trial.bottom:
                blob.diff[...] = 7
            found = trial.backward(*[np.ones(blob.shape) for blob in trial.top], propagate_down=False)
            assert all((dx == 7).all() for dx in found)


@pytest.mark.parametrize("name", [name for name in TYPES if CASES[name]])
def test_it_waits_for_a_gpu_as_often_for_many_items_as_for_few(name):
    for case in CASES[name]:
        with strict_cupy() as gpu:
            few, many = (_crossings(name, case, n, gpu) for n in (2, 5))
        assert few == many


def _crossings(name, case, n, gpu):
    """What goes there and comes back, by which way and how often, in one forward and backward of ``n`` items."""
    bottom = case.bottom(np.random.default_rng(0), n)
    trial = make_layer(name, *bottom, spec=case.spec, tops=case.tops, device="gpu")
    gpu.transfers.clear()
    trial.forward()
    if case.gradient:
        trial.backward(*[np.ones(blob.shape) for blob in trial.top])
    return dict(gpu.transfers.to_host), dict(gpu.transfers.to_device)


@pytest.mark.parametrize("name", TYPES)
def test_its_docstring_says_what_a_reader_looks_for(name):
    cls = REGISTRY[name]
    sections = ["Shapes", "References"]
    if has_gradient(cls):
        sections.insert(1, "Gradients")
    if cls.options_field:
        sections.insert(0, f"Options (``{cls.options_field}``")  # more messages may follow
    lines = inspect.getdoc(cls).splitlines()
    found = [line for line, rule in itertools.pairwise(lines) if rule and not rule.strip("-")]
    for section in sections:
        assert any(line.startswith(section) for line in found), f"no section {section!r}: {found}"
    if cls.stock:
        assert "Caffe: ``src/caffe/layers/" in cls.__doc__
    else:
        assert "Not of stock Caffe: " in cls.__doc__
    assert "Lesson: day " in cls.__doc__
    assert lines[0].endswith(".")


@pytest.mark.parametrize("name", [name for name in TYPES if REGISTRY[name].options_field])
def test_only_types_beyond_stock_caffe_have_options_beyond_it(name):
    number = caffe_pb2.LayerParameter.DESCRIPTOR.fields_by_name[REGISTRY[name].options_field].number
    stands_for = REGISTRY.get(name.removeprefix("Quantized"))  # an 8-bit layer has the options of the float one
    assert stands_for.stock == (number <= 148)  # Caffe's last is clip_param


def test_types_beyond_stock_caffe_in_real_nets(data_folder):
    """Their nets have types that we do not have too, so each of these layers is read and run by itself."""
    found = collections.Counter()
    for path in sorted((data_folder / "prototxt_zoo").rglob("*.prototxt")):
        for text in re.split(r"^(?=layer *\{)", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
            name = re.search(r"^ +type: *\"(\w+)\"", text, flags=re.MULTILINE)
            cls = REGISTRY.get(name and name[1])
            if cls and not cls.stock:
                (spec,) = prototxt.parse_net(text).layer
                axes = len(spec.permute_param.order) or 4
                options = f"{cls.options_field} {{ {getattr(spec, cls.options_field)} }}"
                (y,) = make_layer(cls, np.ones((2, 3, 6, 6)[-axes:]), spec=options).forward()
                assert np.isfinite(y).all()
                found[cls.type] += 1
    assert found == {"Interp": 5, "Normalize": 3, "Permute": 37}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_layer_fits_on_a_page(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("name", TYPES)
def test_its_file_is_named_after_it(name):
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
    assert REGISTRY[name].__module__.rsplit(".", 1)[1].replace("_", "") == snake.replace("_", "")


@pytest.mark.parametrize("name", [name for name in TYPES if CASES[name]])
def test_its_weights_survive_an_hdf5_file(name, tmp_path):
    """As they survive a .caffemodel, which is one of the conformance tests."""
    for case in CASES[name]:
        bottom = case.bottom(np.random.default_rng(0), 2)
        one = make_layer(name, *bottom, spec=case.spec, tops=case.tops, dtype=np.float32, seed=1)
        other = make_layer(name, *bottom, spec=case.spec, tops=case.tops, dtype=np.float32, seed=2)
        if not one.layer.params:
            continue
        path = tmp_path / "weights.caffemodel.h5"
        spec = caffe_pb2.NetParameter(layer=[one.layer.spec])
        caffemodel.write_weights(path, spec, {"trial": [blob.data for blob in one.layer.params]})
        stored = caffemodel.read_weights(path)["trial"]
        for blob, values in zip(other.layer.params, stored, strict=True):
            blob.data = values
        for a, b in zip(one.forward(), other.forward(), strict=True):
            assert np.array_equal(a, b)
