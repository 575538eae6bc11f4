"""Finds endless loops, which a driver such as Mesa's llvmpipe may leave silently.

It counts turns: a body gets a counter in each of its loops, and a function that returns it.
"""

from tat.evaluation.placement import Placement
from tat.wgsl.behaviour import run
from tat.wgsl.lexer import tokenize
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.signature import Signature, ValueType

# A call with more turns of all loops counts as endless. llvmpipe leaves after 65,535 turns, but
# counts those of neighbouring calls, too. The inputs are small numbers.
_ENDLESS = 32_768
_COUNTER = "tat_turns"
_COUNT = f" {_COUNTER} += 1u; "


def has_loop(body: str) -> bool:
    """Whether the body loops at all."""
    return with_counter(body) != body


def with_counter(body: str) -> str:
    """`body` with a counting statement at the start of each loop."""
    parts, copied, waiting = [], 0, False
    for token in tokenize(body):
        if token.kind == "keyword" and token.text in ("loop", "while", "for"):
            waiting = True
        elif waiting and token.text == "{":  # no expression of a loop's head holds one
            parts += [body[copied : token.end], _COUNT]
            copied, waiting = token.end, False
    return "".join([*parts, body[copied:]])


def never_ends(sandbox: Sandbox, place: Placement, body: str, signature: Signature) -> bool:
    """Whether a valid body with loops makes too many turns for one of the inputs."""
    parameters = ", ".join(f"{name}: {kind.name}" for name, kind in signature.parameters.items())
    module = f"""{place.module(with_counter(body))}
var<private> {_COUNTER}: u32;
fn {_COUNTER}_of({parameters}) -> u32 {{
    _ = {signature.name}({", ".join(signature.parameters)});
    return {_COUNTER};
}}
"""
    counting = Signature(f"{_COUNTER}_of", signature.parameters, ValueType("u32", "u32", ()))
    turns = run(sandbox, module, counting).results
    return turns is None or bool((turns >= _ENDLESS).any())
