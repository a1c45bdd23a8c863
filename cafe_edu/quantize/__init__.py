"""8-bit inference: a trained net made to multiply 8-bit numbers, and a report of what that costs and saves.

In this order: ``ranges.py`` (how large are the numbers?), ``surgery.py`` and ``fold.py`` (fewer layers, the same net),
``calibrate.py``, ``convert.py`` (the steps of each layer), ``quantized_net.py`` (run, save, load), ``report.py``.
"""

from cafe_edu.quantize.convert import quantize
from cafe_edu.quantize.fold import fold
from cafe_edu.quantize.quantized_net import QuantizedNet, load_quantized
from cafe_edu.quantize.report import Report

__all__ = ["QuantizedNet", "Report", "fold", "load_quantized", "quantize"]
