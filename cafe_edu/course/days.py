"""The twenty-one days: their titles, and the exercises of those that are there."""

import functools
import importlib
import importlib.util

from cafe_edu.errors import CafeError

PARTS = {
    "First sight 上篇 初见": range(1, 7),
    "In love 中篇 热恋": range(7, 15),
    "Sublimation 下篇 升华": range(15, 22),
}
TITLES = (
    "What deep learning is", "Where it came from", "The tools", "The workbench", "What it stands on",
    "The handwritten digits", "Reading the code", "Blob, Layer, Net", "Data in", "Models", "Forward", "Backward",
    "The solver", "Tools", "Faster", "Seeing", "From bench to production", "ILSVRC", "Good everywhere",
    "The road-makers", "New life",
)  # fmt: skip


@functools.cache
def days():
    """Return the days that have exercises, as numbers."""
    return [n for n in range(1, len(TITLES) + 1) if importlib.util.find_spec(f"cafe_edu.course.day{n:02d}")]


def exercises(day):
    """Return the exercises of a day, in order; none if it has no exercises yet."""
    return tuple(importlib.import_module(f"cafe_edu.course.day{day:02d}").EXERCISES) if day in days() else ()


def find(number):
    """Return the exercise called ``number``.

    Raises
    ------
    CafeError
        If there is none, with those there are.

    Examples
    --------
    >>> find("06.1").kind
    'predict'
    """
    day = str(number).partition(".")[0]
    if len(day) != 2 or not day.isdecimal() or int(day) not in days():
        raise CafeError(f'no exercises for day {day!r}: numbers are like "06.1", the day in two figures')
    by_number = {exercise.number: exercise for exercise in exercises(int(day))}
    if number not in by_number:
        raise CafeError(f"no exercise {number!r}: day {day} has {', '.join(by_number)}")
    return by_number[number]
