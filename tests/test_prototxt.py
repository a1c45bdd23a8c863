"""prototxt.py: every real file is read, or refused with the right sentence."""

import contextlib
import csv

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from cafe_edu.errors import SpecError
from cafe_edu.proto import caffe_pb2
from cafe_edu.prototxt import parse_net, parse_solver, place_of_layer, read_net, read_solver, to_text, write


@pytest.fixture(scope="module")
def zoo(data_folder):
    """The real prototxt files: a list of (path, row of the manifest)."""
    folder = data_folder / "prototxt_zoo"
    if not folder.is_dir():
        pytest.skip(f"no such folder: {folder}")
    with open(folder / "manifest.tsv", encoding="utf-8") as manifest:
        return [(folder / row["file"], row) for row in csv.DictReader(manifest, delimiter="\t")]


def read(path, row):
    return read_solver(path) if row["kind"] == "solver" else read_net(path)


# ---- real files ----


def test_every_stock_file_is_read_and_survives_writing(zoo):
    stock = [(path, row) for path, row in zoo if row["parses_with_stock_caffe_proto"] == "yes"]
    assert len(stock) > 200
    for path, row in stock:
        message = read(path, row)
        again = type(message)()
        text_format.Parse(to_text(message), again)
        assert again == message, path
        assert to_text(again) == to_text(message), path


def test_every_other_file_is_refused_where_caffe_refuses_it(zoo):
    others = [(path, row) for path, row in zoo if row["parses_with_stock_caffe_proto"] == "no"]
    assert len(others) > 30
    further = []
    for path, row in others:
        place, field = row["parse_error"].split(" : ")[0], row["parse_error"].split('"')[-2]
        line, column = place.split(":")
        with pytest.raises(SpecError) as caught:
            read(path, row)
        text = str(caught.value)
        if field in caffe_pb2.LayerParameter.DESCRIPTOR.fields_by_name:  # an option beyond stock Caffe that we know
            further.append((field, text.removeprefix(f"{path}, ")))
            continue
        assert text.startswith(f"{path}, line {line}, column {column}: ")
        assert f"'{field}'" in text
    ((field, text),) = further  # SSD: its Normalize is read, at line 817; its PriorBox is not
    assert field == "norm_param"
    assert text.startswith("line 928, column 3: layer 'conv4_3_norm_mbox_priorbox' (PriorBox) has no field 'prior_box_")


def test_old_nets_are_read_as_they_are(zoo):
    seen = set()
    for path, row in zoo:
        if row["kind"] == "net" and row["parses_with_stock_caffe_proto"] == "yes":
            net = read_net(path)
            version = "V2"
            if net.layers:
                version = "V0" if net.layers[0].HasField("layer") else "V1"
            assert version == row["format"], path
            seen.add(version)
    assert seen == {"V0", "V1", "V2"}


def test_upgrade_pairs_are_read(shared):
    paths = sorted((shared / "oracle" / "nets" / "upgrade").glob("*.prototxt"))
    assert paths
    for path in paths:
        message = (read_solver if path.name.startswith("solver") else read_net)(path)
        assert message.ListFields(), path


def test_damaged_files_never_raise_anything_else(zoo):
    text = zoo[0][0].read_text(encoding="utf-8")
    tried = read = 0
    for cut in range(0, len(text), 7):
        for damaged in (text[:cut], text[:cut] + text[cut + 1 :], text[:cut] + "}" + text[cut:]):
            tried += 1
            with contextlib.suppress(SpecError):
                parse_net(damaged)
                read += 1
    assert 0 < read < tried


# ---- writing ----

names = st.text(max_size=8)
floats = st.floats(width=32, allow_nan=False)


@given(name=names, tops=st.lists(names, max_size=3), weights=st.lists(floats, max_size=3), slope=floats)
def test_any_names_and_numbers_survive_writing(name, tops, weights, slope):
    net = caffe_pb2.NetParameter()
    layer = net.layer.add(name=name, top=tops, loss_weight=weights)
    layer.relu_param.negative_slope = slope
    assert parse_net(to_text(net)) == net


def test_text_is_tidy():
    text = 'layer{type:"Pooling" pooling_param{stride:2 kernel_size:3 pool:AVE} name:"p"top:"é"bottom:"x"}'
    assert to_text(parse_net('force_backward: true name: "net" ' + text)) == (
        'name: "net"\n'
        "force_backward: true\n"
        "layer {\n"
        '  name: "p"\n'
        '  type: "Pooling"\n'
        '  bottom: "x"\n'
        '  top: "é"\n'
        "  pooling_param {\n"
        "    pool: AVE\n"
        "    kernel_size: 3\n"
        "    stride: 2\n"
        "  }\n"
        "}\n"
    )


def test_write_and_read(tmp_path):
    net = parse_net('name: "naïve" layer { name: "a" loss_weight: 0.1 }')
    write(net, tmp_path / "new" / "net.prototxt")
    assert read_net(tmp_path / "new" / "net.prototxt") == net


# ---- where a layer stands ----


def test_the_lines_of_a_layer(tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_text(
        'name: "data"\n'
        'layer { name: "data" include { phase: TRAIN } }\n'
        '# layer { name: "data" }\n'
        'layer\n{\n  type: "Data" name: "data"\n}\n'
        'layers { layer { name: "old" type: "relu" } bottom: "x" }\n'
    )
    assert place_of_layer(path, "data") == f"{path}, line 2 or 5"
    assert place_of_layer(path, "old") == f"{path}, line 8"
    assert place_of_layer(path, "nobody") == str(path)


# ---- what the errors say ----

NET_ERRORS = {
    'name: "n"\nlayer {\n  name: "x"\n  kernel_size: 3\n}\n': (
        "f, line 4, column 3: layer 'x' has no field 'kernel_size'; "
        "it belongs in convolution_param or pooling_param"
    ),
    'layer { name: "c" convolution_param { kernel_sizes: 3 } }': (
        "f, line 1, column 39: convolution_param of layer 'c' has no field 'kernel_sizes'; "
        "did you mean 'kernel_size'?"
    ),
    'layer { name: "c" convolution_param { num_output: 3 top: "x" } }': (
        "f, line 1, column 53: convolution_param of layer 'c' has no field 'top'; "
        "it belongs in layer 'c', so a } may be missing above"
    ),
    "layer {\n  convolution_param {\n    num_output: 3\nlayer {": (
        "f, line 4, column 1: convolution_param of layer has no field 'layer'; "
        "it belongs in the net, so a } may be missing above"
    ),
    'layer { name: "r" type: "ROIPooling" roi_pooling_param { pooled_w: 7 } }': (
        "f, line 1, column 38: layer 'r' (ROIPooling) has no field 'roi_pooling_param': "
        "ROIPooling is no layer type of Caffe's, nor of ours"
    ),
    'layers { type: RELU name: "r" relu_param { slope: 1 } }': (
        "f, line 1, column 44: relu_param of layers 'r' (RELU) has no field 'slope'"
    ),
    'top: "x"': "f, line 1, column 1: the net has no field 'top'; it belongs in layer",
    "zzz: 1": "f, line 1, column 1: the net has no field 'zzz'",
    'layer { name: "p" pooling_param { pool: MAXX } }': (
        "f, line 1, column 41: pool of pooling_param of layer 'p' takes MAX, AVE or STOCHASTIC, "
        "without quotes, found MAXX; did you mean 'MAX'?"
    ),
    'layer { pooling_param { pool: "max" } }': (
        "f, line 1, column 31: pool of pooling_param of layer takes MAX, AVE or STOCHASTIC, "
        "without quotes, found \"max\"; did you mean 'MAX'?"
    ),
    'layers { type: "Convolution" }': (
        "f, line 1, column 16: type of layers takes one of the names in caffe.proto, without quotes, "
        "found \"Convolution\"; did you mean 'CONVOLUTION'?"
    ),
    "layer { type: Convolution }": (
        "f, line 1, column 15: type of layer takes text in quotes, found Convolution"
    ),
    "layer { convolution_param { num_output: 1.5 } }": (
        "f, line 1, column 41: num_output of convolution_param of layer "
        "takes a whole number from 0 on, found 1.5"
    ),
    "layer { concat_param { axis: one } }": (
        "f, line 1, column 30: axis of concat_param of layer takes a whole number, found one"
    ),
    "layer { param { lr_mult: yes } }": (
        "f, line 1, column 26: lr_mult of param of layer takes a number, found yes"
    ),
    "force_backward: maybe": (
        "f, line 1, column 17: force_backward of the net takes true or false, found maybe"
    ),
    "layer { relu_param: 3 }": "f, line 1, column 21: relu_param of layer takes a block { ... }, found 3",
    "layer: ": "f, line 1, column 8: layer of the net takes a block { ... }, found nothing",
    'layer { name: "a"\nname: "b" }': (
        "f, line 2, column 7: 'name' stands twice in layer 'a'; it may be written once"
    ),
    'layer { name "x" }': "f, line 1, column 14: 'name' wants a colon before its value: name: \"x\"",
    'layer {\n name: "x\n}': (
        'f, line 2, column 8: the text "x begins with a quote and does not end with one'
    ),
    'layer {\n  name: "x"\n': (
        "f, line 2, column 9: the file ends inside layer 'x', which opens on line 1; a } is missing"
    ),
    'layer { name: "x" } }': "f, line 1, column 21: one } too many; nothing is open here",
    "layer { dropout_param { dropout_ratio: 0,5 } }": (
        "f, line 1, column 42: found 5 where a field's name belongs; "
        "decimals are written with a point, not a comma"
    ),
    "input_shape: [{ dim: 1 }, { dims: 2 }]": (
        "f, line 1, column 29: input_shape has no field 'dims'; did you mean 'dim'?"
    ),
    '# { "\nlayer { name: "a{#" foo: 1 }': "f, line 2, column 21: layer 'a{#' has no field 'foo'",
    "@": "f, line 1, column 1: cannot read '@' here: '@': Expected identifier or number, got @.",
    "layer { clip_param { min: 0 } }": "f: layer[0].clip_param must say max",
    'layer { name: "c" clip_param { min: 0 } }': "f: layer[0].clip_param must say max (layer 'c')",
    'net: "a.prototxt"': (
        "f, line 1, column 1: expected a net, found a solver: 'net' is a word of solver files"
    ),
}

SOLVER_ERRORS = {
    'name: "LeNet"': "f, line 1, column 1: expected a solver, found a net: 'name' is a word of net files",
    'lr_polcy: "fixed"': "f, line 1, column 1: the solver has no field 'lr_polcy'; did you mean 'lr_policy'?",
    "solver_mode: CPUU": (
        "f, line 1, column 14: solver_mode of the solver takes CPU or GPU, without quotes, found CPUU; "
        "did you mean 'CPU'?"
    ),
    "net_param { layer { clip_param { max: 1 } } }": "f: net_param.layer[0].clip_param must say min",
}


@pytest.mark.parametrize(("text", "expected"), NET_ERRORS.items())
def test_what_is_wrong_with_a_net(text, expected):
    with pytest.raises(SpecError) as caught:
        parse_net(text, file="f")
    assert str(caught.value) == expected


@pytest.mark.parametrize(("text", "expected"), SOLVER_ERRORS.items())
def test_what_is_wrong_with_a_solver(text, expected):
    with pytest.raises(SpecError) as caught:
        parse_solver(text, file="f")
    assert str(caught.value) == expected


def test_what_is_wrong_with_a_file(tmp_path):
    path = tmp_path / "net.prototxt"

    def error():
        with pytest.raises(SpecError) as caught:
            read_net(path)
        return str(caught.value)

    assert error() == f"{path}: no such file; expected a prototxt"
    path.mkdir()
    assert error() == f"{path} is a folder; expected a prototxt file"
    path.rmdir()
    path.write_bytes(b" \n")
    assert error() == f"{path} is empty; expected a prototxt"
    path.write_bytes(b"\x89PNG\r\n\0\0")
    assert error() == f"{path} is a binary file, not a prototxt; is it a .caffemodel or a .solverstate?"
    path.write_bytes(b'name: "a"\n# caf\xe9\n')
    assert error() == (
        f"{path}, line 2: byte 0xe9 is not UTF-8 text; save the file as UTF-8, or is it a .caffemodel?"
    )


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_bytes(b'\xef\xbb\xbfname: "a"\r\nlayer {\r\n  name: "b"\r\n}\r\n')
    assert read_net(path) == parse_net('name: "a" layer { name: "b" }')
