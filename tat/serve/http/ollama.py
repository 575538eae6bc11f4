"""Ollama's interface: `/api/generate`, `/api/tags`, `/api/version`.

A `suffix` makes the prompt a gap; `raw` changes nothing, for there is no template. Without
`num_predict` up to 128 tokens are written. A stream is JSON Lines, not server-sent events.
"""

import time
from collections.abc import Iterator

import msgspec

from tat import __version__
from tat.errors import TatError
from tat.serve.ending import Ending
from tat.serve.engine import Engine, Gone
from tat.serve.http.bodies import Ollama, stops
from tat.serve.http.filling import choices, gap, limited, streamed, texts
from tat.serve.http.replies import Reply, failure, json_lines, json_reply
from tat.serve.tasks import Written

_TOKENS = 128  # where a request does not say how many


def generate(engine: Engine, body: Ollama, gone: Gone) -> Reply:
    """Text behind a prompt, or in its gap; a request without a prompt asks whether it is loaded."""
    name, options = engine.decoder.require().name, body.options
    if not body.prompt and not body.suffix:
        return json_reply({**_head(name), "response": "", "done": True, "done_reason": "load"})
    limit = limited(engine, _TOKENS if options.num_predict is None else options.num_predict)
    prompt, ending = gap(engine, body.prompt, body.suffix, []), Ending(stops(options.stop))
    [choice] = choices(engine.settings, options, 1)
    if not body.stream:
        [written] = texts(engine, prompt, limit, [choice], ending, gone)
        return json_reply(_last(name, written, written.generation.text))
    return json_lines(_guarded(streamed(
        engine, prompt, limit, choice, ending, gone,
        lambda text: _line({**_head(name), "response": text, "done": False}),
        lambda written: _line(_last(name, written, "")),
    )))  # fmt: skip


def tags(engine: Engine) -> Reply:
    """The model, if one is loaded."""
    service = engine.decoder.service
    if service is None:
        return json_reply({"models": []})
    details = {"format": "tat", "family": "tat", "families": ["tat"]}
    return json_reply({
        "models": [{"name": service.name, "model": service.name, "details": details}]
    })  # fmt: skip


def version(engine: Engine) -> Reply:
    """The version of tat."""
    return json_reply({"version": __version__})


def _head(name: str) -> dict[str, object]:
    return {"model": name, "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def _last(name: str, written: Written, text: str) -> dict[str, object]:
    """The end of an answer; durations are in nanoseconds."""
    read, made = (int(1e6 * ms) for ms in (written.prompt_ms, written.ms))
    return {
        **_head(name), "response": text, "done": True,
        "done_reason": "length" if written.reason == "limit" else "stop",
        "total_duration": read + made, "load_duration": 0,
        "prompt_eval_count": written.prompt_tokens, "prompt_eval_duration": read,
        "eval_count": written.generation.tokens, "eval_duration": made,
    }  # fmt: skip


def _line(record: object) -> bytes:
    return msgspec.json.encode(record) + b"\n"


def _guarded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """A stream that has begun can only end: its error is its last line."""
    try:
        yield from pieces
    except TatError as error:
        yield failure(error).body + b"\n"
