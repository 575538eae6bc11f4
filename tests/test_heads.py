"""tat.wgsl.heads: the head of a function that stands in a request in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.decode.prompt import Prompt
from tat.wgsl.heads import words_and_head

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}_?[a-z]", fullmatch=True)
TYPES = st.sampled_from(["f32", "vec3<f32>", "array<vec2f, 4>", "ptr<function, mat2x2<f32>>", "S"])
HEADS = st.builds(
    lambda start, name, parameters, result: f"{start}fn {name}({', '.join(parameters)}){result}",
    st.sampled_from(["", "@must_use ", "@compute @workgroup_size(8, 8) "]),
    NAMES,
    st.lists(st.builds(lambda name, kind: f"{name}: {kind}", NAMES, TYPES), max_size=3),
    st.one_of(st.just(""), st.builds(lambda kind: f" -> {kind}", TYPES)),
)
WORDS = st.lists(NAMES.filter(lambda name: name != "fn"), max_size=4).map(" ".join)


@given(WORDS, st.sampled_from([" ", ": ", "\n", "\n// "]), HEADS, st.sampled_from(["", " {", ";"]))
def test_a_head_behind_words_is_found_whole(words, between, head, end):
    assert words_and_head(f"{words}{between}{head}{end}") == (words, head)


@given(HEADS)
def test_a_head_before_words_is_found_whole(head):
    assert words_and_head(f"{head} that halves it") == ("that halves it", head)


@given(WORDS)
def test_words_alone_stay(words):
    assert words_and_head(words) == (words, "")


@pytest.mark.parametrize(
    "text",
    [
        "fn of (x)", "what a fn is (in words)", "fn area(", "fn rotate(p, angle)",
        "fn half(x: f32) -> f32 { return x / 2.0; }", "fn half(x: f32) ->",
    ],
)  # fmt: skip
def test_anything_but_a_whole_head_stays(text):
    assert words_and_head(text) == (text, "")


def test_a_description_that_is_a_head_is_the_signature():
    prompt = Prompt("brightness: fn luma(c: vec3f) -> f32 {")
    assert (prompt.description, prompt.signature) == ("brightness", "fn luma(c: vec3f) -> f32")
    assert prompt == Prompt("brightness", "fn luma(c: vec3f) -> f32")


def test_a_signature_that_is_given_goes_before_one_in_the_words():
    prompt = Prompt("like fn luma(c: vec3f) -> f32", "fn value(c: vec3f) -> f32")
    assert prompt.description == "like fn luma(c: vec3f) -> f32"
    assert prompt.signature == "fn value(c: vec3f) -> f32"
