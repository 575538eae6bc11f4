"""Preprocessors and templates: none of their text is trained on, and skipped text is named."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.cli import run as tat
from tat.config import resolve
from tat.data.corpus import load_corpus
from tat.errors import CorpusError
from tat.resources import resource
from tat.wgsl.declarations import functions, split_module
from tat.wgsl.holes import first_hole

DATA = replace(resolve(environment={}).config.data, validation_share=0.0)
GOOD = "// doubles\nfn twice(x: f32) -> f32 {\n    return 2.0 * x;\n}\n"
ENTRY = "// adds up\n@compute @workgroup_size({SIDE}, {SIDE}, 1)\nfn main() {\n    let a = 1;\n}\n"


@pytest.mark.parametrize("text, hole", [
    ("fn f() {\n#ifdef FAST // x\n    g();\n#endif\n}", "#ifdef FAST // x"),
    ("fn f(a: array<f32, {N}>) { return; }", "{N}"),
    ("fn f() { let a = ${SCALE} * 2.0; }", "${SCALE} * 2.0; }"),
    ("const a = {{ scale }};", "{ scale }"),
    ("const a = #{SCALE};", "#{SCALE};"),
    ("@workgroup_size( {X} , {Y} )", "{X}"),
    ("fn f() { let a = {A, B}; }", "{A, B}"),
    ("fn f() { case {X}: { } }", "{X}"),
    ("fn f() { /* open", "/* open"),
    ("fn f() { return x / <%= n %>; }", "<%= n %>; }"),
    ("fn f() { {% if a %} return; {% end %} }", "{% if a %} return; {% end %} }"),
    ("fn f() { let a = b<5 && 7%2>1; } // <% x %>", ""),
    ("// #ifdef in words {N} `x`\nfn f() { }", ""),
    ("fn f() { switch a { case 1, { } default: { a = 1; } } }", ""),
    ("struct S { a: f32 }", ""),
    ("fn f() { loop { } { } if a { } else { return; } }", ""),
    ("fn größe() { let 距 = 1; }", ""),
])  # fmt: skip
def test_holes_are_distinguished_from_blocks(text, hole):
    assert first_hole(text) == hole


def test_no_bundled_function_has_a_hole():
    for path in resource("cookbook", "entries").rglob("*.wgsl"):
        assert first_hole(path.read_text("utf-8")) == ""


@given(st.text(alphabet=st.sampled_from("{}N;:,# $\n/*ab()@")))
def test_any_text_gets_an_answer_on_one_line(text):
    hole = first_hole(text)
    assert "\n" not in hole and len(hole) <= 60


def test_attributes_with_holes_stay_with_their_function():
    (function,) = functions(ENTRY)
    assert function.signature.startswith("@compute @workgroup_size({SIDE}, {SIDE}, 1)")
    assert function.comment == "adds up"


def test_attributes_that_do_not_close_take_no_body():
    text = "@workgroup_size(8 fn a() { let x = 1; } fn b() { let y = 2; }"
    assert [item.name for item in split_module(text)] == ["a", "b"]


def corpus(folder, **files):
    for name, text in files.items():
        (folder / f"{name.replace('_', '.')}").write_text(text)
    return load_corpus([folder], DATA, 0)


def test_functions_with_text_for_a_preprocessor_are_named_and_not_trained_on(tmp_path):
    defined = "const side = {SIDE};\nfn f(x: f32) -> f32 {\n    return x * side;\n}\n"
    inside = (
        "fn g(x: f32) -> f32 {\n#ifdef FAST\n    return x;\n#else\n    return 2.0 * x;\n#endif\n}\n"
    )
    found = corpus(tmp_path, a_wgsl=GOOD + ENTRY, b_wgsl=defined + GOOD + " ", c_wgsl=inside)
    texts = [s.target + "".join(t for _, t in s.source) for s in found.samples]
    assert texts and not any("#" in text or "SIDE" in text for text in texts)
    (line,) = (line for line in found.report.lines() if "preprocessor" in line)
    assert line.startswith("2 skipped: ") and f"{tmp_path}/a.wgsl:6" in line
    assert {item.reason.partition(": ")[2] for item in found.report.skipped} == {"{SIDE}"}
    assert found.report.functions == 3  # twice in two files, and g as it is without FAST
    assert not any("return x;" in text for text in texts)


def test_holes_of_a_file_that_no_guess_fills_are_not_trained_on(tmp_path):
    unfilled = "fn h(x: f32) -> f32 {\n    return x / {{N}} + <%= n %>;\n}\n"
    inside = "fn g(x: f32) -> f32 {\n#ifdef FAST\n    return x;\n#endif\n    return $N;\n}\n"
    found = corpus(tmp_path, a_wgsl=GOOD + ENTRY + unfilled + inside)
    assert {s.code for s in found.samples} == {GOOD.partition("\n")[2].strip()}
    assert len(found.report.skipped) == 3


HOST = """export const shader = /* wgsl */ `
// goes round
fn around(x: f32) -> f32 {
    for ${LOOP} { }
    return x;
}
fn chosen(x: f32) -> f32 {
#ifdef FAST
    return 3.0 * x;
#else
    return 4.0 * x;
#endif
}
fn scaled(x: f32) -> f32 {
    return x * {{SCALE}};
}
// doubles
fn twice(x: f32) -> f32 {
    return 2.0 * x;
}
`;
"""


def test_a_string_keeps_holes_of_its_host_and_nothing_for_a_preprocessor(tmp_path):
    found = corpus(tmp_path, a_ts=HOST)
    assert found.report.functions == 2
    assert {s.code.split("(")[0] for s in found.samples} == {"fn around", "fn twice"}
    assert any("for ${LOOP} {" in sample.code for sample in found.samples)
    left = {item.path: item.reason for item in found.report.skipped}
    words = "functions with text for a preprocessor or template"
    assert left == {
        f"{tmp_path}/a.ts:7:1": f"{words}: #ifdef FAST",
        f"{tmp_path}/a.ts:14:1": f"{words}: {{SCALE}}",
    }


def test_a_dialect_without_a_host_keeps_no_hole(tmp_path):
    text = GOOD + "fn h(x: f32) -> f32 {\n    return x / <%= n %>;\n}\n"
    for name in ("a_wesl", "a_wgsl"):
        (folder := tmp_path / name).mkdir()
        found = corpus(folder, **{name: text})
        assert {s.code for s in found.samples} == {GOOD.partition("\n")[2].strip()}, name
        assert len(found.report.skipped) == 1


def test_lines_of_json_too(tmp_path):
    lines = [
        {"signature": "fn a()", "body": "{ let b = {N}; }"},
        {"signature": "fn c()", "body": "{ let b = 1; }", "context": "#define X\n"},
        {"signature": "fn d()", "body": "{ let b = 1; }", "calls": ["fn e(x: {T})"]},
        {"signature": "fn f()", "body": "{ let b = 1; }"},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    found = corpus(tmp_path, a_jsonl=text)
    assert found.report.functions == 1 and len(found.report.skipped) == 3


def test_a_directive_around_a_functions_head_is_evaluated(tmp_path):
    heads = "#ifdef A\nfn f(a: f32) -> f32 {\n#else\nfn f(b: f32) -> f32 {\n#endif\n"
    torn = f"{heads}    return 1.0;\n}}\n"
    found = corpus(tmp_path, a_wgsl=torn + GOOD)
    signatures = {text for s in found.samples for kind, text in s.source if kind == "signature"}
    assert signatures == {"fn f(b: f32) -> f32", "fn twice(x: f32) -> f32"}


OTHERS = {"a_glsl": "void a() {}\n", "b_lua": "a = [[fn a() {}]]\n", "c_lua": "", "d_txt": "x"}
SAID = "left out 2 .lua, 1 .glsl: of a folder only WGSL and .jsonl files are read; the first is"


def test_files_of_other_kinds_are_named_in_one_line(tmp_path, capsys):
    found = corpus(tmp_path, good_wgsl=GOOD, **OTHERS)
    assert [line for line in found.report.lines() if "left out" in line] == [
        f"{SAID} {tmp_path / 'a.glsl'}"
    ]
    assert tat(["index", str(tmp_path), "-o", str(tmp_path / "index")]) == 0
    assert f"{SAID} {tmp_path / 'a.glsl'}" in capsys.readouterr().err
    for command in (["validate"], ["grammar", "--check"]):
        assert tat([*command, str(tmp_path)]) == 0
        assert "left out 2 .lua, 1 .glsl: of a folder only" in capsys.readouterr().err


def test_a_folder_of_other_kinds_alone_is_refused_with_their_names(tmp_path, capsys):
    with pytest.raises(CorpusError, match=r"no WGSL and no \.jsonl is there; left out 2 \.lua"):
        corpus(tmp_path, **OTHERS)
    assert tat(["validate", str(tmp_path)]) == 4
    assert "left out 2 .lua, 1 .glsl" in capsys.readouterr().err


def test_a_file_that_is_named_is_read_whatever_it_is_called(tmp_path):
    Path(tmp_path / "a.shader").write_text(GOOD)
    found = load_corpus([tmp_path / "a.shader"], DATA, 0)
    assert found.report.functions == 1 and not found.report.others
