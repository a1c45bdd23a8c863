"""The exercises of day 6: LeNet from files."""

import re

import numpy as np

from cafe_edu import prototxt
from cafe_edu.course.kinds import Code, Experiment, Mistake, Predict, Requirement
from cafe_edu.data import datasets
from cafe_edu.errors import SpecError
from cafe_edu.lr_policies import learning_rate
from cafe_edu.net import Net
from cafe_edu.proto import caffe_pb2
from cafe_edu.solver import Solver

# 06.1 ------------------------------------------------------------------------------------------------


def count_by_hand():
    """Numbers in the filters or the matrix, and one bias for each output."""
    return {
        "conv1": 16 * (3 * 5 * 5) + 16,
        "conv2": 32 * (16 * 3 * 3) + 32,
        "ip1": 100 * (32 * 6 * 6) + 100,
        "ip2": 10 * 100 + 10,
    }


NARROW_NET = """\
name: "narrow"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 32 dim: 32 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 16 kernel_size: 5 } }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "conv2" type: "Convolution" bottom: "pool1" top: "conv2"
  convolution_param { num_output: 32 kernel_size: 3 } }
layer { name: "pool2" type: "Pooling" bottom: "conv2" top: "pool2"
  pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "ip1" type: "InnerProduct" bottom: "pool2" top: "ip1" inner_product_param { num_output: 100 } }
layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2" inner_product_param { num_output: 10 } }
"""


def count_in_the_house():
    """Build the net and count what it learns."""
    return {name: sum(blob.count for blob in blobs) for name, blobs in Net(NARROW_NET).params.items()}


COUNT = Predict(
    number="06.1",
    title="How much does a net learn?",
    name="parameters",
    points=2,
    solution=count_by_hand,
    truth=count_in_the_house,
    what_ran="built the net and counted",
    hints=(
        "A convolution has one small filter for each output channel, and each filter looks at every "
        "input channel. An inner product has one number for each pair of input and output.",
        "Follow the shape of one picture: 3x32x32, conv1 16x28x28, pool1 16x14x14, conv2 ... What is left after "
        "pool2 is what ip1 reads. And every layer has a bias for each output.",
        "Filters are output x input x height x width, so conv1 has 16 x 3 x 5 x 5 weights and 16 biases. For "
        "ip1, pool2 gives 32 channels of 6 x 6.",
    ),
    mistakes=(
        Mistake(
            name="forgot the biases",
            message="Every output channel, and every output of an inner product, also learns one number that is added.",
            answer={"conv1": 1_200, "conv2": 4_608, "ip1": 115_200, "ip2": 1_000},
        ),
        Mistake(
            name="each filter looks at one channel only",
            message="A filter is as deep as what it reads: how many channels come in?",
            answer={"conv1": 16 * 25 + 16, "conv2": 32 * 9 + 32, "ip1": 115_300, "ip2": 1_010},
        ),
        Mistake(
            name="forgot a pooling layer",
            message="Between conv2 and ip1 the picture becomes smaller once more.",
            answer={"conv1": 1_216, "conv2": 4_640, "ip1": 100 * (32 * 12 * 12) + 100, "ip2": 1_010},
        ),
        Mistake(
            name="a filter for every position",
            message="This counts the connections. The same filter is used at every position of the "
            "picture, so it is learned, and counted, once.",
            answer={"conv1": 76 * 16 * 28 * 28, "conv2": 145 * 32 * 12 * 12, "ip1": 115_300, "ip2": 1_010},
        ),
        Mistake(
            name="the picture does not shrink",
            message="A 5x5 filter without padding fits into 32 pixels at 28 places, not 32: every "
            "convolution takes some pixels away.",
            answer={"conv1": 1_216, "conv2": 4_640, "ip1": 100 * (32 * 8 * 8) + 100, "ip2": 1_010},
        ),
    ),
)


# 06.2 ------------------------------------------------------------------------------------------------


def read_log(text):
    """Return [(iteration, accuracy), ...] of the tests in a Caffe log."""
    pairs, iteration = [], None
    for line in text.splitlines():
        testing = re.search(r"Iteration (\d+), Testing", line)
        if testing:
            iteration = int(testing[1])
        tested = re.search(r"Test net output #\d+: accuracy = (\S+)", line)
        if tested:
            pairs.append((iteration, float(tested[1])))
    return pairs


ONE_TEST = """\
Iteration 100, Testing net (#0)
    Test net output #0: accuracy = 0.75
"""
TWO_TESTS = """\
Iteration 0, Testing net (#0)
    Test net output #0: accuracy = 0.08
    Test net output #1: loss = 2.37 (* 1 = 2.37 loss)
Iteration 0, loss = 2.3
    Train net output #0: loss = 2.3 (* 1 = 2.3 loss)
Iteration 0, lr = 0.01
Iteration 100, Testing net (#0)
    Test net output #0: accuracy = 0.96
    Test net output #1: loss = 0.14 (* 1 = 0.14 loss)
"""
REAL_LOG = """\
I1122 01:38:10.953308  2918 solver.cpp:347] Iteration 0, Testing net (#0)
I1122 01:38:10.981865  2918 solver.cpp:414]     Test net output #0: accuracy = 0.0777778
I1122 01:38:10.981935  2918 solver.cpp:414]     Test net output #1: loss = 2.37316 (* 1 = 2.37316 loss)
I1122 01:38:10.990067  2918 solver.cpp:239] Iteration 0 (103.6 iter/s, 0.036s/20 iters), loss = 2.37756
I1122 01:38:11.937465  2918 solver.cpp:347] Iteration 100, Testing net (#0)
I1122 01:38:11.958045  2918 solver.cpp:414]     Test net output #0: accuracy = 0.952778
"""
RESUMED_LOG = """\
Iteration 150, Testing net (#0)
    Test net output #0: accuracy = 0.5
Iteration 200, Testing net (#0)
    Test net output #0: accuracy = 0.625
"""
ALL_RIGHT = """\
Iteration 0, Testing net (#0)
    Test net output #0: accuracy = 0.875
Iteration 100, Testing net (#0)
    Test net output #0: accuracy = 1
"""
NEARLY_NONE = """\
Iteration 0, Testing net (#0)
    Test net output #0: accuracy = 5e-05
"""
LOSS_FIRST = """\
Iteration 0, Testing net (#0)
    Test net output #0: loss = 2.37 (* 1 = 2.37 loss)
    Test net output #1: accuracy = 0.125
"""
TRAIN_TOO = """\
Iteration 0, Testing net (#0)
    Test net output #0: accuracy = 0.125
Iteration 0, loss = 2.3
    Train net output #0: accuracy = 0.25
"""


def _by_hand(accuracy=r"Test net output #\d+: accuracy = (\S+)", number=float, iteration=int):
    """Return a reader of logs with one thing changed."""

    def read(text):
        pairs, at = [], None
        for line in text.splitlines():
            at = (re.findall(r"Iteration (\d+), Testing", line) or [at])[0]
            pairs += [(iteration(at), number(found)) for found in re.findall(accuracy, line)]
        return pairs

    return read


READ_LOG = Code(
    number="06.2",
    title="Read a log",
    name="read_log",
    points=3,
    solution=read_log,
    cases={
        "a log of one test": (ONE_TEST,),
        "a log of two tests, with training between": (TWO_TESTS,),
        "a log of Caffe, with times": (REAL_LOG,),
        "a run that was resumed": (RESUMED_LOG,),
        "a perfect test": (ALL_RIGHT,),
        "a very small accuracy": (NEARLY_NONE,),
        "a net whose first output is the loss": (LOSS_FIRST,),
        "a net that shows its accuracy in training too": (TRAIN_TOO,),
        "an empty log": ("",),
    },
    hints=(
        "Go through text.splitlines(). One kind of line tells the iteration, another the accuracy: what do you have "
        "to remember between the two?",
        "Keep the iteration of the last `Iteration ..., Testing net` in a variable, and make a pair when a `Test net "
        "output ...: accuracy = ...` comes. Regular expressions are made for this: (\\d+) catches a whole number.",
        'Try re.search(r"Iteration (\\d+), Testing", line), and for the other line '
        'r"Test net output #\\d+: accuracy = (\\S+)": '
        "\\S+ takes all up to the next blank. Then int(...) and float(...).",
    ),
    mistakes=(
        Mistake(
            name="took the accuracy of the training too",
            message="`Train net output` is the batch it has just learned from; only `Test net output` is a test.",
            answer=_by_hand(accuracy=r"accuracy = (\S+)"),
        ),
        Mistake(
            name="left the numbers as text",
            message="'0.75' cannot be drawn or compared: int(...) for the iteration, float(...) for the accuracy.",
            answer=_by_hand(number=str, iteration=str),
        ),
        Mistake(
            name="cut off the exponent",
            message="5e-05 was read as 5: an accuracy is never above 1.",
            answer=_by_hand(accuracy=r"Test net output #\d+: accuracy = ([\d.]+)"),
        ),
        Mistake(
            name="expected a decimal point",
            message="A perfect test is written `accuracy = 1`, and that is a test nobody wants to lose.",
            answer=_by_hand(accuracy=r"Test net output #\d+: accuracy = (\d+\.\d+)"),
        ),
        Mistake(
            name="counted the tests instead of reading the iteration",
            message="A log that was resumed does not begin at 0, and not everybody tests every 100 iterations.",
            answer=lambda text: [(100 * i, accuracy) for i, (_, accuracy) in enumerate(read_log(text))],
        ),
        Mistake(
            name="looked at output #0 only",
            message="Outputs are numbered by their names in the alphabet; the accuracy need not be the first.",
            answer=_by_hand(accuracy=r"Test net output #0: accuracy = (\S+)"),
        ),
        Mistake(
            name="took the losses",
            message="The pairs hold losses. A loss says how wrong the scores are; the accuracy, how many are right.",
            answer=_by_hand(accuracy=r"Test net output #\d+: loss = (\S+)"),
        ),
    ),
)


# 06.3 ------------------------------------------------------------------------------------------------

PATIENT = """\
net: "patient"
base_lr: 0.01
lr_policy: "step"
gamma: 0.1
stepsize: 10
momentum: 0.9
weight_decay: 0.0005
display: 20
max_iter: 200
random_seed: 6
"""

LINEAR_NET = """\
name: "linear"
layer { name: "digits" type: "Data" top: "data" top: "label" transform_param { scale: 0.00390625 }
  data_param { source: "digits/digits_train_lmdb" batch_size: 64 backend: LMDB } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""


def train_patient(text):
    """Train a linear classifier of digits as a solver's text says; return the loss of every iteration.

    Parameters
    ----------
    text : str
        A solver prototxt. Its ``net`` is not read: the net is always `LINEAR_NET`.

    Returns
    -------
    list of float
    """
    spec = prototxt.parse_solver(text, "the patient's solver")
    spec.ClearField("net")
    spec.ClearField("display")
    spec.net_param.CopyFrom(prototxt.parse_net(LINEAR_NET))
    spec.snapshot_after_train = False
    solver = Solver(spec)
    losses = []
    with np.errstate(all="ignore"):  # some patients diverge
        for _ in range(max(1, min(spec.max_iter, 200))):
            solver.step(1)
            losses.append(float(solver.net.loss))
    return losses


def with_line(text, field, value):
    """Return a solver's text with one line changed, or added."""
    if field not in caffe_pb2.SolverParameter.DESCRIPTOR.fields_by_name:
        raise SpecError(f"a solver has no line {field!r}; the patient has these:\n{PATIENT}")
    line = f'{field}: "{value}"' if isinstance(value, str) else f"{field}: {value}"
    kept = [old for old in text.splitlines() if not old.startswith(f"{field}:")]
    return "\n".join([*kept, line]) + "\n"


def _measure_cure(cure):
    if len(cure) != 2 or not isinstance(cure[0], str):
        raise SpecError(f'expected ("name of the line", value), found {cure!r}')
    text = with_line(PATIENT, *cure)
    solver = prototxt.parse_solver(text, "your solver")
    return {
        "changed": cure[0],
        "part of the rate left at iteration 100": round(learning_rate(solver, 100)[0] / solver.base_lr, 6),
        "loss over the last 20 iterations": round(float(np.mean(train_patient(text)[-20:])), 3),
    }


def cure_by_hand():
    """Let the first step of the rate come when the loss has stopped falling, not after ten iterations."""
    return ("stepsize", 100_000)


CURE = Experiment(
    number="06.3",
    title="Find the bug in a solver",
    kind="hunt",
    name="cure",
    points=2,
    solution=cure_by_hand,
    expects=(tuple, list),
    expects_words='pair ("name of the line", value)',
    measure=_measure_cure,
    what_ran="trained the patient for 200 iterations with your line",
    requirements=(
        Requirement(what="part of the rate left at iteration 100", least=0.5, most=1),
        Requirement(what="loss over the last 20 iterations", most=0.4),
    ),
    hints=(
        "The loss falls for a few iterations and then stands still, far above zero. What stands still in a "
        "solver when the weights stop moving?",
        "Work out the rate at iterations 0, 10, 20 and 100 from `base_lr`, `lr_policy`, `gamma`, `stepsize`.",
        "With the policy `step` the rate is base_lr * gamma ** (iteration // stepsize). Steps of 10 "
        "iterations make it ten thousand million times smaller by iteration 100. When should the first come?",
    ),
    mistakes=(
        Mistake(
            name="trained for longer",
            message="More iterations do not help once a step is of no size: look at the rate.",
            answer=lambda: ("max_iter", 20_000),
            shows=lambda measured: measured["changed"] == "max_iter",
        ),
        Mistake(
            name="only a larger first rate",
            message="The start is quicker, but the rate still dies as early. What makes it die?",
            answer=lambda: ("base_lr", 0.05),
            shows=lambda measured: measured["changed"] == "base_lr",
        ),
        Mistake(
            name="blamed the momentum or the decay of weights",
            message="0.9 and 0.0005 are what Caffe's own LeNet uses, and that one learns.",
            answer=lambda: ("momentum", 0.99),
            shows=lambda measured: measured["changed"] in ("momentum", "weight_decay"),
        ),
        Mistake(
            name="made the rate grow",
            message="A gamma above 1 multiplies the rate at every step: the loss leaves the page.",
            answer=lambda: ("gamma", 10.0),
            shows=lambda measured: measured["part of the rate left at iteration 100"] > 1,
        ),
        Mistake(
            name="a little later is still too early",
            message="The right line, but by iteration 100 the rate has still been cut several times.",
            answer=lambda: ("stepsize", 30),
            shows=lambda measured: measured["changed"] == "stepsize",
        ),
    ),
)


# 06.4 ------------------------------------------------------------------------------------------------

MOST_PARAMETERS = 20_000
LEAST_ACCURACY = 0.94

LITTLE_NET = """\
name: "little"
layer {{ name: "digits" type: "Data" top: "data" top: "label" include {{ phase: TRAIN }}
  transform_param {{ scale: 0.00390625 }}
  data_param {{ source: "digits/digits_train_lmdb" batch_size: 64 backend: LMDB }} }}
layer {{ name: "digits" type: "Data" top: "data" top: "label" include {{ phase: TEST }}
  transform_param {{ scale: 0.00390625 }}
  data_param {{ source: "digits/digits_{tested_on}_lmdb" batch_size: 90 backend: LMDB }} }}
layer {{ name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param {{ num_output: {conv1} kernel_size: 5 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param {{ pool: MAX kernel_size: 2 stride: 2 }} }}
layer {{ name: "conv2" type: "Convolution" bottom: "pool1" top: "conv2"
  convolution_param {{ num_output: {conv2} kernel_size: 5 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "pool2" type: "Pooling" bottom: "conv2" top: "pool2"
  pooling_param {{ pool: MAX kernel_size: 2 stride: 2 }} }}
layer {{ name: "ip1" type: "InnerProduct" bottom: "pool2" top: "ip1"
  inner_product_param {{ num_output: {ip1} weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "relu1" type: "ReLU" bottom: "ip1" top: "ip1" }}
layer {{ name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"
  inner_product_param {{ num_output: 10 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "accuracy" type: "Accuracy" bottom: "ip2" bottom: "label" top: "accuracy"
  include {{ phase: TEST }} }}
layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "loss" }}
"""


def train_little(conv1=8, conv2=16, ip1=32, iterations=300, tested_on="test"):
    """Make LeNet's layers narrower, most of all the widest; train it; return its solver."""
    text = LITTLE_NET.format(conv1=conv1, conv2=conv2, ip1=ip1, tested_on=tested_on)
    spec = prototxt.parse_solver(
        'base_lr: 0.02 momentum: 0.9 weight_decay: 0.0005 lr_policy: "fixed" random_seed: 6 '
        f"test_iter: 4 test_interval: 1000 test_initialization: false snapshot_after_train: false "
        f"max_iter: {iterations}"
    )
    spec.net_param.CopyFrom(prototxt.parse_net(text))
    solver = Solver(spec)
    solver.step(iterations)
    return solver


def _measure_little(solver):
    counts = {name: sum(blob.count for blob in blobs) for name, blobs in solver.net.params.items()}
    data = next(layer for layer in solver.test_nets[0].layers if layer.type == "Data")
    unseen = 0 if "train" in data.options.source else solver.spec.test_iter[0] * data.options.batch_size
    measured = {
        "parameters": sum(counts.values()),
        "most of them in": max(counts, key=counts.get),
        "iterations trained": solver.iter,
        "tested on new digits": unseen,
    }
    if unseen:
        [tested] = solver.test()
        measured["accuracy"] = round(float(tested["accuracy"]), 2)
    return measured


LITTLE = Experiment(
    number="06.4",
    title="A smaller net",
    name="little",
    points=3,
    solution=train_little,
    expects=Solver,
    expects_words="Solver, after training",
    measure=_measure_little,
    what_ran="counted the parameters of your net and tested it",
    requirements=(
        Requirement(what="parameters", most=MOST_PARAMETERS),
        Requirement(what="tested on new digits", least=360, most=360),
        Requirement(what="accuracy", least=LEAST_ACCURACY),
    ),
    hints=(
        "Which layer of LeNet holds most of its numbers? (Exercise 06.1 counted them.) Begin there.",
        "ip1 has num_output times the count of what it reads. Fewer outputs of ip1 help, and fewer "
        "channels in conv2 help ip1 too.",
        "Try 8 channels in conv1, 16 in conv2 and 32 outputs in ip1; count before you train. Under 94 %? "
        "Train for a few more iterations, or raise base_lr a little.",
    ),
    mistakes=(
        Mistake(
            name="tested on what it learned from",
            message="The net may know those digits by heart. The TEST phase must read the test LMDB.",
            answer=lambda: train_little(iterations=100, tested_on="train"),
            shows=lambda measured: measured["tested on new digits"] == 0,
        ),
        Mistake(
            name="not trained",
            message="The solver is at iteration 0: the net still says what its first random weights say.",
            answer=lambda: train_little(iterations=0),
            shows=lambda measured: measured["iterations trained"] == 0,
        ),
        Mistake(
            name="saved in the wrong place",
            message="The convolutions became smaller, but most numbers are in ip1, as before.",
            answer=lambda: train_little(conv1=10, conv2=25, ip1=500, iterations=1),
            shows=lambda measured: measured["parameters"] > MOST_PARAMETERS and measured["most of them in"] == "ip1",
        ),
        Mistake(
            name="still too large",
            message="Count again before you train: every layer counts.",
            answer=lambda: train_little(conv1=20, conv2=50, ip1=10, iterations=1),
            shows=lambda measured: measured["parameters"] > MOST_PARAMETERS,
        ),
        Mistake(
            name="small enough, but it has not learned enough",
            message="Is it too small, or did it stop too early? The curve of the loss tells which.",
            answer=lambda: train_little(iterations=3),
            shows=lambda measured: measured["accuracy"] < LEAST_ACCURACY,
        ),
    ),
)


# 06.5 ------------------------------------------------------------------------------------------------


def painted_digits(count, seed=0):
    """Return colour pictures the size of CIFAR-10's: digits in one colour on paper of another.

    Parameters
    ----------
    count : int
        At most 1,437, as many as there are digits to learn from.
    seed : int

    Returns
    -------
    x : ndarray of uint8, (count, 3, 32, 32)
        Channels in the order blue, green, red.
    y : ndarray of int64, (count,)
    """
    digits = datasets.load("digits")
    rng = np.random.default_rng(seed)
    ink = np.pad(digits.x_train[:count], ((0, 0), (0, 0), (2, 2), (2, 2))) / 255.0
    dark = rng.integers(0, 128, size=(count, 3, 1, 1))
    bright = rng.integers(128, 256, size=(count, 3, 1, 1))
    paper, pen = np.where(rng.random((count, 1, 1, 1)) < 0.5, [dark, bright], [bright, dark])
    return np.rint(paper + ink * (pen - paper)).astype(np.uint8), digits.y_train[:count]


def colour_net_by_hand():
    """LeNet for 3x32x32: three channels in, ReLU after each convolution, ten scores out."""
    return """
    name: "colour"
    layer { name: "data" type: "Input" top: "data"
      input_param { shape { dim: 20 dim: 3 dim: 32 dim: 32 } } }
    layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
      convolution_param { num_output: 16 kernel_size: 5 weight_filler { type: "xavier" } } }
    layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
    layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
      pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
    layer { name: "conv2" type: "Convolution" bottom: "pool1" top: "conv2"
      convolution_param { num_output: 32 kernel_size: 5 weight_filler { type: "xavier" } } }
    layer { name: "relu2" type: "ReLU" bottom: "conv2" top: "conv2" }
    layer { name: "pool2" type: "Pooling" bottom: "conv2" top: "pool2"
      pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
    layer { name: "ip1" type: "InnerProduct" bottom: "pool2" top: "ip1"
      inner_product_param { num_output: 64 weight_filler { type: "xavier" } } }
    layer { name: "relu3" type: "ReLU" bottom: "ip1" top: "ip1" }
    layer { name: "score" type: "InnerProduct" bottom: "ip1" top: "score"
      inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
    """


OVERFIT_STEPS = 60
MOST_IN_COLOUR = 500_000

LOSS_ON_TOP = """
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 20 } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "loss" }
"""


def _measure_colour(text):
    net = Net(prototxt.parse_net(text, "your net"))
    for name in ("data", "score"):
        if name not in net.blobs:
            raise SpecError(f"expected a blob {name!r} in your net, found {', '.join(net.blobs)}")
    measured = {
        "reads": str(net.blobs["data"].shape[1:]),
        "scores": net.blobs["score"].shape[-1],
        "last layer": net.layers[-1].type,
        "parameters": sum(blob.count for blobs in net.params.values() for blob in blobs),
        "loss before learning": float("nan"),
        f"loss after {OVERFIT_STEPS} steps on 20 pictures": float("nan"),
    }
    if measured["reads"] != "(3, 32, 32)" or measured["scores"] != 10 or measured["parameters"] > MOST_IN_COLOUR:
        return measured
    spec = prototxt.parse_solver(
        'base_lr: 0.01 momentum: 0.9 lr_policy: "fixed" random_seed: 6 snapshot_after_train: false '
        f"max_iter: {OVERFIT_STEPS}"
    )
    spec.net_param.CopyFrom(prototxt.parse_net(text + LOSS_ON_TOP, "your net with a loss"))
    solver = Solver(spec)
    x, y = painted_digits(20)
    solver.net.blobs["data"].reshape(*x.shape)
    solver.net.blobs["data"].data = x / np.float32(256) - np.float32(0.5)
    solver.net.blobs["label"].data = y
    losses = []
    with np.errstate(all="ignore"):
        for _ in range(OVERFIT_STEPS):
            solver.step(1)
            losses.append(float(solver.net.loss))
    measured["loss before learning"] = round(losses[0], 2)
    measured[f"loss after {OVERFIT_STEPS} steps on 20 pictures"] = round(losses[-1], 2)
    return measured


_LAST = f"loss after {OVERFIT_STEPS} steps on 20 pictures"


def _altered(*changes):
    """Return the worked answer with some words changed, as a function."""

    def make():
        text = colour_net_by_hand()
        for old, new in changes:
            if old not in text:
                raise ValueError(f"the worked answer has no {old!r}")
            text = text.replace(old, new)
        return text

    return make


COLOUR = Experiment(
    number="06.5",
    title="A net for colour pictures",
    name="colour_net",
    points=4,
    solution=colour_net_by_hand,
    expects=str,
    expects_words="prototxt text",
    measure=_measure_colour,
    what_ran=f"built your net, put a loss on top, and trained it on 20 pictures for {OVERFIT_STEPS} steps",
    requirements=(
        Requirement(what="scores", least=10, most=10),
        Requirement(what="parameters", most=MOST_IN_COLOUR),
        Requirement(what="loss before learning", least=1.5, most=4.0),
        Requirement(what=_LAST, most=0.2),
    ),
    hints=(
        "Begin with lenet.prototxt. Three things change: what the Input says, what conv1 sees (nothing to "
        "write: it asks its bottom), and the name of the last blob.",
        "The last blob is `score`: ten numbers from an InnerProduct, before any Softmax; the loss on top has "
        "its own. Every layer with weights needs a weight_filler.",
        "If the loss stays at 2.30, are the weights all zero (no filler)? If it begins far above 4, they "
        'are too large: `weight_filler { type: "xavier" }` fits the size of each layer.',
    ),
    mistakes=(
        Mistake(
            name="still grey",
            message="A colour picture has three channels, and CIFAR-10's have 32 x 32 pixels.",
            answer=_altered(("dim: 3 dim: 32 dim: 32", "dim: 1 dim: 28 dim: 28")),
            shows=lambda measured: measured["reads"] != "(3, 32, 32)",
        ),
        Mistake(
            name="not one score for each class",
            message="There are ten classes; a SoftmaxWithLoss over ten labels reads ten scores.",
            answer=_altered(("num_output: 10", "num_output: 1000")),
            shows=lambda measured: measured["scores"] != 10,
        ),
        Mistake(
            name="too large for the task",
            message="Twenty pictures are learned by heart with far fewer numbers, and in less time.",
            answer=_altered(("num_output: 64", "num_output: 1024")),
            shows=lambda measured: measured["parameters"] > MOST_IN_COLOUR,
        ),
        Mistake(
            name="two softmaxes",
            message="`score` is already a probability, and SoftmaxWithLoss takes the softmax once more: no "
            "difference of probabilities is larger than 1, so the loss cannot come near 0.",
            answer=_altered(
                (
                    'name: "score" type: "InnerProduct" bottom: "ip1" top: "score"',
                    'name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"',
                ),
                (
                    "num_output: 10 weight_filler",
                    'num_output: 10 weight_filler { type: "xavier" } } }\n'
                    'layer { name: "score" type: "Softmax" bottom: "ip2" top: "score" }\n'
                    "#",
                ),
            ),
            shows=lambda measured: measured["last layer"] == "Softmax",
        ),
        Mistake(
            name="all weights begin at zero",
            message="Without a weight_filler every weight is 0, all channels are alike, and no slope comes "
            "through: the loss stays at ln 10.",
            answer=_altered((' weight_filler { type: "xavier" }', "")),
            shows=lambda measured: abs(measured["loss before learning"] - 2.3) < 0.01 and measured[_LAST] > 1.5,
        ),
        Mistake(
            name="the weights begin too large",
            message="A net that knows nothing should say 1/10 for each class, a loss of ln 10. This one is "
            "sure, and wrong.",
            answer=_altered(('type: "xavier"', 'type: "gaussian" std: 1')),
            shows=lambda measured: not measured["loss before learning"] < 4,
        ),
    ),
)

EXERCISES = (COUNT, READ_LOG, CURE, LITTLE, COLOUR)
