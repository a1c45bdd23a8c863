"""Panel: what all widgets have in common, a line that says what went wrong, and an end."""

import functools
import html
import logging

import ipywidgets

from cafe_edu.errors import CafeError


class Panel(ipywidgets.VBox):
    """A widget of ours: its parts, and under them one line for what went wrong.

    An error in a callback would be lost, as nobody called it who could catch it. Here it is said in that line, and the
    line is empty again after the next callback that succeeds.

    Parameters
    ----------
    *parts : Widget
        From top to bottom.
    """

    def __init__(self, *parts):
        self.message = ipywidgets.HTML()
        super().__init__([*parts, self.message])

    def on_change(self, control, callback, name="value"):
        """Call ``callback()`` whenever a control's trait changes."""
        control.observe(lambda change: self.guarded(callback)(), name)

    def on_click(self, button, callback):
        """Call ``callback()`` whenever a button is clicked."""
        button.on_click(lambda button: self.guarded(callback)())

    def guarded(self, callback):
        """Return a function that calls ``callback`` and says its error, if there is one, in the widget."""

        @functools.wraps(callback)
        def call(*args):
            old = self.message.value
            try:
                callback(*args)
            except Exception as error:
                logging.getLogger("cafe_edu.widgets").debug("in a callback", exc_info=True)
                known = isinstance(error, CafeError)
                self.say(error.one_line() if known else f"{type(error).__name__}: {' '.join(str(error).split())}")
            else:
                if self.message.value == old:  # else somebody, perhaps a thread, has said something new meanwhile
                    self.say("")

        return call

    def say(self, text):
        """Show one line; an empty one is no line."""
        line = f'<span role="alert" style="color:#b00020">{html.escape(text)}</span>'
        self.message.value = line if text else ""

    def show_static(self):
        """Return one Figure with the same insight, for paper and for those without a running kernel."""
        raise NotImplementedError

    def close(self):
        """Close this widget and all its parts, so that neither kernel nor page keeps them."""
        for part in parts_of(self):
            part.close()
        super().close()


def parts_of(box):
    """All widgets inside a box, those inside boxes inside it too."""
    for part in box.children:
        yield from parts_of(part) if hasattr(part, "children") else ()
        yield part
