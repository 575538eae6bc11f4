"""Functions that a request in words asks for: those whose description has most of its words.

convert rgb to hsv    rgb_to_hsv  "Converts RGB to HSV"   all of its words, in their order
                      hsv_to_rgb  "Converts HSV to RGB"   all of its words
                      rgb_to_luma "Luma of RGB"           too few
distance to a box     sd_box      "Signed distance to a box"  all of them, and its name says no more
                      box_exterior  "Distance to a box"   all of its words
fade by foamFade      foamFade    "Exponential fall"   its name stands there as it is spelled
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import islice, pairwise

from tat.retrieval.index import Index
from tat.retrieval.query import Hit, search
from tat.retrieval.words import words
from tat.wgsl.declarations import split_module
from tat.wgsl.lexer import tokenize

_HITS = 32  # that are compared
_ENOUGH = 0.6  # of a request's words; chosen on the cookbook's train split
_READ = 256  # words of a request
_IDENTITY = """
SELECT chunks.id FROM chunks JOIN documents ON documents.id = chunks.document
WHERE chunks.text = ? AND documents.file = ? LIMIT 1
"""
_BESIDE = """
SELECT name, text, context FROM chunks
WHERE kind = 'function' AND document = (SELECT document FROM chunks WHERE id = ?) ORDER BY place
"""
_HAS = "SELECT 1 FROM terms WHERE terms MATCH ? AND rowid = ?"


def asked_for(index: Index, request: str, exclude: str = "") -> list[Hit]:
    """The functions that a request asks for, the best first; `exclude` as in `search`."""
    read = list(islice(words(request), _READ))
    asked, pairs = list(dict.fromkeys(read)), set(pairwise(read))
    spelled, count = _compounds(request), len(index) + 1
    weights = {word: math.log(count / max(1, index.frequency(word))) for word in asked}
    hits = search(index, request, _HITS, kind="function", exclude=exclude)
    ranked = []
    for hit in hits:
        identity = _identity(index, hit)
        share = round(_share_of_words(index, weights, identity), 2)
        named = hit.name in spelled
        if named or share >= _ENOUGH:
            follow = _pairs_in_order(index, pairs, identity)
            rank = named, share, _says_no_more(asked, hit.name), follow, *_likeness(asked, hit.name)
            ranked.append((rank, hit))
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


def _share_of_words(index: Index, weights: Mapping[str, float], identity: int) -> float:
    """The share of words that stand in name, signature or comment, 0 to 1; rare ones count more."""
    found = sum(
        weight
        for word, weight in weights.items()
        if index.select(_HAS, (f'{{name signature comment}} : "{word}"', identity))
    )
    return found / sum(weights.values()) if any(weights.values()) else 0.0


def _pairs_in_order(index: Index, pairs: Collection[tuple[str, str]], identity: int) -> int:
    """Neighbouring words of a request that follow each other in the name or the comment, too."""
    return sum(
        len(index.select(_HAS, (f'{{name comment}} : "{one} {other}"', identity)))
        for one, other in pairs
    )


def _says_no_more(asked: Collection[str], name: str) -> bool:
    """Whether all words of a name are asked for, but for those of up to two letters, as `sd`."""
    return all(word in asked or len(word) <= 2 for word in words(name.replace("_", " ")))


def _likeness(asked: Sequence[str], name: str) -> tuple[int, float]:
    """Neighbouring words of a name that follow each other in the request, too, and Dice's
    coefficient of both."""
    own = list(words(name.replace("_", " ")))
    follow = set(pairwise(asked)).intersection(pairwise(own))
    return len(follow), 2 * len(set(own) & set(asked)) / max(1, len(set(own)) + len(asked))
