"""Floors for `tat eval`: what systems score that have learnt nothing of what a function is for.

    python bench/floors.py --train FUNCTIONS.jsonl [--train-modules MODULES.jsonl] FILE
                           [--answers FOLDER] [--infill line|block]

empty     the zero value of the result type is returned, or nothing where there is no result
nearest   the body of the function of --train that BM25 finds nearest to comment and signature
adapted   the first of the 32 nearest bodies that validates, renamed to the names that are given, or
          nothing: what `tat generate --index` answers before it asks a model
fivegram  a model of runs of five tokens of --train (and --train-modules): it draws each token by
          how often it followed the last four, or fewer where these were never seen (Katz's back-off
          without discounts), from seed 0, until the body is closed

For gaps (--infill):

above     the line above the gap, or below where there is none above
between   the line of --train that stands between lines most like those around the gap: most words
          in common, rare words count more
fivegram  the token that followed the last four most often, and so on to the end of a statement

The figures go to bench/results/eval_floors.json, eval_floors_line.json and eval_floors_block.json;
--answers keeps the bodies.
"""

import argparse
import json
import math
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import tat  # noqa: F401  isort: skip  (before numpy: it sets the BLAS threads)
import msgspec

from tat.config import resolve
from tat.data.infill import lines_of
from tat.decode.retrieval import Retriever
from tat.errors import TatError
from tat.evaluation.functions import (
    ReferenceFunction,
    module_file_of,
    read_functions,
    read_modules,
    write_predictions,
)
from tat.evaluation.infill import Gap, gap_of, judge_gap
from tat.evaluation.judge import Judge
from tat.evaluation.likeness import code_tokens
from tat.evaluation.result_file import figures
from tat.files import atomic_file
from tat.retrieval.chunks import Document
from tat.retrieval.index import Index
from tat.retrieval.query import search
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.stubs import stub

RESULTS = Path(__file__).with_name("results")
CONFIG = resolve(environment={}).config
_LONGEST = 1000  # tokens of a drawn body
_LONGEST_LINE = 60  # tokens of a gap's text
_ENDS = (";", "{", "}")  # of a statement, outside of round brackets

System = Callable[[ReferenceFunction], str | None]
Filler = Callable[[Gap], str]


def empty(function: ReferenceFunction) -> str:
    return stub(function.signature).removeprefix(function.signature).strip()


def indexed(train: Iterable[ReferenceFunction]) -> Index:
    index = Index(name="train")
    index.update(
        Document.of_function(f.id, 0, f.signature, f.body, comment=f.comment, context=f.context)
        for f in train
    )
    return index


def adapted(index: Index, sandbox: Sandbox) -> System:
    retriever = Retriever(index, CONFIG.data, settings=CONFIG.generate)

    def first_valid(function: ReferenceFunction) -> str | None:
        prompt = function.prompt
        for adaptation in retriever.beside(prompt, []).adaptations:
            text = adaptation.render()
            if sandbox.validate(prompt.module(text)) is None:
                return text.removeprefix(prompt.lead)
        return None

    return first_valid


def nearest(train: Iterable[ReferenceFunction], index: Index) -> System:
    bodies = {function.id: function.body for function in train}

    def copied(function: ReferenceFunction) -> str:
        hits = search(index, f"{function.comment}\n{function.signature}", top=1)
        return bodies[hits[0].file] if hits else "{}"

    return copied


class FiveGram:
    """Draws bodies token by token from counts of what followed up to four tokens."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._counts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        self._random = random.Random(0)
        for text in texts:
            tokens = code_tokens(text)
            for place, token in enumerate(tokens):
                for length in range(min(4, place) + 1):
                    self._counts[tuple(tokens[place - length : place])][token] += 1

    def __call__(self, function: ReferenceFunction) -> str:
        tokens, depth = ["{"], 1
        before = code_tokens(function.signature)
        while depth and len(tokens) < _LONGEST:
            token = self._draw((*before, *tokens)[-4:])
            depth += {"{": 1, "}": -1}.get(token, 0)
            tokens.append(token)
        return " ".join(tokens)

    def fill(self, gap: Gap) -> str:
        """The likeliest statement in a gap, or as many as it has lines."""
        before = code_tokens(f"{gap.function.signature} {gap.function.body[: gap.start]}")
        tokens, left, depth = list[str](), gap.text.count("\n") + 1, 0
        while left and len(tokens) < left * _LONGEST_LINE:
            followers = self._followers((*before, *tokens)[-4:])
            tokens.append(min(followers, key=lambda token: (-followers[token], token)))
            depth += {"(": 1, ")": -1}.get(tokens[-1], 0)
            left -= depth <= 0 and tokens[-1] in _ENDS
        return " ".join(tokens)

    def _draw(self, last: tuple[str, ...]) -> str:
        followers = self._followers(last)
        return self._random.choices([*followers], [*followers.values()])[0]

    def _followers(self, last: tuple[str, ...]) -> Counter[str]:
        while last not in self._counts:
            last = last[1:]
        return self._counts[last]


def above(gap: Gap) -> str:
    before, after = _around(gap)
    return before or after


class Between:
    """Lines of functions, found by the lines around them."""

    def __init__(self, train: Iterable[ReferenceFunction]) -> None:
        self._texts: list[str] = []
        self._places: dict[tuple[str, str], list[int]] = defaultdict(list)
        for function in train:
            lines = ["", *(function.body[piece] for piece in lines_of(function.body)), ""]
            for before, text, after in zip(lines, lines[1:], lines[2:], strict=False):
                for word in _words(before, after):
                    self._places[word].append(len(self._texts))
                self._texts.append(text)

    def __call__(self, gap: Gap) -> str:
        scores: Counter[int] = Counter()
        for word in _words(*_around(gap)):
            places = self._places.get(word, ())
            for place in places:
                scores[place] += math.log(len(self._texts) / len(places))
        return self._texts[max(scores, key=lambda place: (scores[place], -place))] if scores else ""


def _words(before: str, after: str) -> set[tuple[str, str]]:
    """The different tokens of the line above and of the line below."""
    return {("above", t) for t in code_tokens(before)} | {("below", t) for t in code_tokens(after)}


def _around(gap: Gap) -> tuple[str, str]:
    """The line above a gap and the line below, without the indentation; "" where there is none."""
    body = gap.function.body
    above = [body[p] for p in lines_of(body) if p.stop <= gap.start]
    below = [body[p] for p in lines_of(body) if p.start >= gap.stop]
    return (above or [""])[-1], (below or [""])[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--train-modules", type=Path)
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--infill", choices=("line", "block"))
    options = parser.parse_args()
    try:
        with Sandbox() as sandbox:
            record = (gap_floors if options.infill else floors)(options, sandbox)
    except TatError as error:
        print(f"floors: {error}", file=sys.stderr)
        return error.exit_code
    name = f"eval_floors_{options.infill}" if options.infill else "eval_floors"
    with atomic_file(RESULTS / f"{name}.json") as file:
        file.write(json.dumps(record, indent=1).encode() + b"\n")
    print(json.dumps(record["systems"], indent=1))
    return 0


def floors(options: argparse.Namespace, sandbox: Sandbox) -> dict:
    """The figures of the systems that write bodies."""
    functions, train, modules, texts = _read(options)
    index, judge = indexed(train), Judge(sandbox, modules)
    systems = {
        "empty": empty, "nearest": nearest(train, index), "adapted": adapted(index, sandbox),
        "fivegram": FiveGram(texts),
    }  # fmt: skip
    record = {"benchmark": "eval_floors", "of": "functions", "data": options.file.name}
    record["systems"] = {}
    for name, system in systems.items():
        bodies = {function.id: system(function) for function in functions}
        outcomes = [judge.judge(function, bodies[function.id]) for function in functions]
        record["systems"][name] = msgspec.to_builtins(figures(outcomes))
        if options.answers:
            with atomic_file(options.answers / f"{name}.jsonl") as file:
                file.write(write_predictions(bodies))
    return record


def gap_floors(options: argparse.Namespace, sandbox: Sandbox) -> dict:
    """The figures of the systems that fill gaps."""
    functions, train, modules, texts = _read(options)
    gaps = [gap for function in functions if (gap := gap_of(function, options.infill))]
    systems = {"above": above, "between": Between(train), "fivegram": FiveGram(texts).fill}
    record = {"benchmark": "eval_floors", "of": f"infill {options.infill}"}
    record |= {"data": options.file.name, "systems": {}}
    for name, system in systems.items():
        outcomes = [judge_gap(gap, system(gap), "", sandbox, modules) for gap in gaps]
        record["systems"][name] = msgspec.to_builtins(figures(outcomes))
    return record


def _read(
    options: argparse.Namespace,
) -> tuple[list[ReferenceFunction], list[ReferenceFunction], dict[str, str], list[str]]:
    """The functions to judge and to learn from, the modules of the first, texts of the others."""
    functions, train = read_functions(options.file), read_functions(options.train)
    module_file = module_file_of(options.file)
    texts = [f"{function.signature} {function.body}" for function in train]
    texts += read_modules(options.train_modules).values() if options.train_modules else []
    return functions, train, read_modules(module_file) if module_file else {}, texts


if __name__ == "__main__":
    sys.exit(main())
