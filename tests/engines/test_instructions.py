"""engines/instructions.py: vectors as long as the processor's."""

import os
import subprocess
import sys

import numpy as np
import pytest

from cafe_edu.engines.instructions import BYTES, lanes

PROGRAM = """
import numpy as np
from cafe_edu.arrays.windows import Window
from cafe_edu.engines import fast_cpu, instructions, plain
r = np.random.default_rng(0)
x, W = r.normal(size=(3, 5, 9, 9)).astype("f"), r.normal(size=(6, 5, 3, 3)).astype("f")
window, results = Window.square(3, stride=2, pad=1), []
for engine in (fast_cpu, plain):
    y, dW, dx, p = np.empty((3, 6, 5, 5), "f"), np.zeros_like(W), np.empty_like(x), np.empty((3, 5, 5, 5), "f")
    engine.conv_forward(x, W, None, window, 1, y)
    engine.conv_backward(x, W, y, window, 1, dW, None, dx)
    results.append([y, dW, dx, engine.max_forward(x, window, p, True), p.copy()])
    engine.ave_forward(x, window, p)
    results[-1].append(p)
for ours, theirs in zip(*results):
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
print(instructions.BYTES, instructions.REGISTERS)
"""


def test_lanes():
    assert lanes(np.dtype(np.float32)) == 2 * lanes(np.dtype(np.float64)) == BYTES // 4


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the processors named are those of PCs")
@pytest.mark.parametrize(
    ("processor", "features", "found"), [("haswell", "+avx,+avx2,+fma", "32 16"), ("x86-64", "", "16 16")]
)
def test_older_processors_compute_the_same(processor, features, found, tmp_path):
    if os.uname().machine != "x86_64":
        pytest.skip("the processors named are those of PCs")
    chosen = {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": features, "NUMBA_CACHE_DIR": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", PROGRAM], env=os.environ | chosen, capture_output=True, text=True)
    assert (run.stdout.strip(), run.returncode) == (found, 0), run.stderr
