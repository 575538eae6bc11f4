"""Rows of inputs for the cookbook's references."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.cookbook.references import Choice, Integers, Interval, Rotation, Unit, pure
from tat.cookbook.rows import input_rows
from tat.wgsl.signature import parse_signature


@pure(a=Interval(-2, 2), b=Interval(0.5, 1), edges=[(0, 0), (3, 4)])
def hypotenuse(a, b):
    return math.hypot(a, b)


def test_rows_are_the_same_every_time_but_differ_by_name():
    signature = parse_signature("fn f(a: f32, b: f32) -> f32")
    first = input_rows("one", hypotenuse, signature)
    assert first == input_rows("one", hypotenuse, signature)
    assert first[:2] == [(0, 0), (3, 4)]
    assert first[2:] != input_rows("two", hypotenuse, signature)[2:]


@given(st.text(), st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_rows_are_kept_inside_their_domains(name: str, low: float, width: float):
    reference = pure(
        a=Interval(low, low + width),
        n=Integers(-3, 3),
        u=Unit(3),
        r=Rotation(2),
        c=Choice([1, 5]),
        keep=lambda a, n, u, r, c: n != 0,
    )(lambda a, n, u, r, c: a)
    signature = parse_signature("fn f(a: f32, n: i32, u: vec3f, r: mat2x2f, c: u32) -> f32")
    rows = input_rows(name, reference, signature)
    assert len(rows) == 64
    assert {row[1] for row in rows} == {-3, -2, -1, 1, 2, 3} and {row[4] for row in rows} == {1, 5}
    for a, _, u, r, _ in rows:
        assert np.float32(low) <= a <= np.float32(low + width) and a == np.float32(a)
        assert np.linalg.norm(u) == pytest.approx(1, abs=1e-6)
        assert r.T @ r == pytest.approx(np.eye(2), abs=1e-6)
        assert np.linalg.det(r) == pytest.approx(1, abs=1e-6)


def test_a_reference_that_does_not_fit_its_own_domains_is_refused_at_once():
    with pytest.raises(TypeError, match="domains for"):
        pure(x=Interval(0, 1))(lambda y: y)
    with pytest.raises(TypeError, match="an edge is a tuple of 1 values"):
        pure(x=Interval(0, 1), edges=[(1, 2)])(lambda x: x)
