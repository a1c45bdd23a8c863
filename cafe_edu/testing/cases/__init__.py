"""Cases: for each layer type, inputs and options on which the conformance tests try it."""

from cafe_edu.testing.cases import common, loss, neuron, source, vision
from cafe_edu.testing.cases.case import Case, distinct, normal, scored, twice

CASES = {**source.CASES, **vision.CASES, **common.CASES, **neuron.CASES, **loss.CASES}  #: type -> list of Case

__all__ = ["CASES", "Case", "distinct", "normal", "scored", "twice"]
