import subprocess
import sys
import types

import pytest

import cafe_edu.pycaffe as ours
from cafe_edu.errors import CafeError

OLD = """
import cafe_edu.pycaffe; cafe_edu.pycaffe.install(); cafe_edu.pycaffe.install()
import caffe
import caffe.io
import caffe.draw
import caffe.proto.caffe_pb2
from caffe import layers as L, params as P
from caffe.proto import caffe_pb2
from caffe.coord_map import crop
from caffe.pycaffe import Net, SGDSolver
from caffe.io import Transformer
assert caffe is cafe_edu.pycaffe and Net is caffe.Net and caffe.io.Transformer is Transformer
assert caffe_pb2.NetParameter is caffe.proto.caffe_pb2.NetParameter is type(L.ReLU().to_proto())
assert caffe_pb2._NETPARAMETER is caffe_pb2.NetParameter.DESCRIPTOR
assert caffe_pb2.TRAIN == caffe.TRAIN and caffe_pb2.PoolingParameter.AVE == P.Pooling.AVE
print(caffe.__name__)
"""


def test_an_old_files_imports():
    found = subprocess.run([sys.executable, "-W", "error", "-c", OLD], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "cafe_edu.pycaffe"


def test_another_caffe_is_refused(monkeypatch):
    other = types.ModuleType("caffe")
    other.__file__ = "somewhere/caffe/__init__.py"
    monkeypatch.setitem(sys.modules, "caffe", other)
    with pytest.raises(CafeError, match=r"another caffe is imported already, from somewhere/caffe/__init__\.py: start"):
        ours.install()
    assert sys.modules["caffe"] is other


def test_every_name_of_pycaffe_is_there():
    names = {
        "AdaDeltaSolver", "AdaGradSolver", "AdamSolver", "Classifier", "Detector", "Layer", "NCCL", "NesterovSolver",
        "Net", "NetSpec", "RMSPropSolver", "SGDSolver", "TEST", "TRAIN", "Timer", "get_solver", "has_nccl", "init_log",
        "io", "layer_type_list", "layers", "log", "params", "proto", "set_device", "set_mode_cpu", "set_mode_gpu",
        "set_multiprocess", "set_random_seed", "set_solver_count", "set_solver_rank", "solver_count", "solver_rank",
        "to_proto",
    }  # fmt: skip
    assert {*ours.__all__} == names | {"install"}
    assert [name for name in (*names, "__version__") if not hasattr(ours, name)] == []


def test_importing_it_imports_nothing_heavy():
    heavy = ["scipy", "sklearn", "matplotlib", "PIL", "h5py", "pydot", "tqdm"]
    code = f"import sys, cafe_edu.pycaffe; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
