"""ParallelSolver: a solver on every rank, and all take the same steps."""

import contextlib
import copy
import hashlib
import json
import logging
import zlib

import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.errors import CafeError, ParallelError
from cafe_edu.parallel.messages import Messages
from cafe_edu.parallel.nccl import sums_for
from cafe_edu.parallel.shares import share_out
from cafe_edu.parallel.world import in_one_line
from cafe_edu.proto import caffe_pb2
from cafe_edu.solver import Solver

log = logging.getLogger("cafe_edu")

CHECK_EVERY = 100  # iterations between two comparisons of the ranks' weights
ONLY_RANK_0 = {"weights": [], "test_net": [], "test_net_param": [], "test_iter": [], "test_state": []}


class ParallelSolver(Solver):
    r"""One rank of a training on several.

    .. math:: g = \frac{1}{R} \sum_r g_r, \qquad w \leftarrow w - u(g)

    Each of R ranks has the whole net, and of every batch its own items; ``batch_size`` is that of one rank. They start
    from rank 0's weights and average their gradients (see `Messages`), so they stay equal, bit for bit, and learn what
    one rank would from batches R times as large. Ranks compare checksums of their weights now and then.

    - Rank 0 alone tests, logs and writes snapshots, which are ordinary ones: any number of ranks may go on.
    - The loss that is displayed is the mean over all ranks; the other outputs are rank 0's.
    - BatchNorm: each rank normalizes its own share of the batch. The statistics it gathers are kept on each rank, and
      those of rank 0 are tested and saved.
    - Losses with ``normalization: NONE`` are sums, of which this takes the mean over the ranks. With VALID and an
      ``ignore_label`` every rank counts the same, however many of its labels are ignored.
    - Dropout, crops and mirrors: each rank has chances of its own, which depend on ``random_seed`` and its number; rank
      0 has those it would have alone.

    Parameters
    ----------
    spec, layers, **changes
        As for `Solver`, ``engine`` too; the same on every rank.
    communicator : Communicator

    Examples
    --------
    >>> from cafe_edu.parallel.threads import run_ranks
    >>> net = '''layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 1 dim: 1 }
    ...            data_filler { type: "constant" value: 2 } } }
    ...          layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" loss_weight: 1
    ...            inner_product_param { num_output: 1 bias_term: false } }'''
    >>> def train(communicator):
    ...     solver = ParallelSolver(f'base_lr: 0.5 lr_policy: "fixed" net_param {{ {net} }}', communicator)
    ...     solver.step(3)
    ...     return solver.net.params["ip"][0].data.item()
    >>> run_ranks(2, train)
    [-3.0, -3.0]

    References
    ----------
    P. Goyal et al., "Accurate, Large Minibatch SGD", 2017; Caffe: ``src/caffe/parallel.cpp``. Lesson: day 15.
    """

    def __init__(self, spec, communicator, layers=None, **changes):
        self.communicator, self._complete, self._fate = communicator, None, None
        self.ranks = communicator.size
        with self._one_fate():
            spec = copy.deepcopy(spec) if isinstance(spec, caffe_pb2.SolverParameter) else spec
            super().__init__(spec, layers, **changes | ({} if communicator.rank == 0 else ONLY_RANK_0))
            self._take_from_rank_0()

    def _build(self, layers):
        self._wished, self._agreed = {}, {}
        seed = self.spec.random_seed
        if seed < 0:
            seed = np.random.default_rng().integers(2**53)
        self.spec.random_seed = int(self.communicator.share(str(seed)))
        super()._build(layers)
        self._check_same()
        share_out(self.net, self.communicator.rank, self.communicator.size)
        self.messages = Messages(self.net, sums_for(self.communicator, self.net))
        self._part_chances()

    def _check_same(self):
        """Refuse ranks that would do other things, and so wait for each other for ever."""
        said = copy.deepcopy(self.spec)
        for field in ONLY_RANK_0:
            said.ClearField(field)
        texts = [message.SerializeToString(deterministic=True) for message in (said, self.net.spec)]
        texts.append(self.net.engine.__name__.encode())  # another engine rounds in another way
        told = self.communicator.gather([zlib.crc32(b"".join(texts))])[:, 0]
        for rank in np.flatnonzero(told != told[0]):
            raise ParallelError(
                f"rank {rank} has another solver or net than rank 0: expected the same files and options everywhere"
            )

    def _part_chances(self):
        """Give every rank but 0 chances of its own, made from where rank 0's stand."""
        state = json.dumps(self.rng.bit_generator.state, default=str)
        common = int(self.communicator.share(hashlib.sha256(state.encode()).hexdigest()[:16]), 16)
        if self.communicator.rank > 0:
            own = np.random.default_rng([common, self.communicator.rank])
            self.rng.bit_generator.state = own.bit_generator.state  # in place: all layers draw from this one

    def _take_from_rank_0(self):
        """Take rank 0's weights, history and place in the training."""
        arrays = [param.blob.data for param in self.net.learnable] + [h for arrays in self.history for h in arrays]
        for array in arrays:
            values = np.ascontiguousarray(to_numpy(array))
            self.communicator.broadcast(values)
            array[...] = self.net.xp.asarray(values)
        told = self.communicator.gather([self.iter, self.current_step])[0]
        self.iter, self.current_step = (int(number) for number in told)
        self._complete = self.iter

    # learning ---------------------------------------------------------------------------------------

    def solve(self, resume=None, progress=False):
        """As `Solver.solve`; it returns when all ranks have come to the end."""
        with self._one_fate():
            super().solve(resume, progress)
            self.communicator.gather([self.iter])

    def step(self, n, progress=False):
        """As `Solver.step`; every rank must ask for the same number."""
        with self._one_fate():
            super().step(n, progress)

    def _gradients(self):
        self.messages.start(self.spec.iter_size)
        loss = super()._gradients()
        self.messages.finish()
        return loss

    def _smooth(self, loss):
        """Tell the others, once in each iteration, the loss, wishes and a checksum; go on with the mean loss."""
        checksum = self._checksum() if self.iter % CHECK_EVERY == 0 else 0
        wishes, self._wished = self._wished, {}
        told = self.communicator.gather([loss, wishes.get("stopping", 0), wishes.get("snapshot_wanted", 0), checksum])
        losses, stopping, snapshot_wanted, checksums = told.T
        for rank in np.flatnonzero(checksums != checksums[0]):
            self._complete = None  # whose weights are right, nobody knows: no snapshot of them
            raise ParallelError(
                f"the weights of rank {rank} are not those of rank 0 at iteration {self.iter}: does a layer or a "
                f"program change them on one rank alone? Go on from a snapshot of iteration "
                f"{max(0, self.iter - CHECK_EVERY)} or before"
            )
        self._agreed = {"stopping": stopping.any(), "snapshot_wanted": snapshot_wanted.any()}
        return super()._smooth(losses.mean())

    def _checksum(self):
        """Of all that is learned. What a layer gathers by itself, as BatchNorm does, differs between ranks."""
        sum_ = 0
        for param in self.net.learnable:
            if param.lr_mult != 0:
                sum_ = zlib.crc32(np.ascontiguousarray(to_numpy(param.blob.data)), sum_)
        return sum_

    def apply_update(self, rate):
        """As `Solver.apply_update`; meanwhile the weights are those of no iteration."""
        self._complete = None
        super().apply_update(rate)
        self._complete = self.iter + 1

    # A wish of one rank, such as a Ctrl-C, is granted by all in the same iteration: the next that they agree on.

    @property
    def stopping(self):
        self.communicator.check()  # a test asks for this after each batch
        return bool(self._agreed.get("stopping"))

    @stopping.setter
    def stopping(self, wish):
        self._wish("stopping", wish)

    @property
    def snapshot_wanted(self):
        return bool(self._agreed.get("snapshot_wanted"))

    @snapshot_wanted.setter
    def snapshot_wanted(self, wish):
        self._wish("snapshot_wanted", wish)

    def _wish(self, what, wish):
        (self._wished if wish else self._agreed)[what] = bool(wish)

    # remembering ------------------------------------------------------------------------------------

    def snapshot(self):
        """As `Solver.snapshot`, by rank 0; the others return None. To be called on every rank."""
        self._part_chances()  # so that a run which goes on from here has the chances of one that was not interrupted
        return super().snapshot() if self.communicator.rank == 0 else None

    def restore(self, path):
        """As `Solver.restore`; rank 0 alone reads the files."""
        if self.communicator.rank == 0:
            super().restore(path)
        self._take_from_rank_0()
        if self.spec.exact_resume:
            with_state = {layer.name: layer for layer in self.net.layers if hasattr(layer, "state")}
            places = {name: layer.state() for name, layer in with_state.items()}
            places = json.loads(self.communicator.share(json.dumps(places)))
            for name, layer in with_state.items():
                layer.restore(places[name])
        self._part_chances()

    # failing ----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _one_fate(self):
        """Tell the others if this rank fails; on rank 0, keep what was learned if any of them does."""
        try:
            yield
        except BaseException as error:
            if self._fate is not error:  # it passes here on its way through step and solve
                self._fate = error
                self.communicator.fail(in_one_line(error))
                self._rescue(error)
            raise

    def _rescue(self, error):
        """Write a snapshot of the last complete iteration, if there is one, and say so in the error."""
        if self.communicator.rank > 0 or not self._complete:
            return
        if self.spec.exact_resume:  # data and chance have gone on since then
            error.add_note("go on from the last snapshot: with `exact_resume` none is written in the middle of things")
            return
        self.iter = self._complete
        try:
            _, state = super().snapshot()
            error.add_note(f"what was learned until iteration {self.iter} is in {state}, to go on from")
        except (CafeError, OSError) as second:
            error.add_note(f"no snapshot could be written: {in_one_line(second)}")
