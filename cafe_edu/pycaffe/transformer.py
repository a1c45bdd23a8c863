"""Transformer: an image as files hold it, made into a net's input, and back."""

import numpy as np

from cafe_edu.errors import NetError, ShapeError
from cafe_edu.pycaffe.resizing import resize_image


class WrongShape(ShapeError, ValueError):
    """An array that does not fit; pycaffe says ValueError."""


class Transformer:
    r"""Prepare images (H, W, C) for the inputs of a net (C, H, W).

    .. math:: y = s \, (r \, x - m)

    with the input scale s, the raw scale r and the mean m. The order is fixed: resize, transpose, swap channels, raw
    scale, mean, input scale; what was not set is left out.

    Parameters
    ----------
    inputs : dict of input name -> shape (N, C, H, W)

    Examples
    --------
    >>> t = Transformer({"data": (1, 3, 2, 2)})
    >>> t.set_transpose("data", (2, 0, 1))         # rows, columns, channels -> channels, rows, columns
    >>> t.set_channel_swap("data", (2, 1, 0))      # red, green, blue -> blue, green, red
    >>> t.set_raw_scale("data", 255)               # [0, 1] -> [0, 255]
    >>> t.set_mean("data", np.array([104, 117, 123]))
    >>> t.preprocess("data", np.ones((2, 2, 3)))[:, 0, 0]
    array([151., 138., 132.], dtype=float32)
    """

    def __init__(self, inputs):
        self.inputs = {name: tuple(shape) for name, shape in inputs.items()}
        self.transpose, self.channel_swap = {}, {}
        self.raw_scale, self.mean, self.input_scale = {}, {}, {}

    def preprocess(self, name, data):
        """Return the image ``data`` as the net's input of that name wants it, float32."""
        x = np.asarray(self._checked(name, data), np.float32)
        size = self.inputs[name][2:]
        if x.shape[:2] != size:
            x = resize_image(x, size)
        if name in self.transpose:
            x = x.transpose(self.transpose[name])
        if name in self.channel_swap:
            x = x[self.channel_swap[name], :, :]
        x = x * np.float32(self.raw_scale.get(name, 1))  # a new array: the caller keeps his own
        if name in self.mean:
            x -= self.mean[name]
        x *= np.float32(self.input_scale.get(name, 1))
        return x

    def deprocess(self, name, data):
        """Return a net's input as an image again (of the net's size); the inverse of `preprocess`."""
        x = self._checked(name, np.array(data)).squeeze()
        x = x / np.float32(self.input_scale.get(name, 1))
        if name in self.mean:
            x += self.mean[name]
        x /= np.float32(self.raw_scale.get(name, 1))
        if name in self.channel_swap:
            x = x[np.argsort(self.channel_swap[name]), :, :]
        if name in self.transpose:
            x = x.transpose(np.argsort(self.transpose[name]))
        return x

    def set_transpose(self, name, order):
        """Say which axis of the image comes where: (2, 0, 1) puts the channels first."""
        axes = len(self._checked(name, self.inputs.get(name))) - 1
        if {*order} != {*range(axes)} or len(order) != axes:
            raise WrongShape(f"expected an order of {axes} axes for {name!r}, each once, found {tuple(order)}")
        self.transpose[name] = tuple(order)

    def set_channel_swap(self, name, order):
        """Say which channel comes where: (2, 1, 0) turns red, green, blue round."""
        channels = self._checked(name, self.inputs.get(name))[1]
        if not {*order} <= {*range(channels)} or len(order) != channels:
            wanted = f"{channels} channels, 0 to {channels - 1}"
            raise WrongShape(f"expected an order of {wanted}, for {name!r}, found {tuple(order)}")
        self.channel_swap[name] = tuple(order)

    def set_raw_scale(self, name, scale):
        """Multiply before the mean is subtracted: 255 for images in [0, 1] and a mean in [0, 255]."""
        self.raw_scale[name] = self._checked(name, scale)

    def set_input_scale(self, name, scale):
        """Multiply after the mean is subtracted."""
        self.input_scale[name] = self._checked(name, scale)

    def set_mean(self, name, mean):
        """Say what to subtract: one number for each channel, or a mean image (C, H, W), resized where it must be."""
        C, *size = self._checked(name, self.inputs.get(name))[1:]
        mean = np.asarray(mean)
        if mean.ndim == 1:
            if len(mean) != C:
                raise WrongShape(f"expected a mean of {C} channels for {name!r}, found {mean.shape}")
            mean = mean[:, np.newaxis, np.newaxis]
        else:
            image = mean.reshape(1, *mean.shape) if mean.ndim == 2 else mean
            if image.ndim != 3 or len(image) not in (1, C):
                raise WrongShape(f"expected a mean image ({C}, H, W) or (H, W) for {name!r}, found {mean.shape}")
            mean = image if image.shape[1:] == tuple(size) else _resized(image, size)
        self.mean[name] = mean

    def _checked(self, name, value):
        if name not in self.inputs:
            raise NetError(f"{name!r} is no input of the net; it has {', '.join(self.inputs)}")
        return value


def _resized(mean, size):
    return resize_image(mean.transpose(1, 2, 0), size).transpose(2, 0, 1)
