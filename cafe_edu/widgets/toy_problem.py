"""Two classes of points in the plane, and a small net that learns to tell them apart."""

import math

import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.errors import CafeError
from cafe_edu.net import Net
from cafe_edu.solver import Solver
from cafe_edu.widgets.race import SETTINGS

DATA = ("moons", "circles", "xor", "spiral")
ACTIVATIONS = {"TanH": "xavier", "ReLU": "msra", "Sigmoid": "xavier", "ELU": "msra"}  #: type -> filler of its weights
RATES = {"SGD": 0.1, "Nesterov": 0.1, "AdaGrad": 0.1, "RMSProp": 0.01, "AdaDelta": 1.0, "Adam": 0.03, "AdamW": 0.03}
POINTS, BATCH = 256, 32


def points(data, noise=0.1, seed=0):
    """Return 256 points within the square from -1 to 1, and their classes.

    Parameters
    ----------
    data : str
        One of `DATA`: two moons and two circles are scikit-learn's.
    noise : float
        How far points stray.
    seed : int

    Returns
    -------
    x : array (256, 2)
    t : array (256,) of 0 and 1

    Examples
    --------
    >>> x, t = points("xor", noise=0)
    >>> bool((t == (x[:, 0] * x[:, 1] > 0)).all())
    True
    """
    if data not in DATA:
        raise CafeError(f"no data {data!r}; there are {', '.join(DATA)}")
    from sklearn import datasets

    rng = np.random.default_rng(seed)
    if data == "moons":
        x, t = datasets.make_moons(POINTS, noise=noise, random_state=seed)
        x = (x - [0.5, 0.25]) / 1.5
    elif data == "circles":
        x, t = datasets.make_circles(POINTS, noise=noise, factor=0.5, random_state=seed)
        x = 0.85 * x
    elif data == "xor":
        x = rng.uniform(-1, 1, (POINTS, 2))
        t = (x[:, 0] * x[:, 1] > 0).astype(int)
        x = x + noise * rng.normal(size=x.shape)
    else:
        t = np.arange(POINTS) % 2
        r = np.sqrt(rng.uniform(0.01, 1, POINTS))
        angle = 1.75 * 2 * math.pi * r + math.pi * t
        x = np.stack([r * np.cos(angle), r * np.sin(angle)], 1) + 0.3 * noise * rng.normal(size=(POINTS, 2))
    order = rng.permutation(POINTS)
    return x[order].astype(np.float32), t[order].astype(int)


class ToyProblem:
    """A net of chosen width, depth and activation that learns one of the data sets.

    Parameters
    ----------
    data : str
        One of `DATA`.
    width, depth : int
        Units of each hidden layer, 1 to 8; hidden layers, 1 to 4.
    activation : str
        One of `ACTIVATIONS`.
    rule : str
        A solver type.
    rate : float, optional
        By default one from `RATES`, with which the type learns well here.
    noise : float
    seed : int

    Attributes
    ----------
    x, t, x_test, t_test : arrays
        Points and classes to learn and to be tested on.
    solver : Solver

    Examples
    --------
    >>> toy = ToyProblem("circles", width=4, depth=1)
    >>> toy.solver.step(300)
    >>> toy.accuracy(test=True) > 0.9
    True
    """

    def __init__(self, data="moons", width=4, depth=2, activation="TanH", rule="Adam", rate=None, noise=0.1, seed=0):
        if activation not in ACTIVATIONS:
            raise CafeError(f"no activation {activation!r} here; there are {', '.join(ACTIVATIONS)}")
        if rule not in RATES:
            raise CafeError(f"no rule {rule!r} here; there are {', '.join(RATES)}")
        if not (1 <= width <= 8 and 1 <= depth <= 4):
            raise CafeError(f"expected a width of 1 to 8 and a depth of 1 to 4, found {width} and {depth}")
        self.width, self.depth, self.data = width, depth, data
        self.x, self.t = points(data, noise, seed)
        self.x_test, self.t_test = points(data, noise, seed + 1)
        fields = {"lr_policy": "fixed", "max_iter": 5000, "random_seed": seed, "type": rule} | SETTINGS[rule]
        given = f"""layer {{ name: "points" type: "MemoryData" top: "x" top: "t"
            memory_data_param {{ batch_size: {BATCH} channels: 2 height: 1 width: 1 }} }}"""
        loss = 'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "t" top: "loss" }'
        body = _body(width, depth, activation)
        net = f'name: "{data}" {given} {body} {loss}'
        self.solver = Solver(f"net_param {{ {net} }}", **fields | {"base_lr": RATES[rule] if rate is None else rate})
        self.solver.net.layers[0].reset(self.x.reshape(-1, 2, 1, 1), self.t)
        taken = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }'
        self._answering = Net(f'{taken} {body} layer {{ name: "prob" type: "Softmax" bottom: "y" top: "prob" }}')
        self._answering.share_with(self.solver.net)

    def answers(self, x):
        """Return the probability of class 1 at points (n, 2)."""
        return self._answering.forward(x=x)["prob"][:, 1]

    def responses(self, x):
        """Return what each hidden unit makes of points (n, 2): for each layer an array (n, width)."""
        self._answering.forward(x=x)
        return [to_numpy(self._answering.blobs[f"h{i}"].data).copy() for i in range(1, self.depth + 1)]

    def accuracy(self, test=False):
        """Return the part of the points that get the right answer."""
        x, t = (self.x_test, self.t_test) if test else (self.x, self.t)
        return float(((self.answers(x) > 0.5) == t).mean())


def _body(width, depth, activation):
    """Hidden layers and the scores of two classes, from x to y, as prototxt."""
    layers, bottom = [], "x"
    for i in range(1, depth + 1):
        layers.append(_product(f"ip{i}", bottom, f"a{i}", width, ACTIVATIONS[activation]))
        layers.append(f'layer {{ name: "act{i}" type: "{activation}" bottom: "a{i}" top: "h{i}" }}')
        bottom = f"h{i}"
    return "\n".join([*layers, _product("ip", bottom, "y", 2, "xavier")])


def _product(name, bottom, top, width, filler):
    return f"""layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{top}"
        inner_product_param {{ num_output: {width} weight_filler {{ type: "{filler}" }} }} }}"""
