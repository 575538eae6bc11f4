"""Text that people give, as training reads it: the same tokens, whatever system wrote it."""

from typing import TypeVar

import msgspec

MARK = "\ufeff"  # the byte order mark, which editors put before a text
_MARK_BYTES = MARK.encode()

Record = TypeVar("Record", bound=msgspec.Struct)


def as_read(text: str) -> str:
    r"""`text` without a byte order mark before it, and with LF where it has CRLF.

    >>> as_read("\ufefffn a() {\r\n}")
    'fn a() {\n}'
    """
    return text.removeprefix(MARK).replace("\r\n", "\n")


def record_as_read(record: Record) -> Record:
    """A record of JSON with all its texts as training reads them."""
    changed = {}
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if isinstance(value, str):
            changed[name] = as_read(value)
        elif isinstance(value, tuple):
            changed[name] = tuple(as_read(v) if isinstance(v, str) else v for v in value)
    return msgspec.structs.replace(record, **changed)


def without_mark(data: bytes) -> bytes:
    """`data` without a byte order mark before it."""
    return data.removeprefix(_MARK_BYTES)
