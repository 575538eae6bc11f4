"""Weighs valid texts of an index and of the model by running them: what computes the same votes
together.

    model:  step(x), 3 of 4 texts       1.4 x 3/4 x their likelihood
    index:  edge(x)  computes the same  0.3 + 0.5, half of its name's words were asked for
    index:  ramp(x)  computes another   0.3 + 0.0

The first two agree and win. Agreement of independent solutions is a published judge (B. Chen et
al., "CodeT: Code Generation with Generated Tests", 2022; X. Wang et al., "Self-Consistency", 2022).
The votes were chosen by cross-validation over projects: bench/results/bundled_model.md.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tat.decode.prompt import Adaptation, Prompt
from tat.errors import UsageError
from tat.retrieval.naming import contrary, likeness
from tat.retrieval.query import Hit
from tat.wgsl.adaptation import same_types
from tat.wgsl.behaviour import alike, run
from tat.wgsl.declarations import functions
from tat.wgsl.lexer import code_of, tokenize
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.signature import Signature, parse_signature
from tat.wgsl.stubs import with_stubs
from tat.wgsl.typed import signature_of

_MODEL = 1.4  # the votes that the model's texts share
_FEWEST = 2  # texts that share them, as if there were so many
_BASE = 0.3  # the vote of a function of an index about which nothing else is known
_NAME = 1.0  # added for a function of an index that has the name that is asked for
_OWN_NAME = 1.001  # factor of a function's own name: before those that may have it, too
_PERSONS = 100.0  # factor where a person's own function has the types and the whole name, too
_OTHER_TYPES = 0.1  # factor where its parameters or its result have other types
_CONTRARY = 0.1  # factor where a name says the opposite, as linear_to_srgb of srgb_to_linear
_UNUSED = 0.1  # factor for each parameter that a text does not use, up to three
_USED = 0.0001  # added to the factor for each name of the context that is used: of equals the most
_MOST = 0.7  # likeness of a name from which a function answers before the model, unrun
_SEED = 1  # of the inputs; evaluation draws its own from seed 0
_PART = re.compile(r"\w+")
_SECONDS = 20.0  # for one run, and the start of a device on a busy machine

Weight = tuple[float, float]
"""The votes for what a text computes, and its own."""

NOTHING: Weight = (0.0, 0.0)


class Valid(NamedTuple):
    """A text that validates: the model's, an index's, or both."""

    text: str
    score: float  # the model's mean log-probability of its tokens, in nats
    times: int  # that the model wrote it
    origin: Hit | None
    proven: bool = False  # `origin` is one of tat's own functions


def is_weighable(prompt: Prompt) -> bool:
    """Whether texts can be run: they take and return plain values, and all that they may call is
    there as whole functions."""
    return _signature(prompt) is not None and with_stubs(prompt.context) == prompt.context


def weigh(prompt: Prompt, sandbox: Sandbox, texts: Sequence[Valid]) -> Mapping[str, Weight]:
    """The weight of each text, the higher the better; none where nothing runs."""
    signature = _signature(prompt)
    if signature is None or len(texts) < 2:
        return {}
    modules = [prompt.module(valid.text) for valid in texts]
    results = sandbox.each(lambda m: run(sandbox, m, signature, _SEED, _SECONDS).results, modules)
    if all(result is None for result in results):
        return {}
    drawn = max(_FEWEST, sum(valid.times for valid in texts))
    votes = [
        _vote(prompt, signature.name, valid) + _MODEL / drawn * _drawn(prompt, valid)
        for valid in texts
    ]
    return {
        valid.text: (vote + sum(v for r, v in _others(results, votes, i) if _agree(own, r)), vote)
        for i, (valid, vote, own) in enumerate(zip(texts, votes, results, strict=True))
    }


def named(prompt: Prompt, texts: Sequence[Valid]) -> list[Valid]:
    """The functions of an index that have the types and the whole name that is asked for.

    A person's own one answers. Beside one of tat's own a single text of the model is enough: more
    choose no better."""
    signature = _signature(prompt)
    if signature is None:
        return []
    return [one for one in texts if _vote(prompt, signature.name, one) >= _BASE + _NAME]


def likely(prompt: Prompt, adaptations: Iterable[Adaptation]) -> list[Adaptation]:
    """The functions of an index that go before the model's texts where nothing can be run: they
    have the types and most of the name. A person's own all do."""
    name = signature_of(prompt.signature).name

    def fit(hit: Hit) -> bool:
        like = max(likeness(name, other) for other in hit.names) >= _MOST
        return like and fits(hit, prompt) and not any(contrary(name, o) for o in hit.names)

    return [one for one in adaptations if not one.proven or fit(one.origin)]


def calls_of(prompt: Prompt, text: str) -> int:
    """How many of the functions that a prompt gives a text uses."""
    return len(_names(text.removeprefix(prompt.lead)) & given_functions(prompt))


def given_functions(prompt: Prompt) -> set[str]:
    """The names of the functions that the context of a prompt gives."""
    pairs = pairwise(code_of(prompt.context))
    return {name.text for keyword, name in pairs if keyword.text == "fn"}


def fits(hit: Hit, prompt: Prompt) -> bool:
    """Whether a function of an index has the types that are asked for."""
    theirs = functions(hit.text)[:1]
    return bool(theirs) and same_types(theirs[0].signature, prompt.signature)


def unused_parameters(prompt: Prompt, text: str) -> int:
    """How many parameters of the prompt's signature a text of it leaves unused."""
    body = text.removeprefix(prompt.lead)
    used = {token.text for token in tokenize(body) if token.kind == "identifier"}
    return sum(name not in used for name in prompt.parameters)


def _others(
    results: Sequence[np.ndarray | None], votes: Sequence[float], own: int
) -> list[tuple[np.ndarray | None, float]]:
    pairs = list(zip(results, votes, strict=True))
    return pairs[:own] + pairs[own + 1 :]


def _agree(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    return one is not None and other is not None and alike(one, other)


def _drawn(prompt: Prompt, valid: Valid) -> float:
    """How far the model trusts a text: its likelihood, for each time that it came."""
    trust = _UNUSED ** min(unused_parameters(prompt, valid.text), 3)
    return valid.times * math.exp(min(valid.score, 0.0)) * trust


def _vote(prompt: Prompt, name: str, valid: Valid) -> float:
    """How far a function of an index is trusted by itself; 0 for a text of the model alone."""
    if valid.origin is None:
        return 0.0
    unused = unused_parameters(prompt, valid.text)
    if unused and valid.proven:  # it was proven for fewer values: after all that the model writes
        return 0.0
    trust = _UNUSED ** min(unused, 3) * (1.0 if fits(valid.origin, prompt) else _OTHER_TYPES)
    if any(contrary(name, other) for other in valid.origin.names):
        trust *= _CONTRARY
    asked = [name]
    if not valid.proven and prompt.description:  # a person's own may be called by its words
        asked.append("_".join(_PART.findall(prompt.description)))
    own, *others = (max(likeness(one, name) for one in asked) for name in valid.origin.names)
    trust *= 1.0 + _USED * len(
        _names(prompt.context) & _names(valid.text.removeprefix(prompt.lead))
    )
    vote = (_BASE + _NAME * max([_OWN_NAME * own, *others])) * trust
    return vote if valid.proven or vote < _BASE + _NAME else vote * _PERSONS


def _names(code: str) -> set[str]:
    return {token.text for token in tokenize(code) if token.kind == "identifier"}


def _signature(prompt: Prompt) -> Signature | None:
    try:
        return parse_signature(prompt.signature) if prompt.signature.strip() else None
    except UsageError:
        return None
