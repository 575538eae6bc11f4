"""The cost of grammar and scope per token of the default model, as a share of the time without.

    python bench/grammar_cost.py [--rounds 7] [--int8 | --device gpu]
                                 [-o bench/results/grammar_cost.json]

The weights are random and the choice is made to follow the bundled functions, token by token: the
time is that of decoding valid text. A refusal costs a mask, and what was decoded behind it.
"""

import argparse
import platform
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np
from result_file import publish

from tat import weights
from tat.backends.opening import open_backend
from tat.commands.doctor import processor
from tat.config import resolve
from tat.data.tokenizer import Tokenizer
from tat.decode.constraint import Constraints
from tat.decode.generator import Generator
from tat.decode.loading import LoadedModel
from tat.decode.prompt import Prompt
from tat.model.transformer import Transformer
from tat.resources import resource
from tat.wgsl.declarations import Function, functions


def make_generator(options: argparse.Namespace, tokenizer: Tokenizer) -> Generator:
    """A generator whose model has random weights."""
    config = resolve(flags={"preset": options.preset}).config
    drawn = weights.draw(Transformer(config.model, tokenizer.size).parameters, 0)
    model = Transformer(config.model, tokenizer.size, int8=options.int8)
    backend = open_backend(options.device, config.threads, config.memory.alignment)
    values = weights.quantize(model.parameters, drawn) if options.int8 else drawn
    weights.install(backend, model, values)
    settings = replace(config.generate, drafts=0)
    return Generator(LoadedModel(model, backend, tokenizer, config, 0), 256, settings)


def decode(generator: Generator, function: Function, ids: list[int], constraint: object) -> float:
    """Seconds of a token of the function's body."""
    source = generator.source(Prompt("", function.signature, function.context))

    def follow(logits: np.ndarray, tokens: list[int]) -> np.ndarray:
        logits[ids[len(tokens)]] = 1e30
        return logits

    began = time.perf_counter()
    tokens = list(generator.tokens(source, constraint, follow))
    assert tokens == ids, function.name
    return (time.perf_counter() - began) / len(tokens)


def accept_seconds(constraints: Constraints, prompt: Prompt, ids: list[int]) -> float:
    """Seconds of a token in `accept`, one token a call."""
    constraint = constraints.of(prompt)
    began = time.perf_counter()
    for token in ids:
        constraint.accept([token])
    return (time.perf_counter() - began) / len(ids)


def mask_seconds(constraints: Constraints, prompt: Prompt, ids: list[int]) -> list[float]:
    """Seconds of the mask before each token."""
    constraint, found = constraints.of(prompt), []
    for token in ids:
        logits = np.zeros(len(constraints.tokens), np.float32)
        began = time.perf_counter()
        constraint.mask(logits)
        found.append(time.perf_counter() - began)
        constraint.accept([token])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--preset", default="base")
    parser.add_argument("--int8", action="store_true", help="int8 weights")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    texts = [path.read_text("utf-8") for path in sorted(resource("cookbook").rglob("*.wgsl"))]
    tokenizer = Tokenizer.train(texts, 8192)
    generator = make_generator(options, tokenizer)
    constraints = Constraints(tokenizer)
    cases = []
    for function in (functions(text)[-1] for text in texts if "tags: starter" in text):
        prompt = Prompt("", function.signature, "\n".join([function.context, *function.calls]))
        ids = tokenizer.encode_target(function.body)
        if len(ids) <= 256 and constraints.of(prompt).accept(ids) == len(ids):
            cases.append((function, prompt, ids))
    cases = cases[: options.rounds + 1]
    free, bound, accepts, masks = [], [], [], []
    for function, prompt, ids in cases:
        free.append(decode(generator, function, ids, None))
        bound.append(decode(generator, function, ids, constraints.of(prompt)))
        accepts.append(accept_seconds(constraints, prompt, ids))
        masks += mask_seconds(constraints, prompt, ids)
    free, bound = free[1:], bound[1:]  # the first compiles
    share = statistics.median(b / f for f, b in zip(free, bound)) - 1
    record = {
        "benchmark": "grammar_cost", "preset": options.preset, "vocabulary": tokenizer.size,
        "backend": generator.loaded.backend.name, "int8": options.int8,
        "free_ms": 1000 * statistics.median(free), "bound_ms": 1000 * statistics.median(bound),
        "share": share,
        "accept_ms": 1000 * statistics.median(accepts), "mask_ms": 1000 * statistics.median(masks),
        "processor": processor(), "python": platform.python_version(), "tat": tat.__version__,
    }  # fmt: skip
    publish(record, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
