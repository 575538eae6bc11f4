"""The gain of drafts: tokens per pass, and time beside decoding without, on held-out functions.

    python bench/drafts.py RUN functions_valid.jsonl [--index INDEX] [--count 50] [-o RESULT.json]

Each function is generated without and with drafts, one after the other and in turns of order, as
`tat generate` does it (greedy, grammar on, from comment, signature and context). Texts must be
equal. The model reads neighbours from --index, its own function and what resembles it left out, if
it was trained to. The ratio of times is that of sums; its interval is a bootstrap over functions.
"""

import argparse
import json
import platform
import sys
import time
from dataclasses import replace
from pathlib import Path

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np
from result_file import publish

from tat.commands.common.indexes import named_index
from tat.commands.doctor import processor
from tat.config import resolve
from tat.decode.batch import Batch
from tat.decode.constraint import Constraints
from tat.decode.generator import Generation, Generator
from tat.decode.loading import load_model
from tat.decode.prompt import Prompt
from tat.decode.retrieval import Retriever
from tat.errors import UsageError
from tat.train.named_checkpoint import load_checkpoint


class Passes:
    """Counts the passes of the model's decoder."""

    def __init__(self) -> None:
        self.count, step = 0, Batch.step

        def counted(batch: Batch) -> object:
            self.count += 1
            return step(batch)

        Batch.step = counted


def prompts_of(
    path: Path, count: int, generator: Generator, retriever: Retriever | None
) -> list[Prompt]:
    """Evenly spread over the file; those that are too long for the model are left out."""
    functions = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    found = []
    for function in functions[:: max(1, len(functions) // (2 * count))]:
        parts = (function.get(key) or "" for key in ("comment", "signature", "context"))
        prompt = Prompt(*parts)
        if retriever:
            code = f"{function['signature']} {function['body']}"
            hits = retriever.neighbours(prompt, exclude=code)
            prompt = replace(prompt, neighbours=tuple(hit.text for hit in hits))
        try:
            generator.source(prompt)
        except UsageError:
            continue
        found.append(prompt)
    return found[:count]


def timed(
    generator: Generator, prompt: Prompt, constraints: Constraints, passes: Passes
) -> tuple[Generation, float, int]:
    """The text, seconds and passes."""
    constraint, before = constraints.of(prompt), passes.count
    began = time.perf_counter()
    generation = generator.generate(prompt, constraint=constraint)
    return generation, time.perf_counter() - began, passes.count - before


def interval(pairs: np.ndarray) -> list[float]:
    """95 % of the ratio of sums of the second column to the first, over functions."""
    random = np.random.default_rng(0)
    draws = pairs[random.integers(0, len(pairs), (2000, len(pairs)))].sum(axis=1)
    return np.percentile(draws[:, 1] / draws[:, 0], [2.5, 97.5]).round(4).tolist()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("functions", type=Path)
    parser.add_argument("--index")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--drafts", type=int, help="tokens of a draft, at most")
    parser.add_argument("--match", type=int, help="tokens that have to be the same")
    parser.add_argument("--max-tokens", type=int, default=160)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    given = {"generate.drafts": options.drafts, "generate.draft_match": options.match}
    flags = {key: value for key, value in given.items() if value is not None}
    drafting = resolve(flags=flags).config.generate
    loaded = load_model(*load_checkpoint(options.run), "cpu")
    settings = replace(drafting, drafts=0), drafting
    pair = [Generator(loaded, options.max_tokens, one) for one in settings]
    retriever = Retriever(named_index(options.index), loaded.config.data) if options.index else None
    constraints, passes = Constraints(loaded.tokenizer), Passes()
    prompts = prompts_of(options.functions, options.count + 1, pair[0], retriever)
    rows = []
    for number, prompt in enumerate(prompts):
        results = {}
        for which in (0, 1) if number % 2 else (1, 0):
            results[which] = timed(pair[which], prompt, constraints, passes)
        assert results[0][0] == results[1][0], prompt
        rows.append([results[0][0].tokens, *results[0][1:], *results[1][1:]])
    table = np.array(rows[1:])  # the first compiles
    tokens, *sums = table.sum(axis=0)
    seconds, passes_without, seconds_drafted, passes_with = sums
    record = {
        "benchmark": "drafts", "functions": len(table), "neighbours": bool(options.index),
        "tokens": int(tokens), "drafts": drafting.drafts, "match": drafting.draft_match,
        "tokens_per_pass": round(tokens / passes_without, 4),  # a refused block is decoded again
        "tokens_per_pass_drafted": round(tokens / passes_with, 4),
        "ms_per_token": round(1000 * seconds / tokens, 4),
        "ms_per_token_drafted": round(1000 * seconds_drafted / tokens, 4),
        "time_ratio": round(seconds_drafted / seconds, 4),
        "time_ratio_95": interval(table[:, [1, 3]]),
        "backend": loaded.backend.name, "processor": processor(),
        "python": platform.python_version(), "tat": tat.__version__,
    }  # fmt: skip
    publish(record, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
