"""Proposals of the model at a cursor: within grammar and scope, and valid where they stand."""

from collections.abc import Iterator
from dataclasses import replace

from tat.decode.choice import Sampling
from tat.decode.lines.choice import LineGap
from tat.decode.lines.ranking import Line
from tat.decode.prompt import Prompt
from tat.serve.engine import Choice, Engine, Gone, GoneError
from tat.serve.gaps import Gap, fits
from tat.serve.tasks import Written

_LINE_TOKENS, _BLOCK_TOKENS = 48, 256
_DRAWS = 3  # further texts that are tried where the likeliest does not fit
_TEXTS = 4  # of the model, among which a line is chosen
_FORMS = 16  # lines that it is asked about
_TOGETHER = 3  # texts that wait for rows at a time: others want some, too


def proposal(engine: Engine, gap: Gap, gone: Gone) -> str:
    """A text that fits the gap, "" where none was found; GoneError once nobody waits."""
    return _block(engine, gap, gone) if gap.block else _line(engine, gap, gone)


def _block(engine: Engine, gap: Gap, gone: Gone) -> str:
    """The likeliest text, or the first draw that fits."""
    prompt = Prompt(prefix=gap.prefix, suffix=gap.behind)
    sampling = replace(Sampling.configured(engine.settings), draws_first=True)
    tried = set()
    for choices in ([Choice()], [Choice(sampling, number) for number in range(_DRAWS)]):
        for _, text in _ended(engine, gap, prompt, choices, gone):
            if text not in tried and fits(engine.judge, gap, text):
                return text + gap.tail
            tried.add(text)
    return ""


def _line(engine: Engine, gap: Gap, gone: Gone) -> str:
    """The line that is right most often of the model's and of common ones: see `LineGap`.

    Once nobody waits, the best one so far, if there is one.
    """
    prompt = Prompt(prefix=gap.prefix, suffix=gap.behind, line=True)
    problem = engine.judge.validate(f"{prompt.before}{prompt.behind}")

    def stands(text: str) -> bool:
        if gone():
            raise GoneError("nobody waits for a line any more")
        fitted = gap.fitting(text)
        return bool(fitted) and fits(engine.judge, gap, fitted + prompt.tail)

    line, lines = LineGap(prompt, problem, stands), dict[str, Line]()
    sampling = Sampling.configured(engine.settings)
    turns = [divmod(number, len(line.heads)) for number in range(_TEXTS)]
    try:
        choices = [Choice(sampling, turn, line.heads[place]) for turn, place in turns]
        for written, text in _ended(engine, gap, prompt, choices, gone):
            if text in lines or stands(text):
                known = lines.get(text) or _line_of(text, written)
                lines[text] = known._replace(times=known.times + 1)
        choices = [Choice(given=text) for text in line.forms(_FORMS)]
        for written, text in _ended(engine, gap, prompt, choices, gone):
            lines.setdefault(text, _line_of(text, written))
    except GoneError:
        if not lines:
            raise
    votes = dict(zip(lines, line.votes([*lines.values()]), strict=True))
    return max(votes, key=votes.__getitem__) + gap.tail if votes else ""


def _line_of(text: str, written: Written) -> Line:
    return Line(text, written.generation.score, written.generation.tokens, times=0)


def _ended(
    engine: Engine, gap: Gap, prompt: Prompt, choices: list[Choice], gone: Gone
) -> Iterator[tuple[Written, str]]:
    """The texts that have an end, as they fit the gap."""
    limit = _BLOCK_TOKENS if gap.block else _LINE_TOKENS
    for start in range(0, len(choices), _TOGETHER):
        several = choices[start : start + _TOGETHER]
        tasks = engine.tasks(prompt, limit, several, gap.ending(0), near=True)
        for written in engine.one_by_one(tasks, gone):
            text = gap.fitting(written.generation.text)
            if text and written.reason not in ("limit", "none", "time"):
                yield written, text + prompt.tail
