"""The nets that are measured, as Caffe has them; `torch_nets.py` has the same ones in PyTorch, under the same names.

Each function adds its layers to a `NetSpec` whose ``data`` is there already, and returns the blob of scores. `make`
puts a door for data before it and, for training, a loss behind it. Dropout is left out on both sides: two generators
would drop different numbers, and what is compared must compute the same.
"""

from cafe_edu.pycaffe.net_spec import NetSpec, params
from cafe_edu.pycaffe.net_spec import layers as L

MAX, AVE = params.Pooling.MAX, params.Pooling.AVE
XAVIER, MSRA = {"type": "xavier"}, {"type": "msra"}
TWICE = [{"lr_mult": 1, "decay_mult": 1}, {"lr_mult": 2, "decay_mult": 0}]  # Caffe's habit for weights and biases

SIZES = {  # name -> (channels, height, width) of an image, classes
    "lenet": ((1, 28, 28), 10),
    "cifar_quick": ((3, 32, 32), 10),
    "caffenet": ((3, 227, 227), 1000),
    "squeezenet": ((3, 227, 227), 1000),
    **{f"resnet{depth}": ((3, 32, 32), 10) for depth in (20, 32, 44, 56, 110)},
}


def make(name, batch, what):
    """Return the net as a NetParameter: for ``what`` = "forward" it ends in probabilities, else in a loss."""
    image, _ = SIZES[name]
    n = NetSpec()
    n.data = L.Input(shape={"dim": [batch, *image]})
    if what != "forward":
        n.label = L.Input(shape={"dim": [batch]})
    n.scores = resnet(n, int(name[6:])) if name.startswith("resnet") else globals()[name](n)
    if what == "forward":
        n.prob = L.Softmax(n.scores)
    else:
        n.loss = L.SoftmaxWithLoss(n.scores, n.label)
    spec = n.to_proto()
    spec.name = name
    return spec


def conv(x, outputs, kernel, filler=XAVIER, **more):
    """A convolution with a bias."""
    return L.Convolution(x, num_output=outputs, kernel_size=kernel, weight_filler=filler, param=TWICE, **more)


def full(x, outputs, filler=XAVIER):
    """An inner product with a bias."""
    return L.InnerProduct(x, num_output=outputs, weight_filler=filler, param=TWICE)


def relu(x):
    """ReLU in place."""
    return L.ReLU(x, in_place=True)


def pool(x, kernel, stride=2, kind=MAX):
    """Pooling."""
    return L.Pooling(x, kernel_size=kernel, stride=stride, pool=kind)


def lenet(n):
    """LeNet as Caffe's examples have it (LeCun et al. 1998, with max pooling and one ReLU)."""
    x = pool(conv(n.data, 20, 5), 2)
    x = pool(conv(x, 50, 5), 2)
    return full(relu(full(x, 500)), 10)


def cifar_quick(n):
    """Caffe's quick net for CIFAR-10."""
    x = relu(pool(conv(n.data, 32, 5, pad=2), 3))
    x = pool(relu(conv(x, 32, 5, pad=2)), 3, kind=AVE)
    x = pool(relu(conv(x, 64, 5, pad=2)), 3, kind=AVE)
    return full(full(x, 64), 10)


def caffenet(n):
    """CaffeNet: AlexNet (Krizhevsky, Sutskever, Hinton 2012) with pooling before normalization."""
    lrn = {"local_size": 5, "alpha": 1e-4, "beta": 0.75}
    x = L.LRN(pool(relu(conv(n.data, 96, 11, stride=4)), 3), **lrn)
    x = L.LRN(pool(relu(conv(x, 256, 5, pad=2, group=2)), 3), **lrn)
    x = relu(conv(x, 384, 3, pad=1))
    x = relu(conv(x, 384, 3, pad=1, group=2))
    x = pool(relu(conv(x, 256, 3, pad=1, group=2)), 3)
    return full(relu(full(relu(full(x, 4096)), 4096)), 1000)


def squeezenet(n):
    """SqueezeNet v1.0 (Iandola et al. 2016)."""
    x = pool(relu(conv(n.data, 96, 7, MSRA, stride=2)), 3)
    x = pool(fire(fire(fire(x, 16, 64), 16, 64), 32, 128), 3)
    x = pool(fire(fire(fire(fire(x, 32, 128), 48, 192), 48, 192), 64, 256), 3)
    x = relu(conv(fire(x, 64, 256), 1000, 1, MSRA, pad=1))
    return L.Flatten(L.Pooling(x, pool=AVE, global_pooling=True))


def fire(x, squeezed, expanded):
    """Few channels, then many: half of them see 1 x 1 pixel, half 3 x 3."""
    x = relu(conv(x, squeezed, 1, MSRA))
    return L.Concat(relu(conv(x, expanded, 1, MSRA)), relu(conv(x, expanded, 3, MSRA, pad=1)))


def resnet(n, depth):
    """ResNet for CIFAR (He et al. 2015, section 4.2): 6m + 2 layers; a 1 x 1 convolution where the sizes change."""
    x = relu(normed(n.data, 16, 3, pad=1))
    for stage, channels in enumerate((16, 32, 64)):
        for i in range((depth - 2) // 6):
            x = block(x, channels, stride=2 if stage and i == 0 else 1)
    return full(L.Pooling(x, pool=AVE, global_pooling=True), 10)


def block(x, channels, stride):
    """Two convolutions, and a way around them."""
    y = relu(normed(x, channels, 3, stride=stride, pad=1))
    y = normed(y, channels, 3, pad=1)
    around = x if stride == 1 else normed(x, channels, 1, stride=stride)
    return relu(L.Eltwise(around, y))


def normed(x, outputs, kernel, **more):
    """A convolution without a bias, BatchNorm and a learned scale and shift."""
    x = L.Convolution(x, num_output=outputs, kernel_size=kernel, weight_filler=MSRA, bias_term=False, **more)
    return L.Scale(L.BatchNorm(x, in_place=True), bias_term=True, in_place=True)
