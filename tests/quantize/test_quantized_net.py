"""A quantised net: run, saved, loaded."""

import contextlib

import numpy as np
import pytest

from cafe_edu import Layer
from cafe_edu.errors import NetError, WeightsError
from cafe_edu.quantize import load_quantized, quantize
from cafe_edu.testing import strict_cupy


@pytest.fixture
def quantized(small, images):
    return quantize(small(), images)


@pytest.fixture
def path(quantized, tmp_path):
    quantized.save(tmp_path / "small.npz")
    return tmp_path / "small.npz"


def changed(path, **arrays):
    """Write the file again with some arrays changed, or without those that are None."""
    with np.load(path) as file:
        kept = {name: file[name] for name in file.files} | arrays
    np.savez(path, **{name: array for name, array in kept.items() if array is not None})
    return path


def test_a_file_brings_all_back(quantized, path, images):
    again = load_quantized(path)
    assert np.array_equal(again.forward(x=images[0])["prob"], quantized.forward(x=images[0])["prob"])
    assert (again.parts, again.kept) == (quantized.parts, quantized.kept)
    assert (again.inputs, again.outputs) == (["x"], ["prob"])
    assert again.blobs["prob"].shape == (20, 5)
    for name, blobs in quantized.params.items():
        for mine, theirs in zip(again.params[name], blobs, strict=True):
            assert mine.data.dtype == theirs.data.dtype
            assert np.array_equal(mine.data, theirs.data)


def test_a_file_holds_plain_arrays(path):
    with np.load(path, allow_pickle=False) as file:
        assert file["conv.weight"].dtype == np.int8
        assert file["conv.bias"].dtype == np.int32
        assert 'type: "QuantizedConvolution"' in bytes(file["prototxt"][()]).decode()


def test_a_file_is_written_whole_or_not_at_all(quantized, path, monkeypatch):
    before = path.read_bytes()

    def torn(file, **arrays):
        file.write(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", torn)
    with pytest.raises(OSError, match="no space left"):
        quantized.save(path)
    assert path.read_bytes() == before
    assert [*path.parent.iterdir()] == [path]


def test_from_and_to_a_device(quantized, path, images):
    expected = quantized.forward(x=images[0])["prob"]
    with strict_cupy():
        there = load_quantized(path, device="gpu")
        there.save(path)
        np.testing.assert_allclose(there.forward(x=images[0])["prob"], expected, atol=1e-6)
    assert np.array_equal(load_quantized(path).forward(x=images[0])["prob"], expected)


def test_layers_of_your_own(small, text, images, tmp_path):
    class Half(Layer):
        def top_shapes(self, bottom_shapes):
            return bottom_shapes

        def forward(self, bottom, top):
            top[0].data = bottom[0].data / 2

    own = {"Half": Half}
    net = small(text.input + text.conv + 'layer { name: "h" type: "Half" bottom: "c" top: "h" }', layers=own)
    q = quantize(net, images, layers=own)
    q.save(tmp_path / "own.npz")
    found = load_quantized(tmp_path / "own.npz", layers=own).forward(x=images[0])
    assert np.array_equal(found["h"], q.forward(x=images[0])["h"])


@pytest.mark.parametrize("damage", [lambda b: b[:200], lambda b: b"", lambda b: b"not a zip", lambda b: b[:-40]])
def test_a_damaged_file(path, damage):
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(WeightsError, match=r"small\.npz is damaged, or no \.npz that a QuantizedNet wrote"):
        load_quantized(path)


def test_every_flipped_byte_is_noticed_or_harmless(path, images):
    """Never another error than the house's."""
    whole, rng, read = path.read_bytes(), np.random.default_rng(0), 0
    for place in rng.integers(0, len(whole), 60):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with contextlib.suppress(WeightsError):
            load_quantized(path)
            read += 1
    assert read < 30  # most bytes are guarded by a checksum


def test_files_that_do_not_fit(path, tmp_path):
    with pytest.raises(WeightsError, match=r"gone\.npz: no such file; expected an \.npz that a QuantizedNet wrote"):
        load_quantized(tmp_path / "gone.npz")
    with pytest.raises(WeightsError, match=r"expected 'conv\.weight' from -127 to 127, found -128"):
        load_quantized(changed(path, **{"conv.weight": np.full((6, 3, 3, 3), -128, np.int8)}))
    what = r"expected 'conv\.weight' of shape \(6, 3, 3, 3\)"
    with pytest.raises(WeightsError, match=rf"{what} and type int8, found \(6, 3, 3, 3\) and float32"):
        load_quantized(changed(path, **{"conv.weight": np.zeros((6, 3, 3, 3), np.float32)}))
    with pytest.raises(WeightsError, match=rf"{what}, found nothing of that name"):
        load_quantized(changed(path, **{"conv.weight": None}))
    with pytest.raises(WeightsError, match=r"is damaged, or no \.npz that a QuantizedNet wrote"):
        load_quantized(changed(path, prototxt=None))


def test_arrays_too_many(path):
    with pytest.raises(WeightsError, match="expected parameters of the net only, found more too"):
        load_quantized(changed(path, more=np.zeros(3)))


def test_it_shows_itself(quantized):
    assert repr(quantized).startswith("in 8 bits: conv, dw, ip\nsmall (TEST): 6 layers")
    assert "QuantizedConvolution" in quantized._repr_html_()


def test_a_report_wants_the_float_net(path, small, images):
    q = load_quantized(path)
    with pytest.raises(NetError, match="expected the float net to compare with, found none: give it as original="):
        q.report(images)
    assert q.report(images, original=small()).agreement > 0.9
