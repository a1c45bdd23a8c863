"""Cases: for each layer type, inputs and options on which the conformance tests try it."""

from cafe_edu.testing.cases import beyond, common, loss, neuron, quantized, recurrent, source, vision
from cafe_edu.testing.cases.case import Case, distinct, normal, scored, twice

FAMILIES = (source, vision, common, neuron, loss, recurrent, beyond, quantized)
#: type -> list of Case
CASES = {name: cases for family in FAMILIES for name, cases in family.CASES.items()}

__all__ = ["CASES", "Case", "distinct", "normal", "scored", "twice"]
