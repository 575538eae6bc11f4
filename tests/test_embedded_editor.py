"""The language server in documents of other languages: regions, and problems at their places."""

import pytest
from lsprotocol.types import DiagnosticSeverity
from pygls.workspace import TextDocument

from tat.serve.lsp.documents import View
from tat.serve.lsp.findings import findings
from tat.wgsl.grammar import Grammar, Unexpected, refused_at
from tat.wgsl.sandbox import Diagnostic


class Strict:
    """A judge that knows the grammar, and that `missing` is no name."""

    without_naga = ""

    def by_grammar(self, source: str) -> Diagnostic | None:
        offset = refused_at(Grammar.of_bytes(), source)
        if offset is None:
            return None
        place = Unexpected.at(source, offset)
        return Diagnostic(place.reason, place.line, place.column)

    def validate(self, source: str) -> Diagnostic | None:
        at = source.find("missing")
        if at < 0:
            return self.by_grammar(source)
        line = source.count("\n", 0, at) + 1
        return Diagnostic("no such name", line, at - source.rfind("\n", 0, at))


def view(language: str, text: str) -> View:
    return View(TextDocument(f"file:///a.{language}", text, language_id=language))


def problems(language: str, text: str) -> list[tuple[int, int, str]]:
    found = findings(view(language, text), Strict())
    errors = [f for f in found if f.severity == DiagnosticSeverity.Error]
    return [(f.range.start.line, f.range.start.character, f.message) for f in errors]


@pytest.mark.parametrize(
    ("language", "text", "place"),
    [
        ("typescript", "// é\nconst s = `\nfn a() {\n  let 1;\n}`;\n", (3, 6)),
        ("typescript", "const s = 'fn a() {\\n' +\n  'let 1; }';\n", (1, 7)),
        ("rust", 'const S: &str = r#"\nfn a() {\n\tlet 1;\n}"#;\n', (2, 5)),
        ("python", "x = '''fn b() {}\nfn a() { let 1; }\nfn c() {}'''\n", (1, 13)),
        ("wgsl", "#import a::b\nfn a() {\n  let 1;\n}\n", (2, 6)),
    ],
)
def test_a_problem_is_where_it_stands_in_the_document(
    language: str, text: str, place: tuple[int, int]
) -> None:
    if language == "typescript":
        text = text.replace("`;", "\nfn b() {}\nfn c() {}`;").replace(
            "}';", "}fn b() {} fn c() {}';"
        )
    if language == "rust":
        text = text.replace('}"#', '}\nfn b() {}\nfn c() {}"#')
    [(line, column, message)] = problems(language, text)
    assert (line, column) == place and "1" in message


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("typescript", "const s = `fn a() -> f32 { return missing(); }`;"),
        ("typescript", "const s = `fn a() -> f32 { return ${x} + missing; }`;"),
        ("wgsl", "#import lib::half\nfn a() -> f32 { return half(missing); }\n"),
        ("wgsl", "fn a() -> f32 { return lib::half(1.0); }\n"),
        ("wesl", "import package::lib::half;\n@if(A) fn a() {}\n@else fn a() { half(); }\n"),
        ("typescript", "const glsl = `void main() { gl_FragColor = missing; }`;"),
    ],
)
def test_names_from_elsewhere_are_no_problem(language: str, text: str) -> None:
    assert problems(language, text) == []


def test_a_hint_names_imports_that_no_file_has() -> None:
    text = "// é\n#import lib::half\nfn a() -> f32 { return half(2.0); }\n"
    [hint] = findings(view("wgsl", text), Strict())
    assert hint.severity == DiagnosticSeverity.Hint and hint.range.start.line == 1
    assert hint.range.end.character == len("#import lib::half")
    assert (
        hint.message == "names cannot be judged: imports lib::half, which is not in this document"
    )
    assert findings(view("wgsl", "#import lib::half\nfn a() {}\n"), Strict()) == []


def test_names_are_known_inside_a_string() -> None:
    text = "const s = `fn area(r: f32) -> f32 { return r; }\nfn b() -> f32 { return area(1.0); }`;"
    seen = view("typescript", text)
    [region] = seen.regions
    assert text[region.start : region.end] == region.text
    assert "area" in seen.analysis(region).module


@pytest.mark.parametrize(("language", "head", "tail"), [
    ("typescript", "const code = /* wgsl */ `", "`;\n"),
    ("typescript", "const fragmentShader = `", "`;\n"),
    ("typescript", "const code = wgsl`", "`;\n"),
    ("rust", 'const SHADER: &str = r#"', '"#;\n'),
    ("python", "shader = \'\'\'", "\'\'\'\n"),
])  # fmt: skip
def test_the_only_function_of_a_string_may_be_broken_while_it_is_written(language, head, tail):
    body = "\nfn area(r: f32) -> f32 {\n  let 1;\n  return r;\n}\n"
    assert [place[:2] for place in problems(language, head + body + tail)] == [(2, 6)]
    vectors = body.replace("(r: f32)", "(r: vec2<f32>)")
    anything = head.replace("wgsl", "x").replace("hader", "x").replace("HADER", "X")
    assert [place[:2] for place in problems(language, anything + vectors + tail)] == [(2, 6)]
    rust = body.replace("let 1;", "let mut n = 1;").replace("return r;", "r * n")
    assert problems(language, anything + rust + tail) == []  # it may be of another language
