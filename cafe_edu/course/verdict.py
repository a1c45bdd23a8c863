"""What a check answers: a few lines of plain text, and the same lines in colour."""

import dataclasses
import html
import re

COLOURS = {True: "#0072b2", False: "#d55e00"}  # blue and orange: told apart by every kind of eye


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The answer of `check`.

    Parameters
    ----------
    number : str
        The exercise, such as "06.1".
    passed : bool
    ran : str
        What was run, in words: "ran your `read_log` from cell [7] on 5 cases".
    table : sequence of (str, str or HeatMap)
        Label and value: expected / yours / difference, or measured quantities.
    mistake : str, optional
        The name of the mistake that this answer shows.
    message : str
        One or two sentences to the reader.
    next : str
        What to do now.
    notes : sequence of str
        What else is worth knowing: that it printed, what was predicted at first.

    Examples
    --------
    >>> Verdict("06.1", False, "read your `answer`", table=[("expected", "4"), ("yours", "5")],
    ...         mistake="one too many", message="Count again from zero.", next='hint("06.1")')
    06.1 not yet: read your `answer`
        expected  4
        yours     5
    one too many: Count again from zero.
    next: hint("06.1")
    """

    number: str
    passed: bool
    ran: str
    table: tuple = ()
    mistake: str = ""
    message: str = ""
    next: str = ""
    notes: tuple = ()

    @property
    def headline(self):
        """The first line."""
        return f"{self.number} {'passed' if self.passed else 'not yet'}: {self.ran}"

    @property
    def said(self):
        """The mistake's name and the message, in one line."""
        return ": ".join(part for part in (self.mistake, self.message) if part)

    def __repr__(self):
        width = max((len(label) for label, _ in self.table), default=0)
        lines = [self.headline]
        for label, value in self.table:
            first, *more = str(value).split("\n")
            lines.append(f"    {label:<{width}}  {first}".rstrip())
            lines += [f"    {'':<{width}}  {line}" for line in more]
        lines += [line for line in (self.said, *map(_note, self.notes), self.next and f"next: {self.next}") if line]
        return "\n".join(lines)

    def _repr_html_(self):
        rows = "".join(
            f'<tr><td style="text-align:left;vertical-align:top">{html.escape(label)}</td>'
            f'<td style="text-align:left">{_value(value)}</td></tr>'
            for label, value in self.table
        )
        paragraphs = [f"<b>{_marked(self.headline)}</b>"]
        paragraphs += [f"<table>{rows}</table>"] if rows else []
        paragraphs += [f"<b>{_marked(self.mistake)}.</b>"] if self.mistake else []
        paragraphs += [_marked(self.message)] if self.message else []
        paragraphs += [_marked(_note(note)) for note in self.notes]
        paragraphs += [f"<i>next: {_marked(self.next)}</i>"] if self.next else []
        inside = "".join(f"<div>{paragraph}</div>" for paragraph in paragraphs)
        return f'<div style="border-left:4px solid {COLOURS[self.passed]};padding-left:0.8em">{inside}</div>'


def _value(value):
    return value.to_html() if hasattr(value, "to_html") else f"<code>{html.escape(str(value))}</code>"


def _note(text):
    return f"note: {text}"


def _marked(text):
    """Text as HTML, with `code` between backticks set as code."""
    return re.sub("`([^`]*)`", r"<code>\1</code>", html.escape(text))
