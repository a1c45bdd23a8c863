"""engines/product_cpu.py: products, however they are computed."""

import numpy as np
import pytest

from cafe_edu.engines import crew, product_cpu

SHAPES = [  # rows, inner, columns
    (1, 130, 131),
    (3, 200, 77),
    (10, 257, 300),
    (16, 128, 200),
    (17, 128, 200),
    (300, 5, 150),
    (131, 1, 200),
    (70, 80, 90),
    (3, 4, 5),
    (0, 300, 400),
]


def as_stored(x, turned):
    return np.asfortranarray(x) if turned else x


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("turned", [(False, False), (False, True), (True, False), (True, True)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hands", [1, 3])
def test_as_matmul(shape, turned, dtype, hands, monkeypatch):
    one = crew.Crew(hands)
    monkeypatch.setattr(product_cpu, "crew", lambda: one)
    rows, inner, columns = shape
    r = np.random.default_rng(1)
    a, b = r.normal(size=(rows, inner)).astype(dtype), r.normal(size=(inner, columns)).astype(dtype)
    out = np.full((rows, columns), np.nan, dtype)
    product_cpu.product(as_stored(a, turned[0]), as_stored(b, turned[1]), out)
    tolerance = 1e-4 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(out, a @ b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("rows", "inner", "turned"), [(10, 300, True), (10, 300, False), (300, 10, False)])
def test_few_items_are_not_left_to_blas(rows, inner, turned, monkeypatch):
    monkeypatch.setattr(product_cpu, "_by_blas", None)
    a, b, out = np.ones((rows, inner), "f"), np.ones((inner, 200), "f"), np.empty((rows, 200), "f")
    product_cpu.product(a, as_stored(b, turned), out)
    assert (out == inner).all()


@pytest.mark.parametrize(("rows", "inner", "turned"), [(10, 300, True), (10, 300, False), (300, 10, False)])
def test_nan_stays_in_its_row_and_column(rows, inner, turned):
    r = np.random.default_rng(1)
    a, b = r.normal(size=(rows, inner)).astype("f"), r.normal(size=(inner, 203)).astype("f")
    a[-1, -1], b[0, -1], out = np.nan, np.inf, np.empty((rows, 203), "f")
    product_cpu.product(a, as_stored(b, turned), out)
    np.testing.assert_allclose(out, a @ b, rtol=1e-4, atol=1e-4)
