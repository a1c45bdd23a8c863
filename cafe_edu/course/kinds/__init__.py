"""The kinds of exercise, one file each: how each judges an answer."""

from cafe_edu.course.exercise import Mistake
from cafe_edu.course.kinds.code import Code
from cafe_edu.course.kinds.derive import Derive
from cafe_edu.course.kinds.experiment import Experiment, Requirement
from cafe_edu.course.kinds.explain import Explain
from cafe_edu.course.kinds.hunt import Hunt
from cafe_edu.course.kinds.predict import Predict

__all__ = ["Code", "Derive", "Experiment", "Explain", "Hunt", "Mistake", "Predict", "Requirement"]
