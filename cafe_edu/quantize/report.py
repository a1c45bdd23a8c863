r"""The report: what the 8 bits cost in answers, and what they save in bytes.

How well a layer's output is kept is said in decibels, 10 for each factor of ten between the power of the numbers and
that of their error:

.. math:: SQNR = 10 \log_{10} \frac{\sum y^2}{\sum (y - \hat y)^2}

Each bit more gives 6 dB, because it halves the steps. The error of a layer is what has come together up to there: its
own, and that of all layers before it.
"""

import dataclasses
import html
import math

import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.errors import DataError
from cafe_edu.quantize.calibrate import each_batch


@dataclasses.dataclass
class Row:
    """One 8-bit layer.

    Attributes
    ----------
    name : str
    parts : list of str
        The layers of the float net whose work it does.
    before, after : int
        Bytes of its parameters.
    sqnr : float
        In decibels.
    """

    name: str
    parts: list
    before: int
    after: int
    sqnr: float


@dataclasses.dataclass
class Report:
    """What was found; shown as a table.

    Attributes
    ----------
    rows : list of Row
    kept : dict of layer name -> str
        Layers that stayed in float32, and why.
    before, after : int
        Bytes of all parameters.
    accuracy : (float, float) or None
        The share of items that the float net and the 8-bit net get right.
    agreement : float or None
        The share of items for which both give the same answer.
    items : int
        How many items that was counted on.
    """

    rows: list
    kept: dict
    before: int
    after: int
    accuracy: tuple = None
    agreement: float = None
    items: int = 0

    def lines(self):
        """The sentences around the table."""
        yield f"weights: {self.before:,} bytes before, {self.after:,} after ({100 * self.after / self.before:.1f} %)"
        if self.accuracy is not None:
            before, after = self.accuracy
            yield f"right: {100 * before:.2f} % before, {100 * after:.2f} % after"
        if self.agreement is not None:
            yield f"the same answer: {100 * self.agreement:.2f} % of {self.items:,}"
        for name, reason in self.kept.items():
            yield f"{name} stays in float32 ({reason})"

    def table(self):
        """One tuple of strings for each 8-bit layer."""
        for row in self.rows:
            yield row.name, " + ".join(row.parts), f"{row.before:,}", f"{row.after:,}", f"{row.sqnr:.1f} dB"

    def __str__(self):
        table = [HEAD, *self.table()]
        widths = [max(len(row[i]) for row in table) for i in range(len(HEAD))]
        rows = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
        return "\n".join([*rows, *self.lines()])

    __repr__ = __str__

    def _repr_html_(self):
        def line(cells, tag):
            return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"

        rows = "".join(line(row, "td") for row in self.table())
        return f"<table>{line(HEAD, 'th')}{rows}</table>" + "".join(f"<p>{html.escape(x)}</p>" for x in self.lines())


HEAD = ("layer", "does the work of", "bytes before", "after", "kept well")


def compare(original, quantized, batches, labels=None):
    """Return the `Report` of a QuantizedNet beside the float net that it was made from.

    Both see the same batches: what the float net's data layers give is copied into the other.
    """
    nets, last = (original, quantized.net), _last_parts(original, quantized.parts)
    power, error = dict.fromkeys(quantized.parts, 0.0), dict.fromkeys(quantized.parts, 0.0)
    answers, accuracies = [], []
    for inputs in each_batch(original, batches):
        expected, found = _run(original, quantized.net, inputs, last), _follow(quantized.net, quantized.parts)
        for name, tops in expected.items():
            for y, mine in zip(tops, found[name], strict=True):
                power[name] += float(np.square(y, dtype=np.float64).sum())
                error[name] += float(np.square(np.subtract(y, mine, dtype=np.float64)).sum())
        answers.append([_answers(net) for net in nets])
        accuracies.append([_accuracy(net) for net in nets])
    rows = [
        Row(name, parts, _bytes(original, parts), _bytes(quantized.net, [name]), decibels(power[name], error[name]))
        for name, parts in quantized.parts.items()
    ]
    report = Report(rows, quantized.kept, _bytes(original), _bytes(quantized.net))
    if accuracies[0][0] is not None:
        report.accuracy = tuple(np.mean(accuracies, axis=0).tolist())
    if answers[0][0] is not None:
        before, after = (np.concatenate([pair[side] for pair in answers]) for side in (0, 1))
        if not len(before):
            raise DataError("expected batches with items to compare the answers for, found none in them")
        report.items, report.agreement = len(before), float((before == after).mean())
        if labels is not None:
            report.accuracy = _right(before, labels), _right(after, labels)
    elif labels is not None:
        raise DataError(
            f"expected one output of scores (N, classes) to hold against labels, found {', '.join(original.outputs)}"
        )
    return report


def decibels(power, error):
    """Return the ratio of two powers in decibels: infinity where there is no error.

    Examples
    --------
    >>> decibels(1000.0, 1.0)
    30.0
    """
    if error == 0:
        return math.inf
    return 10 * math.log10(power / error) if power else -math.inf


def _last_parts(original, parts):
    """Where in the float net stands the last of the layers whose work an 8-bit layer does: place -> its name."""
    names, found = [layer.name for layer in original.layers], {}
    for name, those in parts.items():
        place = -1
        for part in those:
            place = names.index(part, place + 1)
        found[place] = name
    return found


def _run(original, other, inputs, last):
    """Run the float net; give what its sources make to the other; return the tops at the places of ``last``."""
    original.forward(end=original.layers[0].name, **inputs)
    found = {}
    for i, step in enumerate(original.steps):
        if i > 0:
            original.forward_step(i)
        if not step.bottom:
            for blob in step.top:
                other.blobs[blob.name].reshape(*blob.shape)
                other.blobs[blob.name].data = to_numpy(blob.data)
        if i in last:
            found[last[i]] = [to_numpy(blob.data).copy() for blob in step.top]
    return found


def _follow(net, names):
    """Run the layers of the 8-bit net behind its sources; return the tops of those named."""
    found = {}
    for i, step in enumerate(net.steps):
        if step.bottom:
            net.forward_step(i)
        if step.layer.name in names and step.layer.params:
            found[step.layer.name] = [to_numpy(blob.data).copy() for blob in step.top]
    return found


def _answers(net):
    """The class of the highest score of each item; None if the net has not one output of scores."""
    scores = [name for name in net.outputs if len(net.blobs[name].shape) > 1]
    return to_numpy(net.blobs[scores[0]].data).argmax(axis=1).ravel() if len(scores) == 1 else None


def _accuracy(net):
    """What the net's own Accuracy layer says; None if it has none."""
    found = [float(step.top[0].data) for step in net.steps if step.layer.type == "Accuracy"]
    return found[0] if found else None


def _right(answers, labels):
    labels = np.asarray(labels).ravel()
    if len(labels) != len(answers):
        raise DataError(f"expected a label for each of {len(answers)} items, found {len(labels)}")
    return float((answers == labels).mean())


def _bytes(net, names=None):
    """Bytes of the parameters of some layers; of all, those that are shared counted once."""
    if names is None:
        blobs = [param.blob for param in net.learnable]
    else:
        blobs = [blob for name in names for blob in net.params.get(name, [])]
    return sum(blob.count * blob.dtype.itemsize for blob in blobs)
