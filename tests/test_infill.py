"""Gaps for fill-in-the-middle: whole lines or tokens, drawn by their key alone."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.data.infill import cut_gaps
from tat.data.tokenizer import split_pieces

BODY = """{
    var sum = 0.0;

    for (var i = 0; i < 4; i++) {
        sum += f32(i);   // widen
    }
    return sum;
}"""
SHORT = "{ return clamp(0.5 - distance / pixel, 0.0, 1.0); }"

statements = st.sampled_from(["    let a = b;", "", "\tc++;", "  // why", "if (d) {", "}", "  "])
bodies = st.lists(statements, min_size=1, max_size=8).map(lambda of: "\n".join(["{", *of, "}"]))


def gaps(body: str, count: float, key: str) -> list[slice]:
    return list(cut_gaps(body, count, key))


@given(bodies, st.text(max_size=5))
def test_a_gap_is_a_run_of_whole_lines(body, key):
    lines = body.split("\n")[1:-1]
    found = gaps(body, 2, key)
    assert len(found) == (2 if "".join(lines).strip() else 0)
    for gap in found:
        indentation = body[body.rfind("\n", 0, gap.start) + 1 : gap.start]
        assert not indentation.strip()
        assert body[gap.stop] == "\n"
        assert body[gap].strip() and body[gap] in "\n".join(lines)


@given(st.integers(0, 500))
def test_a_short_body_loses_a_run_of_tokens(number):
    (gap,) = gaps(SHORT, 1, str(number))
    assert 1 <= gap.start < gap.stop <= len(SHORT) - len(" }")
    parts = [SHORT[: gap.start], SHORT[gap], SHORT[gap.stop :]]
    words = [re.findall(r"[\w.]+|[^\w\s]", part) for part in parts]
    assert [word for part in words for word in part] == re.findall(r"[\w.]+|[^\w\s]", SHORT)
    assert words[1]


@given(bodies, st.integers(0, 100))
def test_a_gap_splits_no_piece_of_the_tokenizer(body, number):
    for gap in gaps(body, 1, str(number)):
        parts = [body[: gap.start], body[gap], body[gap.stop :]]
        apart = [piece for part in parts for piece in split_pieces(part.encode())]
        assert apart == split_pieces(body.encode())


def test_draws_differ_by_key_and_repeat_for_the_same_key():
    drawn = [gaps(BODY, 1, str(number)) for number in range(100)]
    assert drawn == [gaps(BODY, 1, str(number)) for number in range(100)]
    ends = {(gap.start, gap.stop) for (gap,) in drawn}
    assert len(ends) == 15, "each of the 5 lines as a first, with each from it on as a last"


@pytest.mark.parametrize("count", [0.0, 0.25, 1.0, 2.5])
def test_the_count_is_met_on_average(count):
    total = sum(len(gaps(BODY, count, str(number))) for number in range(2000))
    assert total / 2000 == pytest.approx(count, abs=0.05)


@pytest.mark.parametrize("body", ["{}", "{ }", "{\n}", "{\n\n  \n}", "", "{"])
def test_an_empty_body_has_no_gap(body):
    assert gaps(body, 3, "any") == []


def test_golden_gaps():
    """The same on every machine, so that a corpus has one fingerprint everywhere."""
    assert [BODY[gap] for gap in gaps(BODY, 3, "0/abc")] == [
        "sum += f32(i);   // widen",
        "}",
        "var sum = 0.0;\n\n    for (var i = 0; i < 4; i++) {",
    ]
