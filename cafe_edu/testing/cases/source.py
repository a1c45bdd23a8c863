"""Data sources and sinks: they read no blob, or make none, so nothing to try here."""

CASES = {
    "Data": [],
    "DummyData": [],
    "HDF5Data": [],
    "HDF5Output": [],  # writes a file wherever it is tried; tests/layers/test_hdf5_output.py reads them
    "ImageData": [],
    "Input": [],
    "MemoryData": [],
    "Parameter": [],
    "WindowData": [],
}
