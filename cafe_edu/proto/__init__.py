"""The messages of ``caffe.proto`` as Python classes: ``from cafe_edu.proto import caffe_pb2``.

``caffe.proto`` is the text to read; ``caffe_pb2.py`` is made from it by ``python -m cafe_edu.proto``
and never edited.

Examples
--------
>>> from cafe_edu.proto import caffe_pb2
>>> layer = caffe_pb2.LayerParameter(name="relu1", type="ReLU")
>>> layer.relu_param.negative_slope
0.0
"""
