"""Proposals of the model at a cursor: within grammar and scope, and valid where they stand."""

from dataclasses import replace

from tat.decode.choice import Sampling
from tat.decode.prompt import Prompt
from tat.serve.engine import Choice, Engine, Gone
from tat.serve.gaps import Gap, fits

_LINE_TOKENS, _BLOCK_TOKENS = 48, 256
_DRAWS = 3  # further texts that are tried where the likeliest does not fit


def proposal(engine: Engine, gap: Gap, gone: Gone) -> str:
    """A text that fits the gap, "" where none was found; GoneError once nobody waits."""
    prompt = Prompt(prefix=gap.prefix, suffix=gap.behind)
    limit = _BLOCK_TOKENS if gap.block else _LINE_TOKENS
    sampling = replace(Sampling.configured(engine.settings), draws_first=True)
    tried = set()
    for choices in ([Choice()], [Choice(sampling, number) for number in range(_DRAWS)]):
        tasks = engine.tasks(prompt, limit, choices, gap.ending(0), near=True)
        for written in engine.one_by_one(tasks, gone):
            text = gap.fitting(written.generation.text)
            text += prompt.tail if text else ""
            ends = written.reason not in ("limit", "none", "time")
            if text and ends and text not in tried and fits(engine.judge, gap, text):
                return text + gap.tail
            tried.add(text)
    return ""
