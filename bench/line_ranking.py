"""Fits and checks the weights by which a text for a gap is chosen (tat/decode/lines).

    python bench/line_ranking.py FUNCTIONS.jsonl [--gap line] [--every 6] [--texts 8] [--work FILE]

A gap of each so manieth function is filled as `tat eval --infill line` does, or `within`: texts of
the bundled model, common forms, those that validate. Where one is right, a conditional logit learns
what speaks for it (McFadden 1974; Newton's method, L2). Printed: how many gaps have a right line
among the candidates, how many the bundled weights, the likelihood alone and, with a fifth of the
projects left out of each fit, fitted weights choose; then the weights of all. Use functions that
nothing evaluates on. --work keeps the candidates, so that a changed feature is fitted without the
model.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import tat  # noqa: F401  isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np

from tat.config import resolve
from tat.decode.choice import Sampling
from tat.decode.generator import Generator, Request
from tat.decode.lines import within_ranking
from tat.decode.lines.choice import LineGap
from tat.decode.lines.ranking import WEIGHTS, Line, Ranking
from tat.decode.lines.site import Site
from tat.decode.lines.within import WithinGap
from tat.decode.lines.within_ranking import WithinRanking
from tat.decode.loading import load_model
from tat.decode.validated import asked_for
from tat.errors import TatError
from tat.evaluation.functions import read_functions
from tat.evaluation.infill import Gap, gap_of
from tat.evaluation.likeness import code_tokens
from tat.train.named_checkpoint import load_checkpoint
from tat.wgsl.sandbox import Sandbox

Case = tuple[np.ndarray, np.ndarray, str]
"""Features of the candidates, which of them are right, and the project."""

_L2 = 1.0
_FOLDS = 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--gap", choices=("line", "within"), default="line")
    parser.add_argument("--every", type=int, default=6)
    parser.add_argument("--texts", type=int, default=8)
    parser.add_argument("--work", type=Path, default=Path("build/line_ranking.json"))
    options = parser.parse_args()
    try:
        if not options.work.exists():
            found = candidates(options.file, options.gap, options.every, options.texts)
            options.work.parent.mkdir(parents=True, exist_ok=True)
            options.work.write_text(json.dumps(found))
        report([case_of(record) for record in json.loads(options.work.read_text())],
               WEIGHTS if options.gap == "line" else within_ranking.WEIGHTS)  # fmt: skip
    except TatError as error:
        print(f"line_ranking: {error}", file=sys.stderr)
        return 1
    return 0


def candidates(file: Path, kind: str, every: int, texts: int) -> list[dict]:
    """The candidates of each gap, as records."""
    settings = resolve(environment={}).config.generate
    generator = Generator(load_model(*load_checkpoint(Path("bundled")), "cpu"), 512, settings)
    projects = {r["id"]: r.get("source", "") for r in map(json.loads, file.open())}
    found = []
    with Sandbox() as sandbox:
        for function in read_functions(file)[::every]:
            gap = gap_of(function, kind)
            if gap and not generator.refusal(gap.prompt):
                record = OF_GAP[kind](generator, gap, sandbox, texts)
                found.append(record | {"project": projects[function.id]})
    return found


def of_gap(generator: Generator, gap: Gap, sandbox: Sandbox, texts: int) -> dict:
    """A gap's candidates: texts, scores, tokens, how often they were drawn."""
    prompt, sampling = gap.prompt, Sampling(0.7)
    line, source = LineGap.judged_by(prompt, sandbox), generator.source(prompt)
    requests = [asked_for(prompt, None, line, sampling, source, n) for n in range(texts)]
    requests += [Request(prompt, given=text) for text in line.forms()]
    lines: dict[str, Line] = {}
    for number, written in enumerate(generator.generate_all(requests)):
        text = written.text
        known = lines.get(text) or Line(text, written.score, written.tokens, 0)
        if written.finished:
            lines[text] = known._replace(times=known.times + (number < texts))
    valid = [item for t, item in lines.items() if sandbox.validate(prompt.module(t)) is None]
    wanted = code_tokens(gap.text)
    return {
        "prefix": prompt.before, "suffix": prompt.behind, "problem": line.site.problem,
        "lines": valid, "right": [code_tokens(item.text) == wanted for item in valid],
    }  # fmt: skip


def of_gap_within(generator: Generator, gap: Gap, sandbox: Sandbox, texts: int) -> dict:
    """The same within a line: the texts that stand, with the likelihoods of their lines."""
    prompt, sampling, source = gap.prompt, Sampling(0.7), generator.source(gap.prompt)
    place = WithinGap.judged_by(prompt, sandbox)
    requests = [asked_for(prompt, None, place, sampling, source, n) for n in range(texts)]
    drawn = [written.text[len(prompt.lead) :] for written in generator.generate_all(requests)]
    asked = place.asked(drawn, generator.fits)
    requests = [Request(prompt, given=place.given(text)) for text in asked]
    written = [*zip(asked, generator.generate_all(requests), strict=True)]
    valid = [(t, g) for t, g in written if sandbox.validate(prompt.module(g.text)) is None]
    wanted = code_tokens(gap.text)
    return {
        "prefix": prompt.before, "suffix": prompt.behind, "problem": place.site.problem,
        "begun": prompt.begun or prompt.before.rpartition("\n")[2],
        "lines": [Line(text, g.score, g.length - 1, 0) for text, g in valid],
        "right": [code_tokens(text) == wanted for text, _ in valid],
    }  # fmt: skip


OF_GAP = {"line": of_gap, "within": of_gap_within}


def case_of(record: dict) -> Case:
    """The features of a record's candidates."""
    site = Site(record["prefix"], record["suffix"], record["problem"])
    within = "begun" in record
    ranking = WithinRanking(site, record["begun"]) if within else Ranking(site)
    size = len(within_ranking.WEIGHTS if within else WEIGHTS)
    rows = [[*ranking.features(Line(*line)).values()] for line in record["lines"]]
    features = np.array(rows, float).reshape(len(rows), size)
    return features, np.array(record["right"], bool), record["project"]


def report(cases: Sequence[Case], bundled: Mapping[str, float]) -> None:
    """Prints how often each way of choosing is right, and the fitted weights."""
    total, alone = len(cases), np.zeros(len(bundled))
    alone[0] = 1.0
    print(f"{total} gaps, {sum(len(right) > 0 for _, right, _ in cases)} with a valid line")
    print(f"right among the candidates: {sum(right.any() for _, right, _ in cases) / total:.1%}")
    projects = sorted({project for *_, project in cases})
    held_out = 0
    for fold in range(_FOLDS):
        chosen = set(projects[fold::_FOLDS])
        weights = fitted([case for case in cases if case[2] not in chosen])
        held_out += right_by(weights, [case for case in cases if case[2] in chosen])
    print(f"the likeliest: {right_by(alone, cases) / total:.1%}")
    print(f"tat's weights: {right_by(np.array([*bundled.values()]), cases) / total:.1%}")
    print(f"fitted, projects held out: {held_out / total:.1%}")
    weights = dict(zip(bundled, fitted(cases).round(2).tolist(), strict=True))
    print("fitted to all:", json.dumps(weights))


def right_by(weights: np.ndarray, cases: Sequence[Case]) -> int:
    """How many cases these weights choose a right line in."""
    some = (case for case in cases if len(case[1]))
    return sum(bool(right[np.argmax(rows @ weights)]) for rows, right, _ in some)


def fitted(cases: Sequence[Case]) -> np.ndarray:
    """The weights that make the right lines likeliest."""
    known = [(rows, right) for rows, right, _ in cases if right.any()]
    weights = np.zeros(cases[0][0].shape[1])
    for _ in range(60):
        slope, curve = _L2 * weights, _L2 * np.eye(len(weights))
        for rows, right in known:
            shares = _shares(rows @ weights)
            mean, wanted = rows.T @ shares, shares * right
            slope = slope + mean - rows.T @ (wanted / wanted.sum())
            curve += (rows.T * shares) @ rows - np.outer(mean, mean)
        step = np.linalg.solve(curve, slope)
        largest = float(np.abs(step).max())
        weights = weights - step / max(1.0, largest)
        if largest < 1e-4:
            break
    return weights


def _shares(sums: np.ndarray) -> np.ndarray:
    powers = np.exp(sums - sums.max())
    return powers / powers.sum()


if __name__ == "__main__":
    sys.exit(main())
