"""pycaffe's names: an old notebook works with ``import cafe_edu.pycaffe as caffe``.

It is a thin front of our own net, solver and files, kept for programs that were written for Caffe. New ones do
without: ``from cafe_edu import Net, Solver``. For files that say ``import caffe`` themselves there is `install`.

What differs from Caffe 1.0:

- What is wrong raises an error that says so, where Caffe ends the process.
- Nothing is logged until ``caffe.init_log()``.
- On a GPU, ``data`` and ``diff`` of a blob are cupy arrays.
- ``Transformer.preprocess`` leaves the caller's image as it is; ``forward_all`` takes nets whose outputs have no axes;
  ``L.Deconvolution`` takes keywords; context around a `Detector`'s windows works.
- There is no training on several GPUs (``NCCL``).

>>> import cafe_edu.pycaffe as caffe
>>> caffe.TRAIN, caffe.TEST
(0, 1)
>>> "Convolution" in caffe.layer_type_list()
True
"""

from cafe_edu.pycaffe import io, proto
from cafe_edu.pycaffe.classifier import Classifier
from cafe_edu.pycaffe.detector import Detector
from cafe_edu.pycaffe.installing import install
from cafe_edu.pycaffe.layer import Layer
from cafe_edu.pycaffe.mode import set_device, set_mode_cpu, set_mode_gpu, set_random_seed
from cafe_edu.pycaffe.net import Net
from cafe_edu.pycaffe.net_spec import NetSpec, layers, params, to_proto
from cafe_edu.pycaffe.solver import (
    AdaDeltaSolver,
    AdaGradSolver,
    AdamSolver,
    NesterovSolver,
    RMSPropSolver,
    SGDSolver,
    get_solver,
)
from cafe_edu.pycaffe.system import (
    NCCL,
    Timer,
    has_nccl,
    init_log,
    layer_type_list,
    log,
    set_multiprocess,
    set_solver_count,
    set_solver_rank,
    solver_count,
    solver_rank,
)

TRAIN, TEST = 0, 1
__version__ = "1.0.0"  # the Caffe whose names these are

__all__ = [
    "NCCL", "TEST", "TRAIN", "AdaDeltaSolver", "AdaGradSolver", "AdamSolver", "Classifier", "Detector", "Layer",
    "NesterovSolver", "Net", "NetSpec", "RMSPropSolver", "SGDSolver", "Timer", "get_solver", "has_nccl", "init_log",
    "install", "io", "layer_type_list", "layers", "log", "params", "proto", "set_device", "set_mode_cpu",
    "set_mode_gpu", "set_multiprocess", "set_random_seed", "set_solver_count", "set_solver_rank", "solver_count",
    "solver_rank", "to_proto",
]  # fmt: skip
