"""Solvers: pycaffe's six classes, around our one solver."""

from cafe_edu import prototxt, solver
from cafe_edu.legacy import upgrade_solver
from cafe_edu.lr_policies import learning_rate
from cafe_edu.proto import caffe_pb2
from cafe_edu.pycaffe import mode
from cafe_edu.pycaffe.net import Net


class _Calling(solver.Solver):
    """Our solver, calling who wants to know when an iteration begins and when its gradients are there."""

    callbacks = ()

    def _learn(self):
        for on_start, _ in self.callbacks:
            on_start()
        return super()._learn()

    def apply_update(self, rate):
        for _, on_gradients_ready in self.callbacks:
            on_gradients_ready()
        super().apply_update(rate)


class Solver:
    """A solver from a prototxt file; its classes differ in the update rule alone.

    Where to compute is as ``caffe.set_mode_cpu()`` or ``set_mode_gpu()`` said last, not as the file says.

    Attributes
    ----------
    net : Net
        The TRAIN net.
    test_nets : list of Net
    iter : int
        Updates done so far.
    param : SolverParameter
        What the file says; a change, such as to ``param.base_lr``, counts from the next iteration on.
    lr : float
        The learning rate of the next update.
    """

    rule = None

    def __init__(self, solver_file):
        said = prototxt.read_solver(solver_file)
        changes = {"solver_mode": caffe_pb2.SolverParameter.SolverMode.Value(mode.device().upper())}
        if mode.rng() is not None and said.random_seed < 0:
            changes["random_seed"] = int(mode.rng().integers(2**31))
        if self.rule is not None:
            changes["type"] = self.rule
        self._solver = _Calling(solver_file, **changes)
        self._solver.callbacks = []
        self.net = Net.around(self._solver.net)
        self.test_nets = [Net.around(net) for net in self._solver.test_nets]

    @property
    def iter(self):
        return self._solver.iter

    @property
    def param(self):
        return self._solver.spec

    @property
    def lr(self):
        return learning_rate(self._solver.spec, self._solver.iter, self._solver.current_step)[0]

    def step(self, n):
        """Do ``n`` iterations, with the tests, log lines and snapshots that fall due."""
        self._solver.step(n)

    def solve(self, resume_file=None):
        """Train until ``max_iter``, from a .solverstate if one is given."""
        self._solver.solve(resume_file)

    def restore(self, path):
        """Go on from a .solverstate."""
        self._solver.restore(path)

    def snapshot(self):
        """Write the model and the solver's state, where ``snapshot_prefix`` says."""
        self._solver.snapshot()

    def apply_update(self):
        """Walk downhill by the gradients that the net's parameters hold now, and count the iteration."""
        own = self._solver
        rate, own.current_step = learning_rate(own.spec, own.iter, own.current_step)
        solver.Solver.apply_update(own, rate)
        own.iter += 1

    def add_callback(self, on_start, on_gradients_ready):
        """Call ``on_start()`` before each iteration, ``on_gradients_ready()`` before each update."""
        self._solver.callbacks.append((on_start, on_gradients_ready))

    def share_weights(self, net):
        """Let another net use the parameters of the TRAIN net."""
        net.share_with(self.net)

    def __repr__(self):
        return repr(self._solver)


def _class(rule):
    doc = f"The solver with the rule {rule!r}, whatever ``type`` its file says."
    return type(f"{rule}Solver", (Solver,), {"rule": rule, "__doc__": doc, "__module__": __name__})


SGDSolver = _class("SGD")
NesterovSolver = _class("Nesterov")
AdaGradSolver = _class("AdaGrad")
RMSPropSolver = _class("RMSProp")
AdaDeltaSolver = _class("AdaDelta")
AdamSolver = _class("Adam")


def get_solver(solver_file):
    """Return the solver that a file describes, of the class of its ``type``."""
    rule = upgrade_solver(prototxt.read_solver(solver_file)).type
    return {cls.rule: cls for cls in Solver.__subclasses__()}.get(rule, Solver)(solver_file)
