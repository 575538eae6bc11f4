"""Eight drawn candidates of a prompt beside one text: the ratio of processor time, and its parts.

    python bench/candidates.py [--rows 8] [--threads 1] [--prompts 8] [--plain] [-o FILE]

The bundled model, grammar and scope, temperature 0.7. One text's time is the mean of the eight
decoded alone, each with its own pass of the encoder; both ways write the same texts, which is
asserted. `--plain` leaves the grammar out.
"""

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from result_file import publish

import tat
from tat.commands.doctor import processor
from tat.decode import batch
from tat.decode.choice import Sampling
from tat.decode.compiled_programs import _encoded
from tat.decode.constraint import Constraints
from tat.decode.generator import Generation, Generator, Request
from tat.decode.loading import load_model
from tat.decode.prompt import Prompt
from tat.decode.stream import Stream
from tat.resources import BUNDLED, resource
from tat.train.named_checkpoint import load_checkpoint
from tat.wgsl.declarations import functions

spent: Counter[str] = Counter()  # processor seconds of each part


def timed(owner: object, name: str, part: str) -> None:
    """Count a function's processor time in a part."""
    inner: Callable = getattr(owner, name)

    def outer(*arguments: object, **named: object) -> object:
        began = time.process_time()
        try:
            return inner(*arguments, **named)
        finally:
            spent[part] += time.process_time() - began

    setattr(owner, name, outer)


def prompts(count: int) -> list[Prompt]:
    """Requests of the cookbook's starters, as a person would ask."""
    found = []
    for path in sorted(resource("cookbook").rglob("*.wgsl")):
        text = path.read_text("utf-8")
        if "tags: starter" in text:
            function = functions(text)[-1]
            context = "\n".join([function.context, *function.calls])
            found.append(Prompt(function.comment, function.signature, context))
    return found[:: max(1, len(found) // count)][:count]


def requests(generator: Generator, constraints: Constraints | None, prompt: Prompt) -> list:
    """Eight drawn texts of a prompt."""
    sampling = Sampling(0.7, draws_first=True)
    source = generator.source(prompt)
    return [
        Request(prompt, constraints and constraints.of(prompt), sampling.preference(source, number))
        for number in range(8)
    ]


def decode(generator: Generator, asked: list, together: bool) -> tuple[list[Generation], float]:
    """The texts, and the processor time that they took."""
    _encoded[generator.loaded.backend].clear()  # what the other way left there
    began = time.process_time()
    if together:
        found = generator.generate_all(asked)
    else:
        found = []
        for request in asked:
            _encoded[generator.loaded.backend].clear()
            found += generator.generate_all([request])
    return found, time.process_time() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--prompts", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--block", type=int, default=8)
    parser.add_argument("--plain", action="store_true", help="without grammar and scope")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    loaded = load_model(*load_checkpoint(BUNDLED), "cpu", threads=options.threads)
    settings = replace(loaded.config.generate, batch=options.rows, block=options.block)
    generator = Generator(loaded, 256, settings)
    constraints = None if options.plain else Constraints(loaded.tokenizer, comments=False)
    timed(batch, "next_logits", "model")
    timed(generator.programs, "place", "encoder")
    timed(generator.programs, "move", "move")
    timed(Stream, "take", "draw")
    timed(Stream, "settle", "constraint")
    asked = prompts(options.prompts)
    for together in (False, True):  # compiles, and remembers cuts of words
        decode(generator, requests(generator, constraints, asked[0]), together)
    ratios, parts, tokens, digest = [], {False: Counter(), True: Counter()}, 0, sha256()
    totals = {False: 0.0, True: 0.0}
    for turn in range(options.rounds):
        for prompt in asked:
            times, texts = {}, {}
            for together in (False, True) if turn % 2 else (True, False):
                ready = requests(generator, constraints, prompt)
                spent.clear()
                texts[together], times[together] = decode(generator, ready, together)
                parts[together] += spent + Counter()
                totals[together] += times[together]
            assert [t.text for t in texts[True]] == [t.text for t in texts[False]], prompt
            digest.update(repr([text.text for text in texts[True]]).encode())
            tokens += sum(text.tokens + text.finished for text in texts[True])
            ratios.append(times[True] / (times[False] / 8))

    def shares(together: bool) -> dict[str, float]:
        found = {name: 1e6 * seconds / tokens for name, seconds in parts[together].items()}
        found["all"] = 1e6 * totals[together] / tokens
        return found | {"python": found["all"] - sum(parts[together].values()) * 1e6 / tokens}

    publish({
        "benchmark": "candidates", "rows": options.rows, "threads": options.threads,
        "grammar": not options.plain, "times_one_text": statistics.median(ratios),
        "of_sums": totals[True] / totals[False] * 8, "tokens": tokens // options.rounds,
        "texts": digest.hexdigest()[:16],
        "us_a_token_alone": shares(False), "us_a_token_together": shares(True),
        "processor": processor(), "tat": tat.__version__,
    }, options.output)  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
