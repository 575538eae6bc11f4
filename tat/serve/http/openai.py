"""`POST /v1/completions` as OpenAI's and minuet's clients send it, and in Tabby's form.

A `suffix` makes the prompt a gap. Without `max_tokens` up to 128 tokens are written.
"""

import secrets
import time

from tat.serve.ending import Ending
from tat.serve.engine import Engine, Gone
from tat.serve.http.bodies import OpenCompletion, Segments, stops
from tat.serve.http.filling import choices, gap, limited, several, streamed, texts
from tat.serve.http.replies import RefusedError, Reply, event, events, json_reply
from tat.serve.tasks import Written

_TOKENS = 128  # where a request does not say how many
_PROMPTS = 8  # of one request, at most


def completions(engine: Engine, body: OpenCompletion, gone: Gone) -> Reply:
    """Texts behind prompts, or in their gaps."""
    if body.segments is not None:
        return _tabby(engine, body, body.segments, gone)
    prompts = [body.prompt] if isinstance(body.prompt, str) else body.prompt
    if not prompts or len(prompts) > _PROMPTS:
        raise RefusedError(400, f"prompt: give a text, or a list of 1 to {_PROMPTS} texts")
    chosen = choices(engine.settings, body, body.n)
    asked = _TOKENS if body.max_tokens is None else body.max_tokens
    if asked < -1:
        raise RefusedError(400, f"max_tokens: {asked}; give 0 or more, or -1 for all that fit")
    limit = limited(engine, asked)
    ending = Ending(stops(body.stop))
    if body.stream:
        if len(prompts) > 1 or body.n > 1:
            raise RefusedError(400, "stream: one prompt and one text of it at a time")
        return _stream(engine, body, prompts[0], limit, chosen[0], ending, gone)
    found = several(
        engine, [gap(engine, prompt, body.suffix, []) for prompt in prompts], limit, chosen, ending,
        gone,
    )  # fmt: skip
    head = _head(engine)
    head["choices"] = [
        _choice(number, (prompts[number // len(chosen)] if body.echo else "") +
                written.generation.text, _reason(written))
        for number, written in enumerate(found)
    ]  # fmt: skip
    head["usage"] = _usage(found)
    return json_reply(head)


def _stream(
    engine: Engine, body: OpenCompletion, prompt: str, limit: int, choice: object, ending: Ending,
    gone: Gone,
) -> Reply:  # fmt: skip
    head = _head(engine)
    return events(streamed(
        engine, gap(engine, prompt, body.suffix, []), limit, choice, ending, gone,
        lambda text: event({**head, "choices": [_choice(0, text, None)]}),
        lambda written: event({**head, "choices": [_choice(0, "", _reason(written))],
                               "usage": _usage([written])}) + event("[DONE]"),
    ))  # fmt: skip


def _tabby(engine: Engine, body: OpenCompletion, segments: Segments, gone: Gone) -> Reply:
    chosen = choices(engine.settings, body, 1)
    prompt = gap(engine, segments.prefix, segments.suffix, [])
    ending = Ending(stops(body.stop))
    [written] = texts(engine, prompt, limited(engine, _TOKENS), chosen, ending, gone)
    choice = {"index": 0, "text": written.generation.text}
    return json_reply({"id": _identity(), "choices": [choice]})


def _head(engine: Engine) -> dict[str, object]:
    name = engine.decoder.require().name
    return {"id": _identity(), "object": "text_completion", "created": int(time.time()),
            "model": name}  # fmt: skip


def _identity() -> str:
    return f"cmpl-{secrets.token_hex(12)}"


def _choice(number: int, text: str, reason: str | None) -> dict[str, object]:
    return {"text": text, "index": number, "logprobs": None, "finish_reason": reason}


def _reason(written: Written) -> str:
    return "length" if written.reason == "limit" else "stop"


def _usage(texts: list[Written]) -> dict[str, int]:
    read = sum(written.prompt_tokens for written in texts)
    made = sum(written.generation.tokens for written in texts)
    return {"prompt_tokens": read, "completion_tokens": made, "total_tokens": read + made}
