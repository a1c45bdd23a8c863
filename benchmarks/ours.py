"""A net of cafe_edu, to be measured."""

import inspect

from benchmarks import nets, start
from cafe_edu import Net, Solver
from cafe_edu.device import module_of, to_numpy
from cafe_edu.proto import caffe_pb2


def has_engines():
    """Say whether this cafe_edu lets one choose who computes."""
    return all("engine" in inspect.signature(cls).parameters for cls in (Net, Solver))


class Ours:
    """A training or, with ``what`` = "forward", a net that answers; ``first`` is the file that `start` writes."""

    def __init__(self, first, name, what, engine=None, device="cpu"):
        self.xp = module_of(device)
        spec, chosen = nets.make(name, len(first["label"]), what), {"engine": engine} if engine else {}
        chosen["keep"] = "outputs"  # nobody looks at what is between; PyTorch keeps nothing of it either
        if what == "forward":
            self.net, self.solver = Net(spec, "TEST", device=device, **chosen), None
        else:
            rate, momentum, decay = first["rule"]
            rule = {"base_lr": rate, "momentum": momentum, "weight_decay": decay, "lr_policy": "fixed"}
            rule["solver_mode"] = getattr(caffe_pb2.SolverParameter, device.upper())
            self.solver = Solver(caffe_pb2.SolverParameter(net_param=spec, random_seed=1, **rule), **chosen)
            self.net = self.solver.net
        self.params = [param.blob for param in start.learned(self.net)]
        for i, blob in enumerate(self.params):
            blob.data = first[f"weight_{i}"]
        self.feed(first["data"], first["label"])

    def feed(self, x, t):
        """Take another batch."""
        self.net.blobs["data"].data = x
        if self.solver:
            self.net.blobs["label"].data = t

    def run(self):
        """Do one step and return its loss, or answer with probabilities."""
        if not self.solver:
            return self.net.forward()["prob"]
        self.solver.step(1)
        return self.solver.train_record[-1]["loss"]

    def wait(self):
        """Wait until the device has done all that it was told."""
        if hasattr(self.xp, "cuda"):
            self.xp.cuda.get_current_stream().synchronize()

    def memory(self):
        """The most memory that was taken of the GPU, in bytes."""
        return self.xp.get_default_memory_pool().total_bytes()  # it gives nothing back

    def weights(self):
        """Return the parameters as they are now, one after the other."""
        return (to_numpy(blob.data) for blob in self.params)
