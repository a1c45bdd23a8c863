"""Real prototxt files of many repositories: nets of Caffe's own layers are built, the others refused by name."""

import csv
import os
import pathlib
import sys

import pytest

from cafe_edu import Net, layers  # noqa: F401 (fills the registry)
from cafe_edu.errors import CafeError, NetError, SpecError
from cafe_edu.layer import REGISTRY
from cafe_edu.legacy import upgrade_net
from cafe_edu.proto import caffe_pb2
from cafe_edu.prototxt import read_net

ROOT = pathlib.Path(__file__).parents[1]
ZOO = pathlib.Path(os.environ.get("CAFE_EDU_DATA") or ROOT.parent / "shared" / "data") / "prototxt_zoo"
SOURCES = {
    "Data": "data",
    "HDF5Data": "hdf5_data",
    "ImageData": "image_data",
    "MemoryData": "memory_data",
    "WindowData": "window_data",
}
PYTHON = "(Python layer)"  # the manifest's word for a layer whose class is in a repository that we do not have


def _nets():
    """(file, layer types that stock Caffe lacks, does stock Caffe read it?) of every net."""
    if not ZOO.is_dir():
        return []
    with open(ZOO / "manifest.tsv", encoding="utf-8", newline="") as manifest:
        rows = [row for row in csv.DictReader(manifest, delimiter="\t") if row["kind"] == "net"]
    return [
        (row["file"], [*filter(None, row["nonstock_layers"].split(","))], row["parses_with_stock_caffe_proto"] == "yes")
        for row in rows
    ]


NETS = _nets()
STOCK = [file for file, others, read in NETS if read and not others]
OTHERS = [(file, others) for file, others, read in NETS if read and others]
UNREAD = [(file, others) for file, others, read in NETS if not read]


def _items(layer, file):
    """The shape of one item of a data layer, as the set it was written for has it."""
    if layer.type == "HDF5Data":
        return (4,)
    if layer.type == "MemoryData":  # numbers beside the outputs of an InnerProduct, which in 2014 had four axes
        options = layer.memory_data_param
        shape = (options.channels, options.height, options.width)
        return shape[:1] if shape[1:] == (1, 1) else shape
    if layer.transform_param.crop_size:
        return (3, layer.transform_param.crop_size, layer.transform_param.crop_size)
    if "cifar" in file:
        return (3, 32, 32)
    assert "mnist" in file or "lenet" in file, f"{file}: what does {layer.name} read?"
    return (2, 28, 28) if "siamese" in file else (1, 28, 28)


def _dummy(layer, file):
    """A DummyData of the right shapes in place of a data layer."""
    N = getattr(layer, f"{SOURCES[layer.type]}_param").batch_size
    dummy = caffe_pb2.LayerParameter(name=layer.name, type="DummyData", top=layer.top)
    dummy.include.extend(layer.include)
    dummy.exclude.extend(layer.exclude)
    for shape in [(N, *_items(layer, file)), (N,)][: len(layer.top)]:
        dummy.dummy_data_param.shape.add(dim=shape)
    return dummy


def _as_dummies(file):
    """The net without its data layers and, to save minutes, without fillers that draw millions of numbers."""
    net = upgrade_net(read_net(ZOO / file))
    for layer in net.layer:
        if layer.type in SOURCES:
            layer.CopyFrom(_dummy(layer, file))
        for options in (layer.convolution_param, layer.inner_product_param):
            options.ClearField("weight_filler")
            options.ClearField("bias_filler")
    return net


def _states(spec):
    """The states in which a net is meant to run: both phases, a phase with stages once for each of them."""
    rules = [rule for layer in spec.layer for rule in layer.include if rule.stage]
    for phase in ("TRAIN", "TEST"):
        staged = [tuple(rule.stage) for rule in rules if rule.phase == caffe_pb2.Phase.Value(phase)]
        yield from ((phase, stages) for stages in sorted({*staged}) or [()])


def test_the_zoo_is_there(data_folder):
    assert len(STOCK) >= 100
    assert OTHERS
    assert UNREAD


@pytest.mark.slow
@pytest.mark.parametrize("file", STOCK or ["none"])
def test_every_net_of_stock_layers_is_built(file, data_folder):
    spec = _as_dummies(file)
    for phase, stages in _states(spec):
        assert Net(spec, phase, stages=stages).steps


@pytest.mark.parametrize(("file", "others"), OTHERS or [("none", [])])
def test_a_net_with_other_layers_is_refused_by_type_file_and_line(file, others, data_folder, monkeypatch):
    monkeypatch.delitem(sys.modules, "pyloss", raising=False)  # another test may have one of its own
    foreign = [name for name in others if name != PYTHON]
    with pytest.raises(CafeError) as caught:
        Net(ZOO / file, layers=dict.fromkeys(SOURCES, REGISTRY["DummyData"]))
    found = caught.value.one_line()
    assert file in found
    assert ", line " in found
    assert any(f"unknown layer type '{name}'" in found for name in foreign) or (not foreign and "(Python)" in found)


@pytest.mark.parametrize(("file", "others"), UNREAD or [("none", [])])
def test_what_stock_caffe_does_not_read_is_refused_by_file_line_and_type(file, others, data_folder):
    """Or, where the field is one of ours, read; then a type that we lack is named when the net is built."""
    with pytest.raises((SpecError, NetError)) as caught:
        Net(ZOO / file)
    found = caught.value.one_line()
    assert file in found
    assert ", line " in found
    assert " (" in found or "unknown layer type" in found
