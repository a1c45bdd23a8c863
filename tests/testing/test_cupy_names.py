import inspect
import sys

import numpy as np
import pytest

from cafe_edu.testing import cupy_names
from cafe_edu.testing.cupy_names import bind, find_names, read_names, signature_of

NAMES = read_names()


def test_the_facts_that_layers_stumble_over():
    assert NAMES["cupy"] == "14.2.0"
    assert "errstate" not in [*NAMES["functions"], *NAMES["ufuncs"], *NAMES["same"], *NAMES["other"]]
    assert NAMES["functions"]["sum"] == "a axis= dtype= out= keepdims="  # no `where`, no `initial`
    assert NAMES["functions"]["take_along_axis"] == "a indices axis"  # numpy knows a default axis
    assert NAMES["methods"]["max"] == "axis= out= keepdims="
    assert NAMES["ufuncs"]["add"] == "at reduce accumulate reduceat"
    assert NAMES["ufuncs"]["maximum"] == "at"
    assert NAMES["ufuncs"]["multiply"] == "reduce accumulate"
    assert NAMES["ufuncs"]["exp"] == ""
    assert "float32" in NAMES["same"]
    assert "T" in NAMES["attributes"]


def test_each_name_stands_in_one_list():
    names = [*NAMES["functions"], *NAMES["ufuncs"], *NAMES["same"], *NAMES["other"]]
    assert len(names) == len({*names})


def test_a_signature_from_a_string():
    found = signature_of("a axis= *many * out= **rest")
    kinds = [parameter.kind.name for parameter in found.parameters.values()]
    assert kinds == ["POSITIONAL_OR_KEYWORD"] * 2 + ["VAR_POSITIONAL", "KEYWORD_ONLY", "VAR_KEYWORD"]
    assert found.parameters["a"].default is inspect.Parameter.empty
    assert found.parameters["axis"].default is None


def test_every_string_is_a_signature():
    for kind in ("functions", "methods"):
        for parameters in NAMES[kind].values():
            assert isinstance(signature_of(parameters), inspect.Signature)


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        ((1,), {"initial": 0}, "cupy's sum() got an unexpected keyword argument 'initial'"),
        ((), {}, "cupy's sum() missing a required argument: 'a'"),
        ((1, 2, 3), {}, "cupy's sum() too many positional arguments"),
    ],
)
def test_arguments_that_do_not_fit(args, kwargs, says):
    with pytest.raises(TypeError) as caught:
        bind("sum", signature_of("a axis="), args, kwargs)
    assert str(caught.value) == says


def test_arguments_that_fit():
    assert bind("sum", signature_of("a axis="), (7,), {"axis": 1}) == {"a": 7, "axis": 1}


class Ufunc:
    """As cupy's: it has every method, and some say that they do not work."""

    def at(self, *args):
        raise NotImplementedError

    def reduce(self, array, axis=0):
        return array.sum(axis)

    accumulate = reduceat = at

    def __call__(self, x):
        return x


class Array:
    T = property()

    def sum(self, axis=None):
        """Array.sum(self, axis=None, Array out=None) -> Array"""

    def reshape(self, *shape):
        """Array.reshape(self, *shape, order='C')"""


class Cupy:
    """A cupy of few names."""

    __version__ = "1"
    ufunc, ndarray = Ufunc, Array
    add, float32, pi, nothing = Ufunc(), np.float32, np.pi, 3
    max = max  # Python cannot know its parameters

    @staticmethod
    def where(condition, x=None, *, y=None):
        pass

    @staticmethod
    def einsum(*operands, out=None, **more):
        pass


def test_how_names_are_found():
    assert find_names(Cupy) == {
        "cupy": "1",
        "functions": {"einsum": "*operands out= **more", "where": "condition x= * y="},
        "ufuncs": {"add": "reduce"},
        "same": ["float32", "pi"],
        "other": ["max", "ndarray", "nothing", "ufunc"],
        "methods": {"reshape": "*shape order=", "sum": "axis= out="},
        "attributes": ["T"],
    }


def test_the_command_writes_what_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(cupy_names, "FILE", tmp_path / "names.json")
    monkeypatch.setitem(sys.modules, "cupy", Cupy)
    cupy_names.main()
    assert read_names() == find_names(Cupy)


def test_the_file_is_what_an_installed_cupy_says():
    cupy = pytest.importorskip("cupy", reason="cupy is not installed", exc_type=ImportError)
    if cupy.__version__ != NAMES["cupy"]:
        pytest.skip(f"the file is of cupy {NAMES['cupy']}, installed is {cupy.__version__}")
    assert find_names(cupy) == NAMES
