"""What real Caffe computed: every stored case whose layer types we have.

A case joins by itself on the day its last missing type is registered.
"""

import os
import pathlib

import numpy as np
import pytest

from cafe_edu import Net, layers  # noqa: F401 (fills the registry)
from cafe_edu.errors import ShapeError
from cafe_edu.layer import REGISTRY

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = pathlib.Path(os.environ.get("CAFE_EDU_SHARED") or ROOT.parent / "shared") / "oracle" / "layers"
LEAST = 110  # cases that the types of LeNet reach


def _ours():
    """Names of the cases that we can build; the fixture `shared` says why where there are none."""
    names = [path.stem for path in sorted(FOLDER.glob("*.npz"))]
    return [name for name in names if {*map(str, np.load(FOLDER / f"{name}.npz")["layer_types"])} <= {*REGISTRY}]


OURS = _ours()


class Drawn:
    """A source of chance that makes Dropout keep what Caffe kept."""

    def __init__(self, kept):
        self.kept = kept

    def random(self, shape, dtype):
        assert shape == self.kept.shape
        return self.kept * np.float32(0.999)


def test_the_cases_are_there(shared):
    assert len(OURS) >= LEAST


@pytest.mark.parametrize("name", [name for name in OURS if not name.endswith("_empty")] or ["none"])
def test_as_real_caffe(name, shared):
    case = np.load(FOLDER / f"{name}.npz")
    net = Net(str(case["prototxt"]), str(case["phase"]))
    assert [layer.name for layer in net.layers] == [*case["layer_names"]]
    assert [layer.type for layer in net.layers] == [*case["layer_types"]]
    assert [*net.blobs] == [*case["blob_names"]]
    assert net.outputs == [*case["outputs"]]

    for (layer, i), values in _those("param", case):
        net.params[layer][int(i)].data = values
    for step in net.steps:
        if step.layer.type == "Dropout":
            step.layer.rng = Drawn(case[f"out/{step.top[0].name}"] != 0)
    net.forward(**{blob: values for (blob,), values in _those("in", case)})
    for (blob,), values in _those("out", case):
        _same(f"blob {blob}", net.blobs[blob].data, values)
    assert np.isclose(net.loss, float(np.squeeze(case["loss"])), rtol=1e-5, atol=1e-5)
    for (layer, i), values in _those("param_after", case):
        _same(f"{layer}'s parameter {i} after forward", net.params[layer][int(i)].data, values)

    if any(key.startswith("din/") for key in case.files):
        _start_from(net, {blob: values for (blob,), values in _those("topdiff", case)})
        net.backward()
        for (blob,), values in _those("din", case):
            _same(f"diff of {blob}", net.blobs[blob].diff, values)
        for (layer, i), values in _those("dparam", case):
            _same(f"diff of {layer}'s parameter {i}", net.params[layer][int(i)].diff, values)


@pytest.mark.parametrize("name", [name for name in OURS if name.endswith("_empty")] or ["none"])
def test_where_caffe_corrupts_its_memory_we_say_so(name, shared):
    case = np.load(FOLDER / f"{name}.npz")
    with pytest.raises(ShapeError, match=r"the last of \d+ windows .* starts outside the \d+ inputs"):
        Net(str(case["prototxt"]), str(case["phase"]))


def _those(kind, case):
    """((name, ...), values) of the keys `kind/name/...`."""
    keys = [key for key in case.files if key.startswith(f"{kind}/")]
    return [(key.split("/")[1:], case[key]) for key in keys]


def _start_from(net, diffs):
    """Set the outputs' diffs; they stand in for the prototxt's loss weights."""
    for step in net.steps:
        for i, blob in enumerate(step.top):
            if blob.name in diffs:
                step.loss_weights[i] = 0
                blob.diff = diffs[blob.name]


def _same(what, found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5, err_msg=what)
