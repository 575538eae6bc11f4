"""Ids of tokens that stand for no text, which the tokenizer, the data and the model agree on."""

from enum import IntEnum


class Special(IntEnum):
    """Tokens that stand for no text; no text is ever encoded to one."""

    PAD = 0
    BOS = 1
    EOS = 2
    COMMENT = 3
    SIGNATURE = 4
    CONTEXT = 5
    PREFIX = 6
    SUFFIX = 7
    NEIGHBOUR = 8


MARKERS = {
    "comment": Special.COMMENT,
    "signature": Special.SIGNATURE,
    "context": Special.CONTEXT,
    "prefix": Special.PREFIX,
    "suffix": Special.SUFFIX,
    "neighbour": Special.NEIGHBOUR,
}

FIRST_BYTE = len(Special)  # id of byte 0; the merges follow byte 255
