"""Training samples, and the functions that they are made from.

completion    (comment, signature, context) -> body
description   (comment) -> context, signature and body; (comment, context) -> signature and body
              (a given context ends with the signatures of the functions that it calls)
infill        (prefix, suffix) -> middle, a gap in the context, signature and body
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from tat.config_tables import DataConfig
from tat.data.infill import cut_gaps
from tat.retrieval.words import count_words
from tat.wgsl.comments import without_comments
from tat.wgsl.members import members_apart
from tat.wgsl.stubs import with_stubs

Source = tuple[tuple[str, str], ...]  # (marker, text) pairs; markers as in tat.data.tokenizer
Split = Literal["train", "valid"]


@dataclass(frozen=True)
class Sample:
    """A source for the model to read and a target for it to write."""

    source: Source
    target: str
    group: str  # hash that names its file by content, or its module by id; never split
    split: Split
    origin: str  # path:line or the like, for reports
    code: str  # signature and body of the whole function, which no neighbour may give away
    neighbours: tuple[str, ...] = ()  # functions to read beside the source; see data.neighbours

    @property
    def kind(self) -> Literal["completion", "description", "infill"]:
        """Its form: completion, description or infill."""
        markers = [marker for marker, _ in self.source]
        if "suffix" in markers:
            return "infill"
        return "completion" if "signature" in markers else "description"

    @property
    def is_trained_completion(self) -> bool:
        """Whether it is one of those that give the vocabulary, neighbours and names."""
        return self.split == "train" and self.kind == "completion"

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
    calls: tuple[str, ...] = ()  # signatures of the functions of its module that it calls


def completion_source(comment: str, signature: str, context: str) -> Source:
    """The source that asks for a body, without empty parts; training and generation share it.

    A comment becomes one line, like a typed description, and a member of a struct has its own line.
    """
    parts = (
        ("comment", " ".join(comment.split())),
        ("signature", signature.strip()),
        ("context", members_apart(context.strip())),
    )
    return tuple((marker, text) for marker, text in parts if text)


def infill_source(prefix: str, suffix: str) -> Source:
    """The source that asks for the text between `prefix` and `suffix`; either may be empty."""
    return (("prefix", prefix), ("suffix", suffix))


def function_samples(function: Function, config: DataConfig, seed: int) -> Iterator[Sample]:
    """A completion, descriptions where the comment is long enough, and a share of infills."""
    by_function = config.split == "function"
    held_out = f"{function.group}\n{function.signature}" if by_function else function.group
    split = split_of(held_out, config.validation_share)

    whole = f"{function.signature.strip()} {function.body}"

    def sample(source: Source, target: str) -> Sample:
        return Sample(source, target, function.group, split, function.origin, whole)

    comment, context = function.comment, function.context
    given = "\n".join(part for part in (context, *function.calls) if part)
    body = function.body if config.body_comments else without_comments(function.body)
    yield sample(completion_source(comment, function.signature, given), body)
    head = f"{context}\n\n" if context else ""
    if config.description_words and count_words(comment) >= config.description_words:
        written = f"{function.signature.strip()} {body}"
        yield sample(completion_source(comment, "", ""), head + written)
        if given:
            yield sample(completion_source(comment, "", given), written)
    above = f"{with_stubs(given)}\n\n" if given else ""
    before = f"{above}{function.signature} "
    gaps = config.infill_share / (1 - config.infill_share)
    for gap in cut_gaps(function.body, gaps, f"{seed}/{digest_of(before, function.body)}"):
        source = infill_source(before + function.body[: gap.start], function.body[gap.stop :])
        yield sample(source, function.body[gap])


def split_of(group: str, validation_share: float) -> Split:
    """The split of a group; only the hash of the group decides."""
    place = int(digest_of("split", group)[:16], 16) / 2**64
    return "valid" if place < validation_share else "train"


def digest_of(*texts: str) -> str:
    """SHA-256 of texts, each behind its length: no two lists of texts give the same bytes."""
    parts = []
    for text in texts:
        data = text.encode()
        parts += len(data).to_bytes(8, "little"), data
    return sha256(b"".join(parts)).hexdigest()
