"""WGSL in strings of C, C++, Go, Java, Kotlin, Swift, C#, Dart and Zig, and its places."""

import pytest

from tat.cli import run
from tat.wgsl.embedded import regions as module
from tat.wgsl.embedded.placed import Host
from tat.wgsl.embedded.regions import Region, regions

ONE = "fn one(x: f32) -> f32 { return x; }"
TWO = "fn two() -> u32 { return 4; }"


def found(name: str, text: str) -> list[Region]:
    return regions(Host(name, text))


CASES = [
    ("a.cc", f'const char k[] = R"({ONE})"; // "', [ONE]),
    ("a.h", f'static const char* k = u8R"wgsl({ONE}//)" )wgsl";\n', [f'{ONE}//)" ']),
    ("a.cpp", f"int a = 1'000; char c = '\"'; f(R\"--({ONE})--\");", [ONE]),
    ("a.c", 'k = "fn two() -> u32 {\\n"\n  // it\'s\n  "    return 4;\\n"\n\t"}\\n";',
     ["fn two() -> u32 {\n    return 4;\n}\n"]),
    ("a.c", '#define N 4\nk = "fn two() -> u32 { return " STR(N) "; }";', [TWO]),
    ("a.cc", 'int kN = 4;\ns = "fn two() -> u32 { return " + std::to_string(kN) + "; }";', [TWO]),
    ("a.mm", f'NSString* s = @"{ONE}";', [ONE]),
    ("a.cc", 'absl::StrFormat(R"(fn f() -> u32 { return %d %% 7u; })", n)',
     ["fn f() -> u32 { return 1 % 7u; }"]),
    ("a.cc", 'std::format("fn two() -> u32 {{ return {}; }}", 4)',
     ["fn two() -> u32 { return 1; }"]),
    ("a.go", f"var s = `{ONE}` // don't\nr := '`'", [ONE]),
    ("a.go", 's := "fn two() -> u32 {\\n" +\n  "return 4; }"',
     ["fn two() -> u32 {\nreturn 4; }"]),
    ("a.go", "fmt.Sprintf(`fn f(x: %s) -> u32 { return u32(x) %% 2u; }`, t)",
     ["fn f(x: f32) -> u32 { return u32(x) % 2u; }"]),
    ("A.java", f'String s = """\n    {ONE}\n      {TWO}\n    """;', [f"{ONE}\n  {TWO}\n"]),
    ("A.java", "char c = '\"'; static final int N = 4;\n"
               'String s = "fn two() -> u32 { return " + N + "; }";', [TWO]),
    ("A.java", 'var s = """\n  fn two() -> u32 { return %d; }""".formatted(n);',
     ["fn two() -> u32 { return 1; }"]),
    ("a.kt", f'val s = """{ONE}""".trimIndent()', [ONE]),
    ("a.kt", 'val n = 4\nval s = """\n   |fn two() -> u32 { return $n; }\n   |""".trimMargin()',
     [f"\n{TWO}\n"]),
    ("a.scala", 's"""fn two() -> u32 { return ${n.x}; }"""', ["fn two() -> u32 { return 1; }"]),
    ("a.swift", f'/* /* " */ */ let s = """\n    {ONE}\n    {TWO}\n    """', [f"{ONE}\n{TWO}\n"]),
    ("a.swift", f'let s = #"{ONE}"#', [ONE]),
    ("a.swift", 'let n = 4\nlet s = "fn two() -> u32 { return \\(n); }"', [TWO]),
    ("a.cs", 'var s = @"fn two() -> u32 { return 4; } // ""x""";', [f'{TWO} // "x"']),
    ("a.cs", 'const int N = 4;\nvar s = $@"fn two() -> u32 {{ return {N}; }}";', [TWO]),
    ("a.cs", f'var s = """\n    {ONE}\n    {TWO}\n    """;', [f"{ONE}\n{TWO}\n"]),
    ("a.cs", 'var s = $$"""\n  fn two() -> u32 { return {{N}}; }\n  """;',
     ["fn two() -> u32 { return 1; }\n"]),
    ("a.dart", f"const s = r'''{ONE}''';", [ONE]),
    ("a.dart", "const n = 4;\nfinal s = 'fn two() -> u32 { '\n  'return $n; }';", [TWO]),
    ("a.zig", f"const s =\n    \\\\{ONE}\n    \\\\{TWO}\n;", [f"{ONE}\n{TWO}"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "wanted"), CASES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_strings_of_each_language_are_found(
    name: str, text: str, wanted: list[str], end: str
) -> None:
    got = [region.filled().text.text for region in found(name, text.replace("\n", end))]
    assert [line.rstrip("\n") for line in got] == [line.rstrip("\n") for line in wanted]


@pytest.mark.parametrize(("name", "text", "wanted"), CASES)
def test_places_go_to_the_host_and_back(name: str, text: str, wanted: list[str]) -> None:
    for region in found(name, text):
        placed = region.filled().text
        for offset, sign in enumerate(placed.text):
            piece, (host, at) = placed.piece_at(offset), placed.origin(offset)
            assert placed.offset_of(host, at) == (offset if piece.exact else piece.start)
            assert not piece.exact or text[at] == sign


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.cc", "struct A { int x : 3; };\nconst char* kMsl = R\"(kernel void f() {})\";"),
        ("a.cc", 'auto s = R"(void main() { gl_Position = vec4(1.0); }\nstruct L { vec3 c; };)";'),
        ("a.go", "func f(fn func()) { s := `struct Light { a int }`; _ = s }"),
        ("A.java", 'String s = """\n  uniform sampler2D s;\n  void main() {}\n  """;'),
        ("a.swift", 'struct A { var x: Int }\nlet s = "Call fn one() and struct two."'),
        ("a.kt", "fun fn(x: Int) { val s = \"SELECT fn (a) FROM struct {\" }"),
        ("a.cs", 'struct A { }\nvar s = @"float4 main(): SV_Target { return tint; }";'),
        ("a.zig", "fn add(a: i32, b: i32) i32 { return a + b; }\nconst s = \"fn\";"),
        ("a.cc", f'// R"({ONE})"\n/* "{ONE}" */ int x;'),
    ],
)  # fmt: skip
def test_nothing_is_found_where_there_is_none(name: str, text: str) -> None:
    assert not found(name, text)


@pytest.mark.parametrize(("limit", "number", "place", "taken"), [
    ("_MOST_TAKEN", 3, "line 4 on, behind 3 shaders and 0 texts", 3),
    ("_MOST_REFUSED", 2, "line 9 on, behind 6 shaders and 2 texts", 6),
    ("_MOST_READ", 4, "line 4 on, behind 4 shaders and 0 texts", 4),
])  # fmt: skip
def test_a_host_full_of_texts_is_read_so_far_and_the_rest_is_named(
    monkeypatch, tmp_path, capsys, limit: str, number: int, place: str, taken: int
) -> None:
    lines = [f"const a = `{ONE}`;\n"] * 6 + ["const b = `fn two(x) { var a = 1; }`;\n"] * 3
    monkeypatch.setattr(module, limit, number)
    told: list[str] = []
    assert len(regions(Host("a.js", "".join(lines)), left=told.append)) == taken
    assert len(told) == 1 and told[0].startswith(f"not read from {place}")
    (tmp_path / "a.js").write_text("".join(lines))
    assert run(["validate", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert f"a.js: not read from {place}" in said and f"{taken} valid" in said
    monkeypatch.undo()
    assert len(regions(Host("a.js", "".join(lines)), left=told.append)) == 6 and len(told) == 1
