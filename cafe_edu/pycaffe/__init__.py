"""pycaffe's names: an old notebook works with ``import cafe_edu.pycaffe as caffe``."""

from cafe_edu.pycaffe.installing import install
from cafe_edu.pycaffe.layer import Layer

__all__ = ["Layer", "install"]
