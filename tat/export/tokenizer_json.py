"""A tokenizer in Hugging Face's form, tokenizer.json: for any text the same ids as ours.

Bytes become letters first, as GPT-2's byte level has them. Then the expression of our pieces cuts
them, written in these letters, so that lengths count bytes here too.
"""

import json
import re

from tat.data.tokenizer import FIRST_BYTE, PIECE_LIMIT, Special, Tokenizer
from tat.errors import FileError


def _letters() -> list[str]:
    """The letter of each byte: itself where it is visible in Latin-1, else one from U+0100 on."""
    visible = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte if byte in visible else next(others)) for byte in range(256)]


LETTERS = _letters()


def tokenizer_json(tokenizer: Tokenizer) -> bytes:
    """The file; FileError where two tokens have one text, which that form cannot hold."""
    special = [f"<{one.name.lower()}>" for one in Special]
    texts = [_spelled(piece) for piece in tokenizer.pieces[FIRST_BYTE:]]
    if len({*texts}) < len(texts):
        raise FileError("tokenizer.json: two tokens of this model have the same text")
    names = [*special, *texts]
    split = {
        "type": "Split", "pattern": {"Regex": _pieces()}, "behavior": "Isolated", "invert": False,
    }  # fmt: skip
    level = {
        "type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False,
    }  # fmt: skip
    content = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [
            {"id": token, "content": name, "single_word": False, "lstrip": False,
             "rstrip": False, "normalized": False, "special": True}
            for token, name in enumerate(special)
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [level, split]},
        "post_processor": None, "decoder": level,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {name: token for token, name in enumerate(names)},
            "merges": [[names[a], names[b]] for a, b in tokenizer.merges],
        },
    }  # fmt: skip
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _spelled(data: bytes) -> str:
    return "".join(LETTERS[byte] for byte in data)


def _pieces() -> str:
    """The expression of tat/data/tokenizer.py over letters instead of bytes."""
    words = [*b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", *range(128, 256)]
    digits, blanks, ends = [*b"0123456789"], [*b" \t"], [*b"\r\n"]
    rest = sorted({*range(256)} - {*words, *digits, *blanks, *ends})
    space, half = f"{_class(b' ')}?", PIECE_LIMIT // 2
    plain = [byte for byte in words if byte < 128]
    return "|".join((
        f"{space}{_class(words)}{_class([*words, *digits])}{{0,{PIECE_LIMIT - 1}}}",
        f"{space}{_class(digits)}{_class([*plain, *digits, *b'.'])}{{0,{PIECE_LIMIT - 1}}}",
        f"{space}{_class(rest)}{{1,{PIECE_LIMIT}}}",
        f"{_class(ends)}{{1,{half}}}{_class(blanks)}{{0,{half}}}",
        f"{_class(blanks)}{{1,{PIECE_LIMIT}}}(?={_class(b' ')}{_class([*rest, *words, *digits])})",
        f"{_class(blanks)}{{1,{PIECE_LIMIT}}}",
    ))  # fmt: skip


def _class(allowed: bytes | list[int]) -> str:
    return f"[{''.join(re.escape(LETTERS[byte]) for byte in allowed)}]"
