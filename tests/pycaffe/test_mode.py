import numpy as np
import pytest

import cafe_edu.pycaffe as caffe
from cafe_edu import device
from cafe_edu.errors import CafeError

NET = """
layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 9 } data_filler { type: "gaussian" } } }
"""


def test_one_seed_gives_one_sequence_of_nets(write):
    def two():
        caffe.set_random_seed(3)
        return [caffe.Net(write(NET), caffe.TEST).forward()["x"] for _ in range(2)]

    first, second = two(), two()
    assert np.array_equal(first, second)
    assert (first[0] != first[1]).any()


@pytest.mark.parametrize("seed", [-1, 0.5, "one"])
def test_no_seed(seed):
    with pytest.raises(CafeError, match="expected a whole number of 0 or more as seed, found"):
        caffe.set_random_seed(seed)


DROPOUT = """
layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 9 } data_filler { value: 1 } } }
layer { name: "drop" type: "Dropout" bottom: "x" top: "y" }
"""


def test_a_seed_holds_for_the_nets_there_are(write):
    nets = [caffe.Net(write(DROPOUT), caffe.TRAIN) for _ in range(2)]
    solver = caffe.SGDSolver(write(f'train_net: "{write(DROPOUT)}" base_lr: 1 lr_policy: "fixed"', "solver.prototxt"))
    for net in (*nets, solver.net):
        drawn = []
        for seed in (5, 6, 5):
            caffe.set_random_seed(seed)
            drawn.append([net.forward()["y"].copy() for _ in range(3)])
        assert np.array_equal(drawn[0], drawn[2])
        assert not np.array_equal(drawn[0], drawn[1])


def test_cpu(write):
    caffe.set_mode_cpu()
    assert isinstance(caffe.Net(write(NET), caffe.TEST).blobs["x"].data, np.ndarray)


@pytest.mark.skipif(device.cupy() is not None, reason="there is a GPU")
@pytest.mark.parametrize("call", [caffe.set_mode_gpu, lambda: caffe.set_device(0)])
def test_no_gpu(call, write):
    with pytest.raises(CafeError, match="device 'gpu' needs cupy and an NVIDIA GPU") as caught:
        call()
    assert "to compute on the CPU: caffe.set_mode_cpu()" in caught.value.one_line()
    test_cpu(write)


@pytest.mark.skipif(device.cupy() is None, reason="no GPU here")
def test_gpu(write):
    caffe.set_device(0)
    caffe.set_mode_gpu()
    try:
        assert isinstance(caffe.Net(write(NET), caffe.TEST).blobs["x"].data, device.cupy().ndarray)
    finally:
        caffe.set_mode_cpu()
