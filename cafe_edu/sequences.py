"""What RNN and LSTM have in common: shapes, the part that looks at the input, the state carried over."""

import math

from cafe_edu.device import to_numpy
from cafe_edu.errors import NetError, ShapeError


def width(shape, first):
    """Numbers per item: the product of the axes from ``first`` on."""
    return math.prod(shape[first:])


def setup(layer, bottom, states):
    """Find out which bottoms there are; return H.

    Sets ``static`` (is there a static bottom?), ``exposed`` (states that come in and go out: 0 or ``states``),
    ``kept`` (the states carried over) and ``no_gradient``.
    """
    layer.states, layer.kept = states, None
    layer.exposed = states if layer.options.expose_hidden else 0
    extra = len(bottom) - 2 - layer.exposed
    tops = len(layer.spec.top)
    if extra not in (0, 1) or tops != 1 + layer.exposed:
        hidden = f", with {states} hidden exposed at either end" if layer.exposed else ""
        raise NetError(
            f"expected x, cont and perhaps a static bottom, and one top{hidden}; "
            f"found {len(bottom)} bottoms and {tops} tops"
        )
    layer.static = extra == 1
    layer.no_gradient = (1, *range(len(bottom) - layer.exposed, len(bottom)))
    return layer.required("num_output")


def static_weight(layer, bottom, rows):
    """The weight that looks at the static bottom, or None."""
    if not layer.static:
        return None
    return layer.add_param("W_xs", (rows, width(bottom[2].shape, 1)), layer.options.weight_filler)


def top_shapes(layer, bottom_shapes, D):
    """(T, N, H) and, exposed, (1, N, H) for each state; raise ``ShapeError`` where a bottom does not fit."""
    x, cont, *others = bottom_shapes
    if len(x) < 2 or width(x, 2) != D:
        raise ShapeError(f"expected x of (T, N, ...) with {D} numbers per item, found {x}")
    T, N, H = x[0], x[1], layer.options.num_output
    if tuple(cont) != (T, N):
        raise ShapeError(f"expected cont of {(T, N)}, found {cont}")
    if layer.static:
        s, S = others.pop(0), layer.W_xs.shape[1]
        if not s or s[0] != N or width(s, 1) != S:
            raise ShapeError(f"expected a static bottom of ({N}, ...) with {S} numbers per item, found {s}")
    for state in others:
        if tuple(state) != (1, N, H):
            raise ShapeError(f"expected a state of {(1, N, H)}, found {state}")
    return [(T, N, H)] + [(1, N, H)] * layer.exposed


def inputs(layer, bottom, W, b):
    """Return W x_t + b (+ W_xs s) for all steps at once, (T, N, rows of W)."""
    x = bottom[0].data
    T, N = x.shape[:2]
    z = (x.reshape(T * N, W.shape[1]) @ W.data.T + b.data).reshape(T, N, W.shape[0])
    if layer.static:
        z += _items(bottom[2].data, layer.W_xs) @ layer.W_xs.data.T
    return z


def inputs_backward(layer, bottom, propagate_down, W, b, dz):
    """Add to the gradients of W, b and W_xs; overwrite those of x and s."""
    every = dz.reshape(-1, W.shape[0])
    x = bottom[0].data.reshape(len(every), W.shape[1])
    W.diff += every.T @ x
    b.diff += every.sum(axis=0)
    if propagate_down[0]:
        bottom[0].diff = (every @ W.data).reshape(bottom[0].shape)
    if layer.static:
        total = dz.sum(axis=0)  # s is read at each step
        layer.W_xs.diff += total.T @ _items(bottom[2].data, layer.W_xs)
        if propagate_down[2]:
            bottom[2].diff = (total @ layer.W_xs.data).reshape(bottom[2].shape)


def first_states(layer, bottom):
    """The states before the first step: from the bottoms, from the last forward, or zeros; each (N, H)."""
    N, H = bottom[0].shape[1], layer.options.num_output
    if layer.exposed:
        return [blob.data[0] for blob in bottom[-layer.exposed :]]
    if layer.kept is None or layer.kept[0].shape[0] != N:
        return [layer.xp.zeros((N, H), layer.dtype) for _ in range(layer.states)]
    return layer.kept


def keep_states(layer, top, *states):
    """Carry the last states over to the next forward, and show them if they are exposed."""
    layer.kept = [state.copy() for state in states]
    for blob, state in zip(top[1:], states, strict=False):
        blob.data[0] = state


def state(layer):
    """The states carried over, as JSON can hold them; for a training that is resumed exactly."""
    return {"kept": layer.kept and [to_numpy(kept).tolist() for kept in layer.kept]}


def restore(layer, state):
    """Carry over what `state` returned."""
    kept = state["kept"]
    layer.kept = kept and [layer.xp.asarray(values, layer.dtype) for values in kept]


def _items(s, W):
    return s.reshape(-1, W.shape[1])
