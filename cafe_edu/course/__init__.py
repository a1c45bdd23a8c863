"""The course's exercises: ``check("06.1")``, ``hint("06.1")``, ``solution("06.1")``."""

from cafe_edu.course.checking import check, hint, solution

__all__ = ["check", "hint", "solution"]
