"""The same net in PyTorch, with PyTorch's SGD, from the same weights."""

import os

import torch
from torch.nn import functional

from benchmarks import torch_nets


class Theirs:
    """As `ours.Ours`."""

    def __init__(self, first, name, what, device="cpu"):
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))  # as many as BLAS has on our side
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False  # float32, as ours
        torch.backends.cudnn.benchmark = True  # the fastest that cuDNN finds while the side warms up
        self.device = {"cpu": "cpu", "gpu": "cuda"}[device]
        self.model, self.training = torch_nets.make(name).to(self.device), what != "forward"
        self.model.train(self.training)
        self.params = list(self.model.parameters())
        with torch.no_grad():
            for i, param in enumerate(self.params):
                param.copy_(torch.from_numpy(first[f"weight_{i}"]))
        rate, momentum, decay = first["rule"].tolist()
        alike = {}  # multipliers -> the parameters that have them
        for param, multipliers in zip(self.params, first["multipliers"].tolist(), strict=True):
            alike.setdefault(tuple(multipliers), []).append(param)
        groups = [{"params": p, "lr": rate * r, "weight_decay": decay * d} for (r, d), p in alike.items()]
        self.rule = torch.optim.SGD(groups, lr=rate, momentum=momentum)
        self.feed(first["data"], first["label"])

    def feed(self, x, t):
        """Take another batch."""
        self.x, self.t = torch.from_numpy(x).to(self.device), torch.from_numpy(t).long().to(self.device)

    def run(self):
        """Do one step and return its loss, or answer with probabilities."""
        if not self.training:
            with torch.inference_mode():
                return functional.softmax(self.model(self.x), dim=1).cpu().numpy()
        self.rule.zero_grad()
        loss = functional.cross_entropy(self.model(self.x), self.t)
        loss.backward()
        self.rule.step()
        return loss.item()

    def wait(self):
        """Wait until the device has done all that it was told."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    def memory(self):
        """The most memory that was taken of the GPU, in bytes."""
        return torch.cuda.max_memory_reserved()

    def weights(self):
        """Return the parameters as they are now, one after the other."""
        return (param.detach().cpu().numpy() for param in self.params)
