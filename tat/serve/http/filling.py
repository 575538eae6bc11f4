"""Text for a gap, as the forms of completion ask for it: tasks, pieces of a stream, timings."""

import queue
from collections.abc import Callable, Iterator
from dataclasses import replace

from tat.config_tables import GenerateConfig
from tat.decode.choice import Sampling
from tat.decode.prompt import Prompt
from tat.serve.ending import Ending
from tat.serve.engine import Choice, Engine, Gone, GoneError
from tat.serve.http.bodies import Drawn, Extra
from tat.serve.tasks import Task, Written

_MOST = 8  # texts of one request
_WAIT = 0.25  # seconds between looks at whether the client is still there, in a stream


def choices(settings: GenerateConfig, drawn: Drawn, count: int) -> list[Choice]:
    """How each of `count` texts is chosen; UsageError for values that mean nothing.

    The first is the likeliest, and drawn only where a temperature is given.
    """
    sampling = Sampling.configured(settings)
    draws = bool(drawn.temperature and drawn.temperature > 0)
    if draws:
        sampling = replace(sampling, temperature=drawn.temperature, draws_first=True)
    if draws or count > 1:
        given = {"top_k": drawn.top_k, "top_p": drawn.top_p, "min_p": drawn.min_p}
        sampling = replace(sampling, **{k: v for k, v in given.items() if v is not None})
        sampling = replace(sampling, top_k=max(0, sampling.top_k))
    if drawn.seed is not None and drawn.seed >= 0:
        sampling = replace(sampling, seed=drawn.seed)
    if drawn.repeat_penalty is not None:
        sampling = replace(sampling, repetition_penalty=drawn.repeat_penalty)
    return [Choice(sampling, number) for number in range(max(1, min(count, _MOST)))]


def gap(engine: Engine, prefix: str, suffix: str | None, extras: list[Extra]) -> Prompt:
    """The prompt of a gap; texts beside it are read by a model that was trained with some."""
    trained = engine.decoder.require().generator.loaded.config.data.neighbours
    texts = tuple(extra.text for extra in extras if extra.text.strip())
    return Prompt(prefix=prefix, suffix=suffix, neighbours=texts[: trained or 0])


def limited(engine: Engine, asked: int) -> int:
    """The number of tokens that are asked for; below 0 it means all that the model may write."""
    most = engine.decoder.require().generator.max_tokens
    return most if asked < 0 else min(asked, most)


def streamed(
    engine: Engine, prompt: Prompt, limit: int, choice: Choice, ending: Ending, gone: Gone,
    piece: Callable[[str], bytes], last: Callable[[Written], bytes], patience: float = 0.0,
) -> Iterator[bytes]:  # fmt: skip
    """Pieces of a text as they are settled, then the record of its end.

    The task is submitted before the first piece is asked for, so that a refusal is one.
    """
    came: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    [task] = engine.tasks(prompt, limit, [choice], ending, came.put, patience=patience)
    task.future.add_done_callback(lambda _: came.put(None))
    return _pieces(engine, task, came, gone, piece, last)


def _pieces(
    engine: Engine, task: Task, came: "queue.SimpleQueue[str | None]", gone: Gone,
    piece: Callable[[str], bytes], last: Callable[[Written], bytes],
) -> Iterator[bytes]:  # fmt: skip
    try:
        while True:
            try:
                text = came.get(timeout=_WAIT)
            except queue.Empty:
                if gone():
                    raise GoneError("the client hung up") from None
                continue
            if text is None:
                break
            yield piece(text)
        [written] = engine.written([task], gone)
        yield last(written)
    finally:  # also where the client hangs up, and this generator is closed
        task.cancel()
