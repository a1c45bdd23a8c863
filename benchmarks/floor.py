r"""The floor: nothing but the matrix products of a net, by BLAS.

.. math:: Y = W X, \qquad dW = dY\, X^\top, \qquad dX = W^\top dY

X are the columns of a convolution (K numbers under each of P output pixels) or the inputs of an inner product. Each
product is done in the form that is fastest here: one for each image or one over the batch, as it stands or transposed.
What a net takes beyond this floor is copying, the other layers and Python.
"""

import math
import time

import numpy as np

from benchmarks import nets
from cafe_edu import Net

TRIES = 3


class Floor:
    """As `ours.Ours`, but ``run`` does the products of a step, or of a forward run, and nothing else."""

    def __init__(self, first, name, what):
        phase = "TEST" if what == "forward" else "TRAIN"
        net = Net(nets.make(name, len(first["label"]), what), phase, rng=1)
        products = [forms for step in net.steps for forms in products_of(step, training=phase == "TRAIN")]
        sizes = [math.prod(shape) for forms in products for form in forms for shape in (*form[::2], result_of(*form))]
        # All products use the same memory: their time does not depend on the numbers.
        self.memory = np.random.default_rng(0).random((3, max(sizes)), np.float32)
        self.chosen = [min(forms, key=self.time) for forms in products]

    def run(self):
        """Do every product once."""
        for form in self.chosen:
            self.multiply(*form)
        return 0.0

    def wait(self):
        """BLAS has done all when it returns."""

    def multiply(self, a, a_turned, b, b_turned):
        """Multiply two matrices, or piles of matrices, of shapes ``a`` and ``b``; turned: transposed."""
        shapes = a, b, result_of(a, a_turned, b, b_turned)
        A, B, C = (part[: math.prod(s)].reshape(s) for part, s in zip(self.memory, shapes, strict=True))
        np.matmul(A.swapaxes(-1, -2) if a_turned else A, B.swapaxes(-1, -2) if b_turned else B, out=C)

    def time(self, form):
        """Return the seconds of the fastest of some tries."""
        spent = []
        for _ in range(TRIES):
            start = time.perf_counter()
            self.multiply(*form)
            spent.append(time.perf_counter() - start)
        return min(spent)


def products_of(step, training):
    """Yield for each product of a layer its forms, (shape, turned, shape, turned) each.

    >>> net = Net(nets.make("lenet", 64, "step"), "TRAIN")
    >>> [forms[0] for forms in products_of(net.steps[2], True)]
    [((1, 20, 25), False, (64, 1, 25, 576), False), ((64, 1, 20, 576), False, (64, 1, 25, 576), True)]
    """
    layer, y = step.layer, step.top[0].shape if step.top else ()
    if layer.type == "Convolution":
        (O, *kernel), G, N, P = layer.params[0].shape, layer.options.group, y[0], math.prod(y[2:])
    elif layer.type == "InnerProduct":
        (O, *kernel), G, N, P = layer.params[0].shape, 1, 1, y[0]
    else:
        return
    K = math.prod(kernel)
    each, whole = [], []  # forms for each image, and over the batch
    for found, images, p in ((each, (N,), P), (whole, (), N * P)):
        W, X, Y = (G, O // G, K), (*images, G, K, p), (*images, G, O // G, p)
        found.append((W, False, X, False))
        if training:
            found.append((Y, False, X, True))
        if training and step.propagate_down[0]:
            found.append((W, True, Y, False))
    for forms in zip(each, whole, strict=True):
        turned = [(b, not b_turned, a, not a_turned) for a, a_turned, b, b_turned in forms]
        yield [*forms, *turned]


def result_of(a, a_turned, b, b_turned):
    """Return the shape of a product."""
    return *np.broadcast_shapes(a[:-2], b[:-2]), a[-1 if a_turned else -2], b[-2 if b_turned else -1]
