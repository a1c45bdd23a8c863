import logging

import pytest

import cafe_edu.pycaffe as caffe
from cafe_edu.errors import CafeError


def test_layer_types():
    names = caffe.layer_type_list()
    assert names == sorted(names)
    assert {"Data", "Convolution", "Python", "HDF5Output"} <= {*names}


@pytest.fixture
def _quiet():
    yield
    caffe.init_log(0, False)
    logging.getLogger("cafe_edu").setLevel(logging.NOTSET)


@pytest.mark.usefixtures("_quiet")
def test_log(capsys):
    caffe.init_log()
    caffe.init_log()  # twice is once
    caffe.log("100 % of it")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("I")
    assert line.endswith("] 100 % of it")
    caffe.init_log(1)
    caffe.log("not this")
    caffe.init_log(0, False)
    caffe.log("nor this")
    assert capsys.readouterr().err == ""


def test_its_part_in_a_parallel_training():
    assert (caffe.solver_count(), caffe.solver_rank(), caffe.has_nccl()) == (1, 0, False)
    caffe.set_solver_count(4)
    caffe.set_solver_rank(2)
    caffe.set_multiprocess(True)
    try:
        assert (caffe.solver_count(), caffe.solver_rank()) == (4, 2)
    finally:
        caffe.set_solver_count(1)
        caffe.set_solver_rank(0)
        caffe.set_multiprocess(False)
    for call in (caffe.NCCL, caffe.NCCL.new_uid):
        with pytest.raises(CafeError, match=r"caffe\.NCCL trains on several GPUs, which cafe_edu does not: train"):
            call()


def test_timer():
    timer = caffe.Timer()
    assert timer.ms == 0
    with pytest.raises(CafeError, match=r"Timer.stop\(\) before Timer.start\(\)"):
        timer.stop()
    timer.start()
    running = timer.ms
    timer.stop()
    assert 0 <= running <= timer.ms
    assert timer.ms > 0
    assert timer.ms == timer.ms  # it stands
