"""Shortens prompts that are longer than the sources that the model was trained on.

Grammar, names in scope and validation still know the whole prompt.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tat.data.samples import Source, completion_source, infill_source
from tat.data.tokenizer import Tokenizer
from tat.decode.prompt import Prompt
from tat.errors import UsageError
from tat.wgsl.comments import without_comments
from tat.wgsl.declarations import functions, split_module
from tat.wgsl.stubs import with_stubs

_HOLE = " tat_gap_7f3a "  # no shader has this name
_DISTANCES = (128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1)  # lines on each side of a gap
_LENGTHS = (1000, 500, 250, 120, 60, 30)  # characters, where one line is too long for the model


class Reading(NamedTuple):
    """The tokens of a prompt that are read, and in words the part of its context that is not."""

    tokens: list[int]
    left_out: str
    whole: int  # tokens of all of it


def read(prompt: Prompt, tokenizer: Tokenizer, longest: int) -> Reading:
    """The longest of `readings` with at most `longest` tokens; UsageError if none fits."""
    lengths = []
    for source, left_out in readings(prompt):
        tokens = tokenizer.encode_source(source)
        lengths.append(len(tokens))
        if len(tokens) <= longest:
            return Reading(tokens, left_out, lengths[0])
    raise UsageError(
        f"prompt: {lengths[0]} tokens, but the model was trained on sources of at most"
        f" {longest}; shorten the description or the context"
    )


def readings(prompt: Prompt) -> Iterator[tuple[Source, str]]:
    """The whole prompt, then ever less of its context; each with the left-out parts in words.

    A gap is read as training has gaps, with its function and what that needs.

    The declarations that the signature needs always stay: a body depends on them.
    """
    if prompt.is_gap:
        yield from _around_gap(prompt.before, prompt.behind)
        return
    yield prompt.source, ""
    if prompt.context.strip():
        for context, left_out in _shorter_contexts(prompt):
            yield completion_source(prompt.description, prompt.signature, context), left_out


def _around_gap(prefix: str, suffix: str) -> Iterator[tuple[Source, str]]:
    """First the function with the gap below the declarations that it needs, as in training, or all
    outside of functions; then ever fewer lines, and at last characters, around the gap."""
    prefix, suffix = _function_around(prefix, suffix) or (prefix, suffix)
    yield infill_source(prefix, suffix), ""
    before, after = prefix.splitlines(keepends=True), suffix.splitlines(keepends=True)
    for lines in _DISTANCES:
        if lines < max(len(before), len(after)):
            kept = "".join(before[-lines:]), "".join(after[:lines])
            yield infill_source(*kept), f"what is more than {lines} lines from the gap"
    for length in _LENGTHS:
        kept = prefix[-length:], suffix[:length]
        yield infill_source(*kept), f"what is more than {length} characters from the gap"


def _function_around(prefix: str, suffix: str) -> tuple[str, str] | None:
    """Prefix and suffix of the gap with only that function and what it needs; None outside of one.

    A name stands in the gap while the text is taken apart: functions are found by their brackets.
    """
    module = f"{prefix}{_HOLE}{suffix}"
    for function in functions(module):
        head, hole, rest = function.body.partition(_HOLE)
        if hole:
            given = with_stubs("\n".join((*filter(None, (function.context,)), *function.calls)))
            above = f"{given}\n\n" if given else ""
            return f"{above}{function.signature} {head}", rest
    return None


def _shorter_contexts(prompt: Prompt) -> Iterator[tuple[str, str]]:
    """Ever shorter contexts, as in training: declarations, then signatures of functions."""
    module = with_stubs(without_comments(prompt.context))
    items = [(item.kind, module[item.start : item.end]) for item in split_module(module)]
    declarations = [text for kind, text in items if kind != "fn"]
    # One by one: together they would be searched for the declarations that each needs.
    signatures = [functions(text)[0].signature for kind, text in items if kind == "fn"]
    if items:
        yield "\n".join((*declarations, *signatures)), "comments and functions' bodies"
    for asked in functions("\n".join((*declarations, f"{prompt.signature} {{}}")))[-1:]:
        rest = "declarations that the signature does not need"
        yield "\n".join((asked.context, *signatures)), f"comments, functions' bodies and {rest}"
        yield asked.context, f"comments, functions and {rest}"
