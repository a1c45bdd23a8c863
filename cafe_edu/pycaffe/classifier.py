"""Classifier: pictures in, probabilities out."""

import numpy as np

from cafe_edu.errors import NetError
from cafe_edu.pycaffe import io
from cafe_edu.pycaffe.net import Net
from cafe_edu.pycaffe.transformer import WrongShape

TEST = 1


class Classifier(Net):
    """A net with the preparation of its pictures.

    Parameters
    ----------
    model_file, pretrained_file : path
        A prototxt with one input (N, C, H, W), its .caffemodel.
    image_dims : (int, int), optional
        The size that pictures are brought to before they are cropped; the net's own, if not given.
    mean, input_scale, raw_scale, channel_swap : optional
        As in `Transformer`.

    References
    ----------
    Caffe: ``python/caffe/classifier.py``. Lesson: day 15.
    """

    def __init__(self, model_file, pretrained_file, image_dims=None, mean=None, input_scale=None, raw_scale=None,
                 channel_swap=None):  # fmt: skip
        super().__init__(model_file, TEST, weights=pretrained_file)
        self.transformer = prepared(self, mean, input_scale, raw_scale, channel_swap)
        self.crop_dims = np.array(self.blobs[self.inputs[0]].shape[2:])
        self.image_dims = self.crop_dims if image_dims is None or len(image_dims) == 0 else image_dims

    def predict(self, inputs, oversample=True):
        """Return the probabilities (N, classes) of N pictures.

        Parameters
        ----------
        inputs : sequence of arrays (H, W, C)
            As `cafe_edu.pycaffe.io.load_image` gives them, of any size.
        oversample : bool
            The mean over ten crops of each, or its centre alone.
        """
        inputs = list(inputs)
        wrong = [np.shape(image) for image in inputs if np.ndim(image) != 3]
        if wrong or not inputs:
            found = f"one of {wrong[0]}" if wrong else "none"
            raise WrongShape(f"expected a list of images (H, W, C), as load_image gives them, found {found}")
        images = np.stack([io.resize_image(image, self.image_dims) for image in inputs])
        if oversample:
            crops = io.oversample(images, self.crop_dims)
        else:
            y, x = (np.array(self.image_dims) - self.crop_dims) // 2
            crops = images[:, y : y + self.crop_dims[0], x : x + self.crop_dims[1]]
        name = self.inputs[0]
        found = self.forward_all(**{name: np.stack([self.transformer.preprocess(name, crop) for crop in crops])})
        p = found[self.outputs[0]]
        return p.reshape(len(images), 10, -1).mean(axis=1) if oversample else p


def prepared(net, mean, input_scale, raw_scale, channel_swap):
    """Return the `Transformer` of a net's first input, channels first, set as far as values are given."""
    shapes = [net.blobs[name].shape for name in net.inputs]
    if not shapes or len(shapes[0]) != 4:
        found = f"{shapes[0]}" if shapes else "none"
        raise NetError(f"expected a net with an input (N, C, H, W), as in a deploy.prototxt, found {found}")
    name = net.inputs[0]
    transformer = io.Transformer({name: net.blobs[name].shape})
    transformer.set_transpose(name, (2, 0, 1))
    for value, setter in (
        (mean, transformer.set_mean),
        (input_scale, transformer.set_input_scale),
        (raw_scale, transformer.set_raw_scale),
        (channel_swap, transformer.set_channel_swap),
    ):
        if value is not None:
            setter(name, value)
    return transformer
