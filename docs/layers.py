"""Write docs/layers.md, the table of all layer types, from the registry: `make docs`."""

import collections
import json
import os
import pathlib

import numpy as np

import cafe_edu.layers  # noqa: F401 (fills the registry)
from cafe_edu import layer
from cafe_edu.files import replacing
from cafe_edu.proto import caffe_pb2

ROOT = pathlib.Path(__file__).parents[1]
SHARED = pathlib.Path(os.environ.get("CAFE_EDU_SHARED") or ROOT.parent / "shared")
CASES = ROOT / "docs" / "oracle_cases.json"

HEAD = """# All layer types

Made by `make docs` from the registry; a test holds it against the code.

- **options**: what a prototxt may say in the type's own message. Fillers take a
  [FillerParameter](../cafe_edu/fillers.py).
- **reads, makes**: how many bottoms and tops. *in place*: the top may be the bottom.
- **Caffe's cases**: how many stored results of real Caffe the type is held against in the tests. All types with a
  gradient are checked against differences in float64 besides.
- **speed**: time of forward and backward on a CPU, in times that a plain copy of all numbers read and written takes
  (*free*: no number is moved; *copy*: below 2; *passes*: below 8; *heavy*: more). Of a *product*, which is bound by
  matrix multiplication, the share of the rate that bare products reach. Measured by
  [benchmarks/layer_times.py](../benchmarks/layer_times.py), once; yours will differ.
"""
STOCK = "## Caffe's own\n"
OURS = """## Not in stock Caffe

Types of well-known forks, and some of today. A prototxt that uses one of them is not read by stock Caffe.
"""
COLUMNS = ["type", "options", "reads", "makes", "Caffe's cases", "speed"]


def document():
    """The text of docs/layers.md."""
    types = house()
    speeds = json.loads((ROOT / "benchmarks" / "layer_times.json").read_text(encoding="utf-8"))
    cases = json.loads(CASES.read_text(encoding="utf-8"))
    parts = [HEAD]
    for title, stock in ((STOCK, True), (OURS, False)):
        rows = [_row(name, types[name], cases, speeds) for name in sorted(types) if types[name].stock == stock]
        parts.append("\n".join([title, *map(_line, [COLUMNS, ["---"] * len(COLUMNS), *rows])]) + "\n")
    return "\n".join(parts)


def house():
    """Type -> class of the house's own layers."""
    return {name: cls for name, cls in layer.REGISTRY.items() if cls.__module__.startswith("cafe_edu.layers.")}


def count_cases(folder):
    """Stored cases for each layer type, {} where real Caffe's results are not at hand."""
    found = collections.Counter()
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as case:
            found.update({str(name) for name in case["layer_types"]} - {"Input", "Split"} or {"Input"})
    return dict(sorted(found.items()))


def _row(name, cls, cases, speeds):
    file = f"../cafe_edu/layers/{cls.__module__.rsplit('.', 1)[1]}.py"
    reads = _count(cls.num_bottom) + (", in place" if cls.in_place else "")
    count = str(cases.get(name, ""))
    return [f"[{name}]({file})", _options(cls), reads, _count(cls.num_top), count, _speed(cls, speeds)]


def _options(cls):
    if not cls.options_field:
        return ""
    message = caffe_pb2.LayerParameter.DESCRIPTOR.fields_by_name[cls.options_field].message_type
    fields = [field.name for field in message.fields if field.name != "engine"]
    return f"`{cls.options_field}`: {', '.join(fields)}" if fields else ""


def _count(declared):
    least, most = declared if isinstance(declared, tuple) else (declared, declared)
    return str(least) if most == least else f"{least} or more" if most is None else f"{least} to {most}"


def _speed(cls, speeds):
    if cls.type not in speeds:
        return ""
    found = speeds[cls.type]
    if cls.shares_data:
        return "free"
    if "product" in found:
        return f"product, {100 * found['product']:.0f} %"
    copies = found["copies"]
    word = "copy" if copies < 2 else "passes" if copies < 8 else "heavy"
    return f"{word}, {copies:.2g}"


def _line(cells):
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    counted = count_cases(SHARED / "oracle" / "layers")
    if counted:
        with replacing(CASES) as new:
            new.write_text(json.dumps(counted, indent=1) + "\n", encoding="utf-8")
    with replacing(ROOT / "docs" / "layers.md") as new:
        new.write_text(document(), encoding="utf-8", newline="\n")
    print("docs/layers.md is written")
