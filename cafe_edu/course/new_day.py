"""A new day to write: ``make new-day ARGS="09 data_in"``.

It writes three files that run as they are, an exercise of every kind in them, to be replaced one by one.
"""

import argparse
import pathlib
import re
import sys

from cafe_edu.course.days import TITLES
from cafe_edu.errors import CafeError, DataError

TEMPLATES = pathlib.Path(__file__).parent / "new_day_files"
PLACES = {  # what is written, from the repository's root
    "day.py.txt": "cafe_edu/course/day{day}.py",
    "lesson.py.txt": "lessons/source/day{day}_{slug}/lesson.py",
    "exercises.py.txt": "lessons/source/day{day}_{slug}/exercises.py",
}


def new_day(root, day, slug):
    """Write the files of a day; return their paths.

    Parameters
    ----------
    root : Path
        The repository.
    day : str
        In two figures, "09".
    slug : str
        A short name for its files: "data_in".

    Raises
    ------
    DataError
        If one of the files is there already; then none is written.
    """
    if not re.fullmatch(r"\d\d", day) or not 1 <= int(day) <= len(TITLES):
        raise DataError(f"expected a day from 01 to {len(TITLES)}, in two figures, found {day!r}")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", slug):
        raise DataError(f"expected a name such as data_in, in small letters, found {slug!r}")
    paths = {name: root / place.format(day=day, slug=slug) for name, place in PLACES.items()}
    taken = [*filter(pathlib.Path.exists, paths.values()), *(root / "lessons" / "source").glob(f"day{day}_*")]
    if taken:
        raise DataError(f"{taken[0].relative_to(root).as_posix()} is there already")
    for name, path in paths.items():
        text = (TEMPLATES / name).read_text(encoding="utf-8")
        for mark, value in (("DAY", day), ("NUMBER", str(int(day))), ("TITLE", TITLES[int(day) - 1])):
            text = text.replace(f"<{mark}>", value)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(paths.values())


def main(arguments=None):
    """Write a new day; return 0, or 1 with a line that says why not."""
    parser = argparse.ArgumentParser(prog="make new-day", description=__doc__.split("\n")[0])
    parser.add_argument("day", help="in two figures: 09")
    parser.add_argument("slug", help="a short name for its files: data_in")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path.cwd(), help="the repository")
    options = parser.parse_args(arguments)
    try:
        for path in new_day(options.root, options.day, options.slug):
            print(f"wrote {path.relative_to(options.root).as_posix()}")
    except CafeError as error:
        print(f"error: {error.one_line()}", file=sys.stderr)
        return 1
    print("next: write, then `make notebooks`; CONTRIBUTING.md says how a day is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
