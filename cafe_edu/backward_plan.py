"""The plan of the way back: which layers run, and which bottoms and parameters get a gradient."""


def plan_backward(steps, learnable, force=False):
    """Set ``backward``, ``propagate_down``, ``frozen`` and ``read_on`` of every step of a net.

    A layer runs on the way back if something below it learns and something above it is a loss.

    A loss without a ``loss_weight`` of its own counts once, and yet no Split is made for what else reads its top. In
    Caffe that reader's gradient then replaces the loss's, or, if the reader takes none, the loss is left out. Here
    both count: ``read_on`` says which tops have such a reader.

    Parameters
    ----------
    steps : list of Step
        In the order in which they run.
    learnable : list of Param
    force : bool
        The net's ``force_backward``: every layer runs, every bottom that can gets a gradient, and so does
        every parameter.

    References
    ----------
    Caffe: ``Net::Init`` in ``src/caffe/net.cpp``. Lesson: day 12.
    """
    _from_below(steps, learnable)
    _from_above(steps)
    for step in steps:
        step.backward |= force
        step.frozen = [] if force else step.frozen
        step.layer.goes_back = step.backward
        takes = [i not in step.layer.no_gradient for i in range(len(step.bottom))]  # a label never does
        step.propagate_down = [(a or force) and b for a, b in zip(step.propagate_down, takes, strict=True)]
    overwritten = set()
    for step in reversed(steps):
        step.read_on = [blob.name in overwritten for blob in step.top]
        wanted = step.propagate_down if step.backward else []
        overwritten.update(blob.name for blob, wanted in zip(step.bottom, wanted, strict=False) if wanted)


def _from_below(steps, learnable):
    """Keep the layers that learn, or have something below them that does."""
    named = {param.name: param for param in learnable if param.name}
    still = {id(param.blob) for param in learnable if param.lr_mult == 0}
    learns = {}  # blob name -> does anything below it learn?
    for step in steps:
        spec = step.layer.spec
        step.propagate_down, step.frozen = [learns[blob.name] for blob in step.bottom], []
        step.backward = any(step.propagate_down)
        if spec.propagate_down:
            step.propagate_down = list(spec.propagate_down)
        for i, blob in enumerate(step.layer.params):
            name = spec.param[i].name if i < len(spec.param) else ""
            owner = named[name].blob if name else blob
            if id(owner) in still:
                step.frozen.append(blob)
        step.backward |= len(step.frozen) < len(step.layer.params)
        for blob in step.top:
            learns[blob.name] = step.backward or learns.get(blob.name, False)


def _from_above(steps):
    """Of those, keep the layers whose tops lead to a loss."""
    under_loss, skipped = set(), set()
    for step in reversed(steps):
        tops = [blob.name for blob in step.top]
        counts = any(step.loss_weights) or not under_loss.isdisjoint(tops)
        unwanted = tops and skipped.issuperset(tops) and not any(step.loss_weights)
        if not counts or unwanted:
            step.backward, step.propagate_down = False, [False] * len(step.bottom)
        for blob, wanted in zip(step.bottom, step.propagate_down, strict=True):
            if counts:
                under_loss.add(blob.name)
            if not wanted:
                skipped.add(blob.name)
