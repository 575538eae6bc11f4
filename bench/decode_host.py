"""The host's share of decoding many prompts: the device's steps cost nothing.

    python bench/decode_host.py FUNCTIONS.jsonl [--run bundled] [--prompts 128] [--rows 64]
                                [--tokens 256] [--rounds 3] [--step-ms 0.4] [--profile]
                                [--json FILE]

The bundled model writes the texts once on the CPU, and the logits behind each of their tokens are
kept. A device that replays them stands in for a GPU, and its own time is taken off. Prints the
processor time of a token in microseconds, without constraint and with grammar and names in scope,
the submits, steps and bytes that the host asked for, and checks that the texts are those of the
model. --step-ms lets a step of the device take so long beside the host, which waits for it where it
has to: so tokens_a_second tells what waiting costs. --profile prints where the time goes.
"""

import argparse
import cProfile
import pstats
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np
from numpy import ndarray as Array
from result_file import publish

from tat.data.tokenizer import Special
from tat.decode.choice import greedy
from tat.decode.compiled_programs import Placed, Programs
from tat.decode.constraint import Constraints
from tat.decode.generator import Generator, Request
from tat.decode.loading import LoadedModel, load_model
from tat.decode.offers import RANKS
from tat.decode.prompt import Prompt
from tat.evaluation.functions import read_functions
from tat.model.programs import BatchShape
from tat.train.named_checkpoint import load_checkpoint

_WAYS = {False: "no constraint", True: "grammar and scope"}

Source = tuple[int, ...]


class Clock:
    """Processor time that the replayed device takes for itself, and what was asked of it.

    A second clock is that of a host and a device whose step takes `step` seconds: the host waits
    for what it fetches, and the device for the host.
    """

    def __init__(self, step: float = 0.0) -> None:
        self.seconds, self.submits, self.steps, self.fetched, self.waits = 0.0, 0, 0, 0, 0
        self.step, self.began, self.waited, self.busy = step, time.thread_time(), 0.0, 0.0

    def now(self) -> float:
        """Seconds of both so far."""
        return time.thread_time() - self.began - self.seconds + self.waited

    def ran(self, steps: int) -> None:
        """The device has so much more to do."""
        self.submits, self.steps = self.submits + 1, self.steps + steps
        self.busy = max(self.busy, self.now()) + steps * self.step

    def behind(self, values: Array) -> Callable[[], Array]:
        """Waits for all that the device has to do now."""
        ready = self.busy
        self.fetched += values.nbytes

        def found() -> Array:
            self.waited += max(0.0, ready - self.now())
            return values

        return found

    def aside(self, work: Callable) -> Callable:
        """`work`, whose time is that of the device."""

        def timed(*arguments: object, **named: object) -> object:
            began = time.thread_time()
            try:
                return work(*arguments, **named)
            finally:
                self.seconds += time.thread_time() - began

        return timed


class Recorded:
    """A text: the logits [T, V] behind its tokens, and what a device tells of them."""

    def __init__(self, logits: Array) -> None:
        self.logits = logits
        kept = logits[:, Special.EOS :]
        best = np.argsort(-kept, axis=1, kind="stable")[:, :RANKS]
        scores = np.take_along_axis(kept, best, 1)
        highest = scores[:, :1]
        total = np.log(np.exp(kept - highest).sum(1, keepdims=True))
        tokens = best + Special.EOS
        parts = tokens[:, :1], tokens, scores, scores, highest, total
        self.records = np.hstack(parts).astype(np.float32)


class Replayed:
    """A sampling program whose rows give the logits of recorded texts, whatever they are fed."""

    def __init__(self, shape: BatchShape, kept: int, vocabulary: int, clock: Clock) -> None:
        history = SimpleNamespace(shape=(kept, shape.rows, vocabulary + 1))
        written = SimpleNamespace(shape=(shape.rows, shape.target))
        self.plan = SimpleNamespace(metrics={"history": history}, feeds={"written": written})
        self.texts: list[Recorded | None] = [None] * shape.rows
        self._clock, self._kept = clock, kept
        self._offers = np.zeros((kept, shape.rows, 3 * RANKS + 3), np.float32)
        self._logits: list[list[Array | None]] = [[None] * shape.rows for _ in range(kept)]
        self._position = np.zeros(shape.rows, np.int64)
        self.write, self.write_rows = clock.aside(self._write), clock.aside(self._write_rows)
        self.run, self.fetch = clock.aside(self._run), clock.aside(self._fetch)
        self.fetch_rows = clock.aside(self._fetch_rows)

    def _write(self, name: str, values: Array) -> None:
        if name == "position":
            self._position[:] = values

    def _write_rows(self, name: str, rows: Sequence[int], values: Array) -> None:
        pass

    def _run(self, times: int = 1) -> None:
        self._clock.ran(times)
        for _ in range(times):
            for row, (text, position) in enumerate(zip(self.texts, self._position, strict=True)):
                if text is not None:
                    place, at = position % self._kept, min(position, len(text.logits) - 1)
                    self._offers[place, row] = text.records[at]
                    self._logits[place][row] = text.logits[at]
            self._position += 1

    def _fetch(self, name: str) -> Callable[[], Array]:
        return self._clock.behind(self._offers.copy())

    def _fetch_rows(self, name: str, rows: Sequence[int]) -> Callable[[], Array]:
        width = len(self.texts)
        found = np.stack([np.append(self._logits[row // width][row % width], 0) for row in rows])
        self._clock.waits += 1
        return self._clock.behind(found.astype(np.float32))


class ReplayPrograms(Programs):
    """Programs whose device replays recorded texts by their sources."""

    def __init__(
        self, loaded: LoadedModel, capacity: int, texts: dict[Source, Recorded], clock: Clock
    ) -> None:
        super().__init__(loaded, capacity)
        self.runs_ahead, self.one_prompt_pays = True, False
        self._texts, self._clock, self._made = texts, clock, {}
        self._size = loaded.tokenizer.size

    def sampling(self, shape: BatchShape) -> Replayed:
        if shape not in self._made:
            self._made[shape] = Replayed(shape, 2 * self._block, self._size, self._clock)
        return self._made[shape]

    def step(self, shape: BatchShape, tokens: int = 1) -> Replayed:
        return self.sampling(shape)

    def place(self, placed: Sequence[Placed], shape: BatchShape, coming: object = ()) -> None:
        rows = self.sampling(shape).texts
        for source, segments in placed:
            for segment in segments:
                rows[segment] = self._texts[tuple(source)]

    def move(self, source: BatchShape, target: BatchShape) -> "Moved":
        return Moved(self.sampling(source), self.sampling(target))


class Moved:
    """Moves rows of one shape into another."""

    def __init__(self, source: Replayed, target: Replayed) -> None:
        self._source, self._target, self._index = source, target, []

    def write(self, name: str, values: Array) -> None:
        if name == "index":
            self._index = values.tolist()

    def run(self) -> None:
        old = [*self._source.texts]
        self._target.texts[:] = [None if i < 0 else old[i] for i in self._index]


def recorded(
    generator: Generator, prompts: Sequence[Prompt], constraints: Constraints | None
) -> tuple[list[str], dict[Source, Recorded]]:
    """The texts of the prompts, and by their sources what a device tells of them."""
    logits: list[dict[int, Array]] = [{} for _ in prompts]

    def noting(number: int) -> Callable[[Array, Sequence[int]], Array]:
        def note(row: Array, tokens: Sequence[int]) -> Array:
            logits[number][len(tokens)] = row.copy()
            return greedy(row, tokens)

        return note

    requests = [
        Request(prompt, constraints and constraints.of(prompt), noting(number))
        for number, prompt in enumerate(prompts)
    ]
    made = generator.generate_all(requests)
    sources = [tuple(generator.source(prompt)) for prompt in prompts]
    lengths = [one.tokens + one.finished for one in made]
    pairs = zip(logits, lengths, strict=True)
    rows = [Recorded(np.stack([known[t] for t in range(length)])) for known, length in pairs]
    return [one.text for one in made], dict(zip(sources, rows, strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--run", default="bundled")
    parser.add_argument("--prompts", type=int, default=128)
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step-ms", type=float, default=0.0)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    loaded = load_model(*load_checkpoint(Path(options.run)), "cpu")
    settings = replace(loaded.config.generate, drafts=0, batch=8)
    generator = Generator(loaded, options.tokens, settings)
    constraints = Constraints(loaded.tokenizer)
    functions = read_functions(options.file)
    prompts = [f.prompt for f in functions[:: max(1, len(functions) // options.prompts)]]
    prompts = [prompt for prompt in prompts if not generator.refusal(prompt)]
    by_source = {tuple(generator.source(prompt)): prompt for prompt in prompts}
    prompts = [*by_source.values()][: options.prompts]
    found = []
    for bound, way in _WAYS.items():
        held = constraints if bound else None
        texts, logits = recorded(generator, prompts, held)
        replaying = Generator(loaded, options.tokens, replace(settings, batch=options.rows))
        host, speeds, clock, tokens = [], [], Clock(), 0
        profile = cProfile.Profile(time.thread_time)
        for round_ in range(options.rounds + 1):
            clock.__init__(options.step_ms / 1e3)
            replaying.programs = ReplayPrograms(loaded, options.tokens, logits, clock)
            requests = [Request(p, held and held.of(p)) for p in prompts]
            if options.profile and round_ == options.rounds:
                profile.enable()
            began = time.thread_time()
            made = replaying.generate_all(requests)
            taken = time.thread_time() - began
            profile.disable()
            tokens = sum(one.tokens + one.finished for one in made)
            host.append(1e6 * (taken - clock.seconds) / tokens)
            speeds.append(tokens / (taken - clock.seconds + clock.waited))
            if [one.text for one in made] != texts:
                print(f"decode_host: {way}: other texts", file=sys.stderr)
                return 1
        if options.profile:
            pstats.Stats(profile).sort_stats("tottime").print_stats(28)
        found.append({
            "constraint": way, "tokens": tokens, "us_a_token": statistics.median(host[1:]),
            "tokens_a_second": statistics.median(speeds[1:]),
            "submits": clock.submits, "steps": clock.steps, "bytes_fetched": clock.fetched,
            "waits_for_logits": clock.waits,
            "row_steps_a_token": clock.steps * options.rows / tokens,
        })  # fmt: skip
    record = {"benchmark": "decode_host", "run": options.run, "rows": options.rows,
              "prompts": len(prompts), "found": found, "tat": tat.__version__}  # fmt: skip
    publish(record, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
