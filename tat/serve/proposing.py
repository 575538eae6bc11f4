"""Proposals of the model at a cursor: within grammar and scope, and valid where they stand.

Within a line the model's lines come first, then it is asked about the texts that may stand before
the rest of the line (`WithinGap`), whatever form asks for a text there.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from tat.decode.candidates import line_of
from tat.decode.choice import Sampling
from tat.decode.lines.choice import LineGap
from tat.decode.lines.ranking import Line
from tat.decode.lines.within import WithinGap
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
    if gap.within:
        return _within(engine, gap, gone)
    return _block(engine, gap, gone) if gap.block else _line(engine, gap, gone)


def fillings(
    engine: Engine, gap: Gap, prompt: Prompt, sampling: Sampling, limit: int, gone: Gone
) -> list[tuple[Written, bool]]:
    """Different texts of up to `limit` tokens for a gap within a line, and whether each fits, the
    best first; once nobody waits, those that were rated by then, if there are some."""
    problem = engine.judge.validate(f"{prompt.before}{prompt.behind}")
    fitting = _unless(gone, lambda text: fits(engine.judge, gap, text))
    place, found = WithinGap(prompt, problem, fitting), dict[str, Written]()
    count = max(1, engine.settings.candidates) if sampling.temperature > 0 else 1
    turns = [divmod(number, len(place.heads)) for number in range(count)]
    choices = [Choice(sampling, turn, place.heads[head]) for turn, head in turns]
    drawn = _written(engine, gap, prompt, choices, gone)
    lines = [written.generation.text[len(prompt.lead) :] for written in drawn]
    try:
        texts = place.asked(lines, lambda text: len(engine.decoder.tokens(text)) <= limit)
        choices = [Choice(given=place.given(text)) for text in texts]
        for written in _written(engine, gap, prompt, choices, gone):
            found.setdefault(written.generation.text, written)
    except GoneError:
        if not found:
            raise
    right = {text: fits(engine.judge, gap, text) for text in found}
    votes = place.votes([line_of(t, w.generation, within=True) for t, w in found.items()])
    order = dict(zip(found, votes, strict=True))
    texts = sorted(found, key=lambda text: (right[text], order[text]), reverse=True)
    return [(found[text], right[text]) for text in texts]


def _within(engine: Engine, gap: Gap, gone: Gone) -> str:
    """The text that is right most often of those that fit before the rest of the line."""
    prompt = Prompt(prefix=gap.prefix, suffix=gap.behind)
    sampling = Sampling.configured(engine.settings)
    found = fillings(engine, gap, prompt, sampling, _BLOCK_TOKENS, gone)
    return next((written.generation.text for written, right in found if right), "")


def _unless(gone: Gone, stands: Callable[[str], bool]) -> Callable[[str], bool]:
    """The same, but GoneError once nobody waits."""

    def asked(text: str) -> bool:
        if gone():
            raise GoneError("nobody waits for a line any more")
        return stands(text)

    return asked


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

    def fitting(text: str) -> bool:
        fitted = gap.fitting(text)
        return bool(fitted) and fits(engine.judge, gap, fitted + prompt.tail)

    stands = _unless(gone, fitting)
    line, lines = LineGap(prompt, problem, stands), dict[str, Line]()
    sampling = Sampling.configured(engine.settings)
    turns = [divmod(number, len(line.heads)) for number in range(_TEXTS)]
    try:
        choices = [Choice(sampling, turn, line.heads[place]) for turn, place in turns]
        for written, text in _ended(engine, gap, prompt, choices, gone):
            if text in lines or stands(text):
                known = lines.get(text) or line_of(text, written.generation)
                lines[text] = known._replace(times=known.times + 1)
        choices = [Choice(given=text) for text in line.forms(_FORMS)]
        for written, text in _ended(engine, gap, prompt, choices, gone):
            lines.setdefault(text, line_of(text, written.generation))
    except GoneError:
        if not lines:
            raise
    votes = dict(zip(lines, line.votes([*lines.values()]), strict=True))
    return max(votes, key=votes.__getitem__) + gap.tail if votes else ""


def _ended(
    engine: Engine, gap: Gap, prompt: Prompt, choices: list[Choice], gone: Gone
) -> Iterator[tuple[Written, str]]:
    """The texts that have an end, as they fit the gap."""
    for written in _written(engine, gap, prompt, choices, gone):
        text = gap.fitting(written.generation.text)
        if text and written.reason not in ("limit", "none", "time"):
            yield written, text + prompt.tail


def _written(
    engine: Engine, gap: Gap, prompt: Prompt, choices: list[Choice], gone: Gone
) -> Iterator[Written]:
    """The texts of all choices, in their order."""
    limit = _BLOCK_TOKENS if gap.block or prompt.within else _LINE_TOKENS
    for start in range(0, len(choices), _TOGETHER):
        several = choices[start : start + _TOGETHER]
        tasks = engine.tasks(prompt, limit, several, gap.ending(0), near=True)
        yield from engine.one_by_one(tasks, gone)
