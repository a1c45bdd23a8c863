"""widgets/optimizer_race.py: controls change who runs how, and what is shown."""

import numpy as np
import pytest

from cafe_edu.errors import CafeError, SpecError
from cafe_edu.widgets import OptimizerRace, optimizer_race
from cafe_edu.widgets.race import SURFACES, run


@pytest.fixture
def race():
    race = OptimizerRace(["SGD", "Adam"], "ravine", steps=30)
    yield race
    race.close()


def test_the_paths_are_those_of_the_solvers(race):
    np.testing.assert_array_equal(race.paths["Adam"], run("Adam", SURFACES["ravine"], 30))
    losses = {rule: SURFACES["ravine"].loss(*path[-1]) for rule, path in race.paths.items()}
    leader = min(losses, key=losses.get)
    assert race.standing.value.startswith(f"loss after step 30: {leader} {losses[leader]:.3g}")


def test_the_slider_shows_a_step(race):
    before = bytes(race.canvas.value)
    race.t.value = 5
    assert bytes(race.canvas.value) != before
    assert race.standing.value.startswith("loss after step 5: ")
    figure = race.show_static()
    assert len(figure.axes[0].lines[-2].get_xdata()) == 6  # the last rule's path: the start and five steps


def test_a_rate_changes_one_path(race):
    sgd, adam = race.paths["SGD"], race.paths["Adam"]
    race.rates["SGD"].value = 0.2
    assert race.paths["Adam"] is adam
    assert race.paths["SGD"] is not sgd
    assert "SGD flew off" in race.standing.value
    assert not race.message.value


def test_another_surface_and_start(race):
    race.surface.value = "saddle"
    assert (race.x.value, race.y.value) == SURFACES["saddle"].start
    np.testing.assert_allclose(race.paths["SGD"][0], SURFACES["saddle"].start, rtol=1e-6)
    race.y.value = -0.5
    np.testing.assert_allclose(race.paths["SGD"][0], (-1.8, -0.5), rtol=1e-6)
    assert race.paths["Adam"][-1, 1] < 0


def test_each_rule_runs_once_for_a_surface(race, monkeypatch):
    ran = []

    def counted(rule, *more, **fields):
        ran.append(rule)
        return run(rule, *more, **fields)

    monkeypatch.setattr(optimizer_race, "run", counted)
    race.surface.value = "Rosenbrock"  # both of whose coordinates of the start are others
    assert ran == ["SGD", "Adam"]


def test_all_rules_by_default():
    race = OptimizerRace(steps=3)
    assert list(race.rates) == ["SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam", "AdamW"]
    race.close()


def test_errors():
    with pytest.raises(SpecError, match="unknown solver type 'sgd'; there are AdaDelta, AdaGrad, Adam"):
        OptimizerRace(["sgd"])
    with pytest.raises(CafeError, match="no surface 'hill'; there are bowl"):
        OptimizerRace(surface="hill")
    with pytest.raises(CafeError, match="expected a rule or more and 1 to 1000 steps, found"):
        OptimizerRace(steps=0)
