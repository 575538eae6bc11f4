"""A generated function as a JSON line, with the fields of functions_train.jsonl."""

import msgspec

from tat.synth.generator import Made


class Record(msgspec.Struct):
    """A line. `family` says what it was drawn from, `standalone` that it calls no helper."""

    id: str
    module_id: str
    source: str
    license: str
    family: str
    name: str
    comment: str
    signature: str
    body: str
    context: str
    calls: tuple[str, ...]
    standalone: bool


_encode = msgspec.json.Encoder().encode


def record(made: Made, seed: int) -> Record:
    """The line of a function of stream `seed`."""
    w = made.written
    module = f"synth-{seed}-{made.number}"
    return Record(
        f"{module}/{w.name}", module, "tat synth", "MIT", made.family, w.name, w.comment,
        w.signature, w.body, w.context, w.calls, not w.calls,
    )  # fmt: skip


def encoded(made: Made, seed: int) -> bytes:
    """The same in UTF-8, with its line end."""
    return _encode(record(made, seed)) + b"\n"
