"""The machine in a real kernel: whose cell it was, cells that broke off, own code in the next notebook, Ctrl-C."""

import os
import pathlib
import re

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient", reason="nbclient comes with cafe_edu[author]")

pytestmark = pytest.mark.slow
ROOT = pathlib.Path(__file__).parents[2]

IMPORTS = "import re\nfrom cafe_edu.course import check, hint, mine, progress, ship, skip, solution"
READ_LOG = '''
TESTED = r"Test net output #\\d+: accuracy = (\\S+)"

def lines_of(text):
    return text.splitlines()

def read_log(text):
    """Mine."""
    pairs, at = [], None
    for line in lines_of(text):
        at = (re.findall(r"Iteration (\\d+), Testing", line) or [at])[0]
        pairs += [(int(at), float(found)) for found in re.findall(TESTED, line)]
    return pairs
'''


@pytest.fixture
def notebook(tmp_path):
    """Run cells in a fresh kernel; return what each showed as text, its error's name if it raised."""

    def run(*cells, **variables):
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        client = nbclient.NotebookClient(
            made, timeout=120, allow_errors=True, kernel_name="python3",
            resources={"metadata": {"path": str(tmp_path)}},
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        )  # fmt: skip
        client.execute(env=os.environ | {"CAFE_EDU_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)} | variables)
        return [[_text(output) for output in cell.outputs] for cell in made.cells]

    return run


def _text(output):
    if output.output_type == "error":
        return output.ename
    return output.text if output.output_type == "stream" else output.data.get("text/plain", "")


def test_it_says_which_cell_it_ran(notebook):
    function, value, _, solved = notebook(
        IMPORTS, READ_LOG, "parameters = {}\nparameters['conv1'] = 3", 'check("06.2")', 'check("06.1")',
        "other = read_log\nread_log = other", 'solution("06.2")',
    )[3:]  # fmt: skip
    assert function == ["06.2 passed: ran your `read_log` from cell [2] on 9 cases"]
    assert value[0].startswith("06.1 not yet: read your `parameters` from cell [3]\n")
    assert '+    """Return [(iteration, accuracy), ...] of the tests in a Caffe log."""' in solved[0]
    assert "\n-    for line in lines_of(text):\n" in solved[0]


def test_a_cell_that_broke_off_does_not_count(notebook):
    """What it left behind may look right; a deliberate error in a cell never completes an exercise."""
    at_the_end, again, before, early = _checks(notebook(
        IMPORTS, f"{READ_LOG}\nraise KeyError('planted')", 'check("06.2")', READ_LOG, 'check("06.2")',
        "parameters = {}\nraise KeyError('planted')", 'check("06.1")', "del parameters",
        "raise KeyError('planted')\nparameters = {}", 'check("06.1")',
    ))  # fmt: skip
    assert "cell [2], which makes it, stopped with KeyError. Put the cell right" in at_the_end
    assert again.startswith("06.2 passed: ran your `read_log` from cell [4]")
    assert "cell [6], which makes it, stopped with KeyError" in before
    assert "define `parameters` first" in early


def _checks(shown):
    return [output for outputs in shown for output in outputs if re.match(r"\d\d\.\d ", output)]


def test_own_code_in_the_next_notebook(notebook):
    notebook(IMPORTS, READ_LOG, 'check("06.2")')
    listed, used, seen = notebook(
        IMPORTS,
        "mine()",
        'mine()["read_log"]("Iteration 7, Testing net\\nTest net output #0: accuracy = 1")',
        "progress()",
    )[1:]
    assert listed == ["read_log: your read_log"]
    assert used == ["[(7, 1.0)]"]
    assert "3 of 14" in seen[0]


def test_an_answer_that_cannot_be_taken_along_says_why(notebook):
    bound = READ_LOG.replace('r"Test net', 're.compile(r"Test net').replace('(\\S+)"', '(\\S+)")')
    bound = bound.replace("re.findall(TESTED, line)", "TESTED.findall(line)")
    checked, there = notebook(IMPORTS, bound, 'check("06.2")', "mine()")[2:]
    assert "06.2 passed" in checked[0]
    assert "note: `mine()` has it in this notebook only: it uses `TESTED`, a Pattern of this notebook" in checked[0]
    assert there == ["read_log: your read_log"]
    [_, listed] = notebook(IMPORTS, "mine()")
    assert 'check("06.2") again' in listed[0]


def test_the_ship_with_a_plank_of_ones_own(notebook):
    own = (
        "from cafe_edu.layers.relu import ReLU\nfrom cafe_edu.course.theseus import ship\n"
        "class Mine(ReLU):\n    pass\nsaid = ship({'ReLU': Mine})\n"
        "print(repr(said).split(',')[0]); print(0 < said.by_time < 1, '<script' in said._repr_html_())"
    )
    [[shown]] = notebook(own)
    assert re.match(r"\[####\.+\]  LeNet runs 12% on your code by layer \(1 of 8\)\nTrue False\n", shown), shown


def test_a_check_that_hangs_is_ended_and_the_kernel_lives(notebook):
    hanging = "def read_log(text):\n    while True:\n        pass"
    *_, said, after = notebook(IMPORTS, hanging, 'check("06.2")', "1 + 1")
    assert "it took longer than 5 s, so the check stopped it" in said[0]
    assert after == ["2"]


A_LAYER = """
import numpy as np
from cafe_edu import Layer, Net
from cafe_edu.course import own_code
from cafe_edu.course.kinds import Code
from cafe_edu.course.layer_cases import layer_cases

FLOOR = 0.0
x = np.zeros(3)  # not the x of the function below, and not to be taken along

def positive(x):
    return np.maximum(x, FLOOR)

class MyReLU(Layer):
    in_place = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        self.kept = bottom[0].data > 0
        top[0].data[...] = positive(bottom[0].data)

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff[...] = top[0].diff * self.kept
"""
EXERCISE = """
exercise = Code(
    number="99.1", title="t", name="MyReLU", points=1, hints=("", "", ""), mistakes=(), plugs="ReLU", solution=MyReLU,
    cases=layer_cases({"x": ("", (np.array([[-1.0, 2.0]]),))}, type="ReLU"),
)
"""
USED = """
from cafe_edu.course import own_code
from cafe_edu import Net
import types
MyReLU = own_code.load(types.SimpleNamespace(number="99.1", name="MyReLU"))
net = Net('layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 } } }'
          'layer { name: "r" type: "ReLU" bottom: "x" top: "y" }', layers={"ReLU": MyReLU})
print(type(net.layers[1]).__name__, net.forward(x=[-1, 2])["y"])
"""


def test_a_layer_of_ones_own_is_taken_into_the_next_notebook(notebook, tmp_path):
    *_, verdict, kept = notebook(
        A_LAYER, EXERCISE, "exercise.judge(MyReLU)", "own_code.keep(exercise, MyReLU, globals())"
    )
    assert verdict == ["99.1 passed: ran your `MyReLU` on 1 case"]
    assert kept == ["''"]
    written = (tmp_path / "my_code" / "99_1.py").read_text()
    assert written.startswith("from cafe_edu.layer import Layer as Layer\n\n")
    for piece in ("import numpy as np", "FLOOR = 0.0", "def positive(x):"):
        assert f"\n\n{piece}\n" in written
    assert "zeros" not in written
    [[shown]] = notebook(USED)
    assert shown == "MyReLU [0. 2.]\n"
