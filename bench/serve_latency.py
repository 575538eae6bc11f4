"""The time from a cursor to one line that fits, as the language server proposes it.

    python bench/serve_latency.py [PRESET] [f32]

The model is the preset's, in int8 (or float32), with weights that nobody trained: the preference is
made to choose the tokens of the line that really stands there, so that all the work is done for a
line of usual length: reading the gap, encoder, decoder, grammar, scope, and naga's verdict.
"""

import json
import statistics
import sys
import time
from dataclasses import replace

import numpy as np
from numpy import ndarray as Array

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.config import resolve
from tat.cookbook.library import load
from tat.data.tokenizer import Special, Tokenizer
from tat.decode.constraint import Constraints
from tat.decode.generator import Generator
from tat.decode.loading import LoadedModel
from tat.decode.prompt import Prompt
from tat.model.transformer import Transformer
from tat.serve.decoder import Decoder, Service
from tat.serve.gaps import fits, gap_at
from tat.serve.judge import Judge
from tat.serve.opening import warm
from tat.serve.tasks import Task

_GAPS = 60


def main(preset: str = "base", kind: str = "int8") -> None:
    decoder, judge = Decoder(lambda: _service(preset, kind == "int8")), Judge()
    assert decoder.ready(), decoder.reason
    judge.validate("")
    timings, tokens, parts = [], [], []
    for prefix, line, suffix in _lines():
        began = time.perf_counter()
        gap = gap_at(prefix, suffix)
        request = decoder.prepare(Prompt(prefix=gap.before, suffix=gap.behind), near=True)
        prepared = time.perf_counter()
        wanted = decoder.tokens(f"{line}\n")
        task = Task(replace(request, preference=_choosing(wanted)), 48, gap.ending(0))
        decoder.submit(task)
        written = task.future.result(60)
        decoded = time.perf_counter()
        right = fits(judge, gap, gap.fitting(written.generation.text))
        timings.append(1000 * (time.perf_counter() - began))
        tokens.append(len(wanted))
        parts.append((1000 * (prepared - began), written.prompt_ms, written.ms,
                      1000 * (time.perf_counter() - decoded)))  # fmt: skip
        assert written.generation.text.strip() == line.strip() and right, (line, written)
    decoder.close()
    judge.close()
    ordered = sorted(timings)
    print(json.dumps({
        "preset": preset, "weights": kind, "lines": len(timings),
        "tokens_of_a_line": statistics.median(tokens), "ms_min": round(ordered[0], 1),
        "ms_of_preparing_first_token_rest_naga":
            [round(statistics.median(part), 1) for part in zip(*parts)],
        "ms_p50": round(statistics.median(timings), 1),
        "ms_p95": round(ordered[int(0.95 * len(ordered))], 1),
        "share_within_150_ms": round(sum(ms <= 150 for ms in timings) / len(timings), 3),
    }))  # fmt: skip


def _service(preset: str, int8: bool) -> Service:
    config = resolve(flags={"preset": preset}, environment={}).config
    tokenizer = Tokenizer.train([entry.code for entry in load()], config.data.vocabulary)
    plain = Transformer(config.model, tokenizer.size)
    values = weights.draw(plain.parameters, seed=1)
    model = Transformer(config.model, tokenizer.size, int8=True) if int8 else plain
    if int8:
        values = weights.quantize(model.parameters, values)
    backend = CpuBackend(threads=0)
    weights.install(backend, model, values)
    generator = Generator(LoadedModel(model, backend, tokenizer, config, 0), 512)
    warm(generator)
    return Service(generator, Constraints(tokenizer), preset)


def _choosing(tokens: list[int]) -> object:
    """A preference for these tokens, then for the end."""

    def prefer(logits: Array, written: list[int]) -> Array:
        scores = np.full_like(logits, -1e30)
        at = len(written)
        scores[tokens[at] if at < len(tokens) else Special.EOS] = 0
        return scores

    return prefer


def _lines() -> list[tuple[str, str, str]]:
    """Gaps of one line each in functions of the cookbook, the code around them whole."""
    found = []
    for entry in load():
        lines = entry.code.splitlines(keepends=True)
        places = [n for n, text in enumerate(lines) if text.startswith("    return ")]
        if places and lines[places[-1]].rstrip().endswith(";"):
            at = places[-1]
            prefix = "".join(lines[:at]) + "    "
            found.append((prefix, lines[at].strip(), "\n" + "".join(lines[at + 1 :])))
    return found[:: max(1, len(found) // _GAPS)][:_GAPS]


if __name__ == "__main__":
    main(*sys.argv[1:])
