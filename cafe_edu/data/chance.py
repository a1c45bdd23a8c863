"""Chance for data: one seed, and from it a generator for each batch and an order for each epoch.

Batch 7 is the same batch 7 whoever makes it and whenever: its generator depends on the seed and on 7 alone. So
batches may be made ahead of time, and a training that is resumed needs to remember two numbers.
"""

import numpy as np

BATCH, EPOCH, START = 0, 1, 2  # what a generator is for


def seed_from(rng):
    """Return a seed that depends on ``rng``'s, and leave what ``rng`` draws next as it is.

    Each call gives another one. It is a whole number below 2^53, which every reader of JSON keeps exactly.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> seed_from(rng) != seed_from(rng), rng.random() == np.random.default_rng(0).random()
    (True, True)
    """
    (child,) = rng.bit_generator.seed_seq.spawn(1)
    return int(child.generate_state(1, np.uint64)[0] >> np.uint64(11))


def generator(seed, purpose, number=0, part=0):
    """Return the generator of batch ``number`` (``BATCH``), epoch ``number`` (``EPOCH``) or the start (``START``)."""
    return np.random.default_rng([seed, purpose, number, part])


def order(count, seed, epoch, shuffle=True, part=0):
    """Return the numbers 0 .. count - 1 in the order in which an epoch goes through them.

    Examples
    --------
    >>> order(4, seed=5, epoch=0, shuffle=False)
    array([0, 1, 2, 3])
    >>> sorted(int(i) for i in order(4, seed=5, epoch=1))
    [0, 1, 2, 3]
    """
    return generator(seed, EPOCH, epoch, part).permutation(count) if shuffle else np.arange(count)
