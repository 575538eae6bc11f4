"""Nearness between pieces of WGSL, and the check of the cookbook against a corpus."""

import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.cookbook import library
from tat.errors import CorpusError
from tat.retrieval.similarity import jaccard, shingles
from tat.wgsl.lexer import tokenize

ENTRIES = library.load()
entries = st.sampled_from(ENTRIES)


@pytest.fixture(scope="module")
def near():
    path = Path(__file__).parent.parent / "bench" / "cookbook_near.py"
    spec = importlib.util.spec_from_file_location("cookbook_near", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@given(entries, entries)
def test_jaccard_is_symmetric_and_one_only_for_the_same(one, other):
    a, b = shingles(one.code), shingles(other.code)
    assert 0 <= jaccard(a, b) == jaccard(b, a) <= 1
    assert (jaccard(a, b) == 1) == (a == b)


def test_by_hand():
    # a b c d e | b c d e f  against  a b c d e | b c d e g
    assert jaccard(shingles("a b c d e f"), shingles("a b c d e g")) == 1 / 3
    assert jaccard(shingles("a b c"), shingles("a b c d")) == 0 == jaccard(frozenset(), frozenset())


@given(entries, st.sampled_from(["\n", "  ", " /* a /* nested */ remark */ ", " // remark\n"]))
def test_layout_and_comments_do_not_hide_a_copy(entry, blank):
    tokens = [token.text for token in tokenize(entry.code) if token.kind != "comment"]
    assert shingles(blank.join(tokens)) == shingles(entry.code)


def test_the_two_spellings_of_a_type_are_one():
    short = "fn f(a: vec3f, b: mat2x2f) -> vec4u { return vec4u(0u); }"
    long = "fn f(a: vec3<f32>, b: mat2x2< f32 >) -> vec4<u32> { return vec4 <u32>(0u); }"
    assert shingles(short) == shingles(long)


def test_a_copy_in_a_corpus_is_found(near, tmp_path: Path):
    entry = ENTRIES[0]
    corpus = tmp_path / "corpus.jsonl"
    records = [{"wgsl": "fn nothing() {}"}, {"wgsl": f"// borrowed\n{entry.code}"}]
    corpus.write_text("".join(json.dumps(record) + "\n" for record in records))
    largest, texts = near.nearest(near.cookbook_pieces(), near.corpus_texts(tmp_path))
    assert largest[entry.name] == 1 and texts == 2
    assert sum(value >= 0.8 for name, value in largest.items() if ":" not in name) == 1


def test_a_copy_of_one_function_is_found(near, tmp_path: Path):
    path = tmp_path / "functions.jsonl"
    signature = "fn gradient_noise(p: vec2f) -> f32"
    [entry] = [entry for entry in ENTRIES if entry.name == "gradient_noise"]
    body = entry.code[entry.code.index(signature) + len(signature) :].strip()
    path.write_text(json.dumps({"signature": signature, "body": body, "context": ""}) + "\n")
    largest, _ = near.nearest(near.cookbook_pieces(), near.corpus_texts(path))
    assert largest["gradient_noise: gradient_noise"] == 1 > largest["gradient_noise"]


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"signature": "fn f()"}', "3"])
def test_a_malformed_corpus_is_refused_by_line(near, tmp_path: Path, line):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"wgsl": ""}\n' + line + "\n")
    with pytest.raises(CorpusError, match=r"bad\.jsonl:2"):
        list(near.corpus_texts(path))
    with pytest.raises(CorpusError, match=r"no \.jsonl"):
        list(near.corpus_texts(Path(__file__).parent))
