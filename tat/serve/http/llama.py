"""llama.cpp's interface: `/infill`, `/completion`, `/tokenize`, `/props`, `/health`, `/v1/models`.

Fields of requests that tat has no use for are ignored. A prompt is read in one pass, so
`t_max_prompt_ms` is the time in which a text has to begin: else it is given up, and empty.
"""

import time

from tat import __version__
from tat.decode.prompt import Prompt
from tat.serve.ending import Ending
from tat.serve.engine import Engine, Gone, GoneError, until
from tat.serve.gaps import Gap, gap_at
from tat.serve.http.bodies import Completion, Infill, Tokenize, stops
from tat.serve.http.filling import choices, gap, limited, streamed, texts
from tat.serve.http.replies import Reply, event, events, json_reply
from tat.serve.proposing import proposal
from tat.serve.tasks import NoModelError, Written

_REASONS = {"eos": "eos", "limit": "limit", "word": "word", "none": "eos"}


def infill(engine: Engine, body: Infill, gone: Gone) -> Reply:
    """Text between a prefix and a suffix."""
    prefix = body.input_prefix + body.prompt
    if body.line:
        return _line(engine, gap_at(prefix, body.input_suffix, line=True), body, gone)
    return _completed(engine, gap(engine, prefix, body.input_suffix, body.input_extra), body, gone)


def completion(engine: Engine, body: Completion, gone: Gone) -> Reply:
    """Text behind a prompt."""
    return _completed(engine, gap(engine, body.prompt, None, []), body, gone)


def tokenize(engine: Engine, body: Tokenize) -> Reply:
    """The tokens of a text."""
    tokens = engine.decoder.tokens(body.content)
    if not body.with_pieces:
        return json_reply({"tokens": tokens})
    decode = engine.decoder.require().generator.loaded.tokenizer.decode_text
    return json_reply({"tokens": [{"id": t, "piece": decode([t])} for t in tokens]})


def health(engine: Engine) -> Reply:
    """Whether the model can be asked; without one 503, though the rest is served."""
    service = engine.decoder.require()
    return json_reply({"status": "ok", "model": service.name, "version": {"tat": __version__}})


def props(engine: Engine) -> Reply:
    """The limits of the model."""
    service = engine.decoder.require()
    generator = service.generator
    return json_reply({
        "default_generation_settings": {"n_ctx": generator.longest, "n_predict":
                                        generator.max_tokens, "params": {}},
        "total_slots": generator.settings.batch, "model_path": service.name,
        "build_info": f"tat {__version__}", "chat_template": "",
    })  # fmt: skip


def models(engine: Engine) -> Reply:
    """The model, as a list of one."""
    try:
        service = engine.decoder.require()
    except NoModelError:
        return json_reply({"object": "list", "data": []})
    loaded = service.generator.loaded
    meta = {"n_vocab": loaded.tokenizer.size, "n_ctx_train": service.generator.longest}
    model = {"id": service.name, "object": "model", "created": 0, "owned_by": "tat", "meta": meta}
    return json_reply({"object": "list", "data": [model]})


def _line(engine: Engine, place: Gap, body: Infill, gone: Gone) -> Reply:
    """The best line of several, whatever else is asked of the choice; "" where none is valid."""
    name, seconds = engine.decoder.require().name, body.t_max_predict_ms / 1000
    late = until(time.monotonic() + seconds, gone) if seconds > 0 else gone
    try:
        text = proposal(engine, place, late)
    except GoneError:
        if gone():
            raise
        text = ""
    record = {"index": 0, "content": text, "tokens": [], "stop": True, "model": name,
              "stop_type": "eos"}  # fmt: skip
    fields = _fields(body, record)
    return events(iter([event(fields)])) if body.stream else json_reply(fields)


def _completed(engine: Engine, prompt: Prompt, body: Completion, gone: Gone) -> Reply:
    limit = limited(engine, body.n_predict)
    ending = Ending(stops(body.stop), indent=body.n_indent, seconds=body.t_max_predict_ms / 1000)
    chosen, patience = choices(engine.settings, body, body.n_cmpl), body.t_max_prompt_ms / 1000
    if limit == 0:  # clients warm a server up like this
        return json_reply(_fields(body, {"content": "", "tokens": [], "stop": True}))
    if body.stream:
        return events(streamed(
            engine, prompt, limit, chosen[0], ending, gone,
            lambda text: event({"content": text, "tokens": [], "stop": False}),
            lambda written: event(_fields(body, _record(engine, prompt, body, written, "", 0))),
            patience,
        ))  # fmt: skip
    found = texts(engine, prompt, limit, chosen, ending, gone, patience)
    records = [
        _fields(body, _record(engine, prompt, body, written, written.generation.text, number))
        for number, written in enumerate(found)
    ]
    return json_reply(records if body.n_cmpl > 1 else records[0])


def _record(
    engine: Engine, prompt: Prompt, body: Completion, written: Written, text: str, number: int
) -> dict[str, object]:
    """An answer with all that llama.cpp tells of it."""
    service = engine.decoder.require()
    left_out = service.generator.reading(prompt).left_out
    return {
        "index": number, "content": text, "tokens": list(written.tokens) if body.return_tokens
        else [], "id_slot": 0, "stop": True, "model": service.name,
        "tokens_predicted": written.generation.tokens, "tokens_evaluated": written.prompt_tokens,
        "generation_settings": _settings(body), "prompt": prompt.prefix or "",
        "has_new_line": "\n" in written.generation.text, "truncated": bool(left_out),
        "stop_type": _REASONS.get(written.reason, "limit"), "stopping_word": written.word,
        "tokens_cached": 0, "timings": _timings(written),
    }  # fmt: skip


def _settings(body: Completion) -> dict[str, object]:
    names = ("n_predict", "temperature", "top_k", "top_p", "min_p", "seed", "stream", "n_indent")
    return {name: getattr(body, name) for name in names}


def _timings(written: Written) -> dict[str, float]:
    def of(name: str, count: int, ms: float) -> dict[str, float]:
        return {
            f"{name}_n": count, f"{name}_ms": round(ms, 3),
            f"{name}_per_token_ms": round(ms / max(1, count), 3),
            f"{name}_per_second": round(1000 * count / max(ms, 1e-3), 3),
        }  # fmt: skip

    return of("prompt", written.prompt_tokens, written.prompt_ms) | of(
        "predicted", written.generation.tokens, written.ms
    )


def _fields(body: Completion, record: dict[str, object]) -> dict[str, object]:
    """Those that are asked for; a path such as timings/prompt_n becomes a flat key."""
    if body.response_fields is None:
        return record
    found = {}
    for path in body.response_fields:
        value: object = record
        for name in path.split("/"):
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            found[path] = value
    return found
