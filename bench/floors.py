"""Floors for `tat eval`: what systems score that have learnt nothing of what a function is for.

    python bench/floors.py --train FUNCTIONS.jsonl [--train-modules MODULES.jsonl] FILE
                           [--answers FOLDER]

empty     the zero value of the result type is returned, or nothing where there is no result
nearest   the body of the function of --train that BM25 finds nearest to comment and signature
adapted   the first of the 32 nearest bodies that validates, renamed to the names that are given, or
          nothing: what `tat generate --index` answers before it asks a model
fivegram  a model of runs of five tokens of --train (and --train-modules): it draws each token by
          how often it followed the last four, or fewer where these were never seen (Katz's back-off
          without discounts), from seed 0, until the body is closed

The figures go to bench/results/eval_floors.json; --answers keeps the bodies.
"""

import argparse
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import tat  # noqa: F401  isort: skip  (before numpy: it sets the BLAS threads)
import msgspec

from tat.config import resolve
from tat.decode.retrieval import Retriever
from tat.errors import TatError
from tat.evaluation.functions import (
    ReferenceFunction,
    module_file_of,
    read_functions,
    read_modules,
    write_predictions,
)
from tat.evaluation.judge import Judge
from tat.evaluation.likeness import code_tokens
from tat.evaluation.result_file import figures
from tat.files import atomic_file
from tat.retrieval.chunks import Document
from tat.retrieval.index import Index
from tat.retrieval.query import search
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.stubs import stub

RESULT = Path(__file__).with_name("results") / "eval_floors.json"
CONFIG = resolve(environment={}).config
_LONGEST = 1000  # tokens of a drawn body

System = Callable[[ReferenceFunction], str | None]


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

    def _draw(self, last: tuple[str, ...]) -> str:
        while last not in self._counts:
            last = last[1:]
        followers = self._counts[last]
        return self._random.choices([*followers], [*followers.values()])[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--train-modules", type=Path)
    parser.add_argument("--answers", type=Path)
    options = parser.parse_args()
    try:
        record = floors(options)
    except TatError as error:
        print(f"floors: {error}", file=sys.stderr)
        return error.exit_code
    with atomic_file(RESULT) as file:
        file.write(json.dumps(record, indent=1).encode() + b"\n")
    print(json.dumps(record["systems"], indent=1))
    return 0


def floors(options: argparse.Namespace) -> dict:
    """The figures of the three systems."""
    functions, train = read_functions(options.file), read_functions(options.train)
    module_file = module_file_of(options.file)
    modules = read_modules(module_file) if module_file else {}
    texts = [f"{function.signature} {function.body}" for function in train]
    texts += read_modules(options.train_modules).values() if options.train_modules else []
    index = indexed(train)
    record = {"benchmark": "eval_floors", "data": options.file.name, "systems": {}}
    with Sandbox() as sandbox:
        judge = Judge(sandbox, modules)
        systems = {
            "empty": empty, "nearest": nearest(train, index), "adapted": adapted(index, sandbox),
            "fivegram": FiveGram(texts),
        }  # fmt: skip
        for name, system in systems.items():
            bodies = {function.id: system(function) for function in functions}
            outcomes = [judge.judge(function, bodies[function.id]) for function in functions]
            record["systems"][name] = msgspec.to_builtins(figures(outcomes))
            if options.answers:
                with atomic_file(options.answers / f"{name}.jsonl") as file:
                    file.write(write_predictions(bodies))
    return record


if __name__ == "__main__":
    sys.exit(main())
