"""Data sources: no bottom, so nothing to try here."""

CASES = {
    "Data": [],
    "DummyData": [],
    "HDF5Data": [],
    "ImageData": [],
    "Input": [],
    "MemoryData": [],
    "Parameter": [],
    "WindowData": [],
}
