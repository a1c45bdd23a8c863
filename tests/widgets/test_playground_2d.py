"""widgets/playground_2d.py: settings make a net, buttons let it learn."""

import threading

import numpy as np
import pytest

from cafe_edu.errors import CafeError
from cafe_edu.widgets import Playground2D


@pytest.fixture
def playground():
    playground = Playground2D("circles", width=4, depth=1)
    yield playground
    playground.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "cafe_edu training"]


def test_learning_here_and_now(playground):
    before = playground.toy.accuracy()
    playground.learn(200)
    assert before < 0.9 < playground.toy.accuracy(test=True)
    title, toy = playground.show_static().axes[0].get_title(), playground.toy
    assert title == f"right: {toy.accuracy():.0%} of the points, {toy.accuracy(test=True):.0%} of new ones"
    assert playground.status.value.startswith("iteration 200 of 5000")


def test_learning_in_the_background_is_the_same(playground):
    playground.solver.spec.max_iter = 60
    playground.start.click()
    playground.training.wait()
    other = Playground2D("circles", width=4, depth=1)
    other.learn(60)
    for name, blobs in other.solver.net.params.items():
        for mine, theirs in zip(playground.solver.net.params[name], blobs, strict=True):
            np.testing.assert_array_equal(mine.data, theirs.data)
    other.close()


def test_buttons(playground):
    before = bytes(playground.canvas.value)
    playground.step.click()
    assert playground.solver.iter == 1
    assert bytes(playground.canvas.value) != before
    playground.start.click()
    playground.pause.click()
    assert not playground.training.running
    playground.again.click()
    assert playground.solver.iter == 0
    assert bytes(playground.canvas.value) == before


@pytest.mark.parametrize(
    ("control", "value"), [("data", "xor"), ("width", 7), ("depth", 3), ("activation", "ReLU"), ("noise", 0.3)]
)
def test_a_change_begins_anew_and_ends_the_old_thread(playground, control, value):
    old = playground.training
    playground.start.click()
    getattr(playground, control).value = value
    assert not old.running
    assert playground.solver.iter == 0
    found = {"data": playground.toy.data, "width": playground.toy.width, "depth": playground.toy.depth}
    assert found.get(control, value) == value
    assert len(playground.toy.responses(playground.toy.x)) == playground.depth.value
    assert not playground.message.value


def test_rule_and_rate(playground):
    playground.rule.value = "AdaDelta"
    assert playground.solver.spec.type == "AdaDelta"
    assert playground.rate.value == pytest.approx(1)
    playground.step.click()
    playground.rate.value = 0.5
    playground.step.click()
    assert [entry["lr"] for entry in playground.solver.train_record] == pytest.approx([1, 0.5])


def test_a_net_that_flew_off_is_still_drawn(playground):
    playground.rule.value = "SGD"
    playground.solver.net.params["ip"][0].data[...] = np.nan
    playground.look()
    assert playground.canvas.value


def test_a_second_playground_ends_the_first_thread(playground):
    playground.start.click()
    second = Playground2D()
    assert not playground.training.running
    second.close()


def test_errors():
    with pytest.raises(CafeError, match="no data 'moon'; there are moons, circles, xor, spiral"):
        Playground2D("moon")
    with pytest.raises(CafeError, match="no rule 'adam' here; there are SGD"):
        Playground2D(rule="adam")
