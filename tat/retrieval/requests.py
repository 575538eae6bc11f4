"""Functions that a request in words asks for: those that fit it best, if any fits.

convert rgb to hsv    rgb_to_hsv  "Converts RGB to HSV"   all of its words, in their order
                      hsv_to_rgb  "Converts HSV to RGB"   all of its words, but the other way round
                      rgb_to_luma "Luma of RGB"           too few
fade by foamFade      foamFade    "Exponential fall"   its name stands there as it is spelled
"""

import re
from itertools import islice

from tat.retrieval.fitting import Request
from tat.retrieval.index import Index
from tat.retrieval.query import Hit, search
from tat.retrieval.words import words
from tat.wgsl.declarations import split_module
from tat.wgsl.lexer import tokenize

_HITS = 64  # that are compared
_ENOUGH = 8.5  # of 15, the highest score; from there a function is an answer
_READ = 256  # words of a request
_IDENTITY = """
SELECT chunks.id FROM chunks JOIN documents ON documents.id = chunks.document
WHERE chunks.text = ? AND documents.file = ? LIMIT 1
"""
_BESIDE = """
SELECT name, text, context FROM chunks
WHERE kind = 'function' AND document = (SELECT document FROM chunks WHERE id = ?) ORDER BY place
"""


def asked_for(index: Index, request: str, exclude: str = "") -> list[Hit]:
    """The functions that a request asks for, the best first; `exclude` as in `search`."""
    read = " ".join(islice(request.split(), _READ))
    asked, spelled = Request(read, index.frequency, len(index)), _compounds(request)
    hits = search(index, request, _HITS, kind="function", exclude=exclude)
    ranked = []
    for hit in hits:
        named, score = hit.name in spelled, asked.fit(hit, hits[0].score)
        if named or score >= _ENOUGH:
            ranked.append(((named, score), hit))
    return [hit for _, hit in sorted(ranked, key=lambda item: item[0], reverse=True)]


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
