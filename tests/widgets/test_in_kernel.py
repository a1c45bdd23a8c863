"""A training in the background of a real Jupyter kernel: other cells are answered, a cell may be run twice."""

import pathlib

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = pathlib.Path(__file__).parents[2]

PANEL = """
from cafe_edu import Solver
from cafe_edu.demo import ZOO
from cafe_edu.widgets import TrainingPanel

before = globals().get("panel")
solver = Solver(ZOO / "lenet" / "lenet_solver.prototxt", max_iter=10**6, test_interval=10**6, snapshot=0)
panel = TrainingPanel(solver, every=5)
panel.start.click()
panel
"""
CELLS = [
    PANEL,
    # the kernel answers, and meanwhile the net goes on learning
    """
import threading, time
first, pictures = solver.iter, []
panel.canvas.observe(lambda change: pictures.append(change["new"]), "value")
while solver.iter < first + 10 or not pictures:
    sum(range(1000))
with panel.held():
    at = solver.iter
    probabilities = solver.test_nets[0].forward()
    print(solver.iter == at, panel.training.running, panel.message.value == "")
""",
    PANEL,
    """
print(before.training.running, panel.training.running)
print([thread.name for thread in threading.enumerate()].count("cafe_edu training"))
""",
    "panel.close(); before.close()",
    'print([thread.name for thread in threading.enumerate()].count("cafe_edu training"))',
]


@pytest.mark.slow
def test_a_training_in_the_background(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    said = ["".join(o.get("text", "") for o in cell.outputs if o.output_type == "stream") for cell in notebook.cells]
    assert said[1] == "True True True\n"
    assert said[3] == "False True\n1\n"
    assert said[5] == "0\n"
    shown = notebook.cells[0].outputs[0].data
    assert "application/vnd.jupyter.widget-view+json" in shown
