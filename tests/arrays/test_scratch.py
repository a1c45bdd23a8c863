import threading

import numpy as np

from cafe_edu.arrays.scratch import scratch

LIKE = np.zeros(1, np.float32)


def test_a_role_has_one_memory_that_grows():
    small = scratch("test grows", (2, 3), LIKE)
    large = scratch("test grows", (4, 5), LIKE)
    again = scratch("test grows", (2, 3), LIKE)
    assert small.shape == again.shape == (2, 3)
    assert np.shares_memory(large, again)
    assert not np.shares_memory(small, large)


def test_roles_and_types_are_apart():
    a = scratch("test apart", (3,), LIKE)
    assert not np.shares_memory(a, scratch("test apart 2", (3,), LIKE))
    b = scratch("test apart", (3,), LIKE.astype(np.float64))
    assert b.dtype == np.float64
    assert not np.shares_memory(a, b)


def test_threads_are_apart():
    borrowed = []
    thread = threading.Thread(target=lambda: borrowed.append(scratch("test threads", (3,), LIKE)))
    thread.start()
    thread.join()
    assert not np.shares_memory(borrowed[0], scratch("test threads", (3,), LIKE))


def test_nothing_and_one_number():
    assert scratch("test empty", (0, 4), LIKE).shape == (0, 4)
    assert scratch("test single", (), LIKE).shape == ()
