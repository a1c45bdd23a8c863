"""Solver: the loop that learns. Test, forward, backward, step downhill, look, remember."""

import collections
import copy
import difflib
import logging
import math
import os
import pathlib
import time

import numpy as np

from cafe_edu import debug_info, exact_resume, files, prototxt, snapshots
from cafe_edu.device import cupy
from cafe_edu.engines import plain
from cafe_edu.errors import SpecError, noting
from cafe_edu.legacy import upgrade_solver
from cafe_edu.lr_policies import learning_rate
from cafe_edu.net import Net
from cafe_edu.not_a_number import refuse_nan
from cafe_edu.proto import caffe_pb2
from cafe_edu.score import log_outputs, read_outputs, score
from cafe_edu.solvers.rule import rule_class

log = logging.getLogger("cafe_edu")


class Solver:
    """Trains a net as a solver prototxt says.

    Parameters
    ----------
    spec : path, prototxt text or SolverParameter
    layers : dict, optional
        Type name -> class: your own layers, as in ``Net``.
    engine : str
        Who computes convolution and the like, as in ``Net``.
    rules : dict, optional
        Solver type -> class: your own update rules, asked before the built-in ones.
    **changes
        Any field of the solver, to win over the file: ``Solver("lenet_solver.prototxt", max_iter=100)``.

    Attributes
    ----------
    net : Net
        The TRAIN net.
    test_nets : list of Net
        TEST nets; they share the TRAIN net's parameters.
    iter : int
        Updates done so far.
    train_record : list of dict
        iter, loss (as displayed) and lr, one entry for each iteration.
    test_record : list of dict
        iter, net (its number) and the mean of each output, one entry for each test.
    stopping : bool
        Set while training (by Ctrl-C, or by your own layer), it ends the training after this iteration.

    References
    ----------
    Caffe: ``src/caffe/solver.cpp``, ``src/caffe/solvers/sgd_solver.cpp``. Lesson: day 13.
    """

    ranks = 1  # how many solvers learn together (see `cafe_edu.parallel`)

    def __init__(self, spec, layers=None, engine="auto", rules=None, **changes):
        self.engine, self._layers, self.own_rules = engine, layers, rules
        self.spec, self.folder, self._file = _read(spec)
        with noting(f"in {self._file}" if self._file else ""):
            self.spec = upgrade_solver(self.spec)
            _change(self.spec, changes)
            self._build(layers)
        self._load_weights()

    def twin(self, **changes):
        """Return a new solver of the same making that has learned nothing: same spec but for ``changes``, same layers.

        What it learns then stays its own. Its data begin at their first record.
        """
        new = copy.copy(self)
        new.spec = copy.deepcopy(self.spec)
        _change(new.spec, changes)
        new._build(self._layers)
        new._load_weights()
        return new

    # building ---------------------------------------------------------------------------------------

    def _load_weights(self):
        for path in self.spec.weights:
            for part in path.split(","):
                for net in (self.net, *self.test_nets):
                    net.load(files.find(part.strip(), self.folder))

    def _build(self, layers):
        refuse_nan(self.spec)
        if self.spec.iter_size < 1 or self.spec.average_loss < 1:
            raise SpecError("expected `iter_size` and `average_loss` of 1 or more")
        if self.spec.regularization_type not in ("L1", "L2"):
            found = self.spec.regularization_type
            raise SpecError(f"expected `regularization_type` L2 or L1, found {found!r}")
        self.device = self._choose_device()
        self.rng = np.random.default_rng(self.spec.random_seed if self.spec.random_seed >= 0 else None)
        self.net = self._make_net(self._train_source(), "TRAIN", self.spec.train_state, layers)
        self.test_nets = self._make_test_nets(layers)
        self.rule = rule_class(self.spec.type, self.own_rules)(self.spec)
        self.history = [
            [self.net.xp.zeros_like(param.blob.data) for param in self.net.learnable]
            for _ in range(self.rule.histories)
        ]
        self.iter, self.current_step = 0, 0
        self._since = time.perf_counter(), 0  # time and iteration of the last display
        self.stopping = self.snapshot_wanted = False  # requests, answered after the iteration under way
        self.train_record, self.test_record = [], []
        self.losses = collections.deque(maxlen=self.spec.average_loss)
        if self.spec.exact_resume:
            exact_resume.check((self.net, *self.test_nets))
        learning_rate(self.spec, 0)  # a bad policy shows now, not after the first batch

    def _choose_device(self):
        wants = self.spec.HasField("solver_mode") and self.spec.solver_mode == caffe_pb2.SolverParameter.GPU
        if wants and cupy() is None:
            log.info("solver_mode is GPU, and no GPU answers: training on the CPU")
        return "gpu" if wants and cupy() is not None else "cpu"

    def _train_source(self):
        names = ("net", "net_param", "train_net", "train_net_param")
        sources = [name for name in names if self.spec.HasField(name)]
        if len(sources) != 1:
            raise SpecError(
                f"expected one of `net`, `net_param`, `train_net`, `train_net_param` in the solver, "
                f"found {' and '.join(sources) or 'none'}"
            )
        return getattr(self.spec, sources[0])

    def _make_net(self, source, phase, state, layers):
        if isinstance(source, str):
            source = files.find(source, self.folder)
        own = source.state if isinstance(source, caffe_pb2.NetParameter) else prototxt.read_net(source).state
        for said in (own, state):  # the net's own state wins over the default, the solver's over the net's
            phase = caffe_pb2.Phase.Name(said.phase) if said.HasField("phase") else phase
        level = state.level if state.HasField("level") else None
        where = {"rng": self.rng, "device": self.device, "engine": self.engine}
        return Net(source, phase, layers=layers, level=level, stages=state.stage, **where)

    def _make_test_nets(self, layers):
        spec = self.spec
        sources = [*spec.test_net_param, *spec.test_net]
        generic = [getattr(spec, name) for name in ("net", "net_param") if spec.HasField(name)]
        if generic:
            sources += generic * (len(spec.test_iter) - len(sources))
        if len(spec.test_iter) != len(sources):
            raise SpecError(
                f"expected one `test_iter` for each of {len(sources)} test nets, found {len(spec.test_iter)}"
            )
        if sources and spec.test_interval < 1:
            raise SpecError("there is a test net: `test_interval` must be 1 or more")
        if spec.test_state and len(spec.test_state) != len(sources):
            raise SpecError(f"expected no `test_state` or one for each of {len(sources)} test nets")
        states = list(spec.test_state) or [caffe_pb2.NetState()] * len(sources)
        nets = [self._make_net(s, "TEST", state, layers) for s, state in zip(sources, states, strict=True)]
        for net in nets:
            net.share_with(self.net)
            net.debug_info = spec.debug_info
        return nets

    # learning ---------------------------------------------------------------------------------------

    def solve(self, resume=None, progress=False):
        """Train until ``max_iter``; snapshot and test at the end, as Caffe does.

        Parameters
        ----------
        resume : path, optional
            A .solverstate to go on from.
        progress : bool
            Show a progress bar with loss, test accuracy and images per second.
        """
        log.info("Solving %s", self.net.name)
        log.info("Learning Rate Policy: %s", self.spec.lr_policy)
        if resume is not None:
            self.restore(resume)
        if self.spec.snapshot > 0 or self.spec.snapshot_after_train:
            snapshots.check_place(snapshots.prefix(self.spec, self._file))
        self.step(self.spec.max_iter - self.iter, progress)
        if self.spec.snapshot_after_train and not self._due(self.spec.snapshot):
            self.snapshot()
        if self.stopping:
            log.info("Optimization stopped early.")
            return
        if self._due(self.spec.display):
            self.net.forward()
            log.info("Iteration %d, loss = %g", self.iter, self._smooth(self.net.loss))
        if self._due(self.spec.test_interval):
            self.test()
        log.info("Optimization Done.")

    def step(self, n, progress=False):
        """Do ``n`` iterations, with the tests, log lines and snapshots that fall due."""
        self.stopping = False
        bar = _Bar(self, n) if progress else None
        self._since = time.perf_counter(), self.iter
        try:
            for _ in range(n):
                if self._due(self.spec.test_interval) and (self.iter > 0 or self.spec.test_initialization):
                    self.test()
                    if self.stopping and not self.spec.exact_resume:
                        break
                self._learn()
                self.iter += 1
                if self._due(self.spec.snapshot) or self.snapshot_wanted:
                    self.snapshot()
                    self.snapshot_wanted = False
                if bar:
                    bar.update()
                if self.stopping:
                    break
        finally:
            if bar:
                bar.close()

    def _due(self, interval):
        return interval > 0 and self.iter % interval == 0

    def _learn(self):
        """One update from ``iter_size`` batches."""
        displayed = self._due(self.spec.display)
        self.net.debug_info = displayed and self.spec.debug_info
        loss = self._gradients()
        rate, self.current_step = learning_rate(self.spec, self.iter, self.current_step)
        self.train_record.append({"iter": self.iter, "loss": self._smooth(loss), "lr": rate})
        if displayed:
            self._display(rate)
        self.apply_update(rate)

    def _gradients(self):
        """Add up the gradients of ``iter_size`` batches; return their mean loss."""
        self.net.clear_param_diffs()
        loss = 0.0
        for _ in range(self.spec.iter_size):
            self.net.forward()
            self.net.backward()
            loss += self.net.loss / self.spec.iter_size
        return loss

    def _smooth(self, loss):
        """The mean of the last ``average_loss`` losses."""
        self.losses.append(loss)
        return sum(self.losses) / len(self.losses)

    def apply_update(self, rate):
        r"""Walk downhill: clip, average, decay, then the rule's step, for each parameter.

        .. math:: g = \tfrac{1}{iter\_size}\, c\, dw + \lambda\, w, \qquad w \leftarrow w - u(g)

        c shrinks all gradients together where their norm exceeds ``clip_gradients``; :math:`\lambda` is
        ``weight_decay`` times the parameter's ``decay_mult`` (with L1, sign(w) stands for w). A rule whose decay is
        ``decoupled`` keeps it out of g: :math:`w \leftarrow w - u(g) - \ell \lambda w`.
        """
        params, spec = self.net.learnable, self.spec
        scale = self._clip(params) / spec.iter_size
        if self._walked_at_once(scale, rate):
            return
        for i, param in enumerate(params):
            w, g = param.blob.data, param.blob.diff
            if scale != 1:
                g *= scale
            own_rate = rate * (1 if param.lr_mult is None else param.lr_mult)
            decay = self._decay(param, w)
            if decay is not None and not self.rule.decoupled:
                g += decay
            u = self.rule.update(g, [h[i] for h in self.history], own_rate, self.iter)
            if decay is not None and self.rule.decoupled:
                u += own_rate * decay
            if self.net.debug_info:
                debug_info.update(param, u)
            w -= u

    def _walked_at_once(self, scale, rate):
        """With the commonest rule, let a fast engine do all of it in one pass through memory; say whether it did."""
        spec = self.spec
        is_sgd = type(self.rule) is rule_class("SGD")  # the house's, not a reader's own
        plain_sgd = is_sgd and spec.regularization_type == "L2" and not self.net.debug_info
        if self.net.engine is plain or not plain_sgd:
            return False
        for param, h in zip(self.net.learnable, self.history[0], strict=True):
            own_rate = rate * (1 if param.lr_mult is None else param.lr_mult)
            decay = spec.weight_decay * (1 if param.decay_mult is None else param.decay_mult)
            self.net.engine.sgd_update(param.blob.data, param.blob.diff, h, scale, decay, spec.momentum, own_rate)
        return True

    def _clip(self, params):
        if self.spec.clip_gradients < 0:
            return 1.0
        norm = math.sqrt(sum(float((p.blob.diff.astype(np.float64) ** 2).sum()) for p in params))
        if norm <= self.spec.clip_gradients:
            return 1.0
        most = self.spec.clip_gradients
        scale = most / norm
        log.info("Gradient clipping: scaling down gradients (L2 norm %g > %g) by scale factor %g", norm, most, scale)
        return scale

    def _decay(self, param, w):
        """What pulls w towards 0, or None."""
        decay = self.spec.weight_decay * (1 if param.decay_mult is None else param.decay_mult)
        if not decay:
            return None
        return decay * (w if self.spec.regularization_type == "L2" else self.net.xp.sign(w))

    # looking ----------------------------------------------------------------------------------------

    def _display(self, rate):
        now, (then, first) = time.perf_counter(), self._since
        seconds, done = now - then, self.iter - first
        per_second = done / seconds if done and seconds else 0
        loss = self.train_record[-1]["loss"]
        interval = f"{seconds:.4g}s/{self.spec.display} iters"
        log.info("Iteration %d (%.4g iter/s, %s), loss = %g", self.iter, per_second, interval, loss)
        log_outputs(self.net, read_outputs(self.net), "    Train net output ")
        log.info("Iteration %d, lr = %g", self.iter, rate)
        self._since = now, self.iter

    def test(self):
        """Run every TEST net for its ``test_iter`` batches.

        Returns
        -------
        list of dict
            For each net, the mean of each output (array of its shape). Training that is asked to stop
            meanwhile (``stopping``) ends the test as well, and its net has no results; not so with ``exact_resume``,
            as half a test has drawn half its chance.
        """
        results, deaf = [], self.stopping or self.spec.exact_resume
        for k, net in enumerate(self.test_nets):
            log.info("Iteration %d, Testing net (#%d)", self.iter, k)
            means, loss = score(net, self.spec.test_iter[k], stop=lambda: self.stopping and not deaf)
            if self.stopping and not deaf:
                log.info("Test interrupted.")
                break
            if self.spec.test_compute_loss:
                log.info("Test loss: %g", loss)
            log_outputs(net, means, "    Test net output ")
            scalars = {name: values.item() for name, values in means.items() if values.size == 1}
            self.test_record.append({"iter": self.iter, "net": k, **scalars})
            results.append(means)
        return results

    # remembering ------------------------------------------------------------------------------------

    def snapshot(self):
        """Write PREFIX_iter_N.caffemodel and .solverstate (with .h5 where ``snapshot_format`` says HDF5).

        The model is written before the state that names it, each atomically: whatever interrupts, the
        newest .solverstate can be resumed. With ``exact_resume`` (not in Caffe) there is a .resume beside them.

        Returns
        -------
        (Path, Path)
            Model and state.
        """
        return snapshots.write(self, snapshots.prefix(self.spec, self._file))

    def restore(self, path):
        """Go on from a .solverstate: iteration, history, rate step and the weights it names.

        As in Caffe the data start again at their first record, and chance is not restored; with ``exact_resume``
        (not in Caffe) both are, from the .resume beside the state.

        Raises
        ------
        WeightsError
            If a file is damaged or missing, or does not fit this solver and net.
        """
        snapshots.restore(self, path)
        log.info("Restored %s: iteration %d", path, self.iter)

    def __repr__(self):
        done = f"iteration {self.iter} of {self.spec.max_iter}"
        return f"Solver {self.spec.type!r} of {self.net.name!r} at {done}"


def _read(spec):
    """Return (SolverParameter, folder of the file or None, the file or None)."""
    if isinstance(spec, caffe_pb2.SolverParameter):
        return spec, None, None
    if isinstance(spec, str) and (": " in spec or "\n" in spec):
        return prototxt.parse_solver(spec), None, None
    if not isinstance(spec, str | os.PathLike):
        raise SpecError(f"expected a path, prototxt text or a SolverParameter, found a {type(spec).__name__}")
    path = pathlib.Path(spec)
    return prototxt.read_solver(path), path.parent, path


def _change(spec, changes):
    """Set fields of a SolverParameter from keywords."""
    known = spec.DESCRIPTOR.fields_by_name
    for name, value in changes.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise SpecError(f"a solver has no field {name!r}{hint}")
        value = str(value) if isinstance(value, pathlib.Path) else value
        if known[name].is_repeated and not isinstance(value, list | tuple):
            value = [value]
        spec.ClearField(name)
        try:
            spec.MergeFrom(caffe_pb2.SolverParameter(**{name: value}))
        except (TypeError, ValueError) as error:
            raise SpecError(f"{name}={value!r} does not fit the solver: {error}") from None


class _Bar:
    """tqdm with what one wants to see of a training."""

    def __init__(self, solver, n):
        from tqdm.auto import tqdm

        self.solver, self.started, self.images = solver, time.perf_counter(), 0
        self.bar = tqdm(total=n, unit="iter", desc=solver.net.name, dynamic_ncols=True, mininterval=0.5)

    def update(self):
        self.images += self._batch()
        shown = {"loss": f"{self.solver.train_record[-1]['loss']:.3f}"}
        tests = [t["accuracy"] for t in self.solver.test_record[-1:] if "accuracy" in t]
        if tests:
            shown["test accuracy"] = f"{100 * tests[0]:.1f} %"
        shown["images/s"] = f"{self.images / (time.perf_counter() - self.started):.0f}"
        self.bar.set_postfix(shown, refresh=False)
        self.bar.update()

    def _batch(self):
        first = self.solver.net.steps[0].top
        return self.solver.ranks * self.solver.spec.iter_size * (first[0].shape[0] if first and first[0].shape else 0)

    def close(self):
        self.bar.close()
