"""How far the reader is: twenty-one days, their points, and what is left."""

import html

from cafe_edu.course import days, progress_file

GREEN, GREY = "#009e73", "#666666"
LEGEND = "+ passed, o tried, - skipped, . not yet"
BAR = 10


class Overview:
    """A calendar of the course, as text and in colour.

    Attributes
    ----------
    points : dict of int -> (int, int)
        For each day with exercises: points that the reader has, and points that there are.
    left : list of str
        Exercises that have not passed, in order.
    """

    def __init__(self, known):
        self.points, self.left, self._marks = {}, [], {}
        for day in days.days():
            exercises = days.exercises(day)
            passed = [e for e in exercises if known.get(e.number, {}).get("passed")]
            self.points[day] = sum(e.points for e in passed), sum(e.points for e in exercises)
            self.left += [e.number for e in exercises if e not in passed]
            self._marks[day] = [(e, _mark(known.get(e.number, {}))) for e in exercises]

    @property
    def total(self):
        """Points that the reader has, and points that there are."""
        return tuple(map(sum, zip(*self.points.values(), strict=True))) if self.points else (0, 0)

    def __repr__(self):
        has, all_of_them = self.total
        lines = [f"{has} of {all_of_them} points   ({LEGEND})"]
        for part, numbers in days.PARTS.items():
            lines.append(part)
            lines += [self._line(day) for day in numbers]
        lines.append(f"next: {self.left[0]}, {days.find(self.left[0]).title}" if self.left else "all done")
        return "\n".join(lines)

    def _line(self, day):
        title = f"  {day:>2}  {days.TITLES[day - 1]:<26}"
        if day not in self.points:
            return f"{title}  no exercises yet"
        has, there_are = self.points[day]
        filled = BAR * has // there_are
        marks = " ".join(mark for _, mark in self._marks[day])
        return f"{title}  {'#' * filled}{'.' * (BAR - filled)}  {has:>2} of {there_are:<2}  {marks}"

    def _repr_html_(self):
        has, all_of_them = self.total
        parts = "".join(
            f"<div><b>{html.escape(part)}</b></div><div>{''.join(map(self._box, numbers))}</div>"
            for part, numbers in days.PARTS.items()
        )
        after = ""
        if self.left:
            after = f"<i>next: {self.left[0]}, {html.escape(days.find(self.left[0]).title)}</i>"
        return f"<div><b>{has} of {all_of_them} points</b> ({LEGEND}){parts}{after}</div>"

    def _box(self, day):
        has, there_are = self.points.get(day, (0, 0))
        done = f"{has} of {there_are}" if there_are else "&nbsp;"
        wide = 100 * has // there_are if there_are else 0
        colour = "inherit" if there_are else GREY
        marks = " ".join(mark for _, mark in self._marks.get(day, ())) or "&nbsp;"
        return (
            f'<div style="display:inline-block;vertical-align:top;width:8.5em;height:6.2em;margin:2px;padding:4px;'
            f'border:1px solid {GREY};color:{colour};overflow:hidden"><b>{day}</b> {html.escape(days.TITLES[day - 1])}'
            f'<div style="background:{GREEN};height:4px;width:{wide}%"></div>{done}<br><code>{marks}</code></div>'
        )


def progress():
    """Return the reader's calendar: + passed, o tried, - skipped, . not yet.

    Returns
    -------
    Overview
        Shown by the notebook in colour, as plain text elsewhere.
    """
    return Overview(progress_file.read())


def _mark(known):
    if known.get("passed"):
        return "+"
    return "-" if known.get("skipped") else "o" if known.get("attempts") else "."
