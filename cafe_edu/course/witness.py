"""Who did the work: the reader's own lines, or the house's?"""

import contextlib
import inspect
import sys


def codes_of(things):
    """Return the code of functions, of classes (their own methods) and of modules (all that they define).

    Parameters
    ----------
    things : sequence of function, class or module

    Returns
    -------
    dict of code -> str
        And how to call it to a reader.
    """
    codes = {}
    for thing in things:
        if inspect.ismodule(thing):
            own = [value for value in vars(thing).values() if getattr(value, "__module__", None) == thing.__name__]
            codes |= codes_of([value for value in own if inspect.isclass(value) or inspect.isroutine(value)])
        elif inspect.isclass(thing):
            for value in vars(thing).values():
                value = getattr(value, "fget", None) or getattr(value, "__func__", value)
                if inspect.isroutine(value):
                    codes |= dict.fromkeys(codes_of([value]), thing.__name__)
        else:
            function = inspect.unwrap(thing)
            if hasattr(function, "__code__"):
                codes[function.__code__] = function.__qualname__
    return codes


@contextlib.contextmanager
def watching(things):
    """Yield a list in which, block by block, the names of those of ``things`` appear that are called.

    Examples
    --------
    >>> import numpy as np
    >>> from cafe_edu.arrays.softmax import softmax
    >>> with watching([softmax]) as called:
    ...     alias = softmax
    ...     _ = alias(np.zeros((1, 2)), axis=1)
    >>> called
    ['softmax']
    """
    codes, called = codes_of(things), []

    def look(frame, event, argument):
        if event == "call" and frame.f_code in codes and codes[frame.f_code] not in called:
            called.append(codes[frame.f_code])

    before = sys.getprofile()
    if codes:
        sys.setprofile(look)
    try:
        yield called
    finally:
        sys.setprofile(before)
