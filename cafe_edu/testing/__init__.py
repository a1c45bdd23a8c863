"""Is a layer right? Try one by itself, check its gradient, put it through the house's conformance tests."""

from cafe_edu.testing.check_gradient import check_gradient
from cafe_edu.testing.check_layer import check_layer
from cafe_edu.testing.strict_cupy import strict_cupy
from cafe_edu.testing.trial import CheckFailed, Trial, make_layer

__all__ = ["CheckFailed", "Trial", "check_gradient", "check_layer", "make_layer", "strict_cupy"]
