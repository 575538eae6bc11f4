"""The tokenizer: lossless, canonical, equal to slow independent implementations."""

from collections import Counter
from hashlib import sha256
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_tokenizer import apply_merge, slow_merges, slow_pieces

from tat.data import tokenizer as module
from tat.data.tokenizer import (
    FIRST_BYTE,
    FIRST_MERGE,
    MARKERS,
    PIECE_LIMIT,
    Special,
    Tokenizer,
    _compiled_encoder,
    split_pieces,
)
from tat.errors import CheckpointError, ConfigError

needs_numba = pytest.mark.skipif(not find_spec("numba"), reason="Numba is not installed")

TEXT = """\
// A stop watch's face, drawn as rings.
struct Ring {
    centre: vec2f,
    radius: f32,
    width: f32,
}

@group(0) @binding(1) var<uniform> ring: Ring;

fn distance_to_ring(point: vec2f, ring: Ring) -> f32 {
    let outside = length(point - ring.centre) - ring.radius;
    return abs(outside) - 0.5 * ring.width;
}

fn coverage(distance: f32, pixel: f32) -> f32 {
    if (distance >= pixel) { return 0.0; }
    return clamp(0.5 - distance / pixel, 0.0, 1.0);
}

fn rings(point: vec2f, count: u32) -> f32 {
    var nearest = 1e9;
    for (var i = 0u; i < count; i++) {
        let other = Ring(ring.centre, ring.radius * f32(i + 1u), ring.width);
        nearest = min(nearest, distance_to_ring(point, other));
    }
    return coverage(nearest, 0.0078125);
}
"""
TOKENIZER = Tokenizer.train([TEXT], 400)

texts = st.text(st.sampled_from("ab_ 19.\n\t(=é"), max_size=40)
shader_like = st.lists(
    st.sampled_from(["let ", "vec2f", "(", ") ", " = ", "0.5", ";\n    ", "ring", "\t", "é", "\0"])
).map("".join)


def test_pieces_of_shader_text():
    text = b"  let a1 = vec2f(0.5e3, .25);\n\n    return a >= b;  \n"
    assert split_pieces(text) == [
        b" ", b" let", b" a1", b" =", b" vec2f", b"(", b"0.5e3", b",", b" .", b"25", b");",
        b"\n\n    ", b"return", b" a", b" >=", b" b", b";", b"  ", b"\n",
    ]  # fmt: skip


@given(st.one_of(st.binary(max_size=300), texts.map(str.encode), shader_like.map(str.encode)))
def test_pieces_equal_a_scanner_over_byte_classes(data):
    assert split_pieces(data) == slow_pieces(data)
    assert b"".join(split_pieces(data)) == data


@given(st.sampled_from([b"a", b"7", b"(", b" ", b"\t", b"\n", b"\xff", b" a", b" \n"]))
def test_long_runs_are_cut(unit):
    data = unit * 2000
    assert split_pieces(data) == slow_pieces(data)
    assert max(map(len, split_pieces(data))) <= PIECE_LIMIT + 1


@given(st.lists(st.one_of(texts, shader_like), max_size=6), st.integers(0, 40))
def test_training_equals_recounting_and_ignores_order(documents, merges):
    pieces = Counter(piece for text in documents for piece in split_pieces(text.encode()))
    trained = Tokenizer.train(documents, FIRST_MERGE + merges)
    assert list(trained.merges) == slow_merges(pieces, merges)
    assert Tokenizer.train(documents[::-1], FIRST_MERGE + merges).merges == trained.merges


@given(st.lists(shader_like, min_size=1, max_size=4), shader_like)
def test_encoding_equals_merging_in_order(documents, text):
    trained = Tokenizer.train(documents, FIRST_MERGE + 30)
    expected: list[int] = []
    for piece in split_pieces(text.encode()):
        ids = [FIRST_BYTE + byte for byte in piece]
        for rank, pair in enumerate(trained.merges):
            ids = apply_merge(ids, pair, FIRST_MERGE + rank)
        expected += ids
    assert trained.encode(text) == expected


@given(st.lists(st.one_of(texts, shader_like, st.text("ab", max_size=30)), max_size=6))
def test_a_piece_that_spells_a_token_becomes_it(documents):
    trained = Tokenizer.train(documents, FIRST_MERGE + 60)
    spellings = [trained.decode([token]) for token in range(FIRST_BYTE, trained.size)]
    assert len(set(spellings)) == len(spellings)
    for token, text in enumerate(spellings, FIRST_BYTE):
        if split_pieces(text) == [text]:
            assert trained.encode(text) == [token]


@given(st.one_of(st.binary(), shader_like.map(str.encode)))
def test_any_bytes_survive_and_no_text_is_special(data):
    ids = TOKENIZER.encode(data)
    assert TOKENIZER.decode(ids) == data
    assert all(FIRST_BYTE <= token < TOKENIZER.size for token in ids)


@given(st.text(st.characters(codec=None)))
def test_any_str_survives_even_lone_surrogates(text):
    assert TOKENIZER.decode(TOKENIZER.encode(text)).decode("utf-8", "surrogatepass") == text


def test_golden_hash():
    """The same on every machine; a change here makes every existing checkpoint encode otherwise."""
    ids = TOKENIZER.encode(TEXT)
    assert (TOKENIZER.size, len(TEXT), len(ids)) == (363, 763, 304)
    assert sha256(TOKENIZER.to_bytes()).hexdigest() == (
        "e4afd9b4708d294dffbf36a33b6a4499638bb9d9273498f0edd3077353a6c0f4"
    )
    assert sha256(repr(ids).encode()).hexdigest() == (
        "fc3a7adcf9006ac577e9e3ff05cd5aefc1a932a6792c6f07761e56f3c97b342c"
    )


def test_vocabulary_is_a_limit_and_repetition_another():
    assert Tokenizer.train([TEXT], 300).size == 300
    assert Tokenizer.train(["abc"], 5000).size == FIRST_MERGE
    assert Tokenizer.train(["abc abc"], 5000).decode([FIRST_MERGE]) == b"ab"
    with pytest.raises(ConfigError, match=r"data\.vocabulary: 264"):
        Tokenizer.train([TEXT], FIRST_MERGE - 1)


def test_frequent_words_become_one_token():
    once = Tokenizer.train(["smoothstep " * 50], 400)
    assert len(once.encode(" smoothstep")) == 1


def test_sources_and_targets():
    source = (("comment", "a ring"), ("signature", "fn f()"), ("context", ""))
    ids = TOKENIZER.encode_source(source)
    assert ids == [
        Special.COMMENT, *TOKENIZER.encode("a ring"),
        Special.SIGNATURE, *TOKENIZER.encode("fn f()"),
        Special.CONTEXT,
    ]  # fmt: skip
    assert TOKENIZER.encode_target("{}") == [*TOKENIZER.encode("{}"), Special.EOS]
    assert TOKENIZER.decode_text(ids) == "a ringfn f()"
    assert {type(token) for token in ids} == {int}


def test_fixed_ids():
    assert [special.value for special in Special] == list(range(9))
    assert sorted(MARKERS.values()) == [3, 4, 5, 6, 7, 8]
    assert TOKENIZER.encode("\0") == [9]
    assert TOKENIZER.encode(b"\xff") == [264]


def test_decoding_refuses_foreign_ids_and_mends_text():
    for token in (-1, TOKENIZER.size):
        with pytest.raises(ValueError, match="outside"):
            TOKENIZER.decode([8, token])
    assert TOKENIZER.decode_text(TOKENIZER.encode(b"a\xc3")) == "a\ufffd"


def test_a_full_cache_changes_nothing(monkeypatch):
    monkeypatch.setattr(module, "CACHE_LIMIT", 3)
    small = Tokenizer(TOKENIZER.merges)
    first, second = (small.encode_plainly(TEXT.encode()) for _ in range(2))
    assert first == second == TOKENIZER.encode(TEXT)
    assert len(small._cache) <= 3


runs = st.lists(
    st.tuples(st.sampled_from([b" ", b"\t", b"\n", b"\r", b"a", b"_", b"7", b".", b"(", b"\xff"]),
              st.integers(1, 70)),
    max_size=8,
).map(lambda parts: b"".join(unit * count for unit, count in parts))  # fmt: skip


@needs_numba
@given(st.one_of(st.binary(max_size=300), shader_like.map(str.encode), runs))
def test_compiled_encoding_is_the_plain_one(data):
    assert _compiled_encoder(TOKENIZER)(data) == TOKENIZER.encode_plainly(data)


@needs_numba
@given(st.data())
def test_compiled_encoding_is_the_plain_one_for_any_merges(data):
    merges: list[tuple[int, int]] = []
    letters = [FIRST_BYTE + byte for byte in b"ab "]
    for index in range(data.draw(st.integers(0, 12))):
        parts = st.sampled_from([*letters, *range(FIRST_MERGE, FIRST_MERGE + index)])
        pair = data.draw(st.tuples(parts, parts))
        if pair in merges:
            break
        merges.append(pair)
    try:
        odd = Tokenizer(merges)
    except ValueError:  # a token grew too long
        return
    text = data.draw(st.text("ab ", max_size=80)).encode()
    assert _compiled_encoder(odd)(text) == odd.encode_plainly(text)


@needs_numba
def test_odd_merges_make_tokens_that_no_text_becomes():
    a, b, c = (FIRST_BYTE + byte for byte in b"abc")
    odd = Tokenizer([(a, b), (b, c), (a, FIRST_MERGE + 1)])  # the last one spells abc
    assert odd.encode_plainly(b"abc") == _compiled_encoder(odd)(b"abc") == [FIRST_MERGE, c]


def test_encoding_works_without_numba(monkeypatch):
    monkeypatch.setattr(module, "_compiled_encoder", lambda tokenizer: None)
    plain = Tokenizer(TOKENIZER.merges)
    assert plain.encode(TEXT) == TOKENIZER.encode(TEXT)
    for tokenizer in (plain, TOKENIZER):
        ids, counts = tokenizer.encode_all([TEXT, "", "é", TEXT])
        one, accent = TOKENIZER.encode(TEXT), TOKENIZER.encode("é")
        assert ids.tolist() == [*one, *accent, *one]
        assert counts.tolist() == [len(one), 0, len(accent), len(one)]


@given(st.lists(shader_like, max_size=4), st.integers(0, 60))
def test_serialisation_round_trip(documents, merges):
    trained = Tokenizer.train(documents, FIRST_MERGE + merges)
    again = Tokenizer.from_bytes(trained.to_bytes())
    assert again.merges == trained.merges
    assert again.to_bytes() == trained.to_bytes()
    assert again.encode(TEXT) == trained.encode(TEXT)


@settings(max_examples=300)
@given(st.integers(0, 8 * len(TOKENIZER.to_bytes()) - 1), st.integers(0, 2))
def test_damaged_bytes_are_refused_or_read_as_they_stand(bit, cut):
    data = bytearray(TOKENIZER.to_bytes())
    data[bit // 8] ^= 1 << bit % 8
    data = bytes(data[: len(data) - 4 * cut])
    try:
        assert Tokenizer.from_bytes(data).to_bytes() == data
    except CheckpointError as error:
        assert "\n" not in str(error)


@given(st.binary(max_size=60))
def test_foreign_bytes_are_refused(tail):
    good = Tokenizer([]).to_bytes()
    for data in (tail, good[:8] + tail, good + tail):
        if data != good:
            with pytest.raises(CheckpointError):
                Tokenizer.from_bytes(data)


@pytest.mark.parametrize(
    "merges",
    [
        [(FIRST_BYTE, Special.EOS)],
        [(FIRST_BYTE, FIRST_MERGE)],
        [(FIRST_BYTE, -1)],
        [(8, 9), (8, 9)],
        [(FIRST_BYTE, FIRST_BYTE), *((i, i) for i in range(FIRST_MERGE, FIRST_MERGE + 60))],
    ],
    ids=["special", "itself", "negative", "twice", "doubling without end"],
)
def test_unsound_merges_are_refused(merges):
    with pytest.raises(ValueError, match="merge"):
        Tokenizer(merges)
