"""Nets and solvers as text: read a prototxt, write one, and say where it is wrong.

The reading itself is protobuf's; this file turns "1:5 : ... has no field named" into a sentence that
names the file, the layer and the likely remedy.
"""

import difflib
import pathlib
import re

from google.protobuf import text_format

from cafe_edu.errors import SpecError
from cafe_edu.files import replacing
from cafe_edu.proto import caffe_pb2

# ---- the four ways in, the two ways out ----


def read_net(path):
    """Read a net from a prototxt file.

    Files of any age are read; old ones keep their ``layers``.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    NetParameter

    Raises
    ------
    SpecError
        If the file is missing, is not text, or says something that a net cannot say.
    """
    return parse_net(_text_of(path), file=str(path))


def read_solver(path):
    """Read a solver from a prototxt file: like `read_net`, but gives a SolverParameter."""
    return parse_solver(_text_of(path), file=str(path))


def parse_net(text, file="<text>"):
    """Read a net from text. ``file`` is the name that error messages use.

    Examples
    --------
    >>> net = parse_net('layer { name: "relu1" type: "ReLU" bottom: "x" top: "y" }')
    >>> net.layer[0].name, net.layer[0].relu_param.negative_slope
    ('relu1', 0.0)
    >>> parse_net('layer { name: "a" tob: "x" }')
    Traceback (most recent call last):
    ...
    cafe_edu.errors.SpecError: <text>, line 1, column 19: layer 'a' has no field 'tob'; did you mean 'top'?
    """
    return _parse(text, caffe_pb2.NetParameter(), file)


def parse_solver(text, file="<text>"):
    """Read a solver from text: like `parse_net`, but gives a SolverParameter.

    Examples
    --------
    >>> parse_solver('net: "lenet.prototxt" base_lr: 0.25').base_lr
    0.25
    """
    return _parse(text, caffe_pb2.SolverParameter(), file)


def to_text(message):
    """Write a message as prototxt, fields in the order of caffe.proto. Reading it gives an equal message.

    Examples
    --------
    >>> print(to_text(parse_net('layer { type: "ReLU" name: "relu1" relu_param { negative_slope: .1 } }')))
    layer {
      name: "relu1"
      type: "ReLU"
      relu_param {
        negative_slope: 0.1
      }
    }
    <BLANKLINE>
    """
    return text_format.MessageToString(message, as_utf8=True, use_index_order=True)


def write(message, path):
    """Write a message to a prototxt file, whole or not at all."""
    with replacing(path) as new:
        new.write_text(to_text(message), encoding="utf-8", newline="\n")


# ---- reading ----


def _text_of(path):
    """Return what is written in a text file, or raise a SpecError that says why it cannot be read."""
    try:
        data = pathlib.Path(path).read_bytes()
    except FileNotFoundError:
        raise SpecError(f"{path}: no such file; expected a prototxt") from None
    except IsADirectoryError:
        raise SpecError(f"{path} is a folder; expected a prototxt file") from None
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror}") from None
    if not data.strip():
        raise SpecError(f"{path} is empty; expected a prototxt")
    if b"\0" in data:
        raise SpecError(f"{path} is a binary file, not a prototxt; is it a .caffemodel or a .solverstate?")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SpecError(
            f"{path}, line {line}: byte 0x{data[error.start]:02x} is not UTF-8 text; "
            "save the file as UTF-8, or is it a .caffemodel?"
        ) from None


def _parse(text, message, file):
    """Fill ``message`` from text."""
    try:
        text_format.Parse(text, message)
    except text_format.ParseError as error:
        raise SpecError(_explain(error, text, message.DESCRIPTOR, file)) from None
    missing = message.FindInitializationErrors()  # such as layer[3].clip_param.max
    if missing:
        *blocks, field = missing[0].split(".")
        raise SpecError(f"{file}: {'.'.join(blocks)} must say {field}{_layer_name(message, blocks)}")
    return message


def _layer_name(message, blocks):
    """Return " (layer 'x')" for a path such as ["layer[3]", "clip_param"], if the layer has a name."""
    field, _, index = blocks[0].partition("[")
    name = field == "layer" and message.layer[int(index[:-1])].name
    return f" (layer '{name}')" if name else ""


# ---- saying where and why reading failed ----

# A comment, a text in quotes, a word or number, any other sign.
_TOKEN = re.compile(r"""\#[^\n]*|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|[\w.+-]+|\S""")

_WHOLE = {"INT32": "a whole number", "INT64": "a whole number", "UINT32": "a whole number from 0 on"}
_KIND = _WHOLE | {"FLOAT": "a number", "STRING": "text in quotes", "BOOL": "true or false"}


class _Block:
    """A block of the text that is open at some place: ``layer {`` or ``pooling_param {``."""

    def __init__(self, field, descriptor, line):
        self.field, self.descriptor, self.line = field, descriptor, line
        self.name = self.type = None  # a layer's, once they have been said

    def __str__(self):
        return self.field + (f" '{self.name}'" if self.name else "") + (f" ({self.type})" if self.type else "")


def _blocks(text, root):
    """Walk through ``text``; yield at each sign the blocks open after it, the last word, and a block that it closes."""
    blocks, word, says = [_Block(None, root, 1)], "", None
    line, counted = 1, 0
    for match in _TOKEN.finditer(text):
        token, closed = match.group(), None
        if token in ("{", "<"):
            inner = blocks[-1].descriptor and blocks[-1].descriptor.fields_by_name.get(word)
            line, counted = line + text.count("\n", counted, match.start()), match.start()
            blocks.append(_Block(word, inner and inner.message_type, line))
        elif token in ("}", ">") and len(blocks) > 1:
            closed = blocks.pop()
            word = closed.field  # in `shape: [{ ... }, { ... }]` the next block has the same one
        elif says and token[0] not in ":#" and blocks[-1].field in ("layer", "layers"):
            setattr(blocks[-1], says, token.strip("\"'"))
        elif re.match(r"[^\W\d]", token):
            word = token
        if token[0] not in ":#":
            says = token if token in ("name", "type") and not says else None
        yield blocks, word, closed


def _open_blocks(text, root):
    """Return the blocks that are open where ``text`` ends, the file first, and the last word before it."""
    blocks, word = [_Block(None, root, 1)], ""
    for blocks, word, _ in _blocks(text, root):  # noqa: B007 (the last ones count)
        pass
    return blocks, word


def place_of_layer(path, name):
    r"""Return where a layer stands, "FILE, line 12", for a message; "FILE" if its name is not found there.

    Examples
    --------
    >>> import tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "net.prototxt"
    >>> _ = path.write_text('name: "net"\nlayer {\n  type: "ReLU"\n  name: "relu1"\n}')
    >>> place_of_layer(path, "relu1").removeprefix(str(path))
    ', line 2'
    """
    walk = _blocks(_text_of(path), caffe_pb2.NetParameter.DESCRIPTOR)
    lines = [str(block.line) for _, _, block in walk if block and block.name == name]
    return f"{path}, line {' or '.join(lines)}" if lines else str(path)


def _explain(error, text, root, file):
    """Return one sentence on a ParseError: file, line, column, what is wrong, what to do."""
    line, column = error.GetLine(), error.GetColumn()
    place = f"{file}, line {line}, column {column}"
    start = sum(len(row) + 1 for row in text.split("\n")[: line - 1]) + column - 1
    match = _TOKEN.match(text, start)
    found = match.group() if match else "nothing"
    blocks, word = _open_blocks(text[:start], root)
    owner = blocks[-1]
    says = str(error)

    if "has no field named" in says:
        return f"{place}: {_unknown_field(found, blocks)}"
    if "should not have multiple" in says:
        return f"{place}: '{word}' stands twice in {_whole(blocks)}; it may be written once"
    if "missing ending quote" in says:
        return f"{place}: the text {found} begins with a quote and does not end with one"
    if 'Expected "}"' in says:
        owner = _open_blocks(text, root)[0][-1]
        return f"{place}: the file ends inside {owner}, which opens on line {owner.line}; a }} is missing"
    if found in ("}", ">") and len(blocks) == 1:
        return f"{place}: one {found} too many; nothing is open here"
    field = owner.descriptor and owner.descriptor.fields_by_name.get(word)
    if field and 'Expected ":"' in says:
        return f"{place}: '{word}' wants a colon before its value: {word}: {found}"
    if field and "Expected identifier" not in says:
        return f"{place}: {word} of {_whole(blocks)} takes {_kind(field, found)}"
    words = says.partition(" : ")[2]
    return f"{place}: cannot read {found!r} here: {words}"


def _whole(blocks):
    """Say which block is meant: "pooling_param of layer 'pool1'", "layer 'pool1'", "the net"."""
    if len(blocks) == 1:
        return "the solver" if blocks[0].descriptor.name == "SolverParameter" else "the net"
    return " of ".join(str(block) for block in reversed(blocks[1:]))


def _unknown_field(word, blocks):
    """Say that the innermost block has no such field, and where the word may belong."""
    owner = blocks[-1].descriptor
    if len(blocks) == 1:
        net, solver = caffe_pb2.NetParameter.DESCRIPTOR, caffe_pb2.SolverParameter.DESCRIPTOR
        other, kind = (solver, "net") if owner is net else (net, "solver")
        if word in other.fields_by_name:
            other_kind = {"net": "solver", "solver": "net"}[kind]
            return f"expected a {kind}, found a {other_kind}: '{word}' is a word of {other_kind} files"
    problem = f"{_whole(blocks)} has no field '{word}'"
    if word.isdigit():
        return f"found {word} where a field's name belongs; decimals are written with a point, not a comma"
    inside = [
        field.name
        for field in owner.fields
        if field.name != "layers" and field.message_type and word in field.message_type.fields_by_name
    ]
    if inside:
        return f"{problem}; it belongs in {_any_of(inside)}"
    around = [i for i in range(len(blocks) - 1) if word in blocks[i].descriptor.fields_by_name]
    if around:
        return f"{problem}; it belongs in {_whole(blocks[: around[-1] + 1])}, so a }} may be missing above"
    if blocks[-1].type and word == f"{_snake(blocks[-1].type)}_param":
        return f"{problem}: {blocks[-1].type} is no layer type of Caffe's, nor of ours"
    return problem + _did_you_mean(word, owner.fields_by_name)


def _snake(type_name):
    """A type as its options are named: ROIPooling, roi_pooling."""
    return re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type_name).lower()


def _kind(field, found):
    """Say what a field takes and what was found: "a whole number, found abc"."""
    if field.message_type:
        return f"a block {{ ... }}, found {found}"
    if field.enum_type:
        names = [value.name for value in field.enum_type.values]
        few = _any_of(names) if len(names) < 6 else "one of the names in caffe.proto"
        hint = _did_you_mean(found.strip("\"'").upper(), names)
        return f"{few}, without quotes, found {found}{hint}"
    kind = next(name for name in _KIND if field.type == getattr(field, f"TYPE_{name}"))
    return f"{_KIND[kind]}, found {found}"


def _any_of(names):
    """Join names: "a, b or c"."""
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _did_you_mean(word, names):
    close = difflib.get_close_matches(word, list(names), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""
