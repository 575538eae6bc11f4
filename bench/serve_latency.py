"""The time from a cursor to one line that fits, as the language server proposes it.

    python bench/serve_latency.py [PRESET] [f32]
    python bench/serve_latency.py bundled [f32]

The first asks the decoder. The model is the preset's, in int8 (or float32), with weights that
nobody trained: the preference is made to choose the tokens of the line that really stands there, so
that all the work is done for a line of usual length: reading the gap, encoder, decoder, grammar,
scope, and naga's verdict.

The second asks `tat serve --lsp` in a process of its own, over standard input and output, with the
bundled model as it is: the same lines, each where it begins (`whole`) and behind some of its
characters (`begun`), one request after another. Its times are those of whole requests: JSON-RPC,
further texts that are drawn where the likeliest does not fit, and naga. `proposed` are lines for
which there was a text, `as_it_stood` those whose text is the one that stood there.
"""

import asyncio
import json
import os
import random
import statistics
import sys
import time
from dataclasses import replace

import tat  # noqa: F401  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np
from lsprotocol import types
from numpy import ndarray as Array
from pygls.lsp.client import LanguageClient

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
_PATIENT = {"inlineMs": 60_000}  # each line is waited for; how many were late is counted here
_WARM = 3  # requests that no time is taken of


def main(preset: str = "base", kind: str = "int8") -> None:
    decoder, judge = Decoder(lambda: _service(preset, kind == "int8")), Judge()
    assert decoder.ready(), decoder.reason
    judge.validate("")
    timings, tokens, parts = [], [], []
    for prefix, line, suffix in cookbook_lines():
        began = time.perf_counter()
        gap = gap_at(prefix, suffix)
        request = decoder.prepare(Prompt(prefix=gap.prefix, suffix=gap.behind), near=True)
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


async def bundled(kind: str = "int8") -> None:
    """Ask the language server for each line, whole and begun."""
    client = LanguageClient("bench", "1")
    loaded = asyncio.Event()

    @client.feature(types.WORKSPACE_CONFIGURATION)
    def configuration(params: types.ConfigurationParams) -> list[object]:
        return [_PATIENT for _ in params.items]

    @client.feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)
    def create(params: types.WorkDoneProgressCreateParams) -> None:
        return None

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def published(params: types.PublishDiagnosticsParams) -> None:
        return None

    @client.feature(types.PROGRESS)
    def progress(params: types.ProgressParams) -> None:
        if params.value["kind"] == "end":
            loaded.set()

    extra = ["--int8"] if kind == "int8" else []
    await client.start_io(
        sys.executable, "-m", "tat", "serve", "--lsp", "--run", "bundled", "--device", "cpu", "-q",
        *extra,
    )  # fmt: skip
    await client.initialize_async(types.InitializeParams(capabilities=types.ClientCapabilities(
        workspace=types.WorkspaceClientCapabilities(configuration=True),
        window=types.WindowClientCapabilities(work_done_progress=True),
        general=types.GeneralClientCapabilities(
            position_encodings=[types.PositionEncodingKind.Utf16]),
    )))  # fmt: skip
    client.initialized(types.InitializedParams())
    await asyncio.wait_for(loaded.wait(), 300)
    draws, lines = random.Random(1), cookbook_lines()
    for prefix, line, suffix in lines[:_WARM]:
        await _asked(client, prefix, line, suffix)
    for name in ("whole", "begun"):
        cuts = [0 if name == "whole" else draws.randrange(1, len(line)) for _, line, _ in lines]
        found = [
            await _asked(client, prefix + line[:cut], line[cut:], suffix)
            for (prefix, line, suffix), cut in zip(lines, cuts, strict=True)
        ]
        print(json.dumps({"model": "bundled", "weights": kind, "lines": name, **_told(found)}))
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()


async def _asked(
    client: LanguageClient, before: str, wanted: str, behind: str
) -> tuple[float, bool, bool]:
    """Milliseconds of one request, whether there was a text, and whether it is the wanted one."""
    uri, rows = "file:///bench.wgsl", before.split("\n")
    document = types.TextDocumentItem(uri, "wgsl", 1, before + behind)
    client.text_document_did_open(types.DidOpenTextDocumentParams(document))
    position = types.Position(len(rows) - 1, len(rows[-1].encode("utf-16-le")) // 2)
    invoked = types.InlineCompletionContext(types.InlineCompletionTriggerKind.Invoked)
    began = time.perf_counter()
    found = await client.text_document_inline_completion_async(types.InlineCompletionParams(
        context=invoked, text_document=types.TextDocumentIdentifier(uri), position=position,
    ))  # fmt: skip
    ms = 1000 * (time.perf_counter() - began)
    client.text_document_did_close(
        types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
    )
    texts = [item.insert_text for item in found.items]
    return ms, bool(texts), [text.rstrip() for text in texts] == [wanted.rstrip()]


def _told(found: list[tuple[float, bool, bool]]) -> dict[str, object]:
    ordered = sorted(ms for ms, _, _ in found)
    return {
        "requests": len(found), "proposed": sum(some for _, some, _ in found),
        "as_it_stood": sum(right for _, _, right in found), "ms_min": round(ordered[0], 1),
        "ms_p50": round(statistics.median(ordered), 1),
        "ms_p95": round(ordered[int(0.95 * len(ordered))], 1),
        "share_within_150_ms": round(sum(ms <= 150 for ms in ordered) / len(ordered), 3),
        "proposed_within_150_ms": sum(some and ms <= 150 for ms, some, _ in found),
        "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


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


def cookbook_lines() -> list[tuple[str, str, str]]:
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
    if sys.argv[1:2] == ["bundled"]:
        asyncio.run(bundled(*sys.argv[2:]))
    else:
        main(*sys.argv[1:])
