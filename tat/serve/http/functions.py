"""tat's own requests: functions for descriptions, validation, search, pictures, completion."""

import time

from tat.decode.candidates import Outcome
from tat.decode.choice import Sampling
from tat.decode.prompt import Prompt
from tat.decode.validated import Search
from tat.errors import FileError, TatError
from tat.retrieval.query import Hit
from tat.serve.drawing import draw, picture_of
from tat.serve.engine import Engine, Gone, until
from tat.serve.gaps import gap_at
from tat.serve.http.bodies import Code, Function
from tat.serve.http.filling import choices, require_texts
from tat.serve.http.replies import RefusedError, Reply, json_reply
from tat.serve.language.completion import candidates, word_before
from tat.serve.language.symbols import Analysis
from tat.serve.proposing import proposal
from tat.wgsl.sandbox import Diagnostic

_MOST_HITS, _SHOWN = 50, 60
_LARGEST = 400_000  # characters of a module that is completed in
_LINE_SECONDS = 5.0


def generate(engine: Engine, body: Function, gone: Gone) -> Reply:
    """Candidates for a request, the best first, each with validity, source and licence."""
    prompt = Prompt(body.description, body.signature, context=body.context)
    if problem := engine.judge.prompt_problem(prompt):
        raise RefusedError(400, problem)
    if body.index:
        prompt = engine.prompted(prompt)
    sampling = choices(engine.settings, body, 2)[0].sampling or Sampling(0.0)
    require_texts(body.n)
    budget, redraws = max(body.n, engine.settings.candidates), engine.settings.redraws
    search = Search(sampling, budget, wanted=body.n, redraws=redraws)
    outcomes = engine.answer(prompt, search, gone)
    service = engine.decoder.service
    texts = [_answer(prompt, outcome) for outcome in outcomes]
    return json_reply({"candidates": texts, "model": service.name if service else None})


def validate(engine: Engine, body: Code) -> Reply:
    """naga's verdict on a module, and how what it ends with can be drawn."""
    problem = engine.judge.validate(body.code)
    drawn = picture_of(body.code) if problem is None else ""
    return json_reply({"valid": problem is None, "problem": _problem(problem), "picture": drawn})


def search(engine: Engine, query: str, top: int, kind: str = "") -> Reply:
    """The library's chunks for some words: of one kind (function, struct, module) or of all."""
    if engine.library is None:
        raise RefusedError(404, "no index is served; start `tat serve` with --index")
    hits = engine.library.search(query[:1000], max(1, min(top, _MOST_HITS)), kind)
    return json_reply({"hits": [_hit(hit) for hit in hits]})


def picture(engine: Engine, body: Code) -> Reply:
    """The picture that the last function of a module draws, as a PNG file."""
    expression = picture_of(body.code)
    if not expression:
        raise RefusedError(400, "code: it ends with no function of a place that gives a colour")
    with engine.pictures.lock:
        try:
            data = draw(body.code, expression, engine.pictures.sandbox)
        except FileError as error:
            raise RefusedError(422, str(error)) from None
    return Reply(200, [("Content-Type", "image/png")], data)


def complete(engine: Engine, body: Code) -> Reply:
    """The candidates for completion at an offset."""
    text, offset = _place(body)
    found = candidates(Analysis(text), offset)[:_SHOWN]
    start = body.offset - len(word_before(text, offset))
    items = [
        {"label": c.name, "kind": c.kind, "detail": c.detail, "info": c.words, "insert": c.insert}
        for c in found
    ]
    return json_reply({"from": start, "items": items})


def inline(engine: Engine, body: Code, gone: Gone) -> Reply:
    """The model's text at an offset: a line, or a block behind a brace; "" for none."""
    text, offset = _place(body)
    gap = gap_at(text[:offset], text[offset:])
    late = until(time.monotonic() + _LINE_SECONDS, gone)
    try:
        found = proposal(engine, gap, late)
    except TatError:
        found = ""
    return json_reply({"text": found})


def _place(body: Code) -> tuple[str, int]:
    """The text, and its offset in characters: clients in browsers count UTF-16 units."""
    if len(body.code) > _LARGEST:
        raise RefusedError(400, f"code: more than {_LARGEST} characters")
    if body.code.isascii():
        return body.code, max(0, min(body.offset, len(body.code)))
    units = body.code.encode("utf-16-le", "surrogatepass")[: 2 * max(0, body.offset)]
    return body.code, len(units.decode("utf-16-le", "ignore"))


def _answer(prompt: Prompt, outcome: Outcome) -> dict[str, object]:
    generation, hit = outcome.generation, outcome.origin
    module = prompt.module(generation.text)
    named = ("file", "line", "name", "license")
    return {
        "text": generation.text, "valid": outcome.problem is None, "module": module,
        "problem": _problem(outcome.problem), "finished": generation.finished,
        "score": round(generation.score, 6),
        "origin": {name: getattr(hit, name) for name in named} if hit else None,
        "picture": picture_of(module) if outcome.problem is None else "",
    }  # fmt: skip


def _hit(hit: Hit) -> dict[str, object]:
    fields = ("kind", "name", "text", "comment", "context", "file", "line", "license")
    module = f"{hit.context}\n\n{hit.text}" if hit.context else hit.text
    return {
        **{name: getattr(hit, name) for name in fields}, "score": round(hit.score, 3),
        "module": module, "picture": picture_of(module) if hit.kind == "function" else "",
    }  # fmt: skip


def _problem(problem: Diagnostic | None) -> dict[str, object] | None:
    return problem._asdict() if problem else None
