import numpy as np

from cafe_edu import make_layer


def test_by_hand():
    trial = make_layer("Split", [1.0, 2], tops=3)
    assert [y.tolist() for y in trial.forward()] == [[1, 2]] * 3
    assert trial.backward([1, 2], [10, 20], [100, 200])[0].tolist() == [111, 222]


def test_the_tops_are_the_bottoms_memory():
    trial = make_layer("Split", np.ones((2, 3)), tops=2)
    trial.forward()
    for blob in trial.top:
        assert np.shares_memory(blob.data, trial.bottom[0].data)
        assert not np.shares_memory(blob.diff, trial.bottom[0].diff)


def test_also_after_the_bottom_grew():
    trial = make_layer("Split", np.ones((2, 3)), tops=2)
    trial.forward()
    trial.bottom[0].reshape(5, 3)
    trial.forward()
    assert np.shares_memory(trial.top[1].data, trial.bottom[0].data)
