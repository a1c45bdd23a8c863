import numpy as np
import pytest

from cafe_edu.drawing import draw_runs, new_picture
from cafe_edu.drawing.picture import CYCLE
from cafe_edu.errors import DataError, SpecError
from cafe_edu.tools.parse_log import ParsedLog, parse_log


class Trained:
    """What draw_runs reads of a solver."""

    def __init__(self, losses, tests=()):
        self.train_record = [{"iter": i, "loss": loss, "lr": 0.1} for i, loss in enumerate(losses)]
        self.test_record = list(tests)


def curves(axes):
    return {line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")}


def test_runs_are_smoothed_and_told_apart():
    tests = [{"iter": 0, "net": 0, "accuracy": 0.5}, {"iter": 0, "net": 1, "accuracy": 0.9}]
    log = ParsedLog([], [{"NumIters": 2.0, "Seconds": 1.0, "accuracy": 0.25}], {},
                    [{"NumIters": 10.0 * i, "Seconds": 1.0, "loss": 3.0 - i} for i in range(3)])  # fmt: skip
    figure = draw_runs({"mine": Trained([4, 2, 3, 1], tests), "theirs": log}, smooth=2)
    left, right = figure.get_axes()
    assert curves(left)["mine"].get_xydata().tolist() == [[1, 3], [2, 2.5], [3, 2]]
    assert curves(left)["theirs"].get_xydata().tolist() == [[10, 2.5], [20, 1.5]]
    assert [line.get_color() for line in curves(left).values()] == list(CYCLE[:2])
    assert left.get_lines()[0].get_ydata().tolist() == [4, 2, 3, 1]  # pale, as it was
    assert curves(right)["mine"].get_xydata().tolist() == [[0, 50]]
    assert curves(right)["theirs"].get_xydata().tolist() == [[2, 25]]
    assert [t.get_text() for t in left.get_legend().get_texts()] == ["mine", "theirs"]
    assert (left.get_title(), right.get_title()) == ("training loss, mean of 2", "test accuracy")


def test_shorter_than_the_mean_and_without_tests():
    (axes,) = draw_runs({"short": Trained([3, 1])}, smooth=20).get_axes()
    assert curves(axes)["short"].get_xydata().tolist() == [[1, 2]]


def test_one_wild_batch_does_not_flatten_the_rest():
    (axes,) = draw_runs({"a": Trained([1000, 1, 1, 1]), "b": Trained([2, 2, 2, 2])}, smooth=1).get_axes()
    assert axes.get_ylim()[1] == pytest.approx(1100)  # unless the means are as large
    (axes,) = draw_runs({"a": Trained([1, 1, 1, 10])}, smooth=4).get_axes()
    assert axes.get_ylim() == (0, pytest.approx(1.1 * 13 / 4))


def test_a_log_of_caffe(data_folder):
    path = data_folder / "caffe_logs" / "reference"
    left, right = draw_runs({"CIFAR-10 full": path}, smooth=1).get_axes()
    parsed = parse_log(path)
    assert curves(left)["CIFAR-10 full"].get_ydata().tolist() == [row["loss"] for row in parsed.loss]
    drawn = curves(right)["CIFAR-10 full"].get_ydata()
    assert np.allclose(drawn, [100 * row["accuracy"] for row in parsed.test])


def test_nothing_to_draw():
    with pytest.raises(SpecError, match="expected runs to compare and a smooth of 1 or more, found 0 runs, smooth 20"):
        draw_runs({})
    with pytest.raises(SpecError, match="found 1 runs, smooth 0"):
        draw_runs({"a": Trained([1])}, smooth=0)
    with pytest.raises(DataError, match="run 'idle': expected a training with losses to draw, found none"):
        draw_runs({"idle": Trained([])})


def test_drawn_where_it_is_told():
    left, _ = new_picture().subfigures(1, 2)
    assert draw_runs({"a": Trained([1, 2])}, figure=left) is left
