"""Functions that a request in words asks for: those that fit it best, if any fits.

convert rgb to hsv    rgb_to_hsv  "Converts RGB to HSV"   all of its words, in their order
                      hsv_to_rgb  "Converts HSV to RGB"   all of its words, but the other way round
                      rgb_to_luma "Luma of RGB"           too few
fade by foamFade      foamFade    "Exponential fall"   its name stands there as it is spelled

Words that ask for a stage, as `a fragment shader that` does, are a requirement: an entry point of
another stage is no answer, and of a plain function an entry point is made (`tat.retrieval.stages`).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

from tat.retrieval.fitting import Request
from tat.retrieval.index import Index
from tat.retrieval.query import Hit, search
from tat.retrieval.stages import entry_point, stage_asked, stage_of
from tat.retrieval.terms import terms
from tat.retrieval.words import parts, words
from tat.wgsl.declarations import split_module
from tat.wgsl.lexer import tokenize

_HITS = 64  # that are compared
_ENOUGH = 8.5  # of 15, the highest score; from there a function is an answer
_READ = 256  # words of a request
_OF_STAGE = 2.0  # added to the score of an entry point of the stage that is asked for
_VECTORS = re.compile(r"\b(vector|direction|normal|color|point|position)s?\b", re.I)
_SIZE = re.compile(r"\b(?:([234])[ -]?d|vec([234])f?)\b", re.I)
_TYPE = re.compile(r":\s*(\w+)")  # of the first parameter
_IDENTITY = """
SELECT chunks.id FROM chunks JOIN documents ON documents.id = chunks.document
WHERE chunks.text = ? AND documents.file = ? LIMIT 1
"""
_BESIDE = """
SELECT name, text, context FROM chunks
WHERE kind = 'function' AND document = (SELECT document FROM chunks WHERE id = ?) ORDER BY place
"""


def answers(
    index: Index, request: str, exclude: str = ""
) -> Iterator[tuple[Hit, Callable[[], str]]]:
    """The functions that a request asks for, the best first, and what renders each with all that it
    needs; `exclude` as in `search`."""
    read = " ".join(islice(request.split(), _READ))
    stage = stage_asked(read)
    if not stage.name:
        for _, hit in _asked_for(index, read, exclude):
            yield hit, partial(whole, index, hit)
        return
    entries: dict[str, tuple[float, Hit]] = {}
    for words_of in dict.fromkeys((read, stage.rest, stage.each)):
        for (named, score), hit in _asked_for(index, words_of, exclude):
            if stage_of(hit.text) == stage.name:
                best = max(score + _OF_STAGE + named, entries.get(hit.text, (0.0, hit))[0])
                entries[hit.text] = best, hit
    ranked = [(-score, 0, partial(whole, index, hit), hit) for score, hit in entries.values()]
    for (_, score), hit in _asked_for(index, stage.each, exclude):
        if stage_of(hit.text):
            continue
        made = entry_point(stage.name, stage.rest, hit.text, whole(index, hit))
        if made:  # of about equals the shortest: the scalar form of a generic function, say
            ranked.append((-round(score, 1), len(made), partial(str, made), hit))
    for _, _, render, hit in sorted(ranked, key=lambda item: item[:2]):
        yield hit, render


def _asked_for(index: Index, request: str, exclude: str) -> list[tuple[tuple[bool, float], Hit]]:
    """The functions that words ask for, the best first, each after whether its name stands there,
    and its score."""
    asked, spelled = Request(request, index.frequency, len(index)), _compounds(request)
    hits = search(index, request, _HITS, kind="function", exclude=exclude)
    scores = [(hit.name in spelled, asked.fit(hit, hits[0].score)) for hit in hits]
    ranked = [
        item for item in zip(scores, hits, strict=True) if item[0][0] or item[0][1] >= _ENOUGH
    ]
    families: dict[tuple[str, int], tuple[bool, float]] = {}
    for score, hit in ranked:  # forms of a generic function fit alike, but for their types
        families[hit.file, hit.line] = max(score, families.get((hit.file, hit.line), score))
    types = _types_asked(request)
    ranked.sort(key=lambda item: _form(item[1], types))
    return sorted(ranked, key=lambda item: families[item[1].file, item[1].line], reverse=True)


def _types_asked(request: str) -> tuple[str, ...]:
    """The types of a generic function, those that go with the words of a request first.

    >>> _types_asked("reflect a 2D vector")
    ('vec2f', 'vec3f', 'f32', 'vec2f', 'vec3f', 'vec4f')
    """
    sizes = ["".join(size) for size in _SIZE.findall(request)]
    sizes += "3" if _VECTORS.search(request) else ""
    return (*(f"vec{size}f" for size in sizes), "f32", "vec2f", "vec3f", "vec4f")


def _form(hit: Hit, types: tuple[str, ...]) -> int:
    """The place of its first parameter's type among others, behind all if it is none of them."""
    found = _TYPE.search(hit.text)
    return types.index(found[1]) if found and found[1] in types else len(types)


def unknown_words(indexes: Iterable[Index], request: str) -> list[str]:
    """The words of a request that mean something, if no index has any of them, else none."""
    said = zip(parts(request), terms(request), strict=True)
    content = [(word, term) for word, term in said if not term.startswith("~")][:_READ]
    asked = " ".join(f"{word} {term}" for word, term in content)
    known = any(search(index, asked, 1) for index in indexes)
    return [] if known else [word for word, _ in content]


def whole(index: Index, hit: Hit) -> str:
    """A function with its comment, below all that it needs of its document."""
    beside = {n: (t, c) for n, t, c in index.select(_BESIDE, (_identity(index, hit),))}
    needed, pending = {hit.name}, [hit.text]
    while pending:
        called = {token.text for token in tokenize(pending.pop())} & beside.keys() - needed
        needed |= called
        pending += (beside[name][0] for name in called)
    helpers = [beside[name] for name in beside if name in needed - {hit.name}]
    contexts = (*(context for _, context in helpers), hit.context)
    declared = dict.fromkeys(
        context[item.start : item.end] for context in contexts for item in split_module(context)
    )
    comment = "".join(f"/// {line}\n" for line in hit.comment.splitlines())
    return "\n\n".join([*declared, *(text for text, _ in helpers), comment + hit.text])


def _compounds(request: str) -> set[str]:
    """The identifiers of several words in a request: no word of a sentence is spelled like that."""
    return {name for name in re.findall(r"\w+", request) if len({*words(name)}) > 1}


def _identity(index: Index, hit: Hit) -> int:
    [(identity,)] = index.select(_IDENTITY, (hit.text, hit.file))
    return identity
