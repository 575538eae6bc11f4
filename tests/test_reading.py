"""Prompts longer than the model's sources: declarations that the signature needs stay."""

import pytest
from decoding import TOKENIZER, new_generator
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.decode.prompt import Prompt
from tat.decode.reading import read, readings
from tat.errors import UsageError
from tat.wgsl.lexer import tokenize

CONTEXT = """\
// What all of it is about.
struct Near {
    x: f32, // across
}
struct Ball {
    near: Near
}
const unused = 2.0;
fn helper(x: f32) -> f32 {
    return x * unused; // twice
}
fn other() -> Ball;
"""
PROMPT = Prompt("of a ball", "fn volume(ball: Ball) -> f32", CONTEXT)
CONTEXTS = (
    CONTEXT.strip(),
    "struct Near {\n    x: f32,\n}\nstruct Ball {\n    near: Near\n}\nconst unused = 2.0;\n"
    "fn helper(x: f32) -> f32\nfn other() -> Ball",
    "struct Near {\n    x: f32,\n}\nstruct Ball {\n    near: Near\n}\nfn helper(x: f32) -> f32\n"
    "fn other() -> Ball",
    "struct Near {\n    x: f32,\n}\nstruct Ball {\n    near: Near\n}",
)


def contexts(prompt: Prompt) -> tuple[str, ...]:
    return tuple(dict(source).get("context", "") for source, _ in readings(prompt))


def length(context: str) -> int:
    return len(TOKENIZER.encode_source(Prompt("of a ball", PROMPT.signature, context).source))


def test_readings_of_a_context_get_shorter_and_keep_what_the_signature_needs():
    assert contexts(PROMPT) == CONTEXTS
    assert len({left_out for _, left_out in readings(PROMPT)}) == len(CONTEXTS)
    for source, _ in readings(PROMPT):
        assert dict(source)["comment"] == PROMPT.description
        assert dict(source)["signature"] == PROMPT.signature


@pytest.mark.parametrize("rung", range(len(CONTEXTS)))
def test_the_first_that_fits_is_read(rung):
    reading = read(PROMPT, TOKENIZER, length(CONTEXTS[rung]))
    assert len(reading.tokens) == length(CONTEXTS[rung])
    assert reading.whole == length(CONTEXTS[0])
    assert bool(reading.left_out) == (rung > 0)


def test_declarations_that_the_signature_needs_are_read_or_nothing_is():
    whole, longest = length(CONTEXTS[0]), length(CONTEXTS[-1]) - 1
    with pytest.raises(UsageError, match=f"^prompt: {whole} tokens, .* at most {longest};"):
        read(PROMPT, TOKENIZER, longest)


@pytest.mark.parametrize("prompt", [
    Prompt("no context"), Prompt("a", "fn f()"), Prompt("a", "fn f()", " \n"),
    Prompt(prefix="fn f() { // why\n", suffix="}"), Prompt("a", "fn f()", "no declaration here"),
])  # fmt: skip
def test_a_prompt_of_which_nothing_can_go_is_read_whole_or_not(prompt):
    assert [source for source, _ in readings(prompt)][:1] == [prompt.source]
    assert not any(context.strip() for context in contexts(prompt)[1:])


def test_without_a_signature_nobody_knows_what_it_needs():
    for signature in ("", "not a signature {"):
        assert contexts(Prompt("a ball", signature, CONTEXT)) == CONTEXTS[:2]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from([
    "struct Ball { r: f32 }", "const k = 1;", "fn g() { return; }", "fn h(", "// note\n", "/* a",
    "@group(0) @binding(0) var<uniform> u: Ball;", "enable f16;", "}", "é", "fn f() -> Ball;",
])))  # fmt: skip
def test_any_context_can_be_read_and_nothing_is_added(parts):
    context = " ".join(parts)
    words = {token.text for token in tokenize(context)}
    for shorter in contexts(Prompt("a", "fn f(ball: Ball)", context))[1:]:
        assert {token.text for token in tokenize(shorter)} <= words


def test_a_generator_reads_as_much_as_its_longest_bucket_holds():
    generator = new_generator()
    context = "const k = 1.0; // " + "long " * 60 + "\n"
    prompt = Prompt("a", "fn f() -> f32", context)
    assert generator.source(prompt) == TOKENIZER.encode_source(
        Prompt("a", "fn f() -> f32", "const k = 1.0;").source
    )
    assert generator.reading(prompt).whole > generator.longest and not generator.refusal(prompt)
    long = Prompt("long " * 60, "fn f() -> f32", context)
    assert "shorten the description or the context" in generator.refusal(long)


BODY = "\n".join(f"    let v{n} = near.x * {n}.0;" for n in range(40))
LONG = f"""\
struct Near {{ x: f32 }}
const unused = 2.0;
fn twice(x: f32) -> f32 {{
    return 2.0 * x;
}}
fn last(near: Near) -> f32 {{
{BODY}
    return twice(v39);
}}
fn other() {{ }}
"""


def gap_at(text: str, what: str) -> Prompt:
    before, hole, after = LONG.partition(what)
    assert hole
    return Prompt(prefix=before, suffix=after)


def test_a_gap_is_read_with_its_function_and_what_that_needs():
    source, left_out = next(iter(readings(gap_at(LONG, "let v20 = near.x"))))
    narrowed = dict(source)["prefix"] + "let v20 = near.x" + dict(source)["suffix"]
    assert left_out == ""
    assert narrowed.startswith("struct Near { x: f32 }\nfn twice(x: f32) -> f32 { return f32(); }")
    assert "unused" not in narrowed and "other" not in narrowed and narrowed.endswith("}")


@settings(max_examples=30, deadline=None)
@given(
    text=st.one_of(st.just(LONG), st.text(max_size=400), st.text("{}();fn \n", max_size=300)),
    data=st.data(),
)
def test_any_gap_is_read_next_to_where_it_is(text, data):
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, len(text)))
    prompt = Prompt(prefix=text[:start], suffix=text[stop:])
    prefix, suffix = prompt.before, prompt.behind
    assert text[:start] + prompt.lead == prefix + prompt.begun
    for source, _ in readings(prompt):
        read_prefix, read_suffix = (text for _, text in source)
        assert prefix.endswith(read_prefix[-20:]) and suffix.startswith(read_suffix[:20])


def test_a_gap_in_a_line_that_never_ends_is_read():
    prompt = Prompt(prefix="let a = " + "1 + " * 5000, suffix=" + 2" * 5000)
    reading = read(prompt, TOKENIZER, 128)
    assert len(reading.tokens) <= 128 < reading.whole
    assert "characters from the gap" in reading.left_out
