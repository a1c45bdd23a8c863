"""Caffe's messages where pycaffe has them: ``from caffe.proto import caffe_pb2``."""

from cafe_edu.pycaffe.proto import caffe_pb2

__all__ = ["caffe_pb2"]
