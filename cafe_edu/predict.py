"""Predict: image files in, names and probabilities out."""

import pathlib

import numpy as np

from cafe_edu.arrays.softmax import softmax
from cafe_edu.data.images import read_image
from cafe_edu.errors import DataError, NetError, SpecError
from cafe_edu.net import Net


def predict_files(model, weights, images, labels=None, top=3, scale=1 / 256, mean=None, invert=False):
    """Return the best answers of a net for image files.

    Parameters
    ----------
    model, weights : path
        A prototxt with one Input layer, its .caffemodel. Where it ends with scores, softmax makes them probabilities.
    images : sequence of path
    labels : path, optional
        A text file with the name of one class on each line; without it a class is its number.
    top : int
        Answers for each image.
    scale : float
        The net sees (pixel - mean) * scale, pixels from 0 to 255.
    mean : str, optional
        One number, or one for each channel: "104,117,123".
    invert : bool
        Dark on light becomes light on dark.

    Returns
    -------
    list of dict
        image (str) and answers: a list of dict with label (str), class (int) and probability (float), best first.

    Raises
    ------
    CafeError
        For whatever is missing or does not fit, by name.
    """
    net = Net(model, "TEST", weights=weights, keep="outputs")
    if len(net.inputs) != 1 or len(net.outputs) != 1:
        raise NetError(
            f"predict wants a net with one input and one output (a deploy prototxt), found inputs "
            f"{', '.join(net.inputs) or 'none'} and outputs {', '.join(net.outputs) or 'none'}"
        )
    shape = net.blobs[net.inputs[0]].shape
    if len(shape) != 4:
        raise NetError(f"predict wants an input of 4 axes (N, C, H, W), found {net.inputs[0]} {shape}")
    mean = _mean(mean, shape[1])
    names, found = _names(labels), []
    batch = max(1, shape[0])
    for first in range(0, len(images), batch):
        some = images[first : first + batch]
        x = np.stack([(read_image(path, shape[1:], invert) - mean) * np.float32(scale) for path in some])
        (p,) = net.forward(**{net.inputs[0]: x}).values()
        p = p.reshape(len(some), -1)
        if (p < 0).any() or not np.allclose(p.sum(axis=1), 1, atol=1e-3):
            p = softmax(p, axis=1)  # the net ends with scores
        for path, scores in zip(some, p, strict=True):
            best = np.argsort(-scores, kind="stable")[:top]
            answers = [
                {"label": names.get(int(i), str(i)), "class": int(i), "probability": float(scores[i])} for i in best
            ]
            found.append({"image": str(path), "answers": answers})
    return found


def _mean(text, channels):
    """The mean as an array (C, 1, 1)."""
    try:
        values = [float(part) for part in (text or "0").split(",")]
    except ValueError:
        raise SpecError(f"expected numbers such as 104,117,123 for --mean, found {text!r}") from None
    if len(values) not in (1, channels):
        raise SpecError(f"expected 1 or {channels} numbers for --mean, found {len(values)}: {text}")
    return np.array(values, np.float32).reshape(-1, 1, 1)


def _names(path):
    if path is None:
        return {}
    try:
        lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise DataError(f"no such file of labels: {path}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not a text file of labels, one a line") from None
    return dict(enumerate(line.strip() for line in lines))
