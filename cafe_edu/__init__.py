"""cafe_edu: Caffe's anatomy (blob, layer, net, solver) in Python one can read.

>>> import cafe_edu
>>> sorted(cafe_edu.__all__)
['Blob', 'Layer', 'Net', 'Solver', 'check_gradient', 'check_layer', 'make_layer', 'register']
"""

import cafe_edu.layers
import cafe_edu.solvers  # noqa: F401 (both fill their registries)
from cafe_edu.blob import Blob
from cafe_edu.layer import Layer, register
from cafe_edu.net import Net
from cafe_edu.solver import Solver
from cafe_edu.testing import check_gradient, check_layer, make_layer

__all__ = ["Blob", "Layer", "Net", "Solver", "check_gradient", "check_layer", "make_layer", "register"]
__version__ = "0.1.0"
