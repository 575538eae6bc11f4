"""Queries: the chunks that share most words with a request, rare words first."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from tat.retrieval.index import Index
from tat.retrieval.similarity import gives_away, shingles
from tat.retrieval.words import words

_WEIGHTS = (8.0, 3.0, 4.0, 1.0)  # of name, signature, comment and body
_READ = 4096  # words of a query that are read
_WORDS = 16  # different ones that are looked for
_CHUNKS = 1000  # chunks that are scored, about

# BM25 (S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework", 2009) as FTS5 has it:
# better is more negative. Equal scores are ordered by place, so the history of an index does not
# matter; chunks that tie with the last one within the limit come along.
_SEARCH = f"""
WITH ranked AS MATERIALIZED (
    SELECT terms.rowid AS id, bm25(terms, {", ".join(map(str, _WEIGHTS))}) AS score
    FROM terms JOIN chunks ON chunks.id = terms.rowid
    WHERE terms MATCH ? AND ? IN ('', chunks.kind)
)
SELECT chunks.kind, chunks.name, chunks.text, chunks.comment, chunks.context, documents.file,
       documents.line + chunks.line, documents.license, -ranked.score, {{column}}, chunks.topics
FROM ranked JOIN chunks ON chunks.id = ranked.id JOIN documents ON documents.id = chunks.document
WHERE ranked.score <= (SELECT max(score) FROM (SELECT score FROM ranked ORDER BY score LIMIT ?))
ORDER BY ranked.score, documents.file, documents.line, chunks.place, documents.digest
"""


@dataclass(frozen=True)
class Hit:
    """A chunk that was found, and where it is from; a higher `score` fits better."""

    kind: str  # function, struct or module
    name: str
    text: str  # exact source
    comment: str
    context: str  # declarations that `text` needs
    file: str
    line: int
    license: str  # SPDX, or "" if unknown
    score: float  # BM25
    column: int = 1  # where it starts in its line
    topics: str = ""  # further words to find it by, of which names have a line each

    @property
    def names(self) -> tuple[str, ...]:
        """Its name, and what else it may be called."""
        return self.name, *filter(str.isidentifier, self.topics.splitlines())


def search(
    index: Index,
    query: str,
    top: int = 4,
    *,
    kind: str = "",
    exclude: str = "",
    refuse: Callable[[Hit], bool] | None = None,
) -> list[Hit]:
    """The `top` best chunks with different texts; `query` is any text and has no syntax.

    With `kind` only chunks of that kind. It leaves out chunks that are near-duplicates of the code
    `exclude` or hold it, and those that are refused.
    """
    match = " OR ".join(f'"{word}"' for word in _rarest(index, query))
    limit = 2 * top
    column = "chunks.col" if index.version >= 3 else "1"
    while match and top > 0:
        rows = index.select(_SEARCH.format(column=column), (match, kind, limit))
        found = [Hit(*row) for row in rows]
        hits = _chosen([hit for hit in found if not (refuse and refuse(hit))], top, exclude)
        if len(hits) == top or len(rows) < limit:
            return hits
        limit *= 4
    return []


def search_all(
    indexes: Iterable[Index], query: str, top: int, *, kind: str = "", exclude: str = ""
) -> list[Hit]:
    """The `top` best chunks of several indexes; a text that several have is the first one's."""
    found: dict[str, Hit] = {}
    for index in indexes:
        for hit in search(index, query, top, kind=kind, exclude=exclude):
            found.setdefault(hit.text, hit)
    return sorted(found.values(), key=lambda hit: -hit.score)[:top]


def _rarest(index: Index, query: str) -> list[str]:
    """The rarest words of a query, as many as leave few enough chunks to look at.

    Scoring takes time for every chunk that holds any of the words, and common words add little to a
    score.
    """
    asked = dict.fromkeys(islice(words(query), _READ))
    rarest, chunks = [], 0
    for frequency, word in sorted((index.frequency(word), word) for word in asked):
        chunks += frequency
        if rarest and (chunks > _CHUNKS or len(rarest) == _WORDS):
            break
        if frequency:
            rarest.append(word)
    return rarest


def _chosen(hits: list[Hit], top: int, exclude: str) -> list[Hit]:
    """The first `top` of different texts, without those that give away `exclude`."""
    chosen: dict[str, Hit] = {}
    secret = shingles(exclude) if exclude.strip() else None
    for hit in hits:
        if len(chosen) == top:
            break
        if hit.text not in chosen and not (secret and gives_away(shingles(hit.text), secret)):
            chosen[hit.text] = hit
    return list(chosen.values())
