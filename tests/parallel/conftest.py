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
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
OPEN_MPI = {  # wants to be told that there may be more ranks than cores, and that a container's user is root
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}


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
        environment = {**os.environ, **ONE_THREAD, **OPEN_MPI, "PYTHONPATH": str(ROOT)}
        command = [mpiexec, "-n", str(size), sys.executable, *map(str, command)]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **more
        )

    return start
