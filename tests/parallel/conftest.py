"""What an MPI at hand is."""

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import cafe_edu

ROOT = pathlib.Path(cafe_edu.__file__).parents[1]


@pytest.fixture
def mpi():
    """Return a function that runs a Python program, or `cafe`, under mpiexec."""
    if importlib.util.find_spec("mpi4py") is None:
        pytest.skip("mpi4py is not installed: pip install 'cafe_edu[mpi]'")
    beside = pathlib.Path(sys.executable).with_name("mpiexec")
    mpiexec = str(beside) if beside.exists() else shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip("no mpiexec here: an MPI such as the package mpich is needed")

    def start(size, *command, **more):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        command = [mpiexec, "-n", str(size), sys.executable, *map(str, command)]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **more
        )

    return start
