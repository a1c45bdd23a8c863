"""Gradients that are the same numbers, or soon will be, share memory.

Around a block of a ResNet, x goes two ways: ``x -> Split -> (a, b)``, and at the end b and what became of a are added.
The gradient of a sum is that of each of its terms, so b's needs no copy; and what the Split adds up, b's and a's, may
be added up where a's stands. Only tops of a Split are touched, whose gradients nobody but the Split reads.
"""


def share_diffs(steps):
    """Set ``same_diff`` of every step of a net: pairs of a blob and the one whose gradient it shares.

    Parameters
    ----------
    steps : list of Step
        In the order in which they run, planned for the way back.

    References
    ----------
    Caffe shares the data of Splits only. Lesson: day 12.
    """
    split_by = {}  # name of a Split's top -> the Split's step
    readers = {}  # name of a blob -> (the step that reads it last, as which bottom)
    for step in steps:
        step.same_diff = []
        if step.layer.type == "Split":
            split_by.update((blob.name, step) for blob in step.top)
        for i, blob in enumerate(step.bottom):
            readers[blob.name] = step, i
    taken = set()
    for step in steps:
        for i in step.layer.passes_diff:
            blob = step.bottom[i]
            if step.backward and step.propagate_down[i] and blob.name in split_by and blob.name not in taken:
                step.same_diff.append((blob, step.top[0]))
                taken.add(blob.name)
    for step in {id(step): step for step in split_by.values()}.values():
        for blob in step.top[:2]:  # the first two are added at once, so one of them may be where the sum goes
            reader, i = readers.get(blob.name, (None, 0))
            written = reader is not None and reader.backward and reader.propagate_down[i]
            if step.backward and written and blob.name not in taken:
                step.same_diff.append((blob, step.bottom[0]))
                break
