import pytest

from cafe_edu.device import choose_gpu, cupy
from cafe_edu.errors import CafeError, SpecError
from cafe_edu.tools.device_query import device_query

no_gpu = pytest.mark.skipif(cupy() is not None, reason="there is a GPU")
with_gpu = pytest.mark.skipif(cupy() is None, reason="no GPU answers")


@no_gpu
def test_no_gpu():
    assert device_query() == []
    for ask in (device_query, choose_gpu):
        with pytest.raises(CafeError, match="no GPU 0: none answers; see `cafe doctor`"):
            ask("0")


@with_gpu
def test_a_gpu_and_one_that_is_not_there():
    first = device_query("0")[0]
    assert first["Device id"] == 0
    assert first["Total global memory"] > 0
    assert device_query()[0] == first
    choose_gpu(0)
    for ask in (device_query, choose_gpu):
        with pytest.raises(CafeError, match="no GPU 99: there are"):
            ask("99")


@pytest.mark.parametrize("which", ["", "first", "0,x", "-1"])
def test_what_is_no_number(which):
    with pytest.raises(SpecError, match="expected numbers of GPUs such as 0 or 0,1, or all, found"):
        device_query(which)
