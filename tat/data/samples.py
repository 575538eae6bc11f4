"""A training sample, and how a function gives some.

    completion   (comment, signature, context) -> body
    infill       (prefix, suffix) -> middle, a gap in the context, signature and body
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from tat.data.infill import cut_gaps

Source = tuple[tuple[str, str], ...]  # (marker, text) pairs; markers as in tat.data.tokenizer
Split = Literal["train", "valid"]


@dataclass(frozen=True)
class Sample:
    """What the model is given and what it is to write."""

    source: Source
    target: str
    group: str  # hash that names its file by content, or its module by id; never split
    split: Split
    origin: str  # path:line or the like, for reports

    @property
    def kind(self) -> Literal["completion", "infill"]:
        """Which of the two forms it has."""
        return "infill" if self.source[-1][0] == "suffix" else "completion"

    @property
    def digest(self) -> str:
        """SHA-256 of source and target, hexadecimal."""
        return digest_of(*(text for part in self.source for text in part), self.target)


@dataclass(frozen=True)
class Function:
    """A function of a training file, and where it comes from."""

    comment: str
    signature: str
    body: str
    context: str
    group: str
    origin: str


def completion_source(comment: str, signature: str, context: str) -> Source:
    """The source that asks for a body; empty parts are left out, in training as in generating.

    A comment becomes one line, however it was broken, as a description is typed.
    """
    parts = (
        ("comment", " ".join(comment.split())),
        ("signature", signature.strip()),
        ("context", context.strip()),
    )
    return tuple((marker, text) for marker, text in parts if text)


def infill_source(prefix: str, suffix: str) -> Source:
    """The source that asks for what stands between `prefix` and `suffix`; either may be empty."""
    return (("prefix", prefix), ("suffix", suffix))


def function_samples(
    function: Function, infill_share: float, validation_share: float, seed: int
) -> Iterator[Sample]:
    """One completion and as many infills as make up their share on average."""
    split = split_of(function.group, validation_share)
    source = completion_source(function.comment, function.signature, function.context)
    yield Sample(source, function.body, function.group, split, function.origin)
    head = "\n\n".join(text for text in (function.context, function.signature) if text) + " "
    key = digest_of(head, function.body)
    for gap in cut_gaps(function.body, infill_share / (1 - infill_share), f"{seed}/{key}"):
        source = infill_source(head + function.body[: gap.start], function.body[gap.stop :])
        yield Sample(source, function.body[gap], function.group, split, function.origin)


def split_of(group: str, validation_share: float) -> Split:
    """The split of a group: its hash decides, so no other group has a say in it."""
    place = int(digest_of("split", group)[:16], 16) / 2**64
    return "valid" if place < validation_share else "train"


def digest_of(*texts: str) -> str:
    """SHA-256 of texts, each behind its length, so that no two lists of texts look the same."""
    state = sha256()
    for text in texts:
        data = text.encode()
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()
