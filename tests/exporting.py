"""Models to export in tests, and a page's plan replayed by wgpu instead of a browser."""

import base64
import json
import re
import shutil
import subprocess
from typing import Any

import numpy as np
import pytest
from decoding import new_generator
from gpu_harness import device
from numpy import ndarray as Array

from tat import weights
from tat.data.batches import Batch
from tat.data.tokenizer import FIRST_BYTE, Special, Tokenizer
from tat.decode.generator import Generator
from tat.export.leaving import LeavingModel
from tat.export.web.page import SCRIPTS
from tat.model.transformer import Transformer
from tat.resources import resource

LENGTH = 40
NODE = shutil.which("node")
in_node = pytest.mark.skipif(not NODE, reason="make test-tools installs Node")


def leaving_of(generator: Generator) -> LeavingModel:
    """A model with the weights that a backend holds."""
    loaded = generator.loaded
    flat = loaded.backend.read(loaded.model.parameters.flat)
    values = weights.unpack(loaded.model.parameters, flat)
    return LeavingModel(loaded.model, loaded.tokenizer, loaded.config, values, None, 7, "0" * 64)


MODERN = {"model__norm": "rms", "model__feed_forward_kind": "swiglu", "model__positions": "rotary"}


def new_pair(kind: str = "f32", seed: int = 3, **flags: object) -> tuple[Generator, LeavingModel]:
    """A model with random weights that ends its texts, and a generator of it rounded to `kind`."""
    generator = new_generator(LENGTH, seed=seed, **flags)
    model, backend = generator.loaded.model, generator.loaded.backend
    values = weights.unpack(model.parameters, backend.read(model.parameters.flat))
    random = np.random.default_rng(seed)
    values = {n: v + 0.1 * random.standard_normal(v.shape, np.float32) for n, v in values.items()}
    if "decoder.norm.bias" in values:  # else texts go on to the limit
        values["decoder.norm.bias"] += 4 * values["embedding.table"][Special.EOS]
    weights.install(backend, model, values)
    leaving = leaving_of(generator)
    weights.install(backend, model, rounded(leaving, kind))
    return generator, leaving


def rounded(leaving: LeavingModel, kind: str) -> dict[str, Array]:
    """The weights as a page of this kind has them."""
    if kind == "int8":
        int8 = Transformer(leaving.config.model, leaving.tokenizer.size, int8=True)
        made = weights.quantize(int8.parameters, leaving.values)
        return weights.widen(int8.parameters, made)
    kept = np.float16 if kind == "f16" else np.float32
    return {n: v.astype(kept).astype(np.float32) for n, v in leaving.values.items()}


def tokenizer_of(size: int) -> Tokenizer:
    """Some tokenizer with so many tokens."""
    count = size - FIRST_BYTE - 256
    return Tokenizer([(FIRST_BYTE + i // 256, FIRST_BYTE + i % 256) for i in range(count)])


def plan_of(page: bytes) -> dict[str, Any]:
    """The plan that a page holds."""
    (text,) = re.findall(r'<script type="application/json" id="plan">(.*?)</script>', page.decode())
    return json.loads(text)


def node(script: str, value: object) -> object:
    """The result of one of the page's scripts for `given`, run by Node; needs `NODE`."""
    folder = resource("export", "page")
    code = "\n".join((folder / name).read_text("utf-8") for name in SCRIPTS if name != "page.js")
    main = f"""{code}
const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));
(async () => console.log(JSON.stringify(await ({script})(given))))();"""
    done = subprocess.run([NODE, "-e", main], input=json.dumps(value), capture_output=True,
                          text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Replay:
    """Replays a page's plan on the software GPU, without any code of the page's player."""

    def __init__(self, page: bytes) -> None:
        self.plan = plan_of(page)
        parts = re.findall(r'class="weights">(.*?)</script>', page.decode())
        self._handle = device().handle
        self._buffers = [
            self._handle.create_buffer(size=b["bytes"], usage=0x48 if b.get("uniform") else 0x8C)
            for b in self.plan["buffers"]
        ]
        flat = self._weights(b"".join(map(base64.b64decode, parts)))
        self._write(self.plan["weights"]["buffer"], flat)
        for buffer, text in self.plan["constants"]:
            self._write(buffer, base64.b64decode(text))
        self._pipelines: dict[int, Any] = {}
        self._programs: dict[str, list[Any]] = {}

    def tokens(self, source: list[int], settings: list[float], key: int = 0) -> list[int]:
        """Tokens behind a source, EOS included."""
        plan = self.plan
        bucket = next(length for length in plan["buckets"] if length >= len(source))
        lengths = [len(source)]
        self._feed(f"encode{bucket}", sources=source, source_lengths=lengths)
        self._run(f"encode{bucket}", 1)
        if bucket != plan["source"]:
            self._feed(f"place{bucket}", memory_index=[0], memory_counts=lengths)
            self._run(f"place{bucket}", 1)
        self._feed("sample", sources=source, source_lengths=lengths, token=[1], position=[0],
                   lengths=[1], written=[], settings=settings, key=[key])  # fmt: skip
        found: list[int] = []
        while len(found) < plan["capacity"] and found[-1:] != [2]:
            self._run("sample", 1)
            rows = self._metric("sample", "history").reshape(plan["block"], -1)
            found.append(int(rows[len(found) % plan["block"], -1]))
        return found

    def step(self, batches: list[Batch], rate: Array, step: int) -> tuple[list[float], Array]:
        """One training step: losses of its micro-batches, and [factor, norm] of its gradient."""
        about, losses = self.plan["training"], []
        for index, (batch, after) in enumerate(zip(batches, about["after"], strict=True)):
            source, target = batch.bucket
            program = f"gradient{source}x{target}"
            names = ("sources", "source_lengths", "inputs", "targets", "target_lengths")
            feeds = {name: getattr(batch, name).ravel() for name in names}
            self._feed(program, **feeds, counter=[about["seed"], step, index])
            for name in (program, *after):
                self._run(name, 1)
            losses.append(float(self._metric(program, "loss")[0]))
        self._feed("update", tokens=[sum(batch.tokens for batch in batches)], rate=rate)
        for name in (*about["finish"], "update"):
            self._run(name, 1)
        return losses, self._metric("update", "scale")

    def flat(self) -> Array:
        """All weights as they are now, one after another."""
        about = self.plan["weights"]
        data = self._handle.queue.read_buffer(self._buffers[about["buffer"]])
        return np.frombuffer(data, np.float32)[: about["size"]]

    def _metric(self, program: str, name: str) -> Array:
        metric = self.plan["programs"][program]["metrics"][name]
        data = self._handle.queue.read_buffer(self._buffers[metric["buffer"]])
        return np.frombuffer(data, np.float32)[: np.prod(metric["shape"])]

    def _weights(self, data: bytes) -> Array:
        about = self.plan["weights"]
        if about["type"] != "int8":
            return np.frombuffer(data, {"f32": "<f4", "f16": "<f2"}[about["type"]]).astype("<f4")
        flat, at = np.zeros(about["size"], np.float32), 0
        for offset, rows, columns, axis in about["entries"]:
            count = (columns if axis else rows) if columns else rows
            scales = np.frombuffer(data, "<f4", count, at)
            at += 4 * count
            if not columns:
                flat[offset : offset + rows] = scales
                continue
            steps = np.frombuffer(data, np.int8, rows * columns, at).reshape(rows, columns)
            flat[offset : offset + steps.size] = (
                steps * (scales if axis else scales[:, None])
            ).ravel()
            at += -(-steps.size // 4) * 4
        return flat

    def _write(self, buffer: int, data: object) -> None:
        self._handle.queue.write_buffer(self._buffers[buffer], 0, data)

    def _feed(self, program: str, **feeds: list[float]) -> None:
        for name, feed in self.plan["programs"][program]["feeds"].items():
            kind = np.float32 if feed["type"] == "f32" else np.int32
            values = np.zeros(int(np.prod(feed["shape"])), kind)
            given = feeds.get(name, [])
            values[: len(given)] = given
            self._write(feed["buffer"], values)

    def _run(self, name: str, times: int) -> None:
        encoder = self._handle.create_command_encoder()
        compute = encoder.begin_compute_pass()
        for _ in range(times):
            for pipeline, group, grid in self._calls(name):
                compute.set_pipeline(pipeline)
                compute.set_bind_group(0, group)
                compute.dispatch_workgroups(*grid)
        compute.end()
        self._handle.queue.submit([encoder.finish()])

    def _calls(self, name: str) -> list[Any]:
        if name not in self._programs:
            program = self.plan["programs"][name]
            self._write(program["uniform"], base64.b64decode(program["params"]))
            self._programs[name] = [self._bound(*call) for call in program["calls"]]
        return self._programs[name]

    def _bound(self, index: int, grid: list[int], regions: list[list[int]]) -> tuple[Any, ...]:
        recorded = self.plan["pipelines"][index]
        if index not in self._pipelines:
            layout = self._handle.create_bind_group_layout(entries=[
                {"binding": number, "visibility": 4, "buffer": {"type": kind}}
                for number, kind in recorded["layout"]
            ])  # fmt: skip
            module = self._handle.create_shader_module(code=recorded["code"])
            self._pipelines[index] = (
                layout,
                self._handle.create_compute_pipeline(
                    layout=self._handle.create_pipeline_layout(bind_group_layouts=[layout]),
                    compute={"module": module, "entry_point": "main"},
                ),
            )
        layout, pipeline = self._pipelines[index]
        entries = [
            {"binding": number, "resource": {"buffer": self._buffers[b], "offset": o, "size": s}}
            for (number, _), (b, o, s) in zip(recorded["layout"], regions, strict=True)
        ]
        return pipeline, self._handle.create_bind_group(layout=layout, entries=entries), grid
