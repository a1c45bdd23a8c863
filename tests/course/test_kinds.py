"""What each kind of exercise does beyond what is tested for every day: on small exercises made here."""

import numpy as np
import pytest

from cafe_edu.blob import Blob
from cafe_edu.course.kinds import Code, Derive, Explain, Hunt, Mistake, Predict
from cafe_edu.course.layer_cases import layer_cases
from cafe_edu.layer import Layer
from cafe_edu.layers.relu import ReLU


def common(**more):
    return {"number": "99.1", "title": "A test", "points": 1, "hints": ("a", "b", "c"), "mistakes": ()} | more


def centred(x):
    return x - x.mean(axis=0)


def rows(rng):
    return {"many rows": (rng.normal(size=(9, 12)),), "two numbers": (np.array([[1.0], [3.0]]),)}


CENTRED = Code(
    **common(
        mistakes=(
            Mistake(name="along the wrong axis", message="Which?", answer=lambda x: x - x.mean(1, keepdims=True)),
        )
    ),
    name="centred", solution=centred, cases=rows, seconds=0.5,
)  # fmt: skip


def test_the_smallest_case_that_fails_is_shown_with_maps():
    verdict = CENTRED.judge(lambda x: x - x.mean(axis=0) + 1)
    assert repr(verdict).split("\n") == [
        "99.1 not yet: ran your `centred` on 2 cases, 2 differ",
        "    on          two numbers",
        "    x           [[1.], [3.]]",
        "    expected    -1",
        "                 1",
        "    yours       0",
        "                2",
        "    difference  1",
        "                1",
        "                (yours - expected)",
        "    where       at [0, 0]: expected -1, found 0",
        'next: change it and run `check("99.1")` again, or ask `hint("99.1")`',
    ]
    assert "background:rgb(" in verdict._repr_html_()
    assert "<script" not in verdict._repr_html_()


def test_of_a_large_array_the_part_around_the_first_difference_is_shown():
    def wrong(x):
        y = centred(x)
        if y.size > 2:
            y[7, 10] += 1
        return y

    verdict = CENTRED.judge(wrong)
    assert ("where", verdict.table[-1][1]) == verdict.table[-1]
    assert verdict.table[-1][1].startswith("at [7, 10]: expected")
    assert str(verdict.table[-2][1]).endswith("([3:9, 4:12], yours - expected)")


def test_a_named_mistake_with_its_sentence():
    verdict = CENTRED.judge(lambda rows: rows - rows.mean(axis=1)[:, None])
    assert (verdict.mistake, verdict.message) == ("along the wrong axis", "Which?")


def test_writing_into_the_input():
    def rude(x):
        x -= x.mean(axis=0)
        return x

    verdict = CENTRED.judge(rude)
    assert not verdict.passed
    assert verdict.message.startswith("the result is right, but your function writes into its input")
    into = Code(**common(), name="centred", solution=rude, cases=rows, changes_inputs=True)
    assert into.judge(rude).passed
    assert not into.judge(centred).passed


def endless(x):
    while True:
        pass


def exhausting(x):
    return np.ones(2**34)


def leaving(x):
    raise SystemExit


def patching(x):
    np.mean = np.median
    return x - np.mean(x, axis=0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (endless, "it took longer than 0.5 s"),
        (exhausting, "it asked for more memory"),
        (leaving, "it left the program"),
        (patching, "`numpy.mean` had been replaced; it is put back"),
        (lambda x: None, "it gives nothing back"),
        (lambda x: x.T, "the shape is wrong: expected (2, 1), found (1, 2)."),
        (lambda x: "no", "the type is wrong: expected an array, found text."),
        (lambda x: x * np.nan, "there is NaN (not a number) in it"),
        (lambda x: x / 0, "there is an infinite number in it"),
        (lambda x: x * 0, "every number of it is 0"),
        (lambda: 1, "it stopped with a TypeError"),
        (lambda x: W, "it uses a name that is not there (name 'W' is not defined)"),  # noqa: F821
    ],
)
def test_what_speaks_for_itself_is_said(answer, words):
    verdict = CENTRED.judge(answer)
    assert not verdict.passed
    assert words in verdict.message


def test_what_it_printed_is_noted_with_a_right_answer_too():
    def talking(x):
        print("mean", x.mean())
        return centred(x)

    verdict = CENTRED.judge(talking)
    assert verdict.passed
    assert verdict.notes[0].startswith("it printed while it ran: 'mean ")


# a class ----------------------------------------------------------------------------------------------


class Counter:
    def __init__(self, start):
        self.n = start

    def add(self, k):
        self.n += k


def two_steps(cls):
    counter = cls(1)
    counter.add(2)
    counter.add(3)
    return {"n": counter.n}


class Overwrites(Counter):
    def add(self, k):
        self.n = k


COUNTER = Code(
    **common(mistakes=(Mistake(name="`=` for `+=`", message="What was there before?", answer=Overwrites),)),
    name="Counter", solution=Counter, cases={"two steps": two_steps}, house=(Blob,),
)  # fmt: skip


def test_a_class():
    assert COUNTER.judge(Counter).passed
    assert COUNTER.judge(Overwrites).mistake == "`=` for `+=`"
    assert "`Counter` should be a class, found 3 (number)" in COUNTER.judge(3).message
    assert "should be a class" in COUNTER.judge(two_steps).message


def test_a_class_with_a_method_left_blank():
    class Half(Counter):
        def add(self, k):
            raise NotImplementedError()

    assert "`Counter` is still blank" in COUNTER.judge(Half).message


# a layer ----------------------------------------------------------------------------------------------

X = np.array([[-1.0, 0.5, 2.0]])


class MyReLU(Layer):
    in_place = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        self.positive = bottom[0].data > 0
        top[0].data[...] = bottom[0].data * self.positive

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff[...] = top[0].diff * self.positive


class Adds(MyReLU):
    def backward(self, top, propagate_down, bottom):
        bottom[0].diff[...] += top[0].diff * self.positive


RELU = Code(
    **common(mistakes=(Mistake(name="adds to what was there", message="It is to be overwritten.", answer=Adds),)),
    name="MyReLU", solution=MyReLU, plugs="ReLU", house=(ReLU,),
    cases=layer_cases({"three numbers": ("", (X,))}, type="ReLU"),
)  # fmt: skip


def test_a_layer():
    assert RELU.judge(MyReLU).passed
    assert RELU.judge(Adds).mistake == "adds to what was there"

    class Borrowed(ReLU):
        pass

    assert "`ReLU` of the package did the work" in RELU.judge(Borrowed).message
    assert "`ReLU` of the package did the work" in RELU.judge(ReLU).message


def test_a_parameter_s_diff_is_added_to():
    from cafe_edu.layers.inner_product import InnerProduct

    class Replaces(InnerProduct):
        def backward(self, top, propagate_down, bottom):
            for blob in self.params:
                blob.diff[...] = 0
            super().backward(top, propagate_down, bottom)

    [case] = layer_cases({"x": ("inner_product_param { num_output: 2 }", (X,))}, type="InnerProduct").values()
    right, wrong = case(InnerProduct), case(Replaces)
    assert set(right) == {"top 0", "bottom 0 diff", "parameter 0 diff", "parameter 1 diff"}
    assert np.allclose(right["bottom 0 diff"], wrong["bottom 0 diff"])
    assert not np.allclose(right["parameter 0 diff"], wrong["parameter 0 diff"])


# derive -----------------------------------------------------------------------------------------------


def bnll(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def bnll_slope(x):
    return 1 / (1 + np.exp(-x))


def positive_part(x):
    return np.maximum(x, 0)


POINTS = {"zero": (np.zeros(2),), "near": (np.array([-1.5, 0.7]),), "large": (np.array([-40.0, 40.0, 700.0]),)}


def derive(of, solution):
    return Derive(**common(), name="slope", of=of, solution=solution, at=POINTS)


def test_a_derivative():
    exercise = derive(bnll, bnll_slope)
    assert exercise.judge(bnll_slope).passed
    verdict = exercise.judge(bnll)
    assert not verdict.passed
    assert verdict.ran == "ran your `slope` on 3 points, 3 differ, beside numeric derivatives"


@pytest.mark.parametrize("at_zero", [0.0, 0.5, 1.0])
def test_at_a_kink_any_slope_between_the_two_is_right(at_zero):
    exercise = derive(positive_part, lambda x: np.where(x > 0, 1.0, 0.0))
    assert exercise.judge(lambda x: np.where(x == 0, at_zero, x > 0)).passed


@pytest.mark.parametrize("at_zero", [-0.1, 1.1, np.nan])
def test_at_a_kink_nothing_else_is(at_zero):
    exercise = derive(positive_part, lambda x: np.where(x > 0, 1.0, 0.0))
    assert not exercise.judge(lambda x: np.where(x == 0, at_zero, x > 0)).passed


def test_of_one_argument_among_several():
    def weighed(x, dy):
        return dy * np.tanh(x)

    exercise = Derive(
        **common(), name="dx", of=weighed, solution=lambda x, dy: dy * (1 - np.tanh(x) ** 2),
        at=lambda rng: {"random": tuple(rng.normal(size=(2, 3, 4)))},
    )  # fmt: skip
    assert exercise.judge(lambda x, dy: dy / np.cosh(x) ** 2).passed
    assert not exercise.judge(lambda x, dy: 1 / np.cosh(x) ** 2).passed


def test_the_judge_itself_is_right_where_the_complex_step_misleads():
    """np.abs throws the imaginary part away: the complex step would say 0."""
    exercise = derive(lambda x: np.abs(x) + 0 * x, np.sign)
    assert exercise.judge(np.sign).passed


# predict, explain, hunt -------------------------------------------------------------------------------


def test_one_number_may_be_predicted():
    exercise = Predict(
        **common(mistakes=(Mistake(name="the other logarithm", message="ln, not log10.", answer=1.0),)),
        name="loss", solution=lambda: 2.302, truth=lambda: float(np.log(10)), what_ran="computed it", rtol=0.01,
    )  # fmt: skip
    assert exercise.judge(2.3).passed
    assert exercise.judge(1.0).mistake == "the other logarithm"
    assert "look again at loss" in exercise.judge(5.0).message
    assert "every number of it is 0" in exercise.judge(0.0).message
    assert not exercise.judge(0.0).table  # no prediction, so nothing is given away


def test_letters():
    exercise = Explain(**common(), name="answer", solution=lambda: "ad", options="abcde", right="ad")
    assert all(exercise.judge(answer).passed for answer in ("ad", "D, A", ["a", "d"], {"d", "a"}))
    assert exercise.judge("abd").message == "1 of them is not right."
    assert exercise.judge("ab").message == "1 of them is not right and 1 is missing."
    assert "choose among a, b, c, d, e" in exercise.judge("x").message
    assert "choose among" in exercise.judge("").message


def test_places():
    from cafe_edu import Net, Solver
    from cafe_edu.splits import insert_splits

    exercise = Hunt(
        **common(mistakes=(Mistake(name="where splits are made", message="No.", answer="cafe_edu/splits.py"),)),
        name="place", solution=lambda: "cafe_edu/net.py:Net.backward", place="cafe_edu/net.py:Net.backward",
    )  # fmt: skip
    for answer in ("Net.backward", "Net.backward()", Net.backward, ("cafe_edu/net.py", "Net.backward"),
                   "net.py:backward", "cafe_edu/net.py: Net.backward", "cafe_edu.net.Net.backward"):  # fmt: skip
        assert exercise.judge(answer).passed, answer
    assert exercise.judge("cafe_edu/net.py").message == "the right file. Which function or class in it?"
    assert exercise.judge(Net.forward).message == "the right file, but another place in it."
    assert exercise.judge(insert_splits).mistake == "where splits are made"
    assert exercise.judge(Solver).message.startswith("not there: who calls it")
    assert "there are " in exercise.judge("backward").message
    assert exercise.judge("Net.backwards").message.startswith("there is no such place in the package")
    assert exercise.judge(np.zeros).message.startswith("there is no such place")
