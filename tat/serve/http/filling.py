"""Text for a gap, as the forms of completion ask for it: tasks, pieces of a stream, timings."""

import queue
from collections.abc import Callable, Iterator
from dataclasses import replace

from tat.config_tables import GenerateConfig
from tat.decode.choice import Sampling
from tat.decode.prompt import Prompt
from tat.serve.ending import Ending
from tat.serve.engine import Choice, Engine, Gone, GoneError
from tat.serve.gaps import Gap
from tat.serve.http.bodies import Drawn, Extra
from tat.serve.http.replies import RefusedError
from tat.serve.proposing import fillings
from tat.serve.tasks import Task, Written

MOST = 8  # texts of one request
_WAIT = 0.25  # seconds between looks at whether the client is still there, in a stream


def choices(settings: GenerateConfig, drawn: Drawn, count: int) -> list[Choice]:
    """How each of `count` texts is chosen; UsageError for values that mean nothing, RefusedError
    for too many texts or none.

    The first is the likeliest, and drawn only where a temperature is given.
    """
    require_texts(count)
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
    return [Choice(sampling, number) for number in range(count)]


def require_texts(count: int) -> None:
    """RefusedError for a number of texts that a request cannot have."""
    if not 1 <= count <= MOST:
        raise RefusedError(400, f"n: {count} texts; a request has 1 to {MOST}")


def gap(engine: Engine, prefix: str, suffix: str | None, extras: list[Extra]) -> Prompt:
    """The prompt of a gap; texts beside it are read by a model that was trained with some."""
    trained = engine.decoder.require().generator.loaded.config.data.neighbours
    texts = tuple(extra.text for extra in extras if extra.text.strip())
    return Prompt(prefix=prefix, suffix=suffix, neighbours=texts[: trained or 0])


def limited(engine: Engine, asked: int) -> int:
    """The number of tokens that are asked for; below 0 it means all that the model may write."""
    most = engine.decoder.require().generator.max_tokens
    return most if asked < 0 else min(asked, most)


def texts(
    engine: Engine, prompt: Prompt, limit: int, chosen: list[Choice], ending: Ending, gone: Gone,
    patience: float = 0.0,
) -> list[Written]:  # fmt: skip
    """The text of each choice; within a line the best ones, drawn as the first choice says."""
    if not prompt.within:
        return engine.written(engine.tasks(prompt, limit, chosen, ending, patience=patience), gone)
    place = Gap(prompt.prefix or "", prompt.suffix or "", "", "", block=False)
    sampling = chosen[0].sampling or Sampling.configured(engine.settings)
    found = [written for written, _ in fillings(engine, place, prompt, sampling, limit, gone)]
    found += found[:1] * (len(chosen) - len(found))
    return [_ended(written, ending) for written in found[: len(chosen)]]


def several(
    engine: Engine, prompts: list[Prompt], limit: int, chosen: list[Choice], ending: Ending,
    gone: Gone,
) -> list[Written]:  # fmt: skip
    """The texts of several prompts, which are written together but for those within a line."""
    if any(prompt.within for prompt in prompts):
        found = (texts(engine, prompt, limit, chosen, ending, gone) for prompt in prompts)
        return [written for one in found for written in one]
    tasks = [task for prompt in prompts for task in engine.tasks(prompt, limit, chosen, ending)]
    return engine.written(tasks, gone)


def _ended(written: Written, ending: Ending) -> Written:
    """A text up to its first stop word."""
    cut = ending.cut(text := written.generation.text)
    if cut is None or cut.reason != "word":
        return written
    generation = replace(written.generation, text=text[: cut.length])
    return replace(written, generation=generation, reason="word", word=cut.word)


def streamed(
    engine: Engine, prompt: Prompt, limit: int, choice: Choice, ending: Ending, gone: Gone,
    piece: Callable[[str], bytes], last: Callable[[Written], bytes], patience: float = 0.0,
) -> Iterator[bytes]:  # fmt: skip
    """Pieces of a text as they are settled, then the record of its end.

    The task is submitted before the first piece is asked for, so that a refusal is one.
    """
    if prompt.within:  # one piece: the text is chosen of several
        [written] = texts(engine, prompt, limit, [choice], ending, gone)
        return iter([piece(written.generation.text), last(written)])
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
