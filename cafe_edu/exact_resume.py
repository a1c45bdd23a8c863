"""Exact resume: where data and chance stood, so that a resumed training is the same training. Not in Caffe.

A .solverstate holds what was learned, but not which item comes next nor what the dice will say: Caffe's
resumed runs start the data again. With ``exact_resume: true`` a snapshot has a third file, PREFIX_iter_N.resume:
JSON with the state of the random generator, of every layer that has one, and the last losses. The resumed run then
has, bit for bit, the weights of the run that was never interrupted.

A layer has a state if it has the methods ``state()``, which returns what JSON can hold, and ``restore(state)``.
A layer that draws from a generator of its own and has no such methods gets that generator's state kept.
"""

import hashlib
import json
import pathlib

from cafe_edu.errors import CafeError, NetError, WeightsError
from cafe_edu.files import replacing

#: layers that bring data and yet are the same at every iteration, or draw what they bring
STANDING = ("DummyData", "Input", "Parameter")


def check(nets):
    """Raise a ``NetError`` for a layer that brings data and cannot say where it stands."""
    for net in nets:
        for step in net.steps:
            layer = step.layer
            if not step.bottom and layer.type not in STANDING and not _has_state(layer):
                raise NetError(
                    f"exact_resume: layer {layer.name!r} ({layer.type}) cannot say where in its data it stands; "
                    f"expected a layer with the methods `state` and `restore`"
                )


def beside(state):
    """The .resume that belongs to a .solverstate or .solverstate.h5."""
    state = pathlib.Path(state)
    return state.with_name(f"{state.name.removesuffix('.h5').removesuffix('.solverstate')}.resume")


def standing(solver):
    """Return where a solver's data and chance stand, as text: JSON with iter, losses, chance and nets."""
    stood = {
        "iter": solver.iter,
        "losses": list(solver.losses),
        "chance": solver.rng.bit_generator.state,
        "nets": [_layers(net, solver.rng) for net in (solver.net, *solver.test_nets)],
    }
    return json.dumps(stood, default=lambda value: value.tolist())


def write(path, solver, model):
    """Write where a solver stands; ``model`` is the .caffemodel of the same moment."""
    stood = json.loads(standing(solver)) | {"model": _fingerprint(model)}
    with replacing(path) as new:
        new.write_text(json.dumps(stood), encoding="utf-8")


def read(path, state, model):
    """Return what a .resume says, if it belongs to this `State` and model; else raise ``WeightsError``."""
    try:
        stood = json.loads(pathlib.Path(path).read_bytes())
    except FileNotFoundError:
        raise WeightsError(
            f"{path} is not there, which an exact resume needs: it is written with a snapshot if `exact_resume` is set"
        ) from None
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise WeightsError(f"{path} is damaged or is no .resume; fetch or write it again") from None
    if not isinstance(stood, dict) or not {"iter", "model", "losses", "chance", "nets"} <= set(stood):
        raise WeightsError(f"{path}: expected a .resume, with iter, model, losses, chance and nets")
    if stood["iter"] != state.iter or model is None or stood["model"] != _fingerprint(model):
        raise WeightsError(
            f"{path} belongs to another run: it was written at iteration {stood['iter']} beside other weights "
            f"than {model} of iteration {state.iter}"
        )
    return stood


def apply(stood, solver, path):
    """Put a solver's data, chance and losses where `read` says that they stood."""
    nets = (solver.net, *solver.test_nets)
    try:
        solver.losses.extend(float(loss) for loss in stood["losses"])
        if len(stood["nets"]) != len(nets):
            raise ValueError(f"expected states of {len(nets)} nets, found {len(stood['nets'])}")
        for net, states in zip(nets, stood["nets"], strict=True):
            found = {layer.name for layer in net.layers if _kept(layer, solver.rng)}
            if found != set(states):
                raise ValueError(f"the layers with a state are {sorted(found)}, not {sorted(states)}")
            for layer in net.layers:
                if layer.name in states:
                    _restore(layer, states[layer.name])
        solver.rng.bit_generator.state = stood["chance"]
    except (AttributeError, CafeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} does not fit this solver and its nets: {error}") from None


def _has_state(layer):
    return all(callable(getattr(layer, name, None)) for name in ("state", "restore"))


def _kept(layer, rng):
    return _has_state(layer) or layer.rng is not rng


def _layers(net, rng):
    """Name -> state of each layer that has one."""
    kept = [layer for layer in net.layers if _kept(layer, rng)]
    return {layer.name: layer.state() if _has_state(layer) else layer.rng.bit_generator.state for layer in kept}


def _restore(layer, state):
    if _has_state(layer):
        layer.restore(state)
    else:
        layer.rng.bit_generator.state = state


def _fingerprint(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
