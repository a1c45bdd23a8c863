"""Data sources: no bottom, so nothing to try here."""

CASES = {
    "Data": [],
    "DummyData": [],
    "Input": [],
    "Parameter": [],
}
