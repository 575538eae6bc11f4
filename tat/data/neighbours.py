"""Neighbours: similar functions that the model reads beside a request.

Training and generation find and cut them with the same code, so that a model meets what it learnt
from. Each neighbour is a source of its own, encoded by itself (G. Izacard and E. Grave, "Leveraging
Passage Retrieval with Generative Models for Open Domain Question Answering", 2021).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tat.data.samples import Sample, Source
from tat.data.tokenizer import Tokenizer
from tat.retrieval.chunks import Document
from tat.retrieval.index import Index
from tat.retrieval.query import Hit, search


@dataclass(frozen=True)
class Neighbour:
    """A function that was found: the text that the model reads, and its origin."""

    text: str  # comment, signature and body
    name: str
    file: str
    line: int
    license: str  # SPDX, or "" if unknown
    score: float  # BM25; higher fits better


def find_neighbours(
    index: Index,
    source: Source,
    top: int,
    *,
    exclude: str = "",
    refuse: Callable[[Hit], bool] | None = None,
) -> list[Neighbour]:
    """Up to `top` functions that fit the words of a source, the best first.

    It leaves out near-duplicates of the code `exclude`, texts that hold it, and refused hits.
    """
    query = "\n".join(text for _, text in source)
    hits = search(index, query, top, kind="function", exclude=exclude, refuse=refuse)
    return [
        Neighbour(_text(h.comment, h.text), h.name, h.file, h.line, h.license, h.score)
        for h in hits
    ]


def encode_neighbour(text: str, tokenizer: Tokenizer, limit: int) -> list[int]:
    """The ids of a neighbour behind its marker, cut to `limit` tokens."""
    return tokenizer.encode_source((("neighbour", text),))[:limit]


def with_neighbours(samples: Sequence[Sample], count: int) -> Iterator[Sample]:
    """The samples, each with up to `count` functions of the training split beside it.

    None is from the sample's own group, and none gives its function away. The result depends on the
    texts and not on the order of the samples.
    """
    index = Index(name="the training split")
    index.update(document_of(sample) for sample in samples if sample.is_trained_completion)
    for sample in samples:
        yield replace(sample, neighbours=neighbours_of(sample, index, count))


def document_of(sample: Sample) -> Document:
    """A completion, named by digest and group, so that no path decides between equal scores."""
    parts = dict(sample.source)
    return Document.of_function(
        f"{sample.digest} {sample.group}", 0, parts["signature"], sample.target,
        comment=parts.get("comment", ""), context=parts.get("context", ""),
    )  # fmt: skip


def neighbours_of(sample: Sample, index: Index, count: int) -> tuple[str, ...]:
    """The texts of up to `count` documents of an index of document_of() that fit a sample."""
    found = find_neighbours(
        index, sample.source, count, exclude=sample.code,
        refuse=lambda hit: hit.file.partition(" ")[2] == sample.group,
    )  # fmt: skip
    return tuple(neighbour.text for neighbour in found)


def _text(comment: str, code: str) -> str:
    return f"// {' '.join(comment.split())}\n{code}" if comment.strip() else code
