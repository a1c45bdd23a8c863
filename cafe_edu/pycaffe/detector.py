"""Detector: windows of pictures in, probabilities of each out (R-CNN)."""

import os

import numpy as np

from cafe_edu.errors import CafeError, ShapeError
from cafe_edu.pycaffe import io
from cafe_edu.pycaffe.classifier import TEST, prepared
from cafe_edu.pycaffe.net import Net
from cafe_edu.pycaffe.transformer import WrongShape


class Detector(Net):
    """A net that looks at windows of pictures.

    Parameters
    ----------
    model_file, pretrained_file : path
    mean, input_scale, raw_scale, channel_swap : optional
        As in `Transformer`.
    context_pad : int, optional
        How many pixels of the net's square input, on each side, show what lies around a window.

    References
    ----------
    Caffe: ``python/caffe/detector.py``, whose context fails on numpy of today. Lesson: day 18.
    """

    def __init__(self, model_file, pretrained_file, mean=None, input_scale=None, raw_scale=None, channel_swap=None,
                 context_pad=None):  # fmt: skip
        super().__init__(model_file, TEST, weights=pretrained_file)
        self.transformer = prepared(self, mean, input_scale, raw_scale, channel_swap)
        self.configure_crop(context_pad)

    def detect_windows(self, images_windows):
        """Return what the net says of windows.

        Parameters
        ----------
        images_windows : sequence of (image file, array of windows (ymin, xmin, ymax, xmax))

        Returns
        -------
        list of dict
            ``window``, ``prediction`` and ``filename``, in the order given.
        """
        asked, crops, name = [], [], self.inputs[0]
        for filename, windows in images_windows:
            image = io.load_image(filename)
            for window in windows:
                asked.append((filename, window))
                crops.append(self.transformer.preprocess(name, self.crop(image, window)))
        if not asked:
            return []
        found = self.forward_all(**{name: np.stack(crops)})[self.outputs[0]]
        return [
            {"window": window, "prediction": prediction, "filename": filename}
            for (filename, window), prediction in zip(asked, found, strict=True)
        ]

    def detect_selective_search(self, image_fnames):
        """Return what the net says of the windows that Selective Search proposes.

        Raises
        ------
        CafeError
            If its program, a Python module that calls MATLAB, is not installed.
        """
        try:
            import selective_search_ijcv_with_python as selective_search
        except ImportError:
            raise CafeError(
                "detect_selective_search needs the module selective_search_ijcv_with_python (and MATLAB), which is "
                "not here; with windows from elsewhere: detect_windows([(file, windows), ...])"
            ) from None
        files = [os.path.abspath(name) for name in image_fnames]
        return self.detect_windows(zip(files, selective_search.get_windows(files, cmd="selective_search_rcnn"),
                                       strict=True))  # fmt: skip

    def configure_crop(self, context_pad):
        """Say how much context `crop` shows; where the picture ends, it shows the mean."""
        name = self.inputs[0]
        C, h, w = self.blobs[name].shape[1:]
        if context_pad and h != w:
            raise ShapeError(f"context_pad wants a square input, found {h} x {w}")
        if context_pad and not 0 <= context_pad < h / 2:
            raise ShapeError(f"expected a context_pad from 0 to less than half of {h} pixels, found {context_pad}")
        self.crop_dims, self.context_pad = np.array([h, w, C]), context_pad
        mean = np.broadcast_to(self.transformer.mean.get(name, np.zeros((C, 1, 1))), (C, h, w))
        image = mean[np.argsort(self.transformer.channel_swap.get(name, range(C)))].transpose(1, 2, 0)
        self.crop_mean = (image / self.transformer.raw_scale.get(name, 1)).astype(np.float32)

    def crop(self, im, window):
        r"""Return a window of a picture, with the context around it if there is to be some.

        With a net of S x S pixels and a context of p on each side, the window (its last row and column included) is
        widened about its centre by

        .. math:: \frac{S}{S - 2 p}

        and what is outside the picture is the mean.
        """
        if len(window) != 4:
            raise WrongShape(f"expected a window (ymin, xmin, ymax, xmax), found {window}")
        if not self.context_pad:
            ymin, xmin, ymax, xmax = (int(v) for v in window)
            return _pixels(im[ymin:ymax, xmin:xmax], im, window)
        S, limits = int(self.crop_dims[0]), np.array(im.shape[:2])
        first, last = np.array(window[:2], float), np.array(window[2:], float)
        half = (last - first + 1) / 2
        wider = S / (S - 2 * self.context_pad) * half
        first, last = np.round(first + half - wider), np.round(first + half + wider)
        scale = S / (last - first + 1)
        pad = np.round(np.maximum(0, -first) * scale).astype(int)
        first, last = np.clip(first, 0, limits).astype(int), np.clip(last, 0, limits).astype(int)
        size = np.minimum(np.round((last - first + 1) * scale).astype(int), S - pad)
        part = io.resize_image(_pixels(im[first[0] : last[0], first[1] : last[1]], im, window), size)
        result = self.crop_mean.copy()
        result[pad[0] : pad[0] + size[0], pad[1] : pad[1] + size[1]] = part
        return result


def _pixels(part, im, window):
    """Return a part of a picture; refuse one without pixels."""
    if part.size == 0:
        raise WrongShape(f"window {window} holds nothing of a picture of {im.shape[0]} x {im.shape[1]} pixels")
    return part
