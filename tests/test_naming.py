"""Names of functions, compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.retrieval.naming import contrary, likeness

NAMES = st.text("abcxyzABC_23to", min_size=1, max_size=24)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("srgb_to_linear", "linear_to_srgb1"),
        ("u_srgbToLinear", "linear2srgb"),
        ("srgb_to_linear", "linearTosRGB"),
        ("rgbFromHsv", "rgb_to_hsv"),
        ("polarToCartesian", "cartesian_to_polar"),
        ("pqDecode", "pq_encode"),
        ("rotZ", "rotate_x"),
        ("easeInOutBack", "ease_in_back"),
        ("opUnion", "sdf_op_intersection"),
    ],
)
def test_contrary_names_are_seen_both_ways(one, other):
    assert contrary(one, other) and contrary(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("srgb_to_linear", "sRGBToLinear1"),
        ("linear_to_srgb", "linearTosRGB"),
        ("rgb2hsv", "hsvFromRgb"),
        ("rgb_to_hsv", "rgb_to_hsl"),
        ("rotate_x", "rotXDegrees"),
        ("to_linear", "srgb_to_linear"),
        ("min3", "minimum_of_three"),
        ("sd_box", "world_to_box"),
        ("blend_min", "blend"),
    ],
)
def test_other_names_are_not_contrary(one, other):
    assert not contrary(one, other) and not contrary(other, one)


@given(one=NAMES, other=NAMES)
def test_names_agree_with_themselves_and_both_ways(one, other):
    assert contrary(one, other) == contrary(other, one)
    assert likeness(one, other) == likeness(other, one)
    assert not contrary(one, one)
