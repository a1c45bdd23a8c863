"""widgets/synced_memory_view.py: each button is a request."""

import pytest

from cafe_edu.drawing.memory_states import LABELS, transitions
from cafe_edu.errors import CafeError
from cafe_edu.widgets import SyncedMemoryView


@pytest.fixture
def view():
    view = SyncedMemoryView()
    yield view
    view.close()


def test_buttons_are_requests(view):
    for name in ("mutable_cpu_data", "gpu_data", "mutable_gpu_data", "cpu_data", "cpu_data"):
        view.buttons[name].click()
    assert view.memory.cpu_data().tolist() == [2, 2, 2, 2]  # zeros, plus 1, times 2
    assert tuple(view.memory.copies) == (1, 1, 32)
    assert view.story.value.endswith("cpu_data: HEAD_AT_GPU → SYNCED, copied<br>cpu_data: SYNCED → SYNCED, no copy")
    view.buttons["set_cpu_data"].click()
    assert view.memory.head == "HEAD_AT_CPU"
    assert view.memory.sides()["gpu"][0].tolist() == [2, 2, 2, 2]
    assert not view.memory.sides()["gpu"][1]
    view.again.click()
    assert view.memory.head == "UNINITIALIZED"
    assert not view.message.value


def test_the_picture_follows(view):
    pictures = {bytes(view.canvas.value)}
    for name in ("mutable_cpu_data", "gpu_data", "mutable_gpu_data"):
        view.buttons[name].click()
        pictures.add(bytes(view.canvas.value))
    assert len(pictures) == 4
    texts = {text.get_text() for text in view.show_static().axes[1].texts}
    assert "[1. 1. 1. 1.]  (out of date)" in texts
    assert "[2. 2. 2. 2.]" in texts
    assert "copies to the GPU: 1    to the CPU: 0\nbytes copied: 16" in texts


def test_the_states_picture_has_every_transition():
    assert {arrow for arrow in transitions() if arrow[0] != arrow[1]} == set(LABELS)
    assert all(len({copied for _, copied in requests}) == 1 for requests in transitions().values())
    view = SyncedMemoryView(["mutable_cpu_data", "gpu_data"])
    blue = [a.arrow_patch for a in view.show_static().axes[0].texts if getattr(a, "arrow_patch", None)]
    assert sum(arrow.get_linewidth() > 2 for arrow in blue) == 1
    view.close()


def test_errors(view):
    with pytest.raises(CafeError, match="no request 'sync'; there are cpu_data, mutable_cpu_data, gpu_data"):
        view.ask("sync")
    view.memory.shape = (5,)  # a fault: the next request cannot be answered
    view.buttons["set_cpu_data"].click()
    assert "expected (5,) float32, found (4,) float32" in view.message.value
