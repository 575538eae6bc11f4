"""What a model reads of a prompt that is longer than the sources it was trained on.

What it leaves out is not forgotten: grammar, names in scope and validation know the whole prompt.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tat.data.samples import Source, completion_source
from tat.data.tokenizer import Tokenizer
from tat.decode.prompt import Prompt
from tat.errors import UsageError
from tat.wgsl.comments import without_comments
from tat.wgsl.declarations import functions, split_module
from tat.wgsl.stubs import with_stubs


class Reading(NamedTuple):
    """The tokens that are read of a prompt, and in words what of its context is not."""

    tokens: list[int]
    left_out: str
    whole: int  # tokens of all of it


def read(prompt: Prompt, tokenizer: Tokenizer, longest: int) -> Reading:
    """As much of the prompt as `longest` tokens hold; UsageError if none of `readings` fits."""
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
    """The whole prompt, then ever less of its context, and what is left out.

    What the signature needs is always read: without it a body could only be guessed at.
    """
    yield prompt.source, ""
    if prompt.context.strip():
        for context, left_out in _shorter_contexts(prompt):
            yield completion_source(prompt.description, prompt.signature, context), left_out


def _shorter_contexts(prompt: Prompt) -> Iterator[tuple[str, str]]:
    """In the order of training: declarations, then the signatures of what may be called."""
    module = with_stubs(without_comments(prompt.context))
    items = [(item.kind, module[item.start : item.end]) for item in split_module(module)]
    declarations = [text for kind, text in items if kind != "fn"]
    # One by one: together they would be looked through for what each needs.
    signatures = [functions(text)[0].signature for kind, text in items if kind == "fn"]
    if items:
        yield "\n".join((*declarations, *signatures)), "comments and functions' bodies"
    for asked in functions("\n".join((*declarations, f"{prompt.signature} {{}}")))[-1:]:
        rest = "declarations that the signature does not need"
        yield "\n".join((asked.context, *signatures)), f"comments, functions' bodies and {rest}"
        yield asked.context, f"comments, functions and {rest}"
