"""WGSL inside other languages: which texts are found, and that places go there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.wgsl.embedded.conditions import ConditionError, holds
from tat.wgsl.embedded.imports import imports_of
from tat.wgsl.embedded.linking import Library, Module, linked
from tat.wgsl.embedded.placed import Host, Placed, with_line_feeds
from tat.wgsl.embedded.preprocessor import preprocessed
from tat.wgsl.embedded.regions import Region, regions
from tat.wgsl.embedded.wesl import evaluated

ONE = "fn one(x: f32) -> f32 { return x; }"


def found(name: str, text: str) -> list[Region]:
    return regions(Host(name, text))


def texts(name: str, text: str) -> list[str]:
    return [region.filled().text.text for region in found(name, text)]


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("a.ts", f"const s = `{ONE}`;", [ONE]),
        ("a.ts", f"const s = /* wgsl */ `{ONE}`; // don't `", [ONE]),
        ("a.js", f'f("{ONE}")', [ONE]),
        ("a.js", "x = 'fn two() {\\n}\\n' + \"fn three() {}\";", ["fn two() {\n}\nfn three() {}"]),
        ("a.js", "x = ['fn two() {', '}'].join('\\n')", ["fn two() {\n}"]),
        ("a.js", f"const r = /[`'\"]/; const s = `{ONE}`", [ONE]),
        ("a.js", f"const a = b / c; const s = `{ONE}`; a / d", [ONE]),
        ("a.ts", f"f(`${{x ? `{ONE}` : ''}} fn f() {{ }}`)", [" fn f() { }", ONE]),
        ("a.tsx", f"<p>Don't</p>; const s = `{ONE}`", [ONE]),
        ("a.rs", f'const S: &str = r#"{ONE}"#; fn main() {{ let c = \'"\'; }}', [ONE]),
        ("a.rs", f"/* /* \" */ */ fn f<'a>() {{ g(\"{ONE}\") }}", [ONE]),
        ("a.rs", 'let s = "fn two() {\\n \\\n   }";', ["fn two() {\n }"]),
        ("a.rs", 'let s = concat!("fn two() {\\n", "}");', ["fn two() {\n}"]),
        ("a.rs", 'let s = format!("fn two() -> f32 {{ return {}; }}", x);',
         ["fn two() -> f32 { return 1; }"]),
        ("a.py", f'S = """\n{ONE}\n"""', [f"\n{ONE}\n"]),
        ("a.py", f"# it's\nS = r'''{ONE}'''", [ONE]),
        ("a.py", 'S = ("fn two() {"\n  "}")', ["fn two() {}"]),
        ("a.py", 'S = f"fn two() -> {T} {{ return 1.0; }}"', ["fn two() -> f32 { return 1.0; }"]),
        ("a.html", f'<script type="text/wgsl">{ONE}</script>', [ONE]),
        ("a.html", f"<script type=x-shader/x-vertex>{ONE}</script>", [ONE]),
        ("a.html", f"<SCRIPT>const s = `{ONE}`</SCRIPT>", [ONE]),
        ("a.vue", f"<script lang='ts'>const s = `{ONE}`</script>", [ONE]),
        ("a.md", f"# it's\n```wgsl\n{ONE}\n```\n", [f"{ONE}\n"]),
        ("a.md", f"> ~~~\n> {ONE}\n> ~~~\n", [f" {ONE}\n"]),
        ("a.md", f"- x\n  ````ts\n  const s = `{ONE}`;\n  ````\n", [ONE]),
        ("a.wesl", f"import package::a::b;\n{ONE}", [f"import package::a::b;\n{ONE}"]),
    ],
)  # fmt: skip
def test_finds_wgsl_in_every_form(name: str, text: str, wanted: list[str]) -> None:
    assert texts(name, text) == wanted
    assert texts(name, text.replace("\n", "\r\n")) == wanted, "with the line ends of Windows"


@pytest.mark.parametrize(
    "said",
    [
        "void main() { gl_FragColor = vec4(1.0); }",
        "struct Light { vec3 color; float power; };\nuniform Light light;",
        "struct VS { float4 pos : SV_POSITION; };\nfloat4 main(VS i) : SV_TARGET { return i.pos; }",
        "#include <metal_stdlib>\nkernel void f(device float* a [[buffer(0)]]) { a[0] = 1.0; }",
        '{"fn main": {"struct Light": ["fn a(x)", 1, 2]}}',
        "Use fn name() to call it, and struct Point for points; alias x = y works, too.",
        "fn add(a: i32, b: i32) -> i32 { a + b }",
        'fn main() { println!("{}", String::from("x")); }',
        "func add(a int) int { return a }",
        "const x = 3; let y = x => x + 1; function f() { return y; }",
    ],
)
@pytest.mark.parametrize("form", ["`{}`", 'r#####"{}"#####', "'''{}'''", "```\n{}\n```\n"])
def test_other_languages_are_not_taken_for_wgsl(said: str, form: str) -> None:
    name = {"`": "a.ts", "r": "a.rs", "'": "a.py"}[form[0]]
    name = "a.md" if form.startswith("```") else name
    assert not found(name, "x = " * (name != "a.md") + form.replace("{}", said))


def test_a_name_or_tag_alone_makes_no_wgsl() -> None:
    assert not found(
        "a.ts", "const wgsl = wgsl`void main() { struct fn }`; shader = /* wgsl */ `a`"
    )
    assert not found("a.md", "```rust\nfn main() { let x = 1; }\n```\n")
    assert not found("a.rs", "fn main() { let a = 1; }\nstruct Light { x: f32 }")


HOSTS = {
    "a.ts": ("const k = `", "`;"), "a.js": ('x("', '")'), "a.rs": ('const K: &str = "', '";'),
    "a.py": ('"""', '"""'), "b.py": ("f('''", "''')"),
    "a.html": ("<script type=x-shader>", "</script>"),
    "b.rs": ('r##"', '"##'), "a.md": ("```wgsl\n", "\n```\n"), "a.wesl": ("", ""),
}  # fmt: skip
ESCAPED = {"a.ts": "`$\\", "a.js": '"\\', "a.rs": '"\\', "a.py": '"\\', "b.py": "'\\"}


@given(
    name=st.sampled_from(sorted(HOSTS)),
    before=st.sampled_from(["", "\n", "\t\r\n", "é 𝄞 // x\n\n", "\r"]),
    words=st.lists(st.sampled_from(["é", "𝄞", "`", '"', "'", "\\", "$", "\n", "\t", "x", "{"])),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_every_offset_goes_to_the_host_and_back(
    name: str, before: str, words: list[str], end: str
) -> None:
    head, tail = HOSTS[name]
    said = "".join(words).replace("\r", "")
    if name in ("b.rs", "a.html", "a.md", "a.wesl"):
        said = said.replace('"', "").replace("`", "")
    wgsl = f"fn one() {{\n\tlet a = 1;\n}}\n/* {said} */\nfn two() {{}}"
    written = wgsl
    for sign in sorted(ESCAPED.get(name, ""), key=lambda s: s != "\\"):
        written = written.replace(sign, f"\\{sign}")
    if name in ("a.js",):
        written = written.replace("\n", "\\n")
    before = before.replace("//", "#") if name.endswith("py") else before
    before = "" if name in ("a.md", "a.wesl") else before
    host = Host(name, (before + head + written + tail).replace("\n", end) if end == "\r\n"
                and "\r" not in before else before + head + written + tail)  # fmt: skip
    [region] = regions(host)
    text = region.filled().text
    assert text.text.strip("\n") == wgsl
    for offset, sign in enumerate(text.text):
        piece = text.piece_at(offset)
        assert piece is not None and piece.start <= offset < piece.end
        origin = text.origin(offset)
        assert origin is not None and origin[0] is host
        assert text.offset_of(host, origin[1]) == (offset if piece.exact else piece.start)
        if piece.exact:
            assert host.text[origin[1]] == sign
        line, column = host.line_column(origin[1])
        assert host.offset(line, column) == origin[1]


@given(st.data())
def test_places_survive_any_edits(data: st.DataObject) -> None:
    host = Host("h", data.draw(st.text("ab\r\n(é", max_size=40)))
    text = with_line_feeds(Placed.of(host))
    for _ in range(data.draw(st.integers(0, 4))):
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text.text)), max_size=6)))
        pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
        words = [data.draw(st.text("XY\n", max_size=3)) for _ in pairs]
        edits = [(a, b, w) for (a, b), w in zip(pairs, words, strict=True)]
        wanted, copied = "", 0
        for start, end, word in edits:
            wanted += text.text[copied:start] + (word if text.pieces else "")
            copied = end
        wanted += text.text[copied:]
        text = text.edited(edits)
        assert text.text == wanted
    assert "".join(text.text[p.start : p.end] for p in text.pieces) == text.text
    for offset, sign in enumerate(text.text):
        piece, origin = text.piece_at(offset), text.origin(offset)
        assert piece and origin
        if piece.exact:
            assert host.text[origin[1]] == sign
            assert text.text[text.offset_of(host, origin[1])] == sign


def processed(text: str, definitions: dict[str, str], **files: str) -> str:
    def include(name: str) -> Placed | None:
        return Placed.of(Host(name, files[name])) if name in files else None

    return preprocessed(Placed.of(Host("a", text)), definitions, include).text.text


@pytest.mark.parametrize(
    ("definitions", "wanted"),
    [({}, "z\n"), ({"X": ""}, "x\n"), ({"Y": "", "N": "4"}, "y\n"), ({"Y": "", "N": "3"}, "z\n")],
)
def test_conditionals_follow_the_definitions(definitions: dict[str, str], wanted: str) -> None:
    text = "#ifdef X\nx\n#elif defined(Y) && N > 3\ny\n#else\nz\n#endif\n"
    assert processed(text, definitions) == wanted
    assert processed(text.replace("#elif", "#else if"), definitions) == wanted


def test_definitions_and_includes_are_put_in() -> None:
    head = '#define N 4\n#define ADD(a, b) ((a) + (b))\n#include "f"\n#include <g>\n'
    text = head + "ADD(1, f(2, N)) #{N}\n"
    assert processed(text, {}, f="f N\n", g="g\n") == "f 4\ng\n((1) + (f(2, 4))) 4\n"
    problems = preprocessed(Placed.of(Host("a", '\n#include "no"\n#endif\n#if (\n')), {}).problems
    assert [offset for offset, _ in problems] == [1, 15, 22, 22]


def test_includes_and_macros_that_hold_themselves_end() -> None:
    assert processed('#include "f"\n', {}, f='x\n#include "f"\n') == "x\n"
    assert processed("#define A B B\n#define B A A\nA\n", {}).count("A") < 10
    bomb = "#define A0 xx\n" + "".join(f"#define A{n + 1} A{n} A{n}\n" for n in range(40)) + "A40\n"
    assert len(processed(bomb, {})) < 2_000_000


@pytest.mark.parametrize(
    ("condition", "value"),
    [("A", 1), ("!A", 0), ("B == 3", 1), ("B + 1 * 2 == 5", 1), ("(C || A) && !D", 1), ("D", 0),
     ("defined D || defined(B)", 1), ("true && false", 0), ("A >= 1 == 1", 1), ("B % 2", 1)],
)  # fmt: skip
def test_conditions_are_computed(condition: str, value: int) -> None:
    assert holds(condition, {"A": "", "B": "3", "C": "0"}) == bool(value)


@pytest.mark.parametrize("condition", ["", "(", "A &&", "1 / 0", "A B", "'x'", "(" * 500])
def test_a_condition_that_cannot_be_read_is_an_error(condition: str) -> None:
    with pytest.raises(ConditionError):
        holds(condition, {})


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ("A", "fn a() { if (x) {} else {} } struct S { x: array<f32, 3>, z: f32 } fn c() {}"),
        ("B", "fn b() {} struct S { y: u32, z: f32 } fn c(p: f32) { { x(); } }"),
        ("AB", "fn a() { x(); if (x) {} else {} } struct S { x: array<f32, 3>, z: f32 }"
               " fn c(p: f32) {}"),
    ],
)  # fmt: skip
def test_wesl_conditions_take_what_they_stand_before(names: str, wanted: str) -> None:
    text = (
        "@if(A) fn a() { @if(B) x(); if (x) {} else {} } @else fn b() {}"
        " struct S { @if(A) x: array<f32, 3>, @else y: u32, z: f32 }"
        " fn c(@if(B) p: f32) { @if(!A) { x(); } }"
    )
    chosen = evaluated(Placed.of(Host("a", text)), dict.fromkeys(names, ""))[0].text
    assert "".join(chosen.split()) == "".join(wanted.split())


def test_imports_are_trees_of_paths() -> None:
    names = imports_of("import package::x::{y, z::{w, v as q}, k};\n#import a::b as m\n").names
    assert [(n, "::".join(p)) for n, p in names] == [
        ("y", "package::x::y"), ("w", "package::x::z::w"), ("q", "package::x::z::v"),
        ("k", "package::x::k"), ("m", "a::b"),
    ]  # fmt: skip


def test_linking_puts_declarations_in_front_under_free_names() -> None:
    lib = Module(("lib", "m"), Placed.of(Host(
        "m", "const K = 2.0;\nfn half(x: f32) -> f32 { return x / K; }\nfn two() -> f32 {"
        " return half(4.0); }")))  # fmt: skip
    root = Module(("main",), Placed.of(Host(
        "b", "import package::lib::m::two;\nfn half() {}\n"
        "fn main() -> f32 { return two() + lib::m::half(K) + nobody(); }")))  # fmt: skip
    result = linked(root, Library([lib, root]))
    assert result.text.text == (
        "const K = 2.0;\nfn m_half(x: f32) -> f32 { return x / K; }\n"
        "fn two() -> f32 { return m_half(4.0); }\n\nfn half() {}\n"
        "fn main() -> f32 { return two() + m_half(K) + nobody(); }"
    ).replace("m_half", "lib_m_half")
    assert result.taken == 3 and result.lacking == ("nobody",)
    host, offset = result.text.origin(result.text.text.index("x / K"))
    assert (host.name, host.line_column(offset)) == ("m", (2, 33))
