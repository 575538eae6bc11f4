"""Babylon's, ggml's, naga_oil's and WESL's dialects: texts that naga takes, places that stay."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.wgsl.embedded.imports import imports_of
from tat.wgsl.embedded.judging import Judged, judged
from tat.wgsl.embedded.placed import Host
from tat.wgsl.embedded.project import Project
from tat.wgsl.embedded.regions import regions
from tat.wgsl.sandbox import Sandbox


def judge(sandbox: Sandbox, files: dict[str, str], **definitions: str) -> list[Judged]:
    found = [r for name, text in files.items() for r in regions(Host(name, text))]
    return list(judged(Project(found, definitions), sandbox.validate))


VERTEX = """attribute position: vec3f;
attribute uv: vec2f;
uniform bones: array<vec4f, 4>;
varying vUV: vec2f;
flat varying vBone: u32;
#include<helper>(NAME,turned)
#define CUSTOM_VERTEX_DEFINITIONS
@vertex
fn main(input : VertexInputs) -> FragmentInputs {
    #define CUSTOM_VERTEX_MAIN_BEGIN
    let at = turned(vertexInputs.position) + uniforms.bones[0].xyz;
    vertexOutputs.position = scene.viewProjection * mesh.world * vec4f(at, 1.0);
    vertexOutputs.vUV = input.uv;
    vertexOutputs.vBone = vertexInputs.instanceIndex;
}
"""
FRAGMENT = """varying vUV: vec2f;
uniform tint: vec3f;
uniform tints: f32;
var picture: texture_2d<f32>;
var pictureSampler: sampler;
var<storage, read> more: array<vec4f>;
#include<light>[0..LIGHTS]
@fragment
fn main(input: FragmentInputs) -> FragmentOutputs {
    if (input.vUV.x < 0.0) { discard; }
    let seen = textureSample(picture, pictureSampler, fragmentInputs.vUV).rgb;
    fragmentOutputs.color = vec4f(seen * uniforms.tint * uniforms.tints + more[0].xyz, 1.0);
}
"""
BABYLON = {
    "s/mesh.vertex.ts": f"export const a = `{VERTEX}`;",
    "s/mesh.fragment.ts": f"export const b = `{FRAGMENT}`;",
    "s/helper.ts": "export const helper = `fn NAME(at: vec3f) -> vec3f { return at.zyx; }`;",
    "s/light.ts": "export const light = `fn light{X}(at: vec3f) -> f32 { return at.x; }`;",
    "s/tinted.ts": "export const tinted = `fn tinted(c: vec3f) -> vec3f {"
                   " return c * uniforms.tint; }\nuniform own: f32;`;",
}  # fmt: skip


def test_babylons_stages_validate_with_bindings_of_their_own(sandbox: Sandbox) -> None:
    found = judge(sandbox, BABYLON, LIGHTS="2")
    assert [(j.form, j.reason) for j in found[:2]] == [("resolved", ""), ("resolved", "")]
    assert "fn light1(" in found[1].text.text and "@interpolate(flat) vBone: u32" in (
        found[0].text.text
    )
    assert found[4].form == "resolved" and "tint: vec3f" in found[4].text.text, "of another file"
    assert found[0].shader.region.dialect == found[4].shader.region.dialect == "babylon"


def test_places_in_babylons_texts_are_those_of_the_host(sandbox: Sandbox) -> None:
    for item in judge(sandbox, BABYLON)[:2]:
        placed, host = item.whole, item.shader.region.host
        for word in ("vUV: vec2f", "fn main"):
            found = placed.origin(placed.text.index(word))
            assert found == (host, host.text.index(word))
        for piece in placed.pieces:
            if piece.exact:
                same = piece.host.text[piece.origin : piece.origin_end]
                assert placed.text[piece.start : piece.end] == same


def test_a_problem_in_a_stage_is_at_its_place(sandbox: Sandbox) -> None:
    wrong = FRAGMENT.replace("discard;", "let x: u32 = 1.5;")
    [item] = judge(sandbox, {"a.ts": f"const s = `{wrong}`;"})
    host = item.shader.region.host
    assert item.form == "unusable" and item.where[1] == host.line_column(wrong.index("let x"))[0]


GGML = """#define(VARIANTS)
[
  { "SHADER_SUFFIX": "f32", "REPLS": { "TYPE": "f32", "SIZE": 4, }, "DECLS": ["PLAIN"] },
  { "SHADER_SUFFIX": "u32", "REPLS": { "TYPE": "u32", "SIZE": 8 }, "DECLS": ["SHARED"] },
]
#end(VARIANTS)
#define(DECLS)
#decl(PLAIN)
fn put(x: {{TYPE}}) { dst[0] = x; }
#enddecl(PLAIN)
#end(DECLS)
#define(SHADER)
@group(0) @binding(0) var<storage, read_write> dst: array<{{TYPE}}>;
DECLS
@compute @workgroup_size({{SIZE}})
fn main() { put({{TYPE}}(3)); }
#end(SHADER)
"""


def test_ggmls_variants_are_instantiated(sandbox: Sandbox) -> None:
    shared = "#decl(SHARED)\nfn put(x: u32) { dst[1] = x; }\n#enddecl(SHARED)\n"
    files = {"scale.tmpl.wgsl": GGML, "common_decls.tmpl": shared}
    first = judge(sandbox, files)[0]
    assert first.form == "resolved" and "array<f32>" in first.text.text
    assert first.shader.region.dialect == "ggml"
    other = judge(sandbox, files, SHADER_SUFFIX="u32")[0]
    assert other.form == "resolved" and "dst[1] = x" in other.text.text
    assert other.text.origin(other.text.text.index("dst[1]"))[0].name == "common_decls.tmpl"


HOLES = {
    "type": "fn f(x: {{TYPE}}) -> {{TYPE}} { return x; }",
    "argument": "@compute @workgroup_size({{X}}, {{Y}}) fn f() {}",
    "group": "@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> a: f32;\nfn f() { _ = a; }",
    "size": "fn f() { var a: array<f32, #{COUNT}u>; a[0] = 1.0; }",
    "shadows": "const N = #LIGHTS;\nfn f() -> u32 { return u32(N); }",
    "condition": "#ifdef A\nfn f() {}\n#else ifdef B\nfn f() {}\n#else\nfn f() {}\n#endif",
    "jinja": "{% if a %}\nfn f() {}\n{% endif %}\n{$ include 'x' $}",
    "virtual": "virtual fn f() -> f32 { return 1.0; }\nfn g() -> f32 { return f(); }",
    "override": "override fn a::b::f() -> f32 { return 1.0; }",
}


@pytest.mark.parametrize("name", HOLES)
def test_holes_of_templates_get_words_that_validate(sandbox: Sandbox, name: str) -> None:
    [item] = judge(sandbox, {f"{name}.wgsl": HOLES[name]})
    assert item.form in ("plain", "resolved"), item.reason


def test_definitions_fill_the_holes_of_templates(sandbox: Sandbox) -> None:
    [item] = judge(sandbox, {"a.wgsl": HOLES["type"]}, TYPE="vec2f")
    assert "x: vec2f" in item.text.text and item.shader.guessed == 0


def test_imports_may_nest_over_lines(sandbox: Sandbox) -> None:
    lines = "#import bevy::{\n    a::{b, c as d},\n    e,\n    f::{g::{h, i}, j},\n}\nfn z() {}\n"
    found = imports_of(lines)
    assert ["::".join(item.path) for item in found.names] == [
        "bevy::a::b", "bevy::a::c", "bevy::e", "bevy::f::g::h", "bevy::f::g::i", "bevy::f::j",
    ]  # fmt: skip
    assert lines[found.spans[0][1] :].strip() == "fn z() {}"
    files = {
        "a.wgsl": "#define_import_path bevy::a\nfn b() -> f32 { return 1.0; }\n"
                  "fn c() -> f32 { return 2.0; }\n",
        "z.wgsl": "#import bevy::{\n    a::{b, c as d},\n}\nfn z() -> f32 { return b() + d(); }\n",
    }  # fmt: skip
    assert [item.form for item in judge(sandbox, files)] == ["resolved", "linked"]


LIGHT = "#define_import_path own::light\nfn lit(x: f32) -> f32 { return x; }\n"


@pytest.mark.parametrize(("text", "names", "line"), [
    ("\n#import bevy::pbr::Out\nfn f(o: Out) -> f32 { return o.x; }", ["bevy::pbr::Out"], 2),
    ("#import own::light::lit\n#import bevy::view as v\nfn f() -> f32 { return lit(v::time()); }",
     ["bevy::view::time"], 2),
    ("#import bevy::view\nfn f() -> f32 { return time; }", ["bevy::view"], 1),
    ("fn f() -> f32 { return bevy::view::time(); }", ["bevy::view::time"], 1),
    ("import bevy::pbr::{Out};\nfn f(o: Out) -> f32 { return o.x; }", ["bevy::pbr::Out"], 1),
    ("// a\n#include \"more.wgsl\"\nfn f() -> f32 { return more(); }", ['"more.wgsl"'], 2),
])  # fmt: skip
def test_a_module_with_an_outside_import_cannot_be_judged(sandbox, text, names, line) -> None:
    found, other = judge(sandbox, {"a.wgsl": text, "light.wgsl": LIGHT})
    said = f"cannot be judged: imports {', '.join(names)}, which no given folder has"
    assert (found.unjudged, found.reason) == (said, said) and not other.unjudged
    assert found.where == ("a.wgsl", line, 1)


@pytest.mark.parametrize("text", [
    "#import own::light::let_me\nfn f() -> f32 { return let_me(); }",  # the module has no such name
    "#import bevy::pbr::Out\nfn f(o: Out) -> f32 { return o.x }",  # broken whatever Out is
    "#import bevy::pbr::Out\nfn f() -> f32 { return 1u; }",  # Out is not used
    "fn f() -> f32 { return missing; }",
])  # fmt: skip
def test_a_fault_of_its_own_keeps_a_module_invalid(sandbox: Sandbox, text: str) -> None:
    found, _ = judge(sandbox, {"a.wgsl": text, "light.wgsl": LIGHT})
    assert found.problem and not found.unjudged and found.where[1]


def test_an_import_that_nothing_uses_does_no_harm(sandbox: Sandbox) -> None:
    [found] = judge(sandbox, {"a.wgsl": "#import bevy::view::View\nfn f() {}"})
    assert found.form == "resolved" and not found.reason


def test_wesl_imports_and_conditions_choose_declarations(sandbox: Sandbox) -> None:
    files = {
        "lib/math.wesl": "const TAU = 6.28;\nfn turn(x: f32) -> f32 { return x * TAU; }\n",
        "main.wesl": "@if(FAST) import package::lib::math::turn as go;\n"
                     "@else import super::lib::math::{turn as go};\n"
                     "struct S { @if(FAST) a: u32, b: f32 }\n"
                     "fn f() -> f32 {\n  @if(FAST) { return 1.0; }\n"
                     "  @else return go(2.0) + package::lib::math::TAU;\n}\n",
    }  # fmt: skip
    slow, fast = judge(sandbox, files)[1], judge(sandbox, files, FAST="")[1]
    assert (slow.form, fast.form) == ("linked", "resolved"), (slow.reason, fast.reason)
    assert "a: u32" in fast.text.text and "a: u32" not in slow.text.text


PIECES = (
    "fn a{n}(x: f32) -> f32 {{ return x * K; }}", "#ifdef A", "#else", "#endif", "#define K 2.0",
    "/* \t \"é\" 𝄞 ` */ const C{n} = K;", "fn b{n}() -> f32 {{ return lib::half(one(1.0)); }}",
    "fn c{n}() -> u32 {{ return ${{N}}; }}", "struct S{n} {{ a: f32, }}", "uniform u{n}: vec4f;",
    "fn d{n}() -> vec4f {{ return uniforms.u0 * f32({{{{X}}}}); }}", "",
)  # fmt: skip
LIBRARY = "fn one(x: f32) -> f32 { return x; }\nfn half(x: f32) -> f32 { return one(x) / 2.0; }\n"


@settings(max_examples=60, deadline=None)
@given(
    chosen=st.lists(st.integers(0, len(PIECES) - 1), max_size=12),
    escapes=st.booleans(), end=st.sampled_from(["\n", "\r\n"]), defined=st.booleans(),
)  # fmt: skip
def test_any_offset_goes_to_the_host_and_back_through_all_steps(
    chosen: list[int], escapes: bool, end: str, defined: bool
) -> None:
    lines = ["#import lib", "fn first() -> f32 { return lib::half(1.0); }"]
    lines += [PIECES[kind].format(n=number) for number, kind in enumerate(chosen)]
    text = "\n".join(lines).replace("\\", "\\\\").replace("`", "\\`")
    text = text.replace("\n", "\\n\\\n") if escapes else text
    files = [
        Host("lib.wgsl", LIBRARY),
        Host("a.ts", f"// é\nconst s = `{text}`;".replace("\n", end)),
    ]
    found = [region for host in files for region in regions(host)]
    project = Project(found, {"A": ""} if defined else {})
    for number in range(len(found)):
        shader = project.shader(number)
        placed = shader.linked
        assert "".join(placed.text[p.start : p.end] for p in placed.pieces) == placed.text
        for offset, sign in enumerate(placed.text):
            piece, (host, at) = placed.piece_at(offset), placed.origin(offset)
            assert host in files and 0 <= at <= len(host.text)
            assert host.offset(*host.line_column(at)) == at
            if piece.exact:
                assert host.text[at] == sign
                back = placed.offset_of(host, at)
                assert placed.text[back] == sign and placed.origin(back) == (host, at)
    assert len(found) == 2
