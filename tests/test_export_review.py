"""The page's review of a text as it is written: its rules are tat's, and it goes back and on."""

import pytest
from decoding import TOKENIZER
from exporting import in_node, node
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.data.tokenizer import Special
from tat.decode import review
from tat.decode.prompt import Prompt
from tat.decode.reading import read
from tat.errors import UsageError
from tat.resources import resource
from tat.wgsl.builtins import ENUMERANTS, NAMES
from tat.wgsl.lexer import code_of, tokenize
from tat.wgsl.members import members_apart
from tat.wgsl.stubs import with_stubs

pytestmark = in_node

ENTRIES = [p.read_text("utf-8") for p in sorted(resource("cookbook", "entries").rglob("*.wgsl"))]
MERGES = [token for pair in TOKENIZER.merges for token in pair]
SPECIAL = {special.name: int(special) for special in Special}
KNOWN = sorted(NAMES | ENUMERANTS)
LOST = [
    "let colorColorColor = 1.0;", "let a = " + "f(" * 13, "let b = 1; " * 12,
    "fn f() { " + "x = 1 + 2 + 3; " * 5, "fn f() -> f32 { switch 1 { case 1: { ",
    "fn f(x: f32) -> array<f32, 2> { if x > 0.0 { ", "struct A { a: f32,", "fn f() { loop { }",
    "// " + "on " * 80, "let a = 1.0; /* " + "on " * 80, "let b = 1 " + "+ 1 " * 80 + ";",
    "let c = 1 +" + " " * 600 + "1;", "let c = 1 +" + " " * 18 + "1;", "fn f() { } fn g() -> f32 {",
    "fn f() { { return; } ; }", "fn f(); struct A { a: f32 } fn g() { var a = 1; { } }",
    "fn f() -> f32 { return 1.0; return 2.0; }", "let d = " + "abs(" * 9,
]  # fmt: skip


def test_its_rules_are_those_of_tat():
    cuts = [text[: len(text) * part // 10] for text in ENTRIES for part in (3, 6, 9)] + LOST
    script = """(cuts) => cuts.map((text) => {
      const tokens = codeOf(text);
      return [isWhole(tokens), isLost(tokens), wanders(tokens), doesNothing(tokens), rambles(text),
        closingsOf(tokens, text)];
    })"""
    ours = []
    for text in cuts:
        code = code_of(text)
        rules = (review.ends, review.is_lost, review.wanders, review.does_nothing)
        rules_of_code = [rule(code) for rule in rules]
        ours.append([*rules_of_code, review.rambles(text), review.closings(code, text)])
    assert node(script, cuts) == ours
    assert sum(lost or wanders for _, lost, wanders, *_ in ours) >= 4


def test_it_reads_structs_of_a_context_as_tat_does():
    cases = [
        "struct A { a: f32, @size(16) b: array<vec2<f32>, 4>, }struct B { c: f32 }; struct C{}",
        "  struct A{a:f32,b:f32}\nstruct B { // struct C { d: f32 }\n    a: f32, b: f32 }",
        "struct A {\n    a: f32,\n    b: f32\n}\nfn f() { struct }", "struct é { ü: f32,\tb: f32 }",
    ]  # fmt: skip
    assert node("(cases) => cases.map(membersApart)", cases) == [*map(members_apart, cases)]


def test_a_body_that_does_nothing_is_no_answer_of_the_page():
    script = """async () => write({
      tokenizer: { source: () => [1], decode: () => '{ }' }, problemsOf: async () => [],
      plan: { source: 8, capacity: 8, names: null },
      tokens: async () => ({ tokens: [1], finished: true }),
    }, { description: 'f', signature: 'fn f()' }, { candidates: 1, temperature: 0, redraws: 0 })"""
    assert node(script, None)["errors"] == ["a function's body does nothing"]


_TEXTS = st.lists(
    st.text(st.sampled_from("ab_é0x1.9e+fulh /*\n\t{}()<>=@;,:#\u0085\u2028"), max_size=60),
    max_size=30,
)


@settings(max_examples=10, deadline=None)
@given(_TEXTS)
def test_its_tokens_and_stubs_are_those_of_tat(texts):
    signatures = ["fn f(x: f32) -> f32;\nfn g(a: vec2<f32>) -> array<vec4<f32>, 4>;\nfn h();"]
    texts = [*texts, *signatures, *ENTRIES[:20]]
    script = """(texts) => texts.map((text) =>
      [tokensOf(text).map(({ kind, text }) => [kind, text]), withStubs(text)])"""
    assert node(script, texts) == [
        [[[token.kind, token.text] for token in tokenize(text)], with_stubs(text)] for text in texts
    ]


def test_a_name_that_nothing_declares_is_found_and_no_other():
    script = """({ texts, known }) => texts.map((text) =>
      firstUnknown(codeOf(text), new Set(known), text.length)?.text ?? '')"""
    cases = {
        "fn f(a: f32) -> f32 { let b = a; { let c = b; } return c; }": "c",
        "fn f(a: f32) -> f32 { let b = b; return b; }": "b",
        "fn f(a: f32) { for (var i = 0; i < 3; i++) { _ = i; } _ = i; }": "i",
        "fn f() { g(1.0); } fn g(x: f32) {}": "g",
        "fn f(a: vec9f) {}": "vec9f",
        "fn f(a: f32) -> f32 { return a.zz + b": "",  # it may still grow
        "fn f(a: f32) -> f32 { return a.zz + b;": "b",
        "struct A { x: f32, y: Bee }": "Bee",
        "@fragment fn f(@builtin(position) at: vec4f) -> @location(0) vec4f { return at; }": "",
        "var<private> a: f32; const N = 4; fn f() -> f32 { var q: array<f32, N>; return a; }": "",
    }  # fmt: skip
    found = node(script, {"texts": [*cases, *ENTRIES], "known": KNOWN})
    assert found == [*cases.values(), *("" for _ in ENTRIES)]


_PLAYER = """({ texts, most, names, refused, context, after = 1e9 }) => {
  const drawn = [], judged = [], keys = [];
  let asked = 0; // how often the person was asked whether to stop; candidates ask once before
  const player = {
    plan: { source: 64, capacity: 40, block: 4, special: { EOS: '', BOS: '^' }, names },
    tokenizer: { source: () => [1], decode: (tokens) => tokens.join('') },
    checked: (doing, work) => work(), encode: () => 0, program: () => ({}),
    place(sample, source, tokens, draw) { this.at = tokens.length; keys.push(draw.key ?? 0);
      this.text = texts[Math.min(keys.length, texts.length) - 1]; },
    begin(sample, start, count) { return async () => Array.from({ length: count }, (_, i) =>
      this.text[start + i] ?? ''); },
    async problemsOf(code) { judged.push(code);
      const at = refused.map((word) => code.indexOf(word)).find((place) => place >= 0);
      return at === undefined ? [] : [{ line: 1, column: at + 1, message: 'no' }]; },
    tokens: Player.prototype.tokens, steps: Player.prototype.steps,
  };
  const settings = { candidates: context ? 4 : 1, temperature: 0.7, top_k: 0, top_p: 1, min_p: 0,
    penalty: 1, seed: '3', redraws: most };
  const stopped = () => asked++ > after;
  const request = { description: 'f', signature: 'fn f() -> f32', context };
  return write(player, request, settings, { stopped })
    .then((made) => ({ ...made, keys, judged }));
}"""


def test_a_refused_statement_and_an_unknown_name_are_drawn_again():
    texts = [["{", " let a = 1u;", " return b", "; }"], ["{", " let a = 1.0;", " return b", "; }"],
             ["{", " let a = 1.0;", " return a", "; }"]]  # fmt: skip
    asked = {"texts": texts, "most": 9, "names": ["f32"], "refused": ["1u"]}
    made = node(_PLAYER, asked)
    assert made["text"] == "fn f() -> f32 { let a = 1.0; return a; }"
    assert made["errors"] == [] and made["redrawn"] == 2 and len({*made["keys"]}) == 3
    made = node(_PLAYER, {**asked, "names": None})  # the compiler alone takes it
    assert made["text"].endswith("return b; }") and made["redrawn"] == 1
    made = node(_PLAYER, {**asked, "texts": texts[:1], "most": 4})
    assert not made["finished"] and "after 4 refused" in made["errors"][0]


def test_a_text_ends_after_as_many_tokens_in_vain():
    texts = [["{", *"abcdefghijklmnopqrstuvwxyz"[:20], ";"]]
    asked = {"texts": texts, "most": 999, "names": None, "refused": ["t;"]}
    made = node(_PLAYER, {**asked, "context": "const k = 1;"})
    assert not made["finished"] and 1024 // 22 < made["redrawn"] <= 1024 // 21 + 1
    others = len(made["keys"]) - made["redrawn"]  # of three draws
    assert 3 * (512 // 22) < others <= 3 * (512 // 21 + 2) + 1


@pytest.mark.parametrize(("after", "said"), [
    (0, "it was stopped after 0 tokens"), (2, "it was stopped after"),
    (99, "it does not end within 40 tokens"),
])  # fmt: skip
def test_a_text_without_an_end_says_why(after, said):
    asked = {"texts": [["{"] * 99], "most": 0, "names": [], "refused": [], "after": after}
    assert node(_PLAYER, asked)["errors"][0].startswith(said)


@pytest.mark.parametrize("most", [0, 5])
@pytest.mark.parametrize(("context", "refused", "told"), [
    ("", "fn f()", "the signature is not, at 1:1: no"),
    ("struct A { }", "struct", "the declarations are not, at 1:1: no"),
])  # fmt: skip
def test_a_mistake_in_the_request_is_named_as_its_own_and_once(most, context, refused, told):
    texts = [["{", " return 1.0;", " }"]]
    asked = {"texts": texts, "most": most, "names": [], "refused": [refused], "context": context}
    made = node(_PLAYER, asked)
    assert made["text"] == "fn f() -> f32 { return 1.0; }" and made["errors"] == [told]
    assert made["redrawn"] == 0 and len(made["keys"]) == 1 and len(made["judged"]) <= 2


def test_a_text_that_is_no_signature_is_known():
    signatures = [
        "fn f()", "fn f(a: array<vec2<f32>>) -> array<f32, 4> // c",
        "@compute @workgroup_size(8) fn m()",
        "@fragment fn f(@builtin(position) at: vec4f) -> @location(0) vec4f",
    ]  # fmt: skip
    others = ["not a signature", "fn f", "fn f(", "fn f() {", "fn f() { }", "fn f();", "f32", "@x",
              "fn f() fn g()", "struct A { a: f32 }", "fn f() ->"]  # fmt: skip
    found = node("({ texts }) => texts.map(isSignature)", {"texts": signatures + others})
    assert found == [True] * len(signatures) + [False] * len(others)


def test_long_requests_are_read_in_the_parts_that_tat_reads():
    """The page reads contexts and gaps as tat does, whole and shortened."""
    long = "\n\n".join(ENTRIES[:12])
    half = long.index("return", len(long) // 2)
    prompts = [
        Prompt("x", "fn f(p: vec2f) -> f32", long), Prompt("no signature", "", long),
        Prompt("x", "fn f(b: Ball) -> f32;", "struct Ball { r: f32 }\n/* c */ fn g() -> f32;"),
        Prompt(prefix=long[:half], suffix=long[half:]), Prompt(prefix="a\r\nb\r\n" * 70, suffix=""),
        Prompt(prefix="", suffix=ENTRIES[0]),
    ]  # fmt: skip
    fields = ("description", "signature", "context", "prefix", "suffix")
    requests = [{name: getattr(prompt, name) or "" for name in fields} for prompt in prompts]
    script = """({ merges, special, requests, longest }) => {
      const tokenizer = new Tokenizer(merges, special);
      return requests.map((request) => longest.map((most) => {
        try {
          const { tokens, leftOut } = readingOf(request, tokenizer, most);
          return [tokens, leftOut];
        } catch { return null; }
      }));
    }"""
    longest = [100_000, 2000, 800, 400, 200, 100, 50, 2]
    asked = {"merges": MERGES, "special": SPECIAL, "requests": requests, "longest": longest}
    ours = []
    for prompt in prompts:
        ours.append([])
        for most in longest:
            try:
                tokens, left_out, _ = read(prompt, TOKENIZER, most)
                ours[-1].append([tokens, left_out])
            except UsageError:
                ours[-1].append(None)
    assert node(script, asked) == ours
    assert len({left_out for found in ours for _, left_out in filter(None, found)}) > 6
