"""Nearness between pieces of WGSL, and the check of the cookbook against a corpus."""

import importlib.util
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.cookbook import library
from tat.errors import CorpusError
from tat.retrieval.similarity import jaccard, shingles
from tat.synth.tables import all_families
from tat.wgsl.lexer import tokenize

ENTRIES = library.load()
entries = st.sampled_from(ENTRIES)


def benchmark(name: str):
    path = Path(__file__).parent.parent / "bench" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def near():
    return benchmark("cookbook_near")


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


def test_a_body_is_close_whose_names_are_the_same_in_whatever_spelling(tmp_path: Path):
    close = benchmark("close")
    theirs = tmp_path / "theirs.jsonl"
    same, renamed = (f"{{ let {n}: vec3<f32> = a + b; return {n} * c; }}" for n in ("my_end", "e"))
    records = [{"id": "project/f", "body": same}, {"id": "project/g", "body": renamed}]
    theirs.write_text("".join(json.dumps(record) + "\n" for record in records))
    pieces = close.pieces(close.file_bodies(theirs), 5)
    ours = close.pieces(iter([("area/f", "{ let myEnd: vec3f = a + b; return myEnd * c; }")]), 5)
    assert close.closest(ours, pieces)["area/f"] == (1, "project/f", 16)
    assert 0 < close.closest(ours, pieces[1:])["area/f"][0] < 0.5
    assert close.pieces(close.file_bodies(theirs), 17) == []


def test_every_body_of_a_family_is_compared_in_each_of_its_types():
    families = {family.id: family for family in all_families()}
    counts = Counter(name for name, _ in benchmark("close").family_bodies())
    assert set(counts) == set(families)
    for name, count in counts.items():
        family = families[name]
        assert count == len(family.bodies) * (len(family.types) if family.generic else 1)
