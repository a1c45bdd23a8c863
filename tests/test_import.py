"""`import cafe_edu` is quick, because it leaves alone what only some of it needs."""

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
    code = f"import sys, cafe_edu; print([name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_front_door():
    import cafe_edu

    for name in cafe_edu.__all__:
        assert getattr(cafe_edu, name).__doc__, name
