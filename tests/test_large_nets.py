"""Nets of ImageNet's size, forward and backward at batch 1: the memory they take at their peak."""

import json
import subprocess
import sys

import pytest

from cafe_edu import Net

# (file in the zoo, GiB allowed). VGG-19 is VGG-16 and three convolutions more.
LARGE = {
    "AlexNet": ("BVLC__caffe/models/bvlc_alexnet/train_val.prototxt", 3),
    "CaffeNet": ("BVLC__caffe/models/bvlc_reference_caffenet/train_val.prototxt", 3),
    "GoogLeNet": ("BVLC__caffe/models/bvlc_googlenet/train_val.prototxt", 3),
    "Inception-v3": ("soeaver__caffe-model/cls/inception/deploy_inception-v3.prototxt", 3),
    "Xception": ("soeaver__caffe-model/cls/inception/deploy_xception.prototxt", 3),
    "Inception-ResNet-v2": ("soeaver__caffe-model/cls/inception/deploy_inception-resnet-v2.prototxt", 3),
    "ResNet-38": ("soeaver__caffe-model/cls/resnet-v2/deploy_resnet38a.prototxt", 3),
    "VGG-13": ("soeaver__caffe-model/cls/vgg/deploy_vgg13-pytorch.prototxt", 4),
    "VGG-19": ("jayelm__neural-art/models/VGG_ILSVRC_19_layers_deploy.prototxt", 4),
}

PROGRAM = """
import json, resource, sys
import numpy as np
from cafe_edu import Net, prototxt
from cafe_edu.legacy import upgrade_net
from cafe_edu.proto import caffe_pb2

spec = upgrade_net(prototxt.read_net(sys.argv[1]))
spec.force_backward = True
for layer in spec.layer:
    if layer.type == "Data":  # in its place, one image of noise and its label
        size = layer.transform_param.crop_size
        layer.type = "DummyData"
        layer.dummy_data_param.shape.add(dim=[1, 3, size, size])
        layer.dummy_data_param.shape.add(dim=[1])
        layer.dummy_data_param.data_filler.add(type="gaussian", std=1)
        layer.dummy_data_param.data_filler.add()
    for shape in layer.input_param.shape:
        shape.dim[0] = 1
    for options in (layer.convolution_param, layer.inner_product_param):  # nets for use name no filler
        if options.num_output and not options.HasField("weight_filler"):
            options.weight_filler.type = "msra"
    layer.batch_norm_param.ClearField("use_global_stats")  # there are no statistics to use yet
net = Net(spec, "TRAIN", rng=0)
net.forward(**{name: np.random.default_rng(0).normal(0, 1, net.blobs[name].shape) for name in net.inputs})
for name in net.outputs:
    net.blobs[name].diff = np.random.default_rng(1).normal(size=net.blobs[name].shape)
net.backward()
print(json.dumps({
    "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    "parameters": sum(param.blob.count for param in net.learnable),
    "finite": all(bool(np.isfinite(param.blob.diff).all()) for param in net.learnable),
    "moved": sum(bool(param.blob.diff.any()) for param in net.learnable) / len(net.learnable),
}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not say a process's peak memory this way")
@pytest.mark.parametrize("name", LARGE)
def test_forward_and_backward_at_batch_1(name, data_folder):
    file, gib = LARGE[name]
    path = data_folder / "prototxt_zoo" / file
    done = subprocess.run([sys.executable, "-c", PROGRAM, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(name, found)
    assert found["peak"] < gib * 2**30
    assert found["finite"]
    assert found["moved"] > 0.5  # a net whose gradients are all zero would run too


def test_a_test_net_holds_no_diffs(data_folder):
    net = Net(data_folder / "squeezenet_v1.0_deepcomp" / "SqueezeNet_deploy.prototxt", "TEST")
    net.blobs["data"].reshape(1, 3, 227, 227)
    net.forward()
    blobs = [*net.blobs.values(), *(blob for blobs in net.params.values() for blob in blobs)]
    assert [blob.name for blob in blobs if blob._diff.nbytes] == []
