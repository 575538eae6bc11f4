"""Entry points that words ask for: what asks for one, and what is made of plain functions."""

from itertools import islice

import pytest

from tat.commands.common.indexes import library_index
from tat.decode.candidates import Candidates
from tat.decode.generator import Generation
from tat.decode.prompt import Prompt
from tat.retrieval.requests import answers
from tat.retrieval.stages import entry_point, stage_asked, stage_of
from tat.wgsl.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as opened:
        yield opened


@pytest.mark.parametrize(
    ("request_in_words", "stage", "rest", "each"),
    [
        ("a fragment shader that draws stars", "fragment", "draws stars", "stars"),
        ("full-screen pass with a vignette", "fragment", "a vignette", "a vignette"),
        ("Pixel shader for a grid", "fragment", "a grid", "a grid"),
        ("compute kernel to halve every value of a buffer", "compute",
         "halve every value of a buffer", "halve"),
        ("invert the colors of an image in a compute shader", "compute",
         "invert the colors of an image in", "invert the colors in"),
        ("a vertex shader", "vertex", "a vertex shader", "a vertex shader"),
        ("normal of a vertex", "", "normal of a vertex", "normal of a vertex"),
        ("compute the shade", "", "compute the shade", "compute the shade"),
    ],
)  # fmt: skip
def test_words_ask_for_a_stage(request_in_words, stage, rest, each):
    assert stage_asked(request_in_words) == (stage, rest, each)


PLAIN = {
    "fn ring(p: vec2f, width: f32) -> f32 { return abs(length(p) - width); }": {"fragment"},
    "fn sepia(color: vec3<f32>, amount: f32) -> vec3f { return color * amount; }":
        {"fragment", "image"},
    "fn shade(normal: vec3f, l: vec3f) -> f32 { return max(dot(normal, l), 0.0); }": {"fragment"},
    "fn cubed(x: f32) -> f32 { return x * x * x; }": {"compute"},
    "fn half(n: u32, by: u32) -> u32 { return n >> by; }": {"compute"},
    "fn place(world: mat4x4f, position: vec3f) -> vec4f { return world * vec4f(position, 1.0); }":
        {"vertex"},
    "fn inside(p: vec2f) -> bool { return all(abs(p) < vec2f(1.0)); }": {"fragment"},
    "fn name(flag: bool) -> bool { return !flag; }": set(),
    "fn first(values: array<f32, 4>) -> f32 { return values[0]; }": set(),
    "fn nothing(x: f32) { }": set(),
}  # fmt: skip


@pytest.mark.parametrize("function", PLAIN)
def test_an_entry_point_is_made_where_it_suits_and_validates(function, sandbox):
    stages = {"fragment": ("fragment", "it"), "vertex": ("vertex", "it"),
              "compute": ("compute", "it"), "image": ("compute", "it of an image")}  # fmt: skip
    made = {name: entry_point(*asked, function, function) for name, asked in stages.items()}
    for name in PLAIN[function]:
        assert made[name].startswith(function) and stage_of(made[name]) == stages[name][0]
    for text in filter(None, made.values()):
        assert sandbox.validate(text) is None, text
    if not PLAIN[function]:
        assert not any(made.values())


def test_a_function_with_resources_stays_alone():
    bound = "@group(0) @binding(0) var t: texture_2d<f32>;\nfn f(uv: vec2f) -> f32 { return uv.x; }"
    assert entry_point("fragment", "it", "fn f(uv: vec2f) -> f32 { return uv.x; }", bound) == ""


@pytest.mark.parametrize(
    ("request_in_words", "stage", "part"),
    [
        ("a fragment shader that draws a checkerboard", "fragment", "checker"),
        ("fragment shader with a sepia filter over a texture", "fragment", "sepia"),
        ("compute shader that squares each element of an array", "compute", "square("),
        ("compute shader that inverts the colours of an image", "compute", "textureStore"),
        ("compute shader that moves particles", "compute", "vel"),
        ("vertex shader that transforms a position by a matrix", "vertex", "mat4x4f"),
        ("vertex shader with a sine wave displacement", "vertex", "sin("),
        ("pixel shader that draws a circle", "fragment", "fwidth"),
        ("compute shader for relu", "compute", "array<f32>"),
        ("compute shader that sums an array", "compute", "workgroupBarrier"),
        ("vertex shader that rotates around the y axis", "vertex", "view_projection"),
    ],
)
def test_the_library_answers_with_the_stage_that_is_asked_for(
    request_in_words, stage, part, sandbox
):
    texts = [render() for _, render in islice(answers(library_index(), request_in_words), 3)]
    assert texts and part in texts[0]
    for text in texts:
        assert stage_of(text) == stage and sandbox.validate(text) is None


def test_a_text_of_another_stage_is_no_answer(sandbox):
    plain = Generation("fn grey(v: f32) -> vec4f { return vec4f(v); }", 1, True, -0.1)
    entry = "@fragment fn grey() -> @location(0) vec4f { return vec4f(0.5); }"
    candidates = Candidates(Prompt("a fragment shader in grey"), sandbox)
    candidates.add(plain)
    assert candidates.valid == 0
    candidates.add(Generation(entry, 1, True, -0.2))
    assert candidates.valid == 1 and candidates.best(1)[0].generation.text == entry
