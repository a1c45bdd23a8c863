"""The messages of `cafe_edu.proto.caffe_pb2`, under pycaffe's name of that module."""

from cafe_edu.proto.caffe_pb2 import *  # noqa: F403
