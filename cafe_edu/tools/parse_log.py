"""Parse a training log, Caffe's or ours, into tables."""

import csv
import dataclasses
import datetime
import io
import math
import pathlib
import re

from cafe_edu.errors import DataError
from cafe_edu.files import replacing

_HEAD = re.compile(r"[IWEF](\d{4})?(\d\d)(\d\d) (\d\d):(\d\d):(\d\d(?:\.\d+)?)\s")
_ITERATION = re.compile(r"Iteration (\d+)")
_TESTING = re.compile(r"Testing net \(#(\d+)\)")
_OUTPUT = re.compile(r"(Train|Test) net output #\d+: (\S+) = (\S+)")
_LOSS = re.compile(r"Iteration \d+ ?(?:\([^)]*\))?, loss = (\S+)")
_RATE = re.compile(r"lr = (\S+)")


@dataclasses.dataclass
class ParsedLog:
    """What a log says of its training.

    Attributes
    ----------
    train, test : list of dict
        One row for each display, and for each test: NumIters, Seconds (since "Solving"), LearningRate, and each output
        by its name. An output of several numbers has the last. ``test`` is the first TEST net's.
    more_tests : dict of int -> list of dict
        The same of further TEST nets, by number.
    loss : list of dict
        NumIters, Seconds, LearningRate and loss, smoothed as the solver displays it.
    """

    train: list
    test: list
    more_tests: dict
    loss: list


def parse_log(path):
    """Read a training log.

    A row's time is that of its first output, its rate the one in force at its iteration. (Caffe's script gives a row
    the rate of the display before it, since the log names the rate last.)

    Parameters
    ----------
    path : path

    Returns
    -------
    ParsedLog

    Raises
    ------
    DataError
        If there is no such file, or it holds no training.

    References
    ----------
    Caffe: ``tools/extra/parse_log.py``, ``tools/extra/extract_seconds.py``.
    """
    try:
        lines = pathlib.Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        raise DataError(f"no such log: {path}") from None
    clock, rates = _Clock(), {}
    tables, loss = {}, []  # "Train" or number of a TEST net -> rows
    iteration = net = None
    for line in lines:
        seconds = clock.read(line)
        if seconds is None:
            continue
        if "Solving" in line and iteration is None:
            clock.start()
        if found := _ITERATION.search(line):
            iteration = int(found[1])
        if iteration is None:
            continue
        if found := _TESTING.search(line):
            net = int(found[1])
        if found := _RATE.search(line):
            rates[iteration] = _number(found[1])
        if (found := _LOSS.search(line)) and _number(found[1]) is not None:
            loss.append(_row(loss, iteration, seconds) | {"loss": _number(found[1])})
        if (found := _OUTPUT.search(line)) and _number(found[3]) is not None:
            rows = tables.setdefault("Train" if found[1] == "Train" else net or 0, [])
            if not rows or rows[-1]["NumIters"] != iteration:
                rows.append(_row(rows, iteration, seconds))
            rows[-1][found[2]] = _number(found[3])
    if not tables and not loss:
        raise DataError(f"{path}: expected a training log with lines such as `Iteration 100, loss = 0.5`, found none")
    for rows in [*tables.values(), loss]:
        _fill_rates(rows, rates)
    train, test = tables.pop("Train", []), tables.pop(0, [])
    return ParsedLog(train, test, dict(sorted(tables.items())), loss)


def _row(rows, iteration, seconds):
    return {"NumIters": float(iteration), "Seconds": round(seconds, 6), "LearningRate": math.nan}


def _number(text):
    try:
        return float(text)
    except ValueError:
        return None


def _fill_rates(rows, rates):
    """Give each row the rate of its iteration, or the last before it; the first rows, of before any, the first rate."""
    known, i = sorted(rates.items()), 0
    rate = known[0][1] if known else math.nan
    for row in rows:
        while i < len(known) and known[i][0] <= row["NumIters"]:
            rate = known[i][1]
            i += 1
        row["LearningRate"] = rate


class _Clock:
    """Seconds since "Solving", from the times at the head of the lines, also past midnight and New Year."""

    def __init__(self):
        self.first = self.last = None
        self.year = None

    def read(self, line):
        """Seconds at this line, or None if it has no time."""
        found = _HEAD.match(line)
        if not found:
            return None
        year, month, day, hour, minute = (int(part) if part else None for part in found.groups()[:5])
        if year is None:
            year = self.year or 2000  # glog leaves it out; what counts is the time that passes
            if self.last is not None and month < self.last.month:
                year += 1
        self.year = year
        second = float(found[6])
        try:
            self.last = datetime.datetime(year, month, day, hour, minute) + datetime.timedelta(seconds=second)
        except ValueError:
            return None
        self.first = self.first or self.last
        return (self.last - self.first).total_seconds()

    def start(self):
        """Count from the line that was read last."""
        self.first = self.last


def write_tables(log, parsed, folder, delimiter=","):
    """Write the rows of a parsed log as FOLDER/NAME.train and FOLDER/NAME.test, as Caffe's script does.

    Further TEST nets go to NAME.test1, NAME.test2, ...

    Parameters
    ----------
    log : path
        Its name is NAME.
    parsed : ParsedLog
    folder : path
    delimiter : str
        One character.

    Returns
    -------
    list of Path
    """
    if len(delimiter) != 1:
        raise DataError(f"expected a delimiter of one character, found {delimiter!r}")
    name, written = pathlib.Path(log).name, []
    tables = {"train": parsed.train, "test": parsed.test} | {f"test{k}": rows for k, rows in parsed.more_tests.items()}
    for ending, rows in tables.items():
        text = io.StringIO()
        columns = list(dict.fromkeys(column for row in rows for column in row))
        writer = csv.DictWriter(text, columns, delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        path = pathlib.Path(folder) / f"{name}.{ending}"
        with replacing(path) as new:
            new.write_text(text.getvalue() if columns else "", encoding="utf-8")
        written.append(path)
    return written
