"""widgets/race.py: the paths are those of the update rules."""

import numpy as np
import pytest

from cafe_edu.errors import CafeError, SpecError
from cafe_edu.prototxt import parse_solver
from cafe_edu.solvers.rule import RULES, rule_class
from cafe_edu.widgets.race import SETTINGS, SURFACES, all_rules, racer, run, surface_named


@pytest.mark.parametrize("name", SURFACES)
def test_slopes(name):
    surface, h = SURFACES[name], 1e-6
    for x, y in np.random.default_rng(0).uniform(-2, 2, (20, 2)):
        numeric = (
            (surface.loss(x + h, y) - surface.loss(x - h, y)) / (2 * h),
            (surface.loss(x, y + h) - surface.loss(x, y - h)) / (2 * h),
        )
        np.testing.assert_allclose(surface.slope(x, y), numeric, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", SURFACES)
def test_valleys_are_lowest(name):
    surface = SURFACES[name]
    for valley in surface.valleys:
        assert surface.loss(*valley) == pytest.approx(surface.least)
        np.testing.assert_allclose(surface.slope(*valley), 0, atol=1e-12)
    x, y = np.meshgrid(*(np.linspace(-3, 3, 101),) * 2)
    assert surface.loss(x, y).min() >= surface.least - 1e-12


@pytest.mark.parametrize("rule", SETTINGS)
def test_each_step_is_the_rules(rule):
    """Gradients and updates by hand, from the rule alone, without net or solver."""
    surface = SURFACES["Rosenbrock"]
    path = run(rule, surface, 20)
    fields = " ".join(f"{name}: {value}" for name, value in SETTINGS[rule].items())
    spec = parse_solver(f'type: "{rule}" {fields}')
    one = rule_class(rule)(spec)
    w = np.array(surface.start, np.float32)
    history = [np.zeros(2, np.float32) for _ in range(one.histories)]
    for t in range(20):
        g = np.array(surface.slope(*w), np.float32)
        u = one.update(g, history, spec.base_lr, t)
        w = w - u - (spec.base_lr * spec.weight_decay * w if one.decoupled else 0)
        np.testing.assert_allclose(path[t + 1], w, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("rule", SETTINGS)
@pytest.mark.parametrize("name", SURFACES)
def test_all_go_down(rule, name):
    path, surface = run(rule, SURFACES[name], 100), SURFACES[name]
    assert np.isfinite(path).all()
    first, last = (surface.loss(*path[t]) - surface.least for t in (0, -1))
    assert last < 0.25 * first


def test_too_fast_flies_off():
    path = run("SGD", SURFACES["ravine"], 50, base_lr=0.5)
    alive = np.isfinite(path).all(1)
    assert alive[0]
    assert not alive[-1]
    assert (np.diff(alive.astype(int)) <= 0).all()  # once off, always off


def test_all_rules_there_are():
    assert set(all_rules()) == set(RULES)
    assert set(SETTINGS) == set(RULES)


def test_the_loss_is_the_height():
    solver = racer("SGD", SURFACES["saddle"], (1, 2))
    solver.net.forward()
    assert solver.net.loss == pytest.approx(SURFACES["saddle"].loss(1, 2))


def test_errors():
    with pytest.raises(CafeError, match="no surface 'hill'; there are bowl, ravine, Rosenbrock, saddle"):
        surface_named("hill")
    with pytest.raises(SpecError, match="unknown solver type 'Adma'; there are AdaDelta"):
        run("Adma", SURFACES["bowl"], 1)
