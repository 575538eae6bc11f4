"""Lines that were begun: what stands there is kept, wherever in a word the cursor is."""

import numpy as np
import pytest
from serving import FUNCTIONS, tiny_engine, tiny_run  # noqa: F401  fixtures

from tat.decode.choice import Sampling, greedy
from tat.serve.begun import Begun, begun_line
from tat.serve.gaps import fits, gap_at
from tat.serve.proposing import proposal


@pytest.mark.parametrize(("prefix", "begun"), [
    ("fn f() {\n    let x = ", "let x = "),
    ("fn f() {\n    if true {\n        ret", "ret"),
    ("fn g() {}\nfn f() {\n    ", ""),
    ("fn g() {\n    return;\n}\nfn f", ""),
    ("fn f() { let x = ", ""),
    ("fn f() {\n    // a word", ""),
    ("struct A {\n}\nconst x = ", ""),
    ("", ""),
    ("fn f() {\n    " + "x + " * 99, ""),
])  # fmt: skip
def test_a_line_is_begun_in_a_body_alone(prefix, begun):
    assert begun_line(prefix) == begun


@pytest.mark.parametrize("text", ["return 3.14", "retu", "let é🙂 = ", " ", "x"])
@pytest.mark.parametrize("sampling", [None, Sampling(9.0, top_k=1, draws_first=True)])
def test_a_text_starts_with_the_begun_word_whatever_the_model_prefers(
    tiny_engine,  # noqa: F811
    text, sampling,
):  # fmt: skip
    tokenizer = tiny_engine.decoder.require().generator.loaded.tokenizer
    begun = Begun(sampling.preference([1]) if sampling else greedy, text, tokenizer)
    logits, tokens = np.random.default_rng(5), []
    for _ in range(40):
        scores = begun(logits.normal(size=tokenizer.size).astype(np.float32), tokens)
        tokens.append(int(np.argmax(scores)))
        assert np.isfinite(scores[tokens[-1]])
    assert tokenizer.decode(tokens).decode("utf-8", "replace").startswith(text)


def test_a_line_is_continued_from_any_place(tiny_engine):  # noqa: F811
    code = FUNCTIONS["area.wgsl"]
    line = "return 3.14159 * square;"
    at, end = code.index(line), code.index(line) + len(line)
    right = 0
    for cut in range(1, len(line) - 1):
        gap = gap_at(code[: at + cut], code[end:])
        text = proposal(tiny_engine, gap, lambda: False)
        assert text == "" or fits(tiny_engine.judge, gap, text)
        right += line[:cut] + text == line
    assert right > len(line) / 2
