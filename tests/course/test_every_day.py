"""For every exercise of every day there is: what is right passes, and what is wrong is told what it is.

The day's own files say what is right and which mistakes are known; nothing here knows a single exercise.
"""

import ast
import contextlib
import functools
import inspect
import itertools
import pathlib

import numpy as np
import pytest

from cafe_edu.course import days
from cafe_edu.course.compare import Raised, difference, kind_of_value, numbers_in
from cafe_edu.course.guarded import Guard
from cafe_edu.course.kinds import Code, Derive, Experiment, Explain, Hunt, Predict
from cafe_edu.course.running import Run, known

EXERCISES = [exercise for day in days.days() for exercise in days.exercises(day)]
ROOT = pathlib.Path(__file__).parents[2]


def those(*kinds):
    """Parametrise by the exercises of these kinds."""
    found = [exercise for exercise in EXERCISES if isinstance(exercise, kinds)]
    return pytest.mark.parametrize("exercise", found, ids=lambda exercise: exercise.number)


each = those(object)
written = those(Code, Derive)
valued = those(Predict, Explain, Hunt, Experiment)


# what is right, what is a known mistake ------------------------------------------------------------------


TRAINS = [pytest.param(e, marks=pytest.mark.slow if isinstance(e, Experiment) else (), id=e.number) for e in EXERCISES]


@pytest.mark.parametrize("exercise", TRAINS)
def test_the_worked_answer_passes(exercise):
    verdict = exercise.judge(exercise.right_answer())
    assert verdict.passed, repr(verdict)
    assert f"your `{exercise.name}`" in verdict.ran


MISTAKES = [  # of what trains a net, the first mistake is enough while one works
    pytest.param(
        e, mistake, id=f"{e.number} {mistake.name}", marks=pytest.mark.slow if i and isinstance(e, Experiment) else ()
    )
    for e in EXERCISES
    for i, mistake in enumerate(e.mistakes)
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_a_known_mistake_is_called_by_its_name(exercise, mistake):
    verdict = exercise.judge(exercise.wrong_answer(mistake))
    assert not verdict.passed
    assert (verdict.mistake, verdict.message) == (mistake.name, mistake.message), repr(verdict)
    assert f'hint("{exercise.number}")' in verdict.next


@each
def test_two_failing_checks_say_the_same(exercise):
    wrong = exercise.wrong_answer(exercise.mistakes[0])
    assert repr(exercise.judge(wrong)) == repr(exercise.judge(wrong))


@each
def test_an_exercise_is_complete(exercise):
    assert exercise.number[:3] in [f"{day:02d}." for day in days.days()]
    assert len(exercise.hints) == 3
    assert len(exercise.mistakes) >= 4
    names = [mistake.name for mistake in exercise.mistakes]
    assert len(set(names)) == len(names)
    assert exercise.points > 0
    assert exercise.kind in ("code", "derive", "predict", "explain", "hunt", "experiment")
    assert exercise.worked_answer().startswith(("def ", "class ", "@"))
    for text in (exercise.title, *exercise.hints, *names, *(mistake.message for mistake in exercise.mistakes)):
        assert text
        assert text == " ".join(text.split())
        assert text.count("`") % 2 == 0


@pytest.mark.parametrize("day", days.days())
def test_a_day_has_five_exercises_of_three_kinds_at_least(day):
    exercises = days.exercises(day)
    assert [exercise.number for exercise in exercises] == [f"{day:02d}.{i + 1}" for i in range(len(exercises))]
    assert len(exercises) >= 5
    assert len({exercise.kind for exercise in exercises}) >= 3
    assert len({exercise.name for exercise in exercises}) == len(exercises)


# what readers write otherwise ----------------------------------------------------------------------------


def says(verdict, *words):
    """The verdict fails, and says one of these, or knows the mistake by name."""
    assert not verdict.passed, repr(verdict)
    assert verdict.mistake or any(word in verdict.message for word in words), repr(verdict)
    assert f'hint("{verdict.number}")' in verdict.next
    assert "Traceback" not in repr(verdict)


@each
@pytest.mark.parametrize("answer", [None, ..., 3, "nonsense", {}, [], np.nan, np.zeros(3), object(), print],
                         ids=lambda answer: type(answer).__name__)  # fmt: skip
def test_any_other_object_is_refused_kindly(exercise, answer):
    verdict = exercise.judge(answer)
    assert not verdict.passed
    assert verdict.message or verdict.table
    assert "Traceback" not in repr(verdict)
    if answer is None or answer is ...:
        assert "is still blank" in verdict.message


@each
def test_an_answer_that_is_not_there(exercise):
    verdict = exercise.undefined()
    assert f"define `{exercise.name}` first" in verdict.message
    assert not verdict.passed


def raising(exercise, error):
    """A function, or a class each of whose own methods, that raises at once."""

    def stub(*args, **more):
        raise error

    if not inspect.isclass(exercise.solution):
        return stub
    methods = {name: stub for name, value in vars(exercise.solution).items() if inspect.isfunction(value)}
    return type(exercise.solution)(exercise.name, exercise.solution.__bases__, methods)


@written
def test_an_unchanged_stub(exercise):
    verdict = exercise.judge(raising(exercise, NotImplementedError()))
    assert f"`{exercise.name}` is still blank" in verdict.message


@written
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ArithmeticError("lost"), "it stopped with a ArithmeticError"),
        (SystemExit(0), "it left the program with `exit`"),
        (MemoryError(), "it asked for more memory"),
        (RecursionError(), "it calls itself without end"),
        (NameError("name 'W' is not defined"), "it uses a name that is not there"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_exception(exercise, error, words):
    verdict = exercise.judge(raising(exercise, error))
    says(verdict, words)
    assert any(repr(Raised(error)) in str(value) for _, value in verdict.table)


def remade(value, change):
    """``value`` with ``change`` made of each number and array in it."""
    match kind_of_value(value):
        case "list":
            return type(value)(remade(item, change) for item in value)
        case "dict":
            return {key: remade(item, change) for key, item in value.items()}
        case "number" | "array":
            return change(value)
    return value


def longer(value):
    """One axis more, one item fewer, one key less: the wrong shape of anything."""
    match kind_of_value(value):
        case "array" | "number":
            return np.stack([np.asarray(value)] * 2)
        case "list" if value:
            return value[:-1]
        case "list":
            return [0]
        case "dict":
            return {key: longer(item) for key, item in value.items()}
    return [value, value]


def judged(exercise, change):
    """The verdict on an answer whose every outcome is the right one, changed."""
    right = known(exercise, exercise.solution, exercise.cases, exercise.changes_inputs)
    outcomes = {words: value if isinstance(value, Raised) else change(value) for words, value in right.items()}
    return exercise.judge_run(object(), Run(outcomes, {}, []), Guard(1.0))


@written
def test_the_wrong_shape(exercise):
    says(
        judged(exercise, longer), "the shape is wrong", "the length is wrong", "the type is wrong", "the keys are wrong"
    )


@written
def test_the_wrong_type(exercise):
    says(judged(exercise, lambda value: repr(value) + "."), "the type is wrong", "found text")
    says(judged(exercise, lambda value: {1, 2}), "the type is wrong")


@written
def test_nothing_given_back(exercise):
    says(judged(exercise, lambda value: None), "it gives nothing back: is there a `return`?")


def has_numbers(exercise):
    right = known(exercise, exercise.solution, exercise.cases, exercise.changes_inputs)
    return any(array.any() for value in right.values() for _, array in numbers_in(value))


@written
def test_not_a_number(exercise):
    if not has_numbers(exercise):
        pytest.skip("its answers hold no numbers")
    says(judged(exercise, lambda value: remade(value, lambda part: part * np.nan)), "there is NaN (not a number) in it")


@written
def test_an_answer_of_zeros(exercise):
    if not has_numbers(exercise):
        pytest.skip("its answers hold no numbers")
    verdict = judged(exercise, lambda value: remade(value, lambda part: part * 0))
    says(verdict, "every number of it is 0", "there is NaN", "an infinite", "is wrong")


@written
def test_the_package_s_own_does_the_work(exercise):
    functions = [thing for thing in exercise.house if inspect.isfunction(thing)]
    if not functions or inspect.isclass(exercise.solution):
        for thing in exercise.house:
            if inspect.isclass(thing) and inspect.isclass(exercise.solution):
                says(exercise.judge(type(exercise.name, (thing,), {})), "of the package did the work")
        return

    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    takes = [p for p in inspect.signature(functions[0]).parameters.values() if p.kind in positional]

    def answer(*args):
        with contextlib.suppress(Exception):  # whatever it makes of these arguments, it was called
            functions[0](*(*args, *[1] * len(takes))[: len(takes)])
        return exercise.solution(*args)

    verdict = exercise.judge(answer)
    assert not verdict.passed
    assert f"`{functions[0].__qualname__}` of the package did the work" in verdict.message


@those(Code)
def test_an_exercise_with_a_counterpart_in_the_house_names_it(exercise):
    if exercise.plugs:
        assert exercise.house, "what `plugs` names is in the house: say so in `house`"


@those(Predict)
def test_predictions_that_are_none(exercise):
    right = exercise.right_answer()
    for value, words in ((np.nan, "there is NaN"), (0, "every number of it is 0"), (["?"], "the type is wrong")):
        answer = remade(right, lambda part, value=value: value)
        verdict = exercise.judge(answer)
        if difference(answer, right) is None:
            continue
        says(verdict, words, "look again at")
    if isinstance(right, dict):
        first, *others = right
        verdict = exercise.judge({first: right[first], "?": 1})
        assert "nothing is asked about '?'" in verdict.message
        assert all(f"no prediction yet for {other!r}" in verdict.message for other in others)
        assert not verdict.table  # what the house found stays hidden until the reader has committed


@those(Explain)
def test_every_wrong_option_says_what_is_mixed_up(exercise):
    if len(exercise.right) == 1:
        assert sorted(mistake.answer for mistake in exercise.mistakes) == sorted(
            set(exercise.options) - {exercise.right}
        )
    for count in range(1, len(exercise.options) + 1):
        for letters in itertools.combinations(exercise.options, count):
            verdict = exercise.judge("".join(letters))
            assert verdict.passed == (list(letters) == sorted(exercise.right))
            assert verdict.passed or verdict.message


@those(Hunt)
def test_a_place_may_be_written_in_several_ways(exercise):
    for place in [exercise.place] if isinstance(exercise.place, str) else exercise.place:
        file, _, symbol = place.partition(":")
        for answer in [place, (file, symbol), (file.removeprefix("cafe_edu/"), symbol)] if symbol else [file]:
            assert exercise.judge(answer).passed, answer


@those(Experiment)
def test_every_mistake_has_a_sign(exercise):
    assert all(callable(mistake.shows) for mistake in exercise.mistakes)


# nothing of later days -----------------------------------------------------------------------------------

ANY_DAY = ("cafe_edu", "cafe_edu.errors", "cafe_edu.prototxt", "cafe_edu.course", "cafe_edu.testing")


@functools.cache
def first_day():
    """When the floor plan says that a file is read: {path: day}."""
    rows = [line.split("|") for line in (ROOT / "cafe_edu/README.md").read_text(encoding="utf-8").split("\n")]
    found = {}
    for row in rows:
        if len(row) == 4 and row[1].strip().isdigit():
            for file in row[2].replace("`", "").split(","):
                found[file.strip()] = min(int(row[1]), found.get(file.strip(), 99))
    assert len(found) > 20
    return found


def imported(path):
    """Modules of the package that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("cafe_edu"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cafe_edu"):
            yield node.module
            for name in node.names:
                if (ROOT / f"{node.module}.{name.name}".replace(".", "/")).with_suffix(".py").exists():
                    yield f"{node.module}.{name.name}"


@pytest.mark.parametrize("day", days.days())
def test_a_day_needs_nothing_of_later_days(day):
    """A reader who has done days 1 to n can do day n.

    So neither its checks nor its exercises import the exercises of a later day, and what its exercises ask the
    reader to import is read, says the floor plan, on that day or before; the front door and the tools in ``ANY_DAY``
    are open on every day.
    """
    [folder] = (ROOT / "lessons" / "source").glob(f"day{day:02d}_*")
    checks = ROOT / "cafe_edu" / "course" / f"day{day:02d}.py"
    later = {f"cafe_edu.course.day{n:02d}" for n in range(day + 1, 22)}
    assert not later & {*imported(checks), *imported(folder / "exercises.py")}
    for module in imported(folder / "exercises.py"):
        if module not in ANY_DAY and not module.startswith("cafe_edu.course."):
            file = module.removeprefix("cafe_edu.").replace(".", "/")
            shown = [n for path, n in first_day().items() if path in (f"{file}.py", f"{file}/")
                     or (path.endswith("/") and file.startswith(path))]  # fmt: skip
            assert min(shown, default=0) <= day, f"{module} is of day {min(shown)}"


@pytest.mark.parametrize("day", days.days())
def test_no_exercise_uses_an_answer_of_a_later_one(day):
    """The cells of a day use no name that a later day's exercise asks for."""
    [folder] = (ROOT / "lessons" / "source").glob(f"day{day:02d}_*")
    tree = ast.parse((folder / "exercises.py").read_text(encoding="utf-8"))
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    made |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    made |= {name.asname or name.name for node in ast.walk(tree)
             if isinstance(node, ast.ImportFrom | ast.Import) for name in node.names}  # fmt: skip
    later = {exercise.name for exercise in EXERCISES if int(exercise.number[:2]) > day}
    assert not ({node.id for node in names} - made) & later
