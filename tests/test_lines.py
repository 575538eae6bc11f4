"""Gaps of one line: what may stand there, and which line is the answer."""

import numpy as np
import pytest
from decoding import CONSTRAINTS, TOKENIZER, new_generator
from hypothesis import given
from hypothesis import strategies as st
from scripted import SAMPLING, Scripted

from tat.data.tokenizer import Special
from tat.decode.choice import best, greedy
from tat.decode.generator import Request
from tat.decode.lines.choice import LineGap
from tat.decode.lines.forms import heads, statements
from tat.decode.lines.one_line import OneLine
from tat.decode.lines.ranking import WEIGHTS, Line, Ranking
from tat.decode.lines.rows import rows
from tat.decode.lines.site import Callee, Site, Value
from tat.decode.prompt import Prompt
from tat.decode.validated import Search, asked_for, generate_all_valid, generate_valid
from tat.errors import UsageError
from tat.wgsl.sandbox import Sandbox

MODULE = """struct Seen { @location(0) uv: vec2f, normal: vec3<f32> } // fn of struct
@group(0) @binding(0) var image: texture_2d<f32>;
@group(0) @binding(1) var linear: sampler;
const SCALE: f32 = 2.0;
fn shade(normal: vec3f, scale: f32) -> f32 { return normal.z * scale; }

"""
HEAD = "fn lit(seen: Seen, scale: f32) -> vec4f {\n    let base = vec3f(1.0);\n    "


def site(above: str = "", below: str = "\n    return c;\n}\n", problem: str = "") -> Site:
    return Site(f"{MODULE}{HEAD}{above}", below, problem)


MISSING = "9:12: no definition in scope for identifier: `c`"
NO_RESULT = "Function [1] 'lit' is invalid: The `return` expression None does not match"


def test_a_gap_knows_the_names_around_it():
    here = site()
    assert here.result == "vec4f" and here.locals == ["base"]
    assert here.parameters == [Value("seen", "Seen"), Value("scale", "f32")]
    assert Value("seen.uv", "vec2f") in here.values and Value("SCALE", "f32") in here.values
    assert [callee.name for callee in here.callees] == ["shade"]
    assert here.fresh == ["base", "seen", "scale"] and not site("base.x * seen.uv.x;").fresh[1:]


def test_a_gap_knows_types_with_commas_and_names_behind_attributes():
    module = """struct Lamp { @align(16) rays: array<vec4<f32>, 4>, @size(16) on: u32 }
@group(0) @binding(0) var<uniform> lamp: Lamp;
const WEIGHTS: array<f32, 2 * 3> = array<f32, 2 * 3>();
fn sum(@builtin(position) at: vec4f, all: array<vec4<f32>, 4>) -> f32 { let own = 1.0; return own; }
fn turn(m: ptr<function, mat2x2<f32>>) { var mine: f32; }
@fragment
"""
    head = "fn lit(@location(0) uv: vec2f, a: array<vec4<f32>, 4>) -> @location(0) vec4<f32> {\n"
    here = Site(
        f"{module}{head}    let xfn = sum(a);\n    var b: array<vec2f, 2>= a;\n    ", "}", ""
    )
    assert here.structs == {"Lamp": [Value("rays", "array<vec4<f32>, 4>"), Value("on", "u32")]}
    assert here.variables == {
        "lamp": "Lamp", "WEIGHTS": "array<f32, 2 * 3>", "uv": "vec2f", "a": "array<vec4<f32>, 4>",
        "xfn": "sum", "b": "array<vec2f, 2>",
    }  # fmt: skip
    assert here.locals == ["xfn", "b"] and here.result == "vec4<f32>"
    assert here.parameters == [Value("uv", "vec2f"), Value("a", "array<vec4<f32>, 4>")]
    assert here.callees == [
        Callee("sum", (Value("at", "vec4f"), Value("all", "array<vec4<f32>, 4>")), True),
        Callee("turn", (Value("m", "ptr<function, mat2x2<f32>>"),), False),
    ]


@pytest.mark.parametrize(("called", "right", "wrong"), [
    ("fn sum(all: array<vec4<f32>, 4>) -> f32", "sum(a)", "sum(d)"),
    ("fn sum(@builtin(position) p: vec4f, q: array<vec4f, 4>) -> f32", "sum(spot, a)", "sum(spot)"),
])  # fmt: skip
def test_arguments_have_the_types_of_their_parameters(called, right, wrong):
    """The array `d` is of another length."""
    head = "fn f(d: array<vec4f, 8>, a: array<vec4f, 4>, spot: vec4f) -> f32 {\n    "
    module = f"{called} {{ return 1.0; }}\n{head}"
    found = statements(Site(module, "\n    return c;\n}\n", MISSING))
    assert f"let c = {right};" in found and f"let c = {wrong};" not in found


@pytest.mark.parametrize(("below", "problem", "begun"), [
    ("\n    return c;\n}", MISSING, ["let c =", "var c ="]),
    ("\n    c.x += 1.0;\n    return c;\n}", MISSING, ["var c ="]),
    ("\n    c <<= 1u;\n    return c;\n}", MISSING, ["var c ="]),
    ("\n    change(&c);\n    return c;\n}", MISSING, ["var c ="]),
    ("\n    let d: f32 = c == 1;\n    let e: f32 = 1;\n}", MISSING,
     ["let c:", "var c:", "let c =", "var c ="]),
    ("\n    return c(1);\n}", MISSING, [""]),
    ("\n}", NO_RESULT, ["return ", ""]),
    ("\n}", "", [""]),
])  # fmt: skip
def test_a_line_begins_with_what_is_missing(below, problem, begun):
    assert heads(site("", below, problem)) == begun


def test_common_statements_name_what_is_in_scope():
    declared = statements(site(problem=MISSING))
    assert {
        "var c: vec4f;", "let c = seen.uv;", "let c = shade(seen.normal, scale);",
        "let c = textureSample(image, linear, seen.uv);", "let c = vec4f(base, 1.0);",
    } <= {*declared}  # fmt: skip
    returned = statements(site(below="\n}", problem=NO_RESULT))
    assert "return vec4f(seen.normal, 1.0);" in returned
    assert not [line for line in returned if "let" in line and line not in [*rows(site())]]
    assert "discard;" in statements(site()) and len({*declared}) == len(declared) <= 300


def test_statements_that_naga_takes_stand_in_the_gap():
    prompt = Prompt(prefix=MODULE + HEAD, suffix="\n    return c;\n}\n", line=True)
    with Sandbox() as sandbox:
        forms = LineGap.judged_by(prompt, sandbox).forms()
        assert "let c = vec4f(base, 1.0);" in forms
        assert all(sandbox.validate(prompt.module(form)) is None for form in forms)
        begun = Prompt(prefix=f"{MODULE}{HEAD}var c", suffix="\n    return c;\n}\n", line=True)
        found = LineGap.judged_by(begun, sandbox)
        assert found.heads == ["var c ="] and found.forms(3)[0] == "var c: vec4f;"


@pytest.mark.parametrize(("above", "below", "line"), [
    ("m.x = a.x;\n    m.y = a.y;\n    ", "\n}", "m.z = a.z;"),
    ("b[1] = f(c1);\n    ", "\n    b[3] = f(c3);\n}", "b[2] = f(c2);"),
    ("", "\n    if (i == 1u) { return v.y; }\n    if (i == 2u) { return v.z; }\n}",
     "if (i == 0u) { return v.x; }"),
    ("m.z = 0;\n    m.w = 0;\n    ", "\n}", None),
])  # fmt: skip
def test_a_row_goes_on(above, below, line):
    found = [*rows(Site(f"fn f() {{\n    {above}", below, ""))]
    assert line in found if line else "m.x = 0;" not in found


def test_a_line_end_ends_the_text():
    ends = np.array([t for t, piece in enumerate(TOKENIZER.pieces) if b"\n" in piece])
    logits = np.zeros(TOKENIZER.size, np.float32)
    logits[ends], logits[40] = 1.0, 2.0
    before = logits.copy()
    assert best(OneLine(greedy, ends), logits, []) == Special.EOS  # each less, together more
    assert (logits == before).all()
    logits[ends] = -np.inf
    assert best(OneLine(greedy, ends), logits, []) == 40


@given(st.integers(0, 50))
def test_a_text_of_a_line_has_one(seed):
    prompt = Prompt(prefix="fn f(x: f32) -> f32 {\n    ", suffix="\n    return y;\n}\n", line=True)
    generator = new_generator(seed=seed)
    preference = SAMPLING.preference([seed], 1)
    for constraint in (None, CONSTRAINTS.of(prompt)):
        text = generator.generate(prompt, constraint=constraint, preference=preference).text
        assert "\n" not in text
    request = Request(prompt, None, preference, head="let y =")
    [written] = generator.generate_all([request])
    assert written.text.startswith("let y =") and "\n" not in written.text


def test_the_model_says_how_likely_a_line_is():
    prompt = Prompt(prefix="fn f(x: f32) -> f32 {\n    re", suffix="\n}\n", line=True)
    generator = new_generator()
    requests = [Request(prompt, given=text) for text in ("return x;", "return 2.0 * x;")]
    together = generator.generate_all(requests)
    assert [written.text for written in together] == ["turn x;", "turn 2.0 * x;"]
    assert all(written.finished and written.score < 0 for written in together)
    assert [generator.generate_all([request])[0] for request in requests] == together


def test_a_line_is_for_a_gap():
    with pytest.raises(UsageError, match="one line is for a gap"):
        Prompt("words", line=True)


def test_a_line_that_says_what_is_known_is_preferred():
    ranking = Ranking(site("let roughness = 1.0;\n    ", "\n}", NO_RESULT))
    lines = [Line("return vec4f(base, roughness);", -1.0, 9, 1), Line("return seen;", -1.0, 9, 1)]
    votes = ranking.votes(lines)
    assert sum(votes) == pytest.approx(1.0) and votes[0] > votes[1]
    assert [*ranking.features(lines[0])] == [*WEIGHTS]
    assert ranking.votes([]) == []


@pytest.mark.parametrize("right", [("return x;\n}\n",), ("return y;\n}\n", "return x;\n}\n")])
def test_the_best_valid_line_is_the_answer_whoever_wrote_it(right):
    """Scripted texts come in the order in which they are asked for, common forms last."""
    prompt = Prompt(prefix="fn f(x: f32) -> f32 {\n    ", suffix="\n}\n", line=True)
    script = Scripted("return y;", "bad", "return x;", "return x;", *["return x;"] * 50,
                      right=right)  # fmt: skip
    outcome = generate_valid(script, prompt, None, script, Search(SAMPLING, 4))
    assert outcome.generation.text == "return x;" and outcome.problem is None


def test_lines_do_not_depend_on_the_batch():
    prompts = [
        Prompt(prefix=f"fn f(x: f32) -> f32 {{\n    let a{n} = x;\n    ", suffix="\n}\n", line=True)
        for n in range(3)
    ]

    def answers(batch: int) -> list[str]:
        generator = new_generator(generate__batch=batch, max_tokens=24)
        with Sandbox() as sandbox:
            search = Search(SAMPLING, 3)
            found = [*generate_all_valid(generator, prompts, CONSTRAINTS, sandbox, search)]
        return [outcomes[0].generation.text for outcomes in found]

    assert answers(1) == answers(4)
    assert all(text.startswith("return ") for text in answers(4))


def test_texts_of_a_line_take_turns_with_its_beginnings():
    prompt = Prompt(prefix="fn circle(p: vec2f, r: f32) -> f32 {\n", suffix="\n}\n", line=True)
    with Sandbox() as sandbox:
        line = LineGap.judged_by(prompt, sandbox)
    asked = [asked_for(prompt, None, line, SAMPLING, [1], number) for number in range(4)]
    assert [request.head for request in asked] == ["return ", "", "return ", ""]
    assert all(request.reviewer is None for request in asked)
