"""Scope: what is valid is never refused, at any prefix; what nothing declares always is."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.resources import resource
from tat.wgsl.builtins import ENUMERANTS, NAMES
from tat.wgsl.declarations import functions
from tat.wgsl.lexer import KEYWORDS, tokenize
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.scope import Scope

FILES = sorted(resource("cookbook", "entries").rglob("*.wgsl"))
FUNCTIONS = [f for path in FILES for f in functions(path.read_text("utf-8"))]
CONTEXT = """
struct Ball { centre: vec3f, @size(16) radius: f32, }
alias Pair = vec2<f32>;
@group(0) @binding(0) var<storage, read_write> balls: array<Ball>;
@id(1) override count: u32 = 4;
fn noise(p: vec2f, seed: u32) -> f32;
fn nothing() { }
"""
FRAGMENTS = st.sampled_from([
    "let a = ", "1.0", ";", "{", "}", "(", ")", "<", ">>", "vec3<f32>", "zz", "for (", "fn f(", ",",
    "struct S {", "x: ", "@a", ".", "//", "/*", "*/", "1e", "+", "\n", "é", "\u00e9"[:1], "array<",
    "0x", "p", "l", "f",
])  # fmt: skip


def scope_of(function) -> Scope:
    return Scope.given("\n".join([function.context, *function.calls]), f"{function.signature} ")


def written(text: str, context: str = CONTEXT, before: str = "fn f(x: f32, i: i32) ") -> bool:
    """Whether a whole text is taken."""
    scope = Scope.given(context, before).after(text.encode())
    return scope is not None and scope.whole


def in_pieces(scope: Scope, data: bytes, cuts: list[int]) -> list[Scope | None]:
    """The scope after each piece, up to the first refusal."""
    ends = sorted({cut % (len(data) + 1) for cut in cuts} | {len(data)})
    found: list[Scope | None] = []
    for start, end in zip([0, *ends], ends):
        scope = scope.after(data[start:end])
        found.append(scope)
        if scope is None:
            break
    return found


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_valid_functions_pass_byte_by_byte(function):
    scope = scope_of(function)
    for byte in function.body.encode():
        scope = scope.after(bytes([byte]))
        assert scope is not None
    assert scope.whole and not scope.state.frames


@given(st.sampled_from(FUNCTIONS), st.lists(st.integers(0), max_size=40))
def test_it_does_not_matter_where_the_pieces_are_cut(function, cuts: list[int]):
    data = function.body.encode()
    *_, last = in_pieces(scope_of(function), data, cuts)
    assert last == scope_of(function).after(data)


@given(st.sampled_from(FUNCTIONS), st.data())
def test_a_name_that_nothing_declares_is_refused(function, data):
    """A use is a word that is no member and declares nothing; here it is changed."""
    body, declared = function.body, {"let", "var", "const"}
    tokens = [t for t in tokenize(body) if t.kind != "comment"]
    uses = [
        token
        for token, before in zip(tokens[1:], tokens)
        if token.kind == "identifier" and before.text not in {".", "@", *declared}
        and not (before.text == ">" and "var<" in body)
    ]  # fmt: skip
    if uses:
        token = data.draw(st.sampled_from(uses))
        wrong = f"{body[: token.start]}not_declared{body[token.end :]}"
        assert scope_of(function).after(wrong.encode()) is None


@pytest.mark.parametrize(
    "body",
    [
        "{ let a = x; let b = a + f32(count) + balls[i].radius; }",
        "{ { let x = x + 1.0; } }",
        "{ if true { let b = 1; } let b = 2; }",
        "{ for (var k = 0; k < i; k++) { let k = 1; } }",
        "{ for (var k = 0; k < i; k++) { let m = k; } var k = 2; }",
        "{ loop { let a = 1; continuing { break if a > i; } } }",
        "{ switch i { case 1, default: { let a = 1; } } { let a = 2; } }",
        "{ let b = Ball(vec3f(), 1.0); let c = Ball(); let p = Pair(1.0, 2.0,); }",
        "{ let n = noise(vec2f(x), 1u) + max(x, noise(Pair(x), 2u,)); nothing(); }",
        "{ var a: array<vec2<f32>,2>; let b = bitcast<u32>(x) >> 2u; }",
        "{ let a = vec3(noise(vec2<f32>(x,x),u32(i))); let c = array<f32, 2>(x, x); }",
        "{ let b = i < i32(x) && (x > 1.0); let m = min(i, select(1, 2, i < 3)); }",
        "{ let p: ptr<function, f32> = &x; let max = 1.0; let y = max + x; }",
        "{ // undeclared words\n /* in /* comments */ here */ return; }",
        "{ let a = 1e+5f + 0x1.8p-3 + 1.5e3; let e = 2; let b = 1 + e; }",
        "{ if true { discard; } else if false { return; } @diagnostic(off, whatever) if true { } }",
        "{ let größe = 1; let b = größe; const c = mat2x2f(1, 0, 0, 1); }",
    ],
)
def test_valid_text_is_taken(body: str):
    assert written(body)


@pytest.mark.parametrize(
    "body",
    [
        "{ let a = b; }", "{ let a = a; }", "{ { let a = 1; } let b = a; }",
        "{ for (var k = 0; k < 2; k++) { } let b = k; }", "{ let b: Bell; }", "{ read_write = 1; }",
        "{ let b = noise(x); }", "{ let b = noise(x, 1u, 2u); }", "{ let b = Ball(vec3f()); }",
        "{ let b = max(x); }", "{ let b = max(x, x, x); }", "{ nothing(x); }", "{ y = 1.0; }",
        "{ let b = vec2f(1, 2, 3); }", "{ let b = vec3<f32>(1, 2, 3, 4); }", "{ let b = sqrt(); }",
        "{ let b = clamp(max(x, x), x); }", "{ loop { let a = 1; } let b = a; }", "{ noisy(x); }",
        "{ let b = sqrt; }", "{ let b = x + noise * 2; }", "{ let b = max < x; }", "{ f(x, i); }",
        "{ let x = x + 1.0; }", "{ let a = 1; var a = 2; }",
        "{ if true { let b = 1; let b = 2; } }",
        "{ for (var k = 0; k < i; k++) { let k = 1; let k = 2; } }",
    ],
)  # fmt: skip
def test_invalid_text_is_refused(body: str):
    assert not written(body)


@pytest.mark.parametrize("text", [
    "fn g(a: f32, a: f32) { }", "const a = 1; fn a() { }", "struct Ball { x: f32 }",
])  # fmt: skip
def test_a_name_of_a_module_is_declared_once(text: str):
    scope = Scope.given(CONTEXT)
    assert scope.after(text.encode()) is None
    assert scope.after(b"fn g(a: f32, b: f32) { } const c = 1;") is not None


def test_a_refusal_comes_as_soon_as_nothing_can_help():
    scope = Scope.given(CONTEXT, "fn f(x: f32) ").after(b"{ let a = ")
    assert scope.after(b"noi") and scope.after(b"rad") and scope.after(b"xx") is None
    assert scope.after(b"nois ") is None and scope.after(b"noise ") is not None
    assert scope.after(b"max(x, x, ") is not None and scope.after(b"max(x, x, 1") is None
    assert scope.after(b"max(x, x, /") is not None and scope.after(b"max(x, x, x") is None
    assert scope.after(b"max(x, x, 0x1p-") is None and scope.after(b"max(x, 0x1p-") is not None
    assert scope.after(b"max(x)") is None and scope.after(b"max(x, x,)") is not None


def test_words_that_can_only_become_keywords_are_named():
    scope = Scope.given("", "fn f() ").after(b"{ ")
    assert scope.after(b"retu").keywords == ("return",)
    assert scope.after(b"re").keywords == ()  # reflect, refract ...
    assert scope.after(b"let retu").keywords == ()
    assert scope.after(b"co").after(b"nti").keywords == ("continue", "continuing")


def test_parts_of_characters():
    scope = Scope.given("const höhe = 1; const über = 2;", "fn f() ").after(b"{ let a = ")
    for start, taken in [
        (b"h\xc3", True), (b"\xc3", True), (b"\xc3\xbc", True), (b"h\xc3\xb6", True),
        (b"h\xc4", False), (b"\xc3\xa9", False), (b"\xce", False), (b"ab\xc3", False),
        (b"\xe2\x80", True), (b"abs\xe2", False), (b"ab\xe2", False), (b"// \xc4", True),
    ]:  # fmt: skip
        assert (scope.after(start) is not None) == taken, start
    assert scope.after(b"1; let \xce") is not None


def test_an_underscore_begins_a_name_in_scope_or_takes_a_value():
    scope = Scope.given("", "fn f(x: f32) ").after(b"{ ")
    for start, taken in [
        (b"_", True), (b"_ = x;", True), (b"_\xc2", False), (b"x = _", False), (b"f(_", False),
        (b"let _", True), (b"if true { _ = x; } _ = x;", True),
    ]:  # fmt: skip
        assert (scope.after(start) is not None) == taken, start
    named = Scope.given("const _two = 2;", "fn f(x: f32) ").after(b"{ let y = ")
    assert named.after(b"_t") and named.after(b"_") and named.after(b"_\xc2") is None


def test_declarations_that_were_written_are_in_scope():
    text = "const a = 1;\nstruct S { b: i32 }\nfn g(s: S, t: S) -> S { return s; }\nfn f() { "
    scope = Scope.given("").after(text.encode())
    assert scope.after(b"_ = g(S(a), S());") is not None
    assert scope.after(b"_ = g(S(a));") is None
    assert scope.after(b"_ = b;") is None


def test_text_around_a_gap():
    scope = Scope.given("fn later(a: f32) -> f32 { return a; }", "fn f(x: f32) { let abc = 1; ab")
    assert scope.after(b"c = later(x);") is not None
    assert scope.after(b"d = 1;") is None


@pytest.mark.parametrize("given_text", ["fn f(a: u32, a", "fn f(a: u32) { let a = 1; let a = 2; "])
def test_given_text_may_declare_twice(given_text):
    assert Scope.given("", given_text).tail in ("a", "")


@given(st.lists(FRAGMENTS, max_size=30).map("".join), st.lists(st.integers(0), max_size=10))
@settings(max_examples=300)
def test_any_text_in_any_pieces(text: str, cuts: list[int]):
    """No text breaks it, and what one piece refuses, more pieces refuse too."""
    scope = Scope.given(text, text)
    at_once = scope.after(text.encode())
    *_, last = in_pieces(scope, text.encode(), cuts)
    assert at_once is not None or last is None
    if last is not None:
        assert last == at_once


def test_long_comments_are_forgotten():
    scope = Scope.given("", "fn f() ").after(b"{ /* " + b"/* " * 1000 + b"a" * 100_000)
    assert len(scope.tail) < 2100
    assert scope.after(b"*/ " * 1001 + b"return; }").whole
    assert Scope.given("").after(b"// " + b"a" * 100_000).tail == "//"


def test_a_comment_is_cut_anywhere():
    for text in ("/*/ */", "/* **/", "/* /*/ */ */", "// /*\n", "/***/"):
        scope = Scope.given("", "fn f() ")
        for character in f"{text} {{ }}":
            scope = scope.after(character.encode())
        assert scope.whole, text


@pytest.mark.gpu
def test_naga_knows_every_predeclared_name(sandbox: Sandbox):
    """naga lacks one of them; a driver changes nothing about that."""
    unknown = set()
    for name in NAMES:
        problem = sandbox.validate(f"fn f() {{ _ = {name}(1, 1, 1, 1, 1, 1, 1, 1, 1, 1); }}")
        if problem and re.search("no definition in scope", problem.message):
            unknown.add(name)
    assert unknown <= {"subgroupElect"}
    assert {"atomic"} == NAMES & ENUMERANTS and not NAMES & KEYWORDS
