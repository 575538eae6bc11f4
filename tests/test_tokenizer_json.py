"""Hugging Face's tokenizers library reads our tokenizer.json and gives our ids."""

import json

import pytest
from decoding import SOURCES, TOKENIZER
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.data.tokenizer import FIRST_BYTE, Special, Tokenizer
from tat.errors import FileError
from tat.export.tokenizer_json import tokenizer_json
from tat.resources import resource

tokenizers = pytest.importorskip("tokenizers")
THEIRS = tokenizers.Tokenizer.from_str(tokenizer_json(TOKENIZER).decode())


def same(text: str) -> None:
    ids = THEIRS.encode(text, add_special_tokens=False).ids
    assert ids == TOKENIZER.encode(text)
    assert THEIRS.decode(ids) == text


def test_files_have_our_ids():
    for path in (*SOURCES, *resource("shaders").rglob("*.wgsl")):
        same(path.read_text("utf-8"))


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        st.sampled_from("abzP_09. \t\r\n+-*/(){}^[]\\é€😀\u0000\u007f\u00a0\u00ad"), max_size=200
    )
)
def test_any_text_has_our_ids(text):
    same(text)


@given(st.binary(max_size=200))
def test_any_bytes_that_are_text_have_our_ids(data):
    same(data.decode("utf-8", "ignore"))


@pytest.mark.parametrize("char", [" ", "a", "é", "0", "+", "\n", "\t"])
def test_runs_are_cut_at_the_same_byte(char):
    for count in (1, 31, 32, 33, 63, 64, 65, 66, 130):
        same(char * count)
        same(f" {char * count} x")


def test_special_tokens_have_their_ids_and_are_named():
    content = json.loads(tokenizer_json(TOKENIZER))
    assert [t["id"] for t in content["added_tokens"]] == [*map(int, Special)]
    assert THEIRS.token_to_id("<eos>") == Special.EOS


def test_two_tokens_of_one_text_are_refused():
    a = FIRST_BYTE + ord("a")
    twice = Tokenizer([(a, a), (FIRST_BYTE + 256, a), (a, FIRST_BYTE + 256)])
    with pytest.raises(FileError, match="same text"):
        tokenizer_json(twice)
