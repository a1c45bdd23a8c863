"""SyncedMemory as a state machine: where it is, what it holds on either side, what has been copied."""

import numpy as np

from cafe_edu.drawing.picture import BLUE, ORANGE, new_picture
from cafe_edu.synced_memory import HEAD_AT_CPU, HEAD_AT_GPU, STATES, SYNCED, UNINITIALIZED, SyncedMemory

REQUESTS = ("cpu_data", "mutable_cpu_data", "gpu_data", "mutable_gpu_data")
PLACES = {UNINITIALIZED: (0.5, 0.92), HEAD_AT_CPU: (0.13, 0.5), HEAD_AT_GPU: (0.87, 0.5), SYNCED: (0.5, 0.08)}
LABELS = {  # (from, to) -> where its text stands, and how it is aligned
    (UNINITIALIZED, HEAD_AT_CPU): (0.25, 0.75, "right"),
    (UNINITIALIZED, HEAD_AT_GPU): (0.75, 0.75, "left"),
    (HEAD_AT_CPU, HEAD_AT_GPU): (0.5, 0.66, "center"),
    (HEAD_AT_GPU, HEAD_AT_CPU): (0.5, 0.47, "center"),
    (HEAD_AT_CPU, SYNCED): (0.41, 0.28, "center"),
    (SYNCED, HEAD_AT_CPU): (0.19, 0.2, "right"),
    (HEAD_AT_GPU, SYNCED): (0.8, 0.2, "left"),
    (SYNCED, HEAD_AT_GPU): (0.6, 0.28, "center"),
}


def transitions():
    """Return {(from, to): [(request, copied), ...]}, found by asking a `SyncedMemory` in each state.

    >>> transitions()["HEAD_AT_CPU", "SYNCED"]
    [('gpu_data', True)]
    """
    ways = {UNINITIALIZED: [], HEAD_AT_CPU: ["mutable_cpu_data"], HEAD_AT_GPU: ["mutable_gpu_data"]}
    ways[SYNCED] = ["mutable_cpu_data", "gpu_data"]
    found = {}
    for state in STATES:
        for request in REQUESTS:
            memory = SyncedMemory((1,))
            for step in ways[state]:
                getattr(memory, step)()
            before = memory.copies
            getattr(memory, request)()
            found.setdefault((state, memory.head), []).append((request, memory.copies != before))
    return found


def draw_memory(memory, before=None, figure=None):
    """Draw the four states with the requests that lead from one to another, and both sides' numbers.

    Parameters
    ----------
    memory : SyncedMemory
    before : str, optional
        The state it was in before the last request: that arrow is drawn blue.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    figure = figure or new_picture(9.5, 4.6)
    left, right = figure.subplots(1, 2, width_ratios=[1.7, 1])
    _draw_states(left, memory.head, before)
    _draw_sides(right, memory)
    return figure


def _draw_states(axes, head, before):
    for (start, end), requests in transitions().items():
        if start == end:
            continue
        copied, last = requests[0][1], (start, end) == (before, head)
        color = BLUE if last else "#444444"
        arrow = {"arrowstyle": "-|>", "color": color, "lw": 2.5 if last else 1, "ls": "--" if copied else "-"}
        arrow |= {"shrinkA": 24, "shrinkB": 24, "mutation_scale": 12}
        arrow |= {"connectionstyle": "arc3,rad=-0.22"} if start != UNINITIALIZED else {}
        axes.annotate("", PLACES[end], PLACES[start], arrowprops=arrow, annotation_clip=False)
        x, y, align = LABELS[start, end]
        text = "\n".join(request for request, _ in requests) + ("\n(copies)" if copied else "")
        paper = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none"}
        axes.text(x, y, text, ha=align, va="center", fontsize=8, color=color, bbox=paper)
    for state, (x, y) in PLACES.items():
        box = {"boxstyle": "round,pad=0.5", "fc": ORANGE if state == head else "white", "ec": "#444444"}
        axes.text(x, y, state, ha="center", va="center", fontsize=9, bbox=box, weight="bold" if state == head else None)
    axes.set_title(
        "dashed: the numbers are copied; requests without an arrow change nothing;\n"
        "set_cpu_data leads to HEAD_AT_CPU from everywhere, without a copy",
        fontsize=9,
    )
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)


def _draw_sides(axes, memory):
    """The arrays of both sides, pale where they are out of date, and the counts."""
    to_gpu, to_cpu, nbytes = memory.copies
    simulated = " (simulated)" if memory.xp.__name__ != "cupy" else ""
    sides = memory.sides()
    for row, (name, key) in enumerate([("CPU", "cpu"), (f"GPU{simulated}", "gpu")]):
        numbers, current = sides[key]
        y = 0.85 - 0.35 * row
        axes.text(0, y, name, weight="bold", fontsize=10)
        text = "no memory yet" if numbers is None else np.array2string(numbers, threshold=8, precision=4)
        note = "" if numbers is None or current else "  (out of date)"
        axes.text(0, y - 0.13, text + note, fontsize=10, family="monospace", color="black" if current else "#767676")
    axes.text(0, 0.1, f"copies to the GPU: {to_gpu}    to the CPU: {to_cpu}\nbytes copied: {nbytes}", fontsize=10)
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
