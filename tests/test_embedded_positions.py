"""Holes in every position of WGSL, as each host language writes them: guesses that validate."""

import pytest

from tat.wgsl.embedded.judging import judged
from tat.wgsl.embedded.placed import Host
from tat.wgsl.embedded.project import Project
from tat.wgsl.embedded.regions import regions
from tat.wgsl.sandbox import Sandbox

POSITIONS = {
    "type": "fn f(x: ‹T›) -> f32 { return f32(x); }",
    "element": "var<private> a: array<‹T›, 4>;\nfn f() { _ = a[0]; }",
    "template argument": "fn f(a: vec2<‹T›>) -> vec2<‹T›> { return a; }",
    "result": "fn f() -> ‹T› { return 1.0; }",
    "result or none": "fn f() ‹RESULT› { }",
    "alias": "alias T = ‹T›;\nfn f(x: T) -> T { return x; }",
    "cast": "fn f(x: u32) -> f32 { return bitcast<‹T›>(x); }",
    "name": "fn ‹NAME›(x: f32) -> f32 { return x; }",
    "name of a struct": "struct ‹NAME› { a: f32 }\nfn f() {}",
    "part of a name": "fn f‹K›(x: f32) -> f32 { return x; }",
    "middle of a name": "fn get_‹K›_of(x: f32) -> f32 { return x; }",
    "beginning of a name": "fn f() -> f32 { let ‹K›_of = 1.0; return 2.0; }",
    "part of a type": "fn f(x: vec‹N›f) -> f32 { return x.x; }",
    "size of a vector": "fn f(x: vec‹N›<f32>) -> f32 { return x.x; }",
    "number": "const N = ‹N›;\nfn f() -> i32 { return N; }",
    "number before a point": "fn f() -> f32 { return ‹N›.0; }",
    "number behind a point": "fn f() -> f32 { return 0.‹N›; }",
    "number with a suffix": "fn f() -> u32 { return ‹N›u; }",
    "factor": "fn f() -> f32 { return 1.5 * ‹K›; }",
    "index": "fn f(a: vec4f) -> f32 { return a[‹I›]; }",
    "member": "fn f(p: vec3f) -> f32 { return p.‹A›; }",
    "operator": "fn f(a: f32) -> f32 { return a ‹OP› 2.0; }",
    "argument": "fn f(a: f32) -> f32 { return max(a, ‹V›); }",
    "called": "fn f(a: f32) -> f32 { return ‹FN›(a) + ‹G›(a, 2.0); }",
    "parameter": "fn f(a: f32, ‹P›) -> f32 { return a; }",
    "parameters": "fn f(‹P›) {}",
    "condition": "fn f(a: f32) -> f32 { if (‹C›) { return 1.0; } return 2.0; }",
    "bound": "fn f() { for (var i = 0; i < ‹N›; i++) {} }",
    "case": "fn f(x: i32) { switch (x) { case ‹N›: { } default: { } } }",
    "statement": "fn f() { var x = 1.0; ‹BODY› x += 1.0; }",
    "statements": "fn f() {\n  ‹BODY›\n}",
    "last statement": "fn f() { var x = 1.0; x += 1.0;\n ‹BODY›\n}",
    "attribute's argument": "@compute @workgroup_size(‹X›, ‹Y›) fn f() {}",
    "binding": "@group(‹G›) @binding(‹B›) var<uniform> u: f32;\nfn f() { _ = u; }",
    "identity": "@id(‹N›) override x: f32 = 1.0;\nfn f() { _ = x; }",
    "attribute": "‹ATTRIBUTE› fn f() {}",
    "stage": "@‹S› fn f() -> @location(0) vec4f { return vec4f(1.0); }",
    "built-in value": "@compute @workgroup_size(1) fn f(@builtin(‹B›) x: vec3u) {}",
    "size of an array": "fn f() { var a: array<f32, ‹N›>; a[0] = 1.0; }",
    "sizes": "var<workgroup> t: array<array<f32, ‹N›>, ‹M› * 2>;\nfn f() { t[0][0] = 1.0; }",
    "access": "@group(0) @binding(0) var<storage, ‹M›> a: array<f32>;\nfn f() { _ = a[0]; }",
    "address space": "var<‹SPACE›> a: f32;\nfn f() { a = 1.0; }",
    "format": "@group(0) @binding(0) var a: texture_storage_2d<‹F›, write>;\nfn f() {}",
    "members": "struct S { ‹FIELDS› }\nfn f() {}",
    "member more": "struct S { a: f32, ‹FIELDS› }\nfn f() {}",
    "whole function": "‹HELPERS›\nfn f() {}",
    "function between": "fn g() {}\n‹HELPERS›\nfn f() {}",
    "import path": "#import ‹PATH›::b\nfn f() {}",
    "comment": "// made by ‹WHO› on ‹DAY›\nfn f() {}",
    "two touching": "const N = ‹A›‹B›;\nfn f() -> i32 { return N; }",
}

JOIN = '" + {} + "'
FORMS = {
    "a.ts": ("const s = `", "`;", "${{{}}}", str),
    "a.js": ("x = '", "';", "' + get({}) + '", lambda s: s.replace("\n", "\\n")),
    "a.rs": ('format!(r#"', '"#, x)', "{{{}}}", lambda s: s.replace("{", "{{").replace("}", "}}")),
    "a.py": ('f"""', '"""', "{{{}}}", lambda s: s.replace("{", "{{").replace("}", "}}")),
    "a.cc": ('s = "', '";', JOIN, lambda s: s.replace("\n", '\\n"\n  "')),
    "a.go": ("s := `", "`", "` + {} + `", str),
    "a.java": ('String s = "', '";', JOIN, lambda s: s.replace("\n", "\\n")),
    "a.kt": ('val s = """', '"""', "${{{}}}", str),
    "a.swift": ('let s = """\n', '\n"""', "\\({})", str),
    "a.cs": ('s = $@"', '";', "{{{}}}", lambda s: s.replace("{", "{{").replace("}", "}}")),
    "a.dart": ("var s = '''", "''';", "${{{}}}", str),
}  # fmt: skip


def written(form: str, text: str) -> str:
    before, after, hole, escaped = FORMS[form]
    parts = [p.split("›") for p in text.split("‹")]
    whole = [escaped(parts[0][0])]
    for name, rest in parts[1:]:
        whole += [hole.format(f"get{name}"), escaped(rest)]
    return before + "".join(whole) + after


@pytest.mark.parametrize("form", FORMS)
def test_a_hole_in_any_position_gets_words_that_validate(form: str, sandbox: Sandbox) -> None:
    wrong = {}
    for name, text in POSITIONS.items():
        found = regions(Host(form, written(form, text)))
        said = [(j.form, j.reason, j.whole.text) for j in judged(
            Project(found, {}), sandbox.validate)]  # fmt: skip
        if len(said) != 1 or said[0][0] not in ("plain", "resolved"):
            wrong[name] = said
    assert not wrong


def test_a_hole_has_the_host_files_place() -> None:
    for form in FORMS:
        for text in POSITIONS.values():
            host = Host(form, written(form, text))
            [region] = regions(host)
            for hole in region.candidate.holes:
                origin = region.text.origin(hole.start)
                assert origin is not None and origin[0] is host
                assert "get" in host.text[origin[1] : origin[1] + 16]
