"""Proposals of the model at a cursor: within grammar and scope, and valid where they stand."""

from dataclasses import replace

from tat.decode.choice import Sampling
from tat.decode.prompt import Prompt
from tat.serve.begun import begun_line
from tat.serve.engine import Choice, Engine, Gone
from tat.serve.gaps import Gap, fits

_LINE_TOKENS, _BLOCK_TOKENS = 48, 256
_DRAWS = 3  # further texts that are tried where the likeliest does not fit


def proposal(engine: Engine, gap: Gap, gone: Gone) -> str:
    """A text that fits the gap, "" where none was found; GoneError once nobody waits."""
    begun = "" if gap.block else begun_line(gap.before)
    before = gap.before.removesuffix(begun)
    prompt = Prompt(prefix=before, suffix=gap.behind)
    limit = _BLOCK_TOKENS if gap.block else _LINE_TOKENS + len(engine.decoder.tokens(begun))
    sampling = replace(Sampling.configured(engine.settings), draws_first=True)
    drawn = [Choice(sampling, number, begun) for number in range(_DRAWS)]
    tried = set()
    for choices in ([Choice(begun=begun)], drawn):
        tasks = engine.tasks(prompt, limit, choices, gap.ending(0), near=True)
        for written in engine.written(tasks, gone):
            if not written.generation.text.startswith(begun):
                continue  # the grammar or the scope refuses what stands there
            text = gap.fitting(written.generation.text.removeprefix(begun))
            ends = written.reason not in ("limit", "none", "time")
            if text and ends and text not in tried and fits(engine.judge, gap, text):
                return text
            tried.add(text)
    return ""
