"""Rule: what every update rule promises the solver."""

import abc

from cafe_edu.errors import SpecError

RULES = {}


def register_rule(type_name):
    """Class decorator: make a rule available as ``type: "..."`` in a solver's prototxt."""

    def add(cls):
        RULES[type_name] = cls
        return cls

    return add


def rule_class(type_name, extra=None):
    """Return the class for a solver type, ``extra`` (name -> class) asked first; ``SpecError`` for an unknown one."""
    if type_name in (extra or {}):
        return extra[type_name]
    if type_name not in RULES:
        raise SpecError(f"unknown solver type {type_name!r}; there are {', '.join(sorted(RULES))}")
    return RULES[type_name]


class Rule(abc.ABC):
    """Turns gradients into updates u; the solver then does w -= u.

    Attributes
    ----------
    spec : SolverParameter
    histories : int
        How many arrays the rule remembers for each parameter; they start at zero and go into the snapshot.
    decoupled : bool
        Weight decay is no part of the gradient: the solver takes it from the weights beside the rule's step.
    """

    histories = 1
    decoupled = False

    def __init__(self, spec):
        self.spec = spec

    @abc.abstractmethod
    def update(self, g, history, rate, t):
        """Return u, written over g.

        Parameters
        ----------
        g : array
            Gradient of one parameter, weight decay included.
        history : list of arrays
            What the rule remembers of this parameter; changed in place.
        rate : float
            Learning rate of this parameter.
        t : int
            Updates done before this one.
        """
