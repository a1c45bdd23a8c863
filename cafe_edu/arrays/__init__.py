"""Pure functions of plain arrays (numpy or cupy). No blob is known here."""
