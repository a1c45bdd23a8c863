"""The course's exercises: ``check("06.1")``, ``hint("06.1")``, ``solution("06.1")``, and how far one is."""

from cafe_edu.course.checking import check, hint, skip, solution
from cafe_edu.course.origin import watch_cells
from cafe_edu.course.overview import progress
from cafe_edu.course.own_code import mine
from cafe_edu.course.theseus import ship

__all__ = ["check", "hint", "mine", "progress", "ship", "skip", "solution"]

watch_cells()
