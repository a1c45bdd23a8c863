"""What a sum of losses is divided by: the four ways of ``loss_param``, shared by the losses that have it."""

from cafe_edu.device import array_module


def normalization(options, default="VALID"):
    """Return "VALID", "FULL", "BATCH_SIZE" or "NONE", as a ``LossParameter`` asks.

    ``normalization`` is read first, then the old ``normalize`` (true is VALID, false is BATCH_SIZE).

    Examples
    --------
    >>> from cafe_edu.proto import caffe_pb2
    >>> normalization(caffe_pb2.LossParameter(normalize=False))
    'BATCH_SIZE'
    """
    if options.HasField("normalization"):
        return options.NormalizationMode.Name(options.normalization)
    if options.HasField("normalize"):
        return "VALID" if options.normalize else "BATCH_SIZE"
    return default


def normalizer(kind, counts, dtype):
    """Return Z, never less than 1, as one number of ``dtype``.

    Parameters
    ----------
    kind : str
        From ``normalization``.
    counts : bool, shape (items, labels per item)
        Which labels are not ignored.
    dtype : dtype

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.array([[True, False, True], [False, False, True]])
    >>> [float(normalizer(kind, counts, np.float32)) for kind in ("VALID", "FULL", "NONE")]
    [3.0, 6.0, 1.0]
    """
    Z = {"VALID": counts.sum(), "FULL": counts.size, "BATCH_SIZE": len(counts), "NONE": 1}[kind]
    return array_module(counts).maximum(Z, 1).astype(dtype)


def ignored(options):
    """Return the ``ignore_label`` of a ``LossParameter``, or None."""
    return options.ignore_label if options.HasField("ignore_label") else None
