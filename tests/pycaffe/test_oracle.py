"""What real Caffe computed, asked for as its Python programs did: blobs filled, diffs set, forward and backward."""

import numpy as np
import pytest

import cafe_edu.pycaffe as caffe

PARTS = range(6)


@pytest.mark.parametrize("part", PARTS)
def test_as_real_caffe(part, shared, write):
    cases = [
        path
        for path in sorted((shared / "oracle" / "layers").glob("*.npz"))
        if not path.stem.endswith("_empty") and not path.stem.startswith("dropout_train")  # an error here; chance
    ]
    assert len(cases) >= 110
    for path in cases[part :: len(PARTS)]:
        differing = _differing(dict(np.load(path)), write)
        assert differing == [], path.stem


def _differing(case, write):
    """The names of all that is not as it was in real Caffe."""
    net = caffe.Net(write(str(case["prototxt"])), getattr(caffe, str(case["phase"])))
    for name, values in _those(case, "param/"):
        _param(net, name).data[...] = values
    for name, values in _those(case, "in/"):
        net.blobs[name].reshape(*values.shape)
        net.blobs[name].data[...] = values
    found = {"loss": np.reshape(net._forward(0, len(net.layers) - 1), case["loss"].shape)}
    for name, _ in _those(case, "out/"):
        found[f"out/{name}"] = net.blobs[name].data.copy()
    for name, values in _those(case, "topdiff/"):
        net.blobs[name].diff[...] = values
    if any(name.startswith("din/") for name in case):
        net.backward()
        found |= {f"din/{name}": net.blobs[name].diff for name, _ in _those(case, "din/")}
        found |= {f"dparam/{name}": _param(net, name).diff for name, _ in _those(case, "dparam/")}
    return [name for name, values in found.items() if not _same(values, case[name])]


def _same(found, expected):
    return found.shape == expected.shape and np.allclose(found, expected, rtol=1e-4, atol=1e-5)


def _those(case, start):
    return [(name.removeprefix(start), values) for name, values in case.items() if name.startswith(start)]


def _param(net, name):
    layer, _, number = name.rpartition("/")
    return net.params[layer][int(number)]
