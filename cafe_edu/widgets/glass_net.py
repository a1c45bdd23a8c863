"""A net of glass: the same layers and parameters, made so that every number on its way can be looked at."""

import numpy as np

from cafe_edu.arrays.softmax import softmax
from cafe_edu.device import to_numpy
from cafe_edu.errors import DataError, NetError
from cafe_edu.layer import REGISTRY
from cafe_edu.net import Net, near
from cafe_edu.proto import caffe_pb2

READ_SCORES = ("SoftmaxWithLoss", "SigmoidCrossEntropyLoss", "HingeLoss", "InfogainLoss", "Softmax")


class GlassNet:
    """A net to look into, one item at a time, beside the net it was made from.

    It has the parameters of that net: the same memory, so that it changes as that net learns; the gradients are its
    own. Images come in where that net has data layers or an Input. Layers that need a label, such as losses, are left
    out. No layer runs in place, so that what each made is still there afterwards. (A `cafe_edu.insight.twin` keeps
    both, and batches, as gradients must be the net's own; what is rewritten here is what the two do not share.)

    Parameters
    ----------
    net : Net

    Attributes
    ----------
    net : Net
        The net of glass itself, in the TEST phase; its spec asks for all gradients.
    input : str
        The blob that takes the image.
    shape : tuple
        Shape of one item there: (C, H, W) for images.
    layers : dict of layer name -> blob name
        What each layer makes; in their order, Splits left out.
    scores : str or None
        The blob of class scores, (1, classes), before softmax; None where the net has none.

    Raises
    ------
    NetError
        If the net does not take one image, or each item does not go its own way.

    Examples
    --------
    >>> from cafe_edu.demo import ZOO
    >>> glass = GlassNet(Net(ZOO / "lenet" / "lenet.prototxt", rng=0))
    >>> glass.shape, glass.layers["relu1"], glass.scores
    ((1, 28, 28), 'ip1 after relu1', 'ip2')
    """

    def __init__(self, net):
        if not isinstance(net, Net):
            raise NetError(f"expected a Net to look into, found a {type(net).__name__}")
        spec, self.input, self.scores = _spec_of_glass(net)
        own = {layer.type: type(layer) for layer in net.layers if REGISTRY.get(layer.type) is not type(layer)}
        device = "cpu" if net.xp is np else "gpu"
        self.net = Net(spec, "TEST", layers=own, folder=net.folder, dtype=net.dtype, device=device, rng=0)
        for name, blobs in self.net.params.items():
            for blob, owner in zip(blobs, net.params[name], strict=True):
                blob.share_data(owner)
        self.shape = self.net.blobs[self.input].shape[1:]
        self.layers = {
            step.layer.name: step.top[0].name for step in self.net.steps if step.top and step.layer.type != "Split"
        }
        if self.scores is not None:
            blob = self.net.blobs[self.scores]
            if len(blob.shape) < 2 or blob.count != blob.shape[1] or blob.count < 2:
                self.scores = None

    def look(self, item):
        """Run one item through the net; its numbers are then in ``net.blobs``.

        Parameters
        ----------
        item : array of ``shape``
        """
        item = np.asarray(item)
        if item.shape != self.shape:
            raise DataError(f"expected an item of shape {self.shape}, as {self.input!r} takes it, found {item.shape}")
        self.net.forward(**{self.input: item[np.newaxis]})

    def look_back(self, label):
        r"""After `look`: the slopes of :math:`-\log p_t`, t the label, into the diffs of blobs and parameters."""
        slope = self.probabilities()
        if not 0 <= label < len(slope):
            raise DataError(f"expected a class from 0 to {len(slope) - 1}, found {label}")
        slope[label] -= 1
        for blobs in self.net.params.values():
            for blob in blobs:
                blob.diff[...] = 0
        maker = next(step for step in reversed(self.net.steps) if self.scores in [blob.name for blob in step.top])
        shape = self.net.blobs[self.scores].shape
        self.net.backward(start=maker.layer.name, **{self.scores: slope.reshape(shape)})

    def probabilities(self):
        """After `look`: the probability of each class, (classes,)."""
        if self.scores is None:
            raise NetError(f"net {self.net.name!r} ends without class scores; it makes {', '.join(self.net.outputs)}")
        return softmax(to_numpy(self.net.blobs[self.scores].data).reshape(1, -1).astype(float), axis=1)[0]

    def layer(self, name):
        """Return the layer of that name; an error lists the names there are."""
        if name not in self.layers:
            raise NetError(f"net {self.net.name!r} has no layer {name!r}{near(name, self.layers)}")
        return next(layer for layer in self.net.layers if layer.name == name)

    def made_by(self, name):
        """After `look`: what a layer made of the item, without the axis of items."""
        self.layer(name)
        return to_numpy(self.net.blobs[self.layers[name]].data)[0]

    def slope_at(self, name):
        """After `look_back`: the slope of the loss along what a layer made, without the axis of items."""
        self.layer(name)
        return to_numpy(self.net.blobs[self.layers[name]].diff)[0]


def _spec_of_glass(net):
    """Return the NetParameter, the name of its input, the name of its scores or None."""
    spec = caffe_pb2.NetParameter(name=net.name, force_backward=True)
    image, now, needs_label, scores = None, {}, set(), None  # now: a blob's name in the net -> its name here
    for step in net.steps:
        names = [blob.name for blob in step.top]
        if not step.bottom and step.layer.type != "Parameter":
            for blob in step.top:
                if image is None and len(blob.shape) > 1:
                    image = blob.name
                    shape = caffe_pb2.BlobShape(dim=[1, *blob.shape[1:]])
                    layer = spec.layer.add(type="Input", name=step.layer.name, top=[blob.name])
                    layer.input_param.shape.append(shape)
                    now[blob.name] = blob.name
                else:
                    needs_label.add(blob.name)
            continue
        bottoms = [blob.name for blob in step.bottom]
        if step.layer.type in READ_SCORES:
            scores = now.get(bottoms[0], scores)
        if step.layer.type == "Split":
            if bottoms[0] in now:
                now |= dict.fromkeys(names, now[bottoms[0]])
            needs_label |= set(names) if bottoms[0] in needs_label else set()
            continue
        if not names or needs_label.intersection(bottoms):
            needs_label.update(names)
            continue
        layer = spec.layer.add()
        layer.CopyFrom(step.layer.spec)
        for field in ("include", "exclude", "loss_weight", "propagate_down", "phase"):
            layer.ClearField(field)
        layer.bottom[:] = [now[name] for name in bottoms]
        now |= {name: f"{name} after {layer.name}" if name in bottoms else name for name in names}
        layer.top[:] = [now[name] for name in names]
    if image is None:
        raise NetError(f"net {net.name!r} has no input for an item of two axes or more, such as an image (N, C, H, W)")
    return spec, image, scores or _last_scores(spec, now)


def _last_scores(spec, now):
    """Where no layer says what the scores are: what the last layer with a ``num_output`` makes, if it is the last."""
    last = spec.layer[-1]
    return last.top[0] if last.type in ("InnerProduct", "Convolution", "Pooling") and last.top else None
