"""Messages: the gradients of all ranks become their mean, while the way back still goes on."""

import dataclasses

import numpy as np

from cafe_edu.device import to_numpy

BUCKET = 2**20  # bytes: a smaller gradient travels with others


@dataclasses.dataclass
class Message:
    """Gradients that travel together."""

    blobs: list
    ready: int  # the layer whose backward completes the last of them
    buffer: np.ndarray = None  # they lie here side by side; None if a blob's own memory will do
    request: object = None


def plan(steps, learnable, bucket=BUCKET):
    """Return the messages of a net, in the order in which they can leave.

    A gradient is complete when the *first* layer that uses its parameter has run backward, as the way back goes from
    the last layer to the first. A large one leaves alone and at once. Small ones wait for each other, since
    every message costs the network's latency however short it is.

    Parameters
    ----------
    steps : list of Step
    learnable : list of Param
    bucket : int
        Bytes from which a gradient is large.
    """
    complete = []
    for param in learnable:
        users = [i for i, step in enumerate(steps) if step.backward and _teaches(step, param.blob)]
        if users:
            complete.append((min(users), param.blob))
    complete.sort(key=lambda pair: -pair[0])
    messages, small = [], Message([], 0)
    for ready, blob in complete:
        if _bytes(blob) >= bucket:
            messages.append(Message([blob], ready))
            continue
        small.blobs.append(blob)
        small.ready = ready
        if sum(map(_bytes, small.blobs)) >= bucket:
            messages.append(small)
            small = Message([], 0)
    if small.blobs:
        messages.append(small)
    return sorted(messages, key=lambda message: -message.ready)


def _teaches(step, blob):
    """Does this layer's backward add to the gradient of that parameter?"""
    return any(mine.shares_with(blob) and mine not in step.frozen for mine in step.layer.params)


def _bytes(blob):
    return blob.count * blob.dtype.itemsize


class Messages:
    r"""The mean over R ranks of every gradient of a net.

    .. math:: dw \leftarrow \frac{1}{R} \sum_r dw_r

    A loss is a mean over its batch. So R ranks with batches of B items have, up to rounding, the gradient of one rank
    with their R B items. Gradients on a GPU pass through the host's memory, unless the communicator is `NcclSums`.

    Parameters
    ----------
    net : Net
        Its ``backward_step`` is made to send each message as soon as it is complete.
    communicator : Communicator
    bucket : int
        As for `plan`.

    References
    ----------
    S. Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training", 2020. Lesson: day 15.
    """

    def __init__(self, net, communicator, bucket=BUCKET):
        self.net, self.communicator = net, communicator
        self.messages = plan(net.steps, net.learnable, bucket)
        self._home = net.xp if communicator.on_gpu else np  # where sums are made
        for message in self.messages:
            if len(message.blobs) > 1 or net.xp is not self._home:
                message.buffer = self._home.empty(sum(blob.count for blob in message.blobs), net.dtype)
        self._backwards, self._sent = 0, 0
        net.backward_step = self._followed(net.backward_step)

    def start(self, backwards):
        """Get ready for so many ways back; after the last one's layers, messages leave."""
        self._backwards, self._sent = backwards, 0

    def finish(self):
        """Wait for all sums and put the means where the gradients were."""
        self._send(self.messages)
        self._backwards = 0
        for message in self.messages:
            message.request.wait()
            message.request = None
            self._unpack(message)

    def _followed(self, backward_step):
        """The net's ``backward_step``, after which messages leave."""

        def step(i):
            backward_step(i)
            if self._backwards == 1:
                self._after(i)
            if i == 0:
                self._backwards = max(0, self._backwards - 1)

        return step

    def _after(self, i):
        if self.net.debug_info:
            return  # it reads the gradients once all layers have run, so they stay until then
        for message in self.messages[: self._sent]:
            message.request.poke()
        self._send([message for message in self.messages if message.ready >= i])

    def _send(self, messages):
        """Let those leave that have not."""
        for message in messages[self._sent :]:
            message.request = self.communicator.start_sum(self._packed(message))
        self._sent = max(self._sent, len(messages))

    def _packed(self, message):
        if message.buffer is None:
            return message.blobs[0].diff
        diffs = [blob.diff if self.net.xp is self._home else to_numpy(blob.diff) for blob in message.blobs]
        self._home.concatenate([diff.reshape(-1) for diff in diffs], out=message.buffer)
        return message.buffer

    def _unpack(self, message):
        place = 0
        for blob in message.blobs:
            if message.buffer is not None:
                part = message.buffer[place : place + blob.count].reshape(blob.shape)
                blob.diff[...] = self.net.xp.asarray(part)
                place += blob.count
            blob.diff[...] /= self.communicator.size
