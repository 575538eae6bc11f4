"""Where the host's time of `tat eval --validate 8` goes, a token, whatever the device costs.

    python bench/eval_host.py FUNCTIONS.jsonl [--modules MODULES.jsonl] [--functions 24]
                              [--validate 8] [--rows 64] [--ahead] [--json FILE]

The bundled model writes on the CPU, its steps stand apart, and reviews run one by one, so that
processor time can be told apart. With --ahead the CPU is taken for a GPU, which draws tokens itself
and runs ahead of the host; its steps are slow, and stand apart too. Prints microseconds a chosen
token of each part, the tokens, those that were taken back, and how many of the rows are busy at a
step.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
from result_file import publish

from tat.backends.cpu.executable import CpuBackend, CpuExecutable
from tat.config import resolve
from tat.decode import batch, candidates, chain, constraint, offers, review, stream, validated
from tat.decode.choice import Sampling
from tat.decode.constraint import Constraints
from tat.decode.generator import Generator
from tat.decode.loading import load_model
from tat.decode.validated import Search
from tat.evaluation.functions import module_file_of, read_functions, read_modules
from tat.evaluation.judge import Judge
from tat.evaluation.selection import spread
from tat.train.named_checkpoint import load_checkpoint
from tat.wgsl.sandbox_pool import SandboxPool

_AHEAD = [
    (CpuExecutable, "run", "the device's step"),
    (CpuExecutable, "fetch", "the device's step"),
    (CpuExecutable, "fetch_rows", "the device's step"),
    (chain.Chain, "steps", "chain of steps"),
    (offers.Offers, "choose", "choosing"),
    (stream.Stream, "follow", "choosing"),
]
_PARTS = [  # owner, method, part: a part's time is without that of the parts within it
    (batch, "next_logits", "the device's step"),
    (batch.Batch, "admit", "encoder"),
    (stream.Stream, "_choose", "choosing"),
    (stream.Stream, "_replace", "choosing in place of refused tokens"),
    (stream.Stream, "settle", "blocks of tokens"),
    (constraint.WgslConstraint, "accept", "grammar and names"),
    (constraint.WgslConstraint, "rule_out", "grammar and names"),
    (constraint.WgslConstraint, "mask", "grammar and names"),
    (constraint.WgslConstraint, "rewind", "grammar and names, back"),
    (review.Review, "take", "review"),
    (SandboxPool, "validate", "naga, this side"),
    (candidates.Candidates, "add", "judging candidates"),
    (candidates.Candidates, "best", "judging candidates"),
    (Judge, "judge", "judging and running answers"),
]

spent: Counter[str] = Counter()  # processor seconds of this thread
calls: Counter[str] = Counter()
_running: list[list] = []  # the parts that have begun, and since when


def timed(owner: object, name: str, part: str) -> None:
    """Count a function's own processor time in a part."""
    inner: Callable = getattr(owner, name)

    def outer(*arguments: object, **named: object) -> object:
        _switch(part)
        try:
            return inner(*arguments, **named)
        finally:
            ended, since = _running.pop()
            now = time.thread_time()
            spent[ended] += now - since
            if _running:
                _running[-1][1] = now

    setattr(owner, name, outer)


def _switch(part: str) -> None:
    now = time.thread_time()
    if _running:
        spent[_running[-1][0]] += now - _running[-1][1]
    calls[part] += 1
    _running.append([part, now])


def counting(rows: Counter[int]) -> Counter[str]:
    """Counters of tokens, which the streams fill, and of busy rows at a step."""
    tokens: Counter[str] = Counter()
    append, back, step = stream.Stream._append, stream.Stream._taken_back, batch.Batch.step

    def appended(self: stream.Stream, several: Sequence[object]) -> None:
        tokens["chosen"] += len(several)
        append(self, several)

    def taken_back(self: stream.Stream) -> bool:
        before = len(self.tokens)
        found = back(self)
        tokens["taken back"] += before - len(self.tokens)
        tokens["refusals"] += found
        return found

    def stepped(self: batch.Batch) -> object:
        rows[len(self._going())] += 1
        return step(self)

    stream.Stream._append, stream.Stream._taken_back = appended, taken_back
    batch.Batch.step = stepped
    return tokens


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--modules", type=Path)
    parser.add_argument("--run", default="bundled")
    parser.add_argument("--functions", type=int, default=24)
    parser.add_argument("--validate", type=int, default=8)
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--ahead", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    CpuBackend.queues = options.ahead
    functions = spread(read_functions(options.file), options.functions)
    modules = options.modules or module_file_of(options.file)
    loaded = load_model(*load_checkpoint(Path(options.run)), "cpu", threads=1)
    settings = replace(resolve().config.generate, batch=options.rows, drafts=0)
    generator = Generator(loaded, settings.max_tokens, settings)
    constraints = Constraints(loaded.tokenizer, comments=loaded.config.data.body_comments)
    search = Search(Sampling.configured(settings), options.validate, redraws=settings.redraws)
    list(generator.tokens(generator.source(functions[0].prompt)))  # kernels are loaded
    for part in [*_PARTS, *(_AHEAD if options.ahead else ())]:
        timed(*part)
    rows: Counter[int] = Counter()
    tokens = counting(rows)
    began, answered = time.thread_time(), 0
    with SandboxPool(1) as sandbox:
        judge = Judge(sandbox, read_modules(modules) if modules else {})
        prompts = [function.prompt for function in functions]
        found = validated.generate_all_valid(generator, prompts, constraints, sandbox, search)
        for function, [outcome] in zip(functions, found, strict=True):
            body = outcome.generation.text.removeprefix(function.prompt.lead).strip()
            answered += outcome.problem is None
            judge.judge(function, None if outcome.problem else body, str(outcome.problem))
    whole = time.thread_time() - began
    each = {part: 1e6 * seconds / tokens["chosen"] for part, seconds in spent.most_common()}
    each["the rest"] = 1e6 * whole / tokens["chosen"] - sum(each.values())
    record = {
        "benchmark": "eval_host", "functions": len(functions), "answered": answered,
        "tokens": dict(tokens), "us_a_token": each, "calls": dict(calls),
        "busy_rows": sum(n * count for n, count in rows.items()) / rows.total(),
        "tat": tat.__version__,
    }  # fmt: skip
    publish(record, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
