"""Bodies under other names: which names are matched, and that the meaning stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.evaluation.likeness import code_tokens
from tat.wgsl.adaptation import Place, adapted, short_types

BOX = "{ let d = abs(p) - b; return length(max(d, vec2f())) + min(max(d.x, d.y), 0.0); }"
BOX_PLACE = Place("fn sd_box(p: vec2<f32>, b: vec2<f32>) -> f32", "")


def moved(body: str, theirs: str, ours: str, context: str = "", our_context: str = "") -> str:
    return adapted(body, Place(theirs, context), Place(ours, our_context))


def test_parameters_get_the_names_of_the_same_type_in_order():
    body = moved(BOX, BOX_PLACE.signature, "fn box(size: f32, at: vec2f, half: vec2f) -> f32")
    assert body == BOX.replace("(p)", "(at)").replace("- b", "- half")


def test_a_name_counts_before_an_order():
    assert moved(
        "{ return a - b; }", "fn f(a: f32, b: f32) -> f32", "fn g(b: f32, c: f32) -> f32"
    ) == ("{ return c - b; }")


def test_members_and_comments_are_no_parameters():
    body = moved("{ /* x */ return v.x * x; }", "fn f(x: f32, v: vec2f) -> f32",
                "fn g(w: vec2f, time: f32) -> f32")  # fmt: skip
    assert body == "{ /* x */ return w.x * time; }"


def test_locals_make_room_for_parameters():
    body = moved(
        "{ let size = p * 2.0; return size; }", "fn f(p: f32) -> f32", "fn g(size: f32) -> f32"
    )
    assert body == "{ let size_ = size * 2.0; return size_; }"


def test_a_word_in_a_comment_declares_nothing():
    body = moved("{ /* let size */ return p; }", "fn f(p: f32) -> f32", "fn g(size: f32) -> f32")
    assert body == "{ /* let size */ return size; }"


def test_structs_of_the_signature_are_matched_with_their_members():
    theirs = "struct Out { @builtin(position) pos: vec4f, @location(0) uv: vec2f }"
    ours = "struct V2F { @location(0) st: vec2f, @builtin(position) clip: vec4f }"
    body = moved(
        "{ var out: Out; out.pos = vec4f(); out.uv = q; return out; }",
        "@vertex fn vs(@location(0) q: vec2f) -> Out", "fn main(@location(0) a: vec2f) -> V2F",
        theirs, ours,
    )  # fmt: skip
    assert body == "{ var out: V2F; out.clip = vec4f(); out.st = a; return out; }"


def test_a_parameter_may_be_a_member_elsewhere_and_a_member_a_parameter():
    inside = "struct In { @location(0) uv: vec2f }"
    body = moved("{ return uv * 2.0; }", "fn f(uv: vec2f) -> vec2f", "fn g(i: In) -> vec2f",
                our_context=inside)  # fmt: skip
    assert body == "{ return i.uv * 2.0; }"
    body = moved(
        "{ return i.uv * 2.0; }", "fn g(i: In) -> vec2f", "fn f(st: vec2f) -> vec2f", inside
    )
    assert body == "{ return st * 2.0; }"


def test_variables_of_the_module_are_matched_by_words_and_type():
    theirs = "@group(0) @binding(0) var<uniform> view: mat4x4<f32>; var<private> s: f32;"
    ours = "var<private> seed: f32; @group(1) @binding(2) var<uniform> viewMatrix: mat4x4f;"
    body = moved("{ s = s + 1.0; return view * p; }", "fn f(p: vec4f)", "fn g(p: vec4f)",
                theirs, ours)  # fmt: skip
    assert body == "{ s = s + 1.0; return viewMatrix * p; }"


CAMERA = "struct Camera {{ {} }} @group(0) @binding(0) var<uniform> camera: Camera;"


@pytest.mark.parametrize(
    ("members", "name", "kind", "expected"),
    [
        ("near: f32, far: f32", "mass", "f32", ""),
        ("near: f32, far: f32", "m", "f32", ""),
        ("near: f32, far: f32", "z_far", "f32", "camera.far"),
        ("near: f32, position: vec3f", "camera_pos", "vec3f", "camera.position"),
        ("view: mat4x4f, proj: mat4x4f", "viewProj", "mat4x4f", "(camera.proj * camera.view)"),
        ("proj: mat4x4f, view_proj: mat4x4f, view: mat4x4f", "viewProj", "mat4x4f",
         "camera.view_proj"),
        ("view: mat4x4f, viewProjection: mat4x4f", "view_proj", "mat4x4f", "camera.viewProjection"),
        ("inverse_view: mat4x4f", "view", "mat4x4f", ""),
        ("view: mat4x4f", "view_proj", "mat4x4f", ""),
    ],
)  # fmt: skip
def test_a_member_of_the_module_is_taken_where_its_words_say_so(members, name, kind, expected):
    context = CAMERA.format(members)
    body = moved(f"{{ return p * {name}; }}", f"fn f(p: vec4f, {name}: {kind}) -> vec4f",
                 "fn g(p: vec4f) -> vec4f", our_context=context)  # fmt: skip
    assert body == f"{{ return p * {expected or name}; }}"


def test_nor_does_a_member_of_a_struct_of_the_module_become_another():
    theirs, ours = CAMERA.format("exposure: f32"), CAMERA.format("near: f32, exposureValue: f32")
    move = ["{ return x * camera.exposure; }", *["fn f(x: f32) -> f32"] * 2, theirs]
    assert moved(*move, ours) == "{ return x * camera.exposureValue; }"
    assert moved(*move, CAMERA.format("near: f32")) == move[0]


BODY = "struct Body { position: vec3f, velocity: vec3f, mass: f32, radius: f32 }"


@pytest.mark.parametrize(("signature", "body", "ours"), [
    ("fn f(velocity: vec3f, mass: f32) -> vec3f", "mass * velocity", "b.mass * b.velocity"),
    ("fn f(v: vec3f, mass: f32) -> vec3f", "mass * v", "b.mass * v"),  # which vector is not said
    ("fn f(vel: vec3f, dt: f32) -> vec3f", "vel * dt", "b.velocity * dt"),  # no number is a time
])  # fmt: skip
def test_a_member_of_a_parameter_is_taken_where_its_words_say_so(signature, body, ours):
    adopted = moved(f"{{ return {body}; }}", signature, "fn g(b: Body) -> vec3f", our_context=BODY)
    assert adopted == f"{{ return {ours}; }}"


def test_a_letter_stands_for_the_only_member_of_its_type():
    ball = "struct Ball { center: vec3f, radius: f32 }"
    body = moved("{ return length(p) - r; }", "fn d(p: vec3f, r: f32) -> f32",
                 "fn e(at: vec3f, ball: Ball) -> f32", our_context=ball)  # fmt: skip
    assert body == "{ return length(at) - ball.radius; }"


def test_structs_of_other_members_are_matched_by_words():
    theirs, ours = "struct Mote { vel: vec3f, mass: f32 }", BODY
    move = moved("{ return m.vel * m.mass; }", "fn f(m: Mote) -> vec3f", "fn g(b: Body) -> vec3f",
                 theirs, ours)  # fmt: skip
    assert move == "{ return b.velocity * b.mass; }"


def test_constants_come_along_with_those_that_they_need():
    theirs = "const PI = 3.14;\nconst TAU = 2.0 * PI;\nconst OTHER = 1;"
    body = moved("{ return x * TAU; }", "fn f(x: f32) -> f32", "fn g(y: f32) -> f32", theirs)
    assert code_tokens(body) == code_tokens(
        "{ const PI = 3.14; const TAU = 2.0 * PI; return y * TAU; }"
    )
    body = moved(
        "{ return x * PI; }", "fn f(x: f32) -> f32", "fn g(y: f32) -> f32", theirs, "const PI = 3;"
    )
    assert body == "{ return y * PI; }"


NAMES = st.lists(st.sampled_from(["a", "b", "p", "uv", "time", "size"]), unique=True, max_size=4)
TYPES = st.lists(st.sampled_from(["f32", "vec2f", "vec2<f32>", "u32"]), min_size=4, max_size=4)
PIECES = st.lists(
    st.sampled_from(
        [*"{}()<>.,;:=+", "a", "b", "p", "uv", "x", "let ", "const ", "struct ", "1.0", "//", "/*"]
    )
)


@given(NAMES, TYPES)
def test_a_place_of_its_own_changes_nothing(names, types):
    signature = f"fn f({', '.join(f'{n}: {t}' for n, t in zip(names, types))}) -> f32"
    body = f"{{ return f({', '.join(names)}); }}"
    assert moved(body, signature, signature) == body


@given(PIECES.map("".join), PIECES.map("".join), PIECES.map("".join))
def test_any_text_is_taken(body, theirs, ours):
    changed = adapted(body, Place(theirs, ours), Place(ours, theirs))
    assert adapted(body, Place("", ""), Place("", "")) == body
    assert isinstance(changed, str)


@pytest.mark.parametrize("spelled", ["vec3<f32>", "vec3 < f32 >", "mat2x3<f16>"])
def test_short_types(spelled):
    assert short_types(json.dumps(spelled)) in ('"vec3f"', '"mat2x3h"')


def test_members_of_one_type_stand_for_as_many_parameters():
    theirs = Place("fn d(at: vec3f, towards: vec3f, r: f32) -> f32", "")
    ours = Place("fn f(ray: Ray, r: f32) -> f32", "struct Ray { origin: vec3f, dir: vec3f }")
    body = adapted("{ return dot(at, towards) - r; }", theirs, ours)
    assert body == "{ return dot(ray.origin, ray.dir) - r; }"


SUM = "{ var s = 0.0; for (var i = 0; i < 4; i++) { s += a[i]; } return s; }"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("a: array<f32, 4>", "a: array<f32, 8>"),
        ("a: array<f32, 4>", "a: array<f32, 3>"),
        ("a: array<f32, 4>", "values: array<f32, 8>, a: vec4f"),
        ("a: vec4f", "a: array<f32, 8>"),
    ],
)
def test_an_array_takes_the_place_of_no_other_length(theirs, ours):
    assert moved(SUM, f"fn f({theirs}) -> f32", f"fn g({ours}) -> f32") == ""


def test_nor_does_an_array_inside_a_struct():
    theirs, ours = (f"struct Data {{ a: array<f32, {n}> }}" for n in (4, 8))
    body, signature = SUM.replace("a[i]", "d.a[i]"), "fn f(d: Data) -> f32"
    assert moved(body, signature, signature, theirs, ours) == ""
    assert moved(body, signature, signature, theirs, theirs) == body


def test_an_array_of_the_same_length_is_taken():
    body = moved(SUM, "fn f(a: array<f32, 4>) -> f32", "fn g(values: array<f32,4>) -> f32")
    assert body == SUM.replace("a[i]", "values[i]")


def test_two_parameters_do_not_become_one():
    body = moved("{ return max(a, b); }", "fn f(a: f32, b: f32) -> f32",
                 "fn g(c: vec3f, x: f32) -> f32")  # fmt: skip
    assert body == "{ return max(x, b); }"  # does not validate
