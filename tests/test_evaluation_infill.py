"""Gaps in functions: how they are drawn, and how a text that fills one is measured."""

from dataclasses import replace
from difflib import SequenceMatcher

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.evaluation.functions import ReferenceFunction
from tat.evaluation.infill import Gap, edit_similarity, gap_of, judge_gap

BODY = "{\n    let a = 2.0 * x;\n    if a > 1.0 {\n        return a;\n    }\n    return 1.0;\n}"
FUNCTION = ReferenceFunction("f-1", "fn f(x: f32) -> f32", BODY, standalone=True)


def numbered(number: int, body: str = BODY) -> ReferenceFunction:
    return ReferenceFunction(f"f-{number}", "fn f(x: f32) -> f32", body, standalone=True)


@pytest.mark.parametrize("kind", ["line", "block", "within"])
def test_prefix_gap_and_suffix_are_the_body(kind):
    for number in range(50):
        function = numbered(number)
        gap = gap_of(function, kind)
        assert gap.filled(gap.text) == BODY
        prompt = gap.prompt
        assert f"{prompt.prefix}{gap.text}{prompt.suffix}" == f"{function.signature} {BODY}"


def test_lines_are_whole_and_say_something():
    texts = {gap_of(numbered(number), "line").text for number in range(100)}
    assert texts == {"let a = 2.0 * x;", "if a > 1.0 {", "return a;", "return 1.0;"}


def test_values_within_a_line_are_whole_and_drawn_by_the_id():
    gaps = [gap_of(numbered(number), "within") for number in range(200)]
    assert {gap.text for gap in gaps} == {"2.0", "2.0 * x", "x", "a", "1.0"}
    assert all(gap.prompt.within and not gap.prompt.line for gap in gaps)
    assert gaps == [gap_of(numbered(number), "within") for number in range(200)]
    assert gap_of(numbered(1, "{\n    discard;\n}"), "within") is None
    assert gap_of(numbered(1, "{ return 2.0 * x; }"), "within").text in ("2.0", "x", "2.0 * x")


def test_blocks_have_two_lines_to_eight():
    counts = {gap_of(numbered(number), "block").text.count("\n") + 1 for number in range(200)}
    assert min(counts) == 2 and max(counts) <= 8


def test_a_body_of_one_line_has_a_line_and_no_block():
    function = numbered(1, "{ return 2.0 * x; }")
    assert gap_of(function, "line").text == "return 2.0 * x;"
    assert gap_of(function, "block") is None
    assert gap_of(numbered(1, "{ }"), "line") is None


def test_called_functions_stand_above_the_gap_as_stubs():
    function = ReferenceFunction(
        "c", "fn f() -> f32", "{ return g(1.0); }", calls=("fn g(x: f32) -> f32",)
    )
    prefix = gap_of(function, "line").prompt.prefix
    assert prefix.startswith("fn g(x: f32) -> f32 { return f32(); }\n\nfn f()")


@given(st.text("ab(", max_size=12), st.text("ab(", max_size=12))
def test_edit_similarity_is_a_similarity(a, b):
    value = edit_similarity(a, b)
    assert value == edit_similarity(b, a) and 0 <= value <= 1 and (value == 1) == (a == b)
    longest = max(len(a), len(b), 1)
    matched = sum(
        block.size for block in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    )
    assert value >= (matched - (len(a) + len(b) - 2 * matched)) / longest - 1e-9
    assert value <= 1 - abs(len(a) - len(b)) / longest + 1e-9


def test_known_distances():
    assert edit_similarity("kitten", "sitting") == pytest.approx(1 - 3 / 7)
    assert edit_similarity("", "") == 1.0
    assert edit_similarity("x" * 6000, "x" * 6000) == 0.0


GAP = Gap(FUNCTION, BODY.index("let a"), BODY.index("let a") + len("let a = 2.0 * x;"))


@pytest.mark.parametrize(("text", "exact", "first", "valid"), [
    ("let a = 2.0 * x;", 1.0, 1.0, 1.0), ("let  a=2.0*x; // twice", 1.0, 1.0, 1.0),
    ("let a = x;", 0.0, 1.0, 1.0), ("let b = x;", 0.0, 1.0, 0.0), ("return", 0.0, 0.0, 0.0),
    (None, 0.0, 0.0, 0.0),
])  # fmt: skip
def test_measures(text, exact, first, valid, sandbox):
    measures = (
        judge_gap(GAP, text, "", sandbox, {}).measures
        if text
        else judge_gap(GAP, None, "why", sandbox, {}).measures
    )
    assert (measures["exact"], measures["first_token"], measures["valid"]) == (exact, first, valid)
    assert measures["abstained"] == float(text is None)


def test_a_gap_in_a_function_that_is_invalid_is_not_judged(sandbox):
    broken = msgspec.structs.replace(FUNCTION, signature=f"{FUNCTION.signature} -> Outside")
    outcome = judge_gap(replace(GAP, function=broken), None, "why", sandbox, {})
    assert outcome.measures == {} and "not judged, for the reference" in outcome.problem
