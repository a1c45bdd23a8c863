"""A net and a solver leave alone what only some readers need."""

import subprocess
import sys

HEAVY = [
    "matplotlib",
    "h5py",
    "sklearn",
    "pooch",
    "numba",
    "IPython",
    "ipywidgets",
    "torch",
    "cupy",
    "PIL",
    "click",
    "tqdm",
]


def test_nothing_heavy_is_imported():
    code = f"import sys; from cafe_edu import Net, Solver; print([name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"

