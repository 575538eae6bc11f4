"""Intervals and estimators, against brute force and figures computed by hand."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.evaluation.statistics import Estimate, difference, estimate, mean, pass_at_k, rate

rates = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=60)
values = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_wilsons_interval_as_in_the_literature():
    """81 of 263: 0.2553 to 0.3662 (R. Newcombe, "Two-sided confidence intervals", 1998)."""
    found = rate([1.0] * 81 + [0.0] * 182)
    assert found.low == pytest.approx(0.2553, abs=1e-4)
    assert found.high == pytest.approx(0.3662, abs=1e-4)


@given(rates)
def test_a_rate_lies_in_its_interval_and_the_interval_in_0_to_1(outcomes):
    found = rate(outcomes)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high and found.count == len(outcomes)
    mirrored = rate([1 - outcome for outcome in outcomes])
    assert mirrored.low == pytest.approx(1 - found.high)
    assert mirrored.value == pytest.approx(1 - found.value)


@given(rates)
def test_more_of_the_same_narrows_the_interval(outcomes):
    once, often = rate(outcomes), rate(outcomes * 10)
    assert often.high - often.low < once.high - once.low


def test_rates_and_means_are_distinguished():
    assert estimate([0.0, 1.0]) == rate([0.0, 1.0]) and estimate([0.0, 0.5]) == mean([0.0, 0.5])
    assert estimate([0.0] * 9).high > 0, "nine failures do not show that nothing ever passes"


@given(values)
def test_a_bootstrap_mean_lies_among_the_values_and_is_drawn_alike(of):
    found = mean(of)
    slack = 1e-12
    assert min(of) - slack <= found.low <= found.high <= max(of) + slack
    assert found == mean(of)


def test_the_bootstrap_interval_is_that_of_the_normal_distribution_for_many_values():
    of = np.random.default_rng(1).normal(5, 2, 2000)
    half = 1.96 * of.std() / np.sqrt(of.size)
    found = mean(of)
    assert found.low == pytest.approx(of.mean() - half, abs=0.15 * half)
    assert found.high == pytest.approx(of.mean() + half, abs=0.15 * half)


def test_differences_are_paired():
    """Cases differ a lot and systems hardly: only pairs show it."""
    hard = np.linspace(0, 1, 50)
    assert difference(hard + 0.01, hard) == Estimate(*[pytest.approx(0.01)] * 3, 50)


@given(st.data())
def test_pass_at_k_is_the_share_of_draws_that_hold_a_passing_sample(data):
    samples = data.draw(st.integers(1, 8))
    passed, k = data.draw(st.integers(0, samples)), data.draw(st.integers(1, samples))
    draws = list(combinations([True] * passed + [False] * (samples - passed), k))
    assert pass_at_k(samples, passed, k) == pytest.approx(sum(map(any, draws)) / len(draws))
