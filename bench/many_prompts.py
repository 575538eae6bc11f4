"""Tokens a second of many prompts, one by one and in batches, with and without the grammar.

    python bench/many_prompts.py FUNCTIONS.jsonl [--run bundled | --preset base] [--device gpu]
                                 [--prompts 200] [--rows 1 64] [--rounds 3] [--tokens 256]
                                 [--json FILE]

The prompts are spread over the file, their texts greedy. The ways take turns; a way is a number of
rows that are decoded together, without constraint or with grammar and names in scope. Encoding and
choosing are included, validation is not. Prints the median of the rounds behind the first, which
compiles, and checks that a text is the same in any number of rows. A preset has the tokenizer of
the bundled model and random weights: its texts are as long as they may be, and mean nothing.
"""

import argparse
import statistics
import sys
import time
from dataclasses import replace
from itertools import product
from pathlib import Path

import tat  # isort: skip  (before numpy: it sets the BLAS threads)

from result_file import publish

from tat import weights
from tat.backends.opening import open_backend
from tat.checkpoint import Checkpoint
from tat.config import resolve
from tat.decode.constraint import Constraints
from tat.decode.generator import Generation, Generator, Request
from tat.decode.loading import LoadedModel, load_model
from tat.decode.prompt import Prompt
from tat.evaluation.functions import read_functions
from tat.model.transformer import Transformer
from tat.stored_model import build_model, stored_config
from tat.train.named_checkpoint import load_checkpoint

_WAYS = {False: "no constraint", True: "grammar and scope"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--run", default="bundled")
    parser.add_argument("--preset", help="random weights in place of --run")
    parser.add_argument("--device", default="gpu")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 64])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    generators, prompts = opened(options)
    ways = list(product(options.rows, _WAYS))
    constraints = Constraints(generators[options.rows[0]].loaded.tokenizer)
    seconds: dict[tuple[int, bool], list[float]] = {way: [] for way in ways}
    tokens: dict[bool, int] = {}
    texts: dict[bool, list[str]] = {}
    for round_ in range(options.rounds + 1):
        for rows, bound in ways:
            began = time.perf_counter()
            made = generate(generators[rows], prompts, constraints if bound else None)
            seconds[rows, bound].append(time.perf_counter() - began)
            written = [one.text for one in made]
            if texts.setdefault(bound, written) != written:
                print(f"many_prompts: {rows} rows, {_WAYS[bound]}: other texts", file=sys.stderr)
                return 1
            tokens[bound] = sum(one.tokens for one in made)
            print(f"many_prompts: round {round_}, {rows} rows, {_WAYS[bound]}: {tokens[bound]}"
                  f" tokens in {seconds[rows, bound][-1]:.2f} s", file=sys.stderr)  # fmt: skip
    speeds = [
        {"rows": rows, "constraint": _WAYS[bound],
         "tokens_a_second": statistics.median(tokens[bound] / one for one in taken[1:])}
        for (rows, bound), taken in seconds.items()
    ]  # fmt: skip
    device = generators[options.rows[0]].loaded.backend.name
    publish({"benchmark": "many_prompts", "run": options.preset or options.run, "device": device,
             "prompts": len(prompts), "speeds": speeds, "tat": tat.__version__},
            options.json)  # fmt: skip
    return 0


def opened(options: argparse.Namespace) -> tuple[dict[int, Generator], list[Prompt]]:
    """A generator for each number of rows, and the prompts that the model can read."""
    found = load_checkpoint(Path(options.run))
    if options.preset:
        loaded = untrained(options.preset, options.device, *found)
    else:
        loaded = load_model(*found, options.device)
    settings = replace(loaded.config.generate, drafts=0)
    made = {
        rows: Generator(loaded, options.tokens, replace(settings, batch=rows))
        for rows in options.rows
    }
    functions = read_functions(options.file)
    spread = functions[:: max(1, len(functions) // options.prompts)]
    prompts = [function.prompt for function in spread]
    readable = [one for one in prompts if not made[options.rows[0]].refusal(one)]
    return made, readable[: options.prompts]


def untrained(preset: str, device: str, path: Path, checkpoint: Checkpoint) -> LoadedModel:
    """A preset's model with random weights, and a checkpoint's tokenizer."""
    _, tokenizer = build_model(path, checkpoint, stored_config(path, checkpoint.configuration))
    config = resolve(flags={"preset": preset}).config
    model = Transformer(config.model, tokenizer.size)
    backend = open_backend(device, config.threads, config.memory.alignment, work="decoding")
    weights.install(backend, model, weights.draw(model.parameters, 0))
    return LoadedModel(model, backend, tokenizer, config, 0)


def generate(
    generator: Generator, prompts: list[Prompt], constraints: Constraints | None
) -> list[Generation]:
    """The texts of the prompts, with the constraints of their contexts if any."""
    return generator.generate_all(
        [Request(one, constraints and constraints.of(one)) for one in prompts]
    )


if __name__ == "__main__":
    sys.exit(main())
