import pytest

from cafe_edu.drawing.logs import CHARTS, chart_name, draw_logs
from cafe_edu.errors import DataError, SpecError
from cafe_edu.tools.parse_log import ParsedLog


@pytest.fixture
def parsed():
    def row(i, **outputs):
        return {"NumIters": 10.0 * i, "Seconds": 2.0 * i, "LearningRate": 0.1 / (i + 1), **outputs}

    return ParsedLog(
        [row(i, loss=5.0 - i) for i in range(3)], [row(i, accuracy=i / 4, loss=4.0 - i) for i in range(2)], {}, []
    )


def curve(figure, number=0):
    line = figure.axes[0].lines[number]
    return list(line.get_xdata()), list(line.get_ydata())


@pytest.mark.parametrize(
    ("chart", "x", "y"),
    [
        (0, [0, 10], [0, 0.25]),
        (1, [0, 2], [0, 0.25]),
        (2, [0, 10], [4, 3]),
        (3, [0, 2], [4, 3]),
        (4, [0, 10, 20], [0.1, 0.05, 0.1 / 3]),
        (5, [0, 2, 4], [0.1, 0.05, 0.1 / 3]),
        (6, [0, 10, 20], [5, 4, 3]),
        (7, [0, 2, 4], [5, 4, 3]),
    ],
)
def test_each_chart_by_number_and_name(parsed, chart, x, y):
    for name in (chart, str(chart), CHARTS[chart], CHARTS[chart].lower().replace(" ", "_")):
        figure = draw_logs({"a.log": parsed}, name)
        assert curve(figure) == (x, y)
        assert figure.axes[0].get_title() == CHARTS[chart]


def test_several_logs_are_told_apart(parsed):
    figure = draw_logs({"a.log": parsed, "b.log": parsed}, 6)
    assert len(figure.axes[0].lines) == 2
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["a.log", "b.log"]


def test_an_output_whose_name_holds_the_word(parsed):
    for row in parsed.test:
        row["top5_accuracy"] = row.pop("accuracy")
    figure = draw_logs({"a.log": parsed}, 0)
    assert figure.axes[0].get_legend().get_texts()[0].get_text() == "a.log: top5_accuracy"


def test_without_train_outputs_the_smoothed_loss_is_drawn(parsed):
    parsed.loss, parsed.train = parsed.train, []
    assert curve(draw_logs({"a.log": parsed}, 6)) == ([0, 10, 20], [5, 4, 3])


def test_what_the_log_does_not_have(parsed):
    for row in parsed.test:
        del row["accuracy"]
    with pytest.raises(DataError, match=r"a\.log: expected an output named like 'accuracy' in the log, found loss"):
        draw_logs({"a.log": parsed}, 0)


@pytest.mark.parametrize("chart", ["8", "-1", "Test speed vs. Iters", ""])
def test_an_unknown_chart(chart):
    with pytest.raises(SpecError, match=r"expected a chart by number or name, found .*0 \(Test accuracy vs. Iters\)"):
        chart_name(chart)
