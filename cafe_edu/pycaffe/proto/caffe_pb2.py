"""The messages of `cafe_edu.proto.caffe_pb2`, under pycaffe's name of that module."""

from cafe_edu.proto import caffe_pb2
from cafe_edu.proto.caffe_pb2 import *  # noqa: F403


def __getattr__(name):
    """The descriptors, such as ``_NETPARAMETER``: a name that begins so, ``import *`` leaves out."""
    return getattr(caffe_pb2, name)
