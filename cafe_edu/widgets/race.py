"""A race of update rules over a surface: each step is a real solver's, on a net of two numbers."""

import dataclasses
import math

import numpy as np

from cafe_edu.errors import CafeError
from cafe_edu.layer import Layer
from cafe_edu.solver import Solver
from cafe_edu.solvers.rule import RULES, rule_class

NET = """
name: "two numbers"
layer { name: "w" type: "Parameter" top: "w" parameter_param { shape { dim: 2 } } }
layer { name: "surface" type: "Surface" bottom: "w" top: "loss" }
"""
SETTINGS = {  #: rule -> solver fields and a rate with which it does not fall behind on the surfaces below
    "SGD": {"base_lr": 0.02, "momentum": 0.9},
    "Nesterov": {"base_lr": 0.02, "momentum": 0.9},
    "AdaGrad": {"base_lr": 0.3},
    "RMSProp": {"base_lr": 0.05, "rms_decay": 0.9},
    "AdaDelta": {"base_lr": 1.0, "momentum": 0.9, "delta": 1e-3},
    "Adam": {"base_lr": 0.1, "momentum": 0.9},
    "AdamW": {"base_lr": 0.1, "momentum": 0.9, "weight_decay": 0.1},
}


@dataclasses.dataclass(frozen=True)
class Surface:
    """A loss of two numbers.

    Attributes
    ----------
    formula : str
        In matplotlib's mathematics.
    loss, slope : functions of (x, y)
        The loss; its two derivatives.
    start : (float, float)
    least : float
        The smallest loss.
    valleys : list of (float, float)
        Where that is.
    limits : (left, right, low, high)
        What is drawn.
    """

    formula: str
    loss: object
    slope: object
    start: tuple
    least: float
    valleys: list
    limits: tuple = (-2.2, 2.2, -1.6, 1.6)


SURFACES = {
    "bowl": Surface(
        r"$(x^2 + y^2)/2$",
        lambda x, y: (x**2 + y**2) / 2,
        lambda x, y: (x, y),
        (-1.8, 1.2), 0.0, [(0.0, 0.0)],
    ),
    "ravine": Surface(
        r"$(x^2 + 25y^2)/2$",
        lambda x, y: (x**2 + 25 * y**2) / 2,
        lambda x, y: (x, 25 * y),
        (-1.8, 1.2), 0.0, [(0.0, 0.0)],
    ),
    "Rosenbrock": Surface(
        r"$(1 - x)^2/10 + (y - x^2)^2$",
        lambda x, y: (1 - x) ** 2 / 10 + (y - x**2) ** 2,
        lambda x, y: (-(1 - x) / 5 - 4 * x * (y - x**2), 2 * (y - x**2)),
        (-1.5, 0.5), 0.0, [(1.0, 1.0)], (-2.2, 2.2, -1.0, 2.4),
    ),
    "saddle": Surface(
        r"$x^2/2 - y^2/2 + y^4/4$",
        lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 4,
        lambda x, y: (x, y**3 - y),
        (-1.8, 0.01), -0.25, [(0.0, 1.0), (0.0, -1.0)],
    ),
}  # fmt: skip


def surface_named(name):
    """Return a surface; ``CafeError``, with those there are, for a name that is none."""
    if name not in SURFACES:
        raise CafeError(f"no surface {name!r}; there are {', '.join(SURFACES)}")
    return SURFACES[name]


def racer(rule, surface, start, **changes):
    """Return a Solver of a net whose parameter is a place on the surface, and whose loss is the height there.

    Parameters
    ----------
    rule : str
        A solver type.
    surface : Surface
    start : (float, float)
    **changes
        Solver fields that win over `SETTINGS`, such as ``base_lr``.
    """
    rule_class(rule)

    class OnSurface(Layer):
        """The height of a surface at (x, y)."""

        loss_weight = 1

        def top_shapes(self, bottom_shapes):
            return [()]

        def forward(self, bottom, top):
            top[0].data[...] = surface.loss(*bottom[0].data)

        def backward(self, top, propagate_down, bottom):
            bottom[0].diff[...] = np.multiply(surface.slope(*bottom[0].data), top[0].diff)

    fields = {"type": rule, "lr_policy": "fixed"} | SETTINGS.get(rule, {"base_lr": 0.02}) | changes
    solver = Solver(f"net_param {{ {NET} }}", layers={"Surface": OnSurface}, engine="plain", **fields)
    solver.net.params["w"][0].data = start
    return solver


def run(rule, surface, steps, start=None, **changes):
    """Return the path (steps + 1, 2) of a rule over a surface; it ends in NaN where the rule flies off.

    >>> path = run("SGD", SURFACES["bowl"], 1, (1, 2), base_lr=0.5, momentum=0)
    >>> path.tolist()
    [[1.0, 2.0], [0.5, 1.0]]
    """
    solver = racer(rule, surface, surface.start if start is None else start, **changes)
    w = solver.net.params["w"][0]
    path = np.full((steps + 1, 2), math.nan)
    path[0] = w.data
    with np.errstate(all="ignore"):  # a rule that flies off is a result, not an accident
        for t in range(1, steps + 1):
            solver.step(1)
            if not np.abs(w.data).max() < 1e3:
                break
            path[t] = w.data
    return path


def all_rules():
    """Every solver type, in the order of `SETTINGS`; one that somebody added comes last."""
    import cafe_edu.solvers  # noqa: F401 (registers them)

    return [*(rule for rule in SETTINGS if rule in RULES), *sorted(set(RULES) - set(SETTINGS))]
