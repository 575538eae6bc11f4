"""The page: plans, weights, player and text as one file that asks no other address."""

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import tat
from tat import weights
from tat.config import Config
from tat.data.tokenizer import Special
from tat.export.leaving import LeavingModel
from tat.export.web.packing import in_parts, packed
from tat.export.web.recording import Recording
from tat.export.web.training import training
from tat.model.programs import BatchShape, encode_program, place_program, sampling_program
from tat.resources import resource
from tat.wgsl.builtins import ENUMERANTS, NAMES

FORMAT = 1  # of the plan in a page
BLOCK = 16  # most tokens that are begun before the page looks at them
SCRIPTS = (
    "tokenizer.js", "weights.js", "player.js", "draws.js", "begun.js", "lexer.js", "stubs.js",
    "scope.js", "review.js", "judge.js", "picture.js", "search.js", "samples.js", "reading.js",
    "checkpoint.js", "trainer.js", "training.js", "page.js",
)  # fmt: skip


@dataclass(frozen=True)
class PageOptions:
    """A person's choices for a page."""

    kind: str = "f16"  # of the weights
    tokens: int = 512  # that a text may have
    licence: str = ""
    functions: Sequence[dict[str, Any]] = field(default_factory=tuple)  # of an index
    tuning: Config | None = None  # with which the page may train its model


def recorded(leaving: LeavingModel, options: PageOptions) -> dict[str, Any]:
    """All of the page's plan but the weights' bytes, as JSON has it."""
    model, config = leaving.model, leaving.config
    longest = config.model.max_length
    buckets = sorted({source for source, _ in config.data.buckets if source <= longest})
    capacity = min(options.tokens, longest)
    block = min(BLOCK, capacity)
    shape = BatchShape(1, buckets[-1], capacity)
    recording = Recording()
    for bucket in buckets:
        alone = BatchShape(1, bucket, 1)
        recording.add(f"encode{bucket}", encode_program(model, alone))
        if bucket != shape.source:
            recording.add(f"place{bucket}", place_program(model, alone, shape))
    recording.add("sample", sampling_program(model, shape, block, Special.EOS))
    positions = weights.sinusoids(*model.positions.table.shape).astype("<f4").tobytes()
    table = recording.buffer_of(model.positions.table)
    flat = model.parameters.flat
    settings = config.generate
    taught = training(recording, leaving, options.tuning) if options.tuning else None
    return {
        "format": FORMAT, "vocabulary": leaving.tokenizer.size, "capacity": capacity,
        "block": block, "buckets": buckets, "source": shape.source,
        "special": {special.name: int(special) for special in Special},
        "merges": [token for pair in leaving.tokenizer.merges for token in pair],
        "generate": {
            "candidates": settings.candidates, "temperature": settings.temperature,
            "top_k": settings.top_k, "top_p": settings.top_p, "min_p": settings.min_p,
            "penalty": settings.repetition_penalty, "seed": settings.seed,
            "redraws": settings.redraws,
        },
        "names": sorted(NAMES | ENUMERANTS),
        "buffers": recording.buffers, "pipelines": recording.pipelines,
        "programs": recording.programs,
        "weights": {"buffer": recording.buffer_of(flat), "size": flat.size, "type": options.kind},
        "training": taught,
        "constants": [[table, base64.b64encode(positions).decode()]],
        "card": _card(leaving, options),
    }  # fmt: skip


def page(leaving: LeavingModel, options: PageOptions) -> bytes:
    """The page of a model; DeviceError where it needs more than WebGPU grants everywhere."""
    plan = recorded(leaving, options)
    data, entries = packed(leaving, options.kind)
    parts = list(in_parts(data))
    plan["weights"] |= {
        "bytes": len(data), "entries": entries, "sha256": [digest for _, digest in parts],
    }  # fmt: skip
    folder = resource("export", "page")
    script = "\n".join((folder / name).read_text("utf-8") for name in SCRIPTS)
    style = (folder / "style.css").read_text("utf-8")
    blocks = [_json("plan", plan), _json("functions", options.functions)]
    blocks += [f'<script type="text/plain" class="weights">{part}</script>' for part, _ in parts]
    text = (folder / "page.html").read_text("utf-8")
    for mark, content in (
        ("$policy", policy(script, style)), ("$title", html.escape(plan["card"]["title"])),
        ("/*style*/", style), ("/*script*/", script), ("<!--data-->", "\n".join(blocks)),
    ):  # fmt: skip
        text = text.replace(mark, content)
    return text.encode()


def policy(script: str, style: str) -> str:
    """A Content-Security-Policy that runs this script and this style, and asks nobody."""
    allowed = (
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in (f"\n{script}\n", f"\n{style}\n")
    )
    return (
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'"
    ).format(*allowed)


def _json(name: str, value: object) -> str:
    """A value in the page; `<` is escaped, so that no text of it ends the element."""
    text = json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def _card(leaving: LeavingModel, options: PageOptions) -> dict[str, Any]:
    """Who the model is, for a reader of the page: nothing of the machine that made it."""
    shape = leaving.config.model
    return {
        "title": "tat writes WGSL", "version": tat.__version__, "step": leaving.step,
        "weights": leaving.model.parameters.flat.size, "kind": options.kind,
        "shape": f"{shape.layers} + {shape.layers} layers, width {shape.width}",
        "hash": leaving.hash, "licence": options.licence,
    }  # fmt: skip
