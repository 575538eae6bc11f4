"""Gaps that a page fills: where they begin, how a begun line is written again, what is chosen."""

import numpy as np
import pytest
from decoding import TOKENIZER
from exporting import in_node, node
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.data.tokenizer import Special
from tat.decode.begun import Begun, Cursor, sure_tokens
from tat.decode.choice import Sampling, greedy
from tat.decode.lines.within import balanced, missing_brackets
from tat.decode.pieces import pieces_of
from tat.decode.prompt import Prompt
from tat.resources import resource

ENTRIES = [p.read_text("utf-8") for p in sorted(resource("cookbook", "entries").rglob("*.wgsl"))]
ABOUT = {
    "merges": [token for pair in TOKENIZER.merges for token in pair],
    "special": {special.name: int(special) for special in Special},
}
_PLACES = st.lists(
    st.tuples(
        st.text(st.sampled_from("fn {}();/*\n\r\t\u0085\u00a0xé\u2028\ufeff🙂"), max_size=60),
        st.text(st.sampled_from(" {}\n;\tx\u0085"), max_size=20),
    ),
    max_size=40,
)  # fmt: skip


@in_node
@settings(max_examples=15, deadline=None)
@given(_PLACES)
def test_a_gap_begins_where_tat_begins_it(places):
    whole = ["fn f() {\n    é" + "x" * 200, "fn f() {}\nstruct A {\n\tb: \u2003", "afn f {\n x"]
    whole += ENTRIES[:6]
    cuts = [(text[:at], text[at:]) for text in whole for at in range(0, len(text) + 1, 7)]
    cuts += [("fn f() {", "}\n"), ("  if x {", "}"), ("fn f() {\n", "\n\ty();\n}"), *places]
    script = "(cuts) => cuts.map(([a, b]) => { const c = cursorOf(a, b);"
    script += " return [c.begun, c.lead, c.tail, c.rest]; })"
    found = node(script, cuts)
    assert found == [[*Cursor.between(*cut)] for cut in cuts]
    assert all(sum(map(bool, column)) >= 2 for column in zip(*found, strict=True))


@in_node
def test_a_text_within_a_line_ends_where_tat_ends_it():
    texts = [text for entry in ENTRIES[:9] for text in entry.splitlines() if text.strip()]
    cuts = [(text[:at], text[at:]) for text in ENTRIES[:6] for at in range(0, len(text) + 1, 5)]
    script = """({ texts, cuts }) => [
      cuts.map((cut) => missingBrackets(...cut)),
      texts.map((text) => [-1, 0, 1].map((needed) => cutsOf(text, needed))),
    ]"""
    needed, found = node(script, {"texts": texts, "cuts": cuts})
    assert needed == [missing_brackets(Prompt(prefix=a, suffix=b)) for a, b in cuts]
    assert found == [[[*balanced(text, needed)] for needed in (-1, 0, 1)] for text in texts]
    assert {0, 1} <= {*needed} and any(one[1] and one[2] for one in found)


@in_node
@pytest.mark.parametrize("text", ["return 3.14", "retu", "let é🙂 = ", " ", "x", "let v = dot(p"])
def test_the_tokens_of_a_begun_line_are_those_of_tat(text):
    script = """({ merges, special, text, cuts }) => {
      const begun = new Begun(text, new Tokenizer(merges, special));
      return [begun.sure, cuts.map((cut) => begun.allowed(cut))];
    }"""
    sure, along = sure_tokens(text, TOKENIZER), pieces_of(TOKENIZER).along
    pieces, data = TOKENIZER.pieces, text.encode()
    cuts, allowed = [sure[:count] for count in range(len(sure) + 1)], [[one] for one in sure]
    while rest := data[sum(len(pieces[token]) for token in cuts[-1]) :]:
        allowed.append(sorted(along(rest)))
        cuts.append([*cuts[-1], min(allowed[-1], key=lambda token: len(pieces[token]))])
    found = node(script, {**ABOUT, "text": text, "cuts": cuts})
    assert found == [sure, [*allowed, None]]


@in_node
@pytest.mark.parametrize("sampling", [
    None, Sampling(0.0, repetition_penalty=1.3), Sampling(0.7, seed=3),
    Sampling(1.5, top_k=9, repetition_penalty=1.2), Sampling(0.9, top_p=0.7),
    Sampling(2.0, top_k=50, top_p=0.9, min_p=0.01),
])  # fmt: skip
def test_the_page_chooses_what_tat_chooses(sampling):
    random, cases, ours = np.random.default_rng(4), [], []
    preference = sampling.preference([5, 6], 2) if sampling else greedy
    draw = sampling.draw(0, 0)._replace(key=preference.draw.key) if sampling else None
    for text in ("retu", " ", "let é🙂", "f"):
        begun = Begun(preference, text, TOKENIZER)
        allowed = sorted(pieces_of(TOKENIZER).along(text.encode()))
        for scale in (1, 4):
            logits = (scale * random.normal(size=TOKENIZER.size)).astype(np.float32)
            logits[: Special.EOS] = -np.inf
            tokens = random.integers(3, TOKENIZER.size, 12).tolist()
            begun._along, begun.sure = (lambda rest, found=allowed: found), []
            begun._data = b"".join(TOKENIZER.pieces[token] for token in tokens) + text.encode()
            ours.append(begun.best(logits, tokens))
            cases.append([logits[Special.EOS :].tolist(), tokens, allowed])
    way = {} if draw is None else {
        "temperature": draw.temperature, "topK": draw.top_k, "topP": draw.top_p,
        "minP": draw.min_p, "penalty": draw.repetition_penalty,
        "key": int(np.uint32(draw.key).view(np.int32)),
    }  # fmt: skip
    script = """({ cases, way, first }) => cases.map(([logits, tokens, allowed]) => {
      const all = Float32Array.from([...Array(first).fill(-Infinity), ...logits]);
      return chosen(all, tokens, allowed, way);
    })"""
    assert node(script, {"cases": cases, "way": way, "first": int(Special.EOS)}) == ours
    assert len({*ours}) > 3
