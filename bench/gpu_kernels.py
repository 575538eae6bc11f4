"""Time of each kernel of a training step on a GPU, with what it achieves in FLOP/s or bytes/s.

    python bench/gpu_kernels.py [--device gpu] [--preset base] [--precision f32]
                                [--rows 32] [--length 128] [--decoding] [--only linear]
                                [--product 4096 4096 4096] [--rounds 5] [--set KEY=VALUE]...
                                [--json FILE] [--markdown FILE [--ceilings TORCH_PRODUCTS.json]]

Every distinct call of the gradient and update programs, or of a token of each row, is timed alone
on random values, by GPU timestamps where the device has them; else by the clock, synchronisation
included. All pipelines are compiled and warmed up before the first is timed: a GPU lowers its clock
while it waits. FLOP/s count what the definition needs (half of all pairs where attention is
causal), bytes/s each argument once.

The table of --markdown has each call beside its floor: its operations over cuBLAS' rate at 4096 x
4096 x 4096 (twice that in f16: packed multiply-adds, no tensor cores), or its bytes over a copy's,
both of `torch_products.py --json`. Without that file a ceiling is the best that a call reaches.
"""

import argparse
import json
import statistics
import struct
import time
from pathlib import Path
from typing import Any

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np
from numpy import ndarray as Array
from result_file import write
from roofline import Ceilings, Gap, Row, distinct, show, sizes_of, table

from tat.backends.gpu.device import open_device
from tat.backends.gpu.executable import GpuBackend, GpuExecutable
from tat.config import Config, resolve
from tat.decode.offers import RANKS
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import BatchShape, loss_program, sampling_program
from tat.model.transformer import Transformer
from tat.ops.cost import flops
from tat.ops.fusion import fused
from tat.ops.graph import Call, Graph, Tensor
from tat.ops.kernels import KERNELS
from tat.ops.plan import plan
from tat.train.adamw import AdamW

_TIMESTAMPS = "timestamp-query"
_QUERY_RESOLVE, _COPY_SRC = 0x0200, 0x0004  # WebGPU's GPUBufferUsage
_SLICE = 0.02  # seconds of work that one measurement is to have, at least
_PRODUCTS = "a tile for this shape; tensor cores, once wgpu gives them"
_LEVERS = {  # by how the names of kernels begin
    "linear": _PRODUCTS,
    "output_projection": _PRODUCTS,
    "attention": "scores and values in one tile of more queries",
    "attention_backward": "one pass for both gradients, without a second softmax",
    "adamw": "moments in 16 bits",
    "fold": "the first gradient is not copied",
    "dropout": "with the call before it",
    "layer_norm": "with the sum before it",
    "layer_norm_backward": "a group's sums without a second pass",
    "embedding": "with the positions added",
    "embedding_backward": "ids sorted, a row's gradients summed by one group",
    "cross_entropy": "largest and sum in one read",
    "cross_entropy_backward": "none: near the copy",
    "square_sum": "none: near the copy",
}


def decoding_calls(config: Config, shape: BatchShape) -> list[Call]:
    """The calls of one token of each row, the device's record of the best ones included."""
    model = Transformer(config.model, config.data.vocabulary)
    return fused(sampling_program(model, shape, block=8, first=2, ranks=RANKS).calls)


def step_calls(config: Config, shape: BatchShape, scaled: bool) -> list[Call]:
    """The calls of one micro-batch and its update; scaled: with the scale of losses of f16."""
    model = Transformer(config.model, config.data.vocabulary)
    loss = CrossEntropyLoss(config.train.label_smoothing, config.memory.chunk_bytes)
    optimizer = AdamW(model.parameters, config.train)
    graphs = [
        loss_program(model, shape, loss, training=True, scaled=scaled),
        optimizer.fold_program(0, assign=True),
        optimizer.update_program(),
    ]
    return [call for graph in graphs for call in fused(graph.calls)]


def product_calls(rows: int, inputs: int, outputs: int) -> list[Call]:
    """One linear layer's product."""
    extents = {"x": (rows, inputs), "weight": (inputs, outputs), "bias": (outputs,)}
    operands = [Tensor(name, shape, "feed") for name, shape in extents.items()]
    with Graph() as graph:
        graph.emit("linear", [(rows, outputs)], operands, rows=rows, inputs=inputs, outputs=outputs)
    return graph.calls


class Subject:
    """One call, compiled alone."""

    def __init__(self, backend: GpuBackend, call: Call, vocabulary: int) -> None:
        self.call = call
        row = KERNELS[call.kernel]
        outputs = [
            Tensor(name, t.shape, "metric", t.dtype)
            for name, t in zip(row.outputs, call.outputs, strict=True)
        ]
        inputs = [
            Tensor(f"{t.name} alone", t.shape, "weight")  # of which there may be copies
            if name in ("weight", "table")
            else Tensor(name, t.shape, "feed", t.dtype)
            for name, t in zip(row.inputs, call.inputs, strict=True)
        ]
        with Graph() as graph:
            graph.emit(call.kernel, outputs, inputs, **call.attributes)
        self.executable: GpuExecutable = backend.compile(plan(graph, backend.memory))
        limit = call.attributes.get("vocabulary", vocabulary)
        for tensor in inputs:
            values = _values(tensor, call, limit)
            if tensor.kind == "weight":
                backend.write(tensor, values)
            else:
                self.executable.write(tensor.name, values)
        self.executable.run()  # which makes the copies of weights that encode() takes as they are
        self.bytes = sum(t.size * self.executable.element_bytes(t) for t in (*outputs, *inputs))

    def read_one(self) -> None:
        """Waits for the GPU."""
        self.executable.read(min(self.executable.plan.metrics.values(), key=lambda t: t.size).name)


def _values(tensor: Tensor, call: Call, vocabulary: int) -> Array:
    generator = np.random.default_rng(0)
    if tensor.dtype == "float":
        return generator.standard_normal(tensor.shape, np.float32)
    if tensor.name == "lengths":
        return np.full(tensor.shape, call.attributes.get("keys", call.attributes.get("length", 1)))
    if tensor.name in ("ids", "targets"):
        return generator.integers(1, vocabulary, tensor.shape)
    return np.zeros(tensor.shape)


class Clock:
    """Seconds of a call's passes."""

    def __init__(self, backend: GpuBackend) -> None:
        self.handle = backend.device.handle
        self.queries = self.buffer = None
        if _TIMESTAMPS in self.handle.features:
            self.queries = self.handle.create_query_set(type="timestamp", count=2)
            self.buffer = self.handle.create_buffer(size=16, usage=_QUERY_RESOLVE | _COPY_SRC)

    def measure(self, subject: Subject, repeats: int) -> float:
        """Seconds of one call, of `repeats` in one pass."""
        encoder = self.handle.create_command_encoder()
        began = time.perf_counter()
        compute_pass = encoder.begin_compute_pass(**self._stamps())
        for _ in range(repeats):
            subject.executable.encode(compute_pass)
        compute_pass.end()
        if self.queries:
            encoder.resolve_query_set(self.queries, 0, 2, self.buffer, 0)
        self.handle.queue.submit([encoder.finish()])
        if self.queries:
            first, last = struct.unpack("<2Q", self.handle.queue.read_buffer(self.buffer))
            return (last - first) * 1e-9 / repeats
        subject.read_one()
        return (time.perf_counter() - began) / repeats

    def _stamps(self) -> dict[str, Any]:
        if not self.queries:
            return {}
        places = {"beginning_of_pass_write_index": 0, "end_of_pass_write_index": 1}
        return {"timestamp_writes": {"query_set": self.queries, **places}}


def measure(subject: Subject, clock: Clock, calls: int, rounds: int) -> Row:
    """The median of `rounds`, each long enough for the clock."""
    once = clock.measure(subject, 2)
    repeats = max(1, min(1000, int(_SLICE / max(once, 1e-7))))
    seconds = statistics.median(clock.measure(subject, repeats) for _ in range(rounds))
    work = flops(subject.call)
    return Row(
        subject.call.kernel, sizes_of(subject.call), calls, seconds * 1e6,
        work and work / seconds / 1e9, subject.bytes / seconds / 1e9,
    )  # fmt: skip


def ceilings(
    path: Path | None, precision: str, rows: list[Row], subjects: list[Subject]
) -> Ceilings:
    """The ceilings of a file of `torch_products.py`; without one the best of these calls."""
    if path:
        known = json.loads(path.read_text())
        products = known["4096 x 4096 x 4096"] * (2 if precision == "f16" else 1)
        return Ceilings(products, known["copy, bytes/s"])
    moved = (s.bytes / row.microseconds * 1e6 for s, row in zip(subjects, rows, strict=True))
    return Ceilings(max((row.gflops or 0.0) for row in rows) * 1e9 or 1.0, max(moved))


def gap(subject: Subject, row: Row, most: Ceilings) -> Gap:
    """A call beside its floor, in seconds of the whole step."""
    bounds = {
        "products": (flops(subject.call) or 0.0) / most.flops,
        "memory": subject.bytes / most.bytes,
    }
    bound = max(bounds, key=bounds.__getitem__)
    seconds, floor = row.microseconds / 1e6, bounds[bound]
    return Gap(subject.call, row.calls, row.calls * seconds, row.calls * floor, bound)


def lever(kernel: str) -> str:
    """The next change that may make a kernel faster."""
    return _LEVERS.get(max(filter(kernel.startswith, _LEVERS), key=len, default=""), "")


def page(options: argparse.Namespace, name: str, most: Ceilings, gaps: list[Gap]) -> str:
    what = "token" if options.decoding else "step"
    return (
        f"{name}, {options.precision}, {options.rows} rows, {options.length} + {options.length}"
        f" tokens; ceilings {most.flops / 1e12:.4g} TFLOP/s and {most.bytes / 1e12:.3g} TB/s\n\n"
        + table(f"a {what}'s kernel", gaps, {g.call.kernel: lever(g.call.kernel) for g in gaps})
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="gpu")
    parser.add_argument("--preset", default="base")
    parser.add_argument("--precision", default="f32", choices=("f32", "f16"))
    parser.add_argument("--rows", type=int, help="texts (32 of a step, 1 of a token)")
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--decoding", action="store_true", help="kernels of a token instead")
    extents = ("ROWS", "INPUTS", "OUTPUTS")
    parser.add_argument(
        "--product", nargs=3, type=int, metavar=extents, help="one linear layer of this size"
    )
    parser.add_argument("--only", default="", help="kernels whose name begins so")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--ceilings", type=Path, help="of torch_products.py, for --markdown")
    options = parser.parse_args()
    flags = {"preset": options.preset, "model.copy": False}
    config = resolve(assignments=options.set, flags=flags).config
    options.rows = options.rows or (1 if options.decoding else 32)
    shape = BatchShape(options.rows, options.length, options.length)
    if options.product:
        calls = product_calls(*options.product)
    elif options.decoding:
        calls = decoding_calls(config, shape)
    else:
        calls = step_calls(config, shape, options.precision == "f16")
    device = open_device(options.device, features=[_TIMESTAMPS])
    backend = GpuBackend(device, precision=options.precision)
    clock = Clock(backend)
    chosen = [
        (Subject(backend, call, config.data.vocabulary), count)
        for call, count in distinct(calls)
        if call.kernel.startswith(options.only)
    ]
    for repeats in (1, 20):  # compiles all, then wakes the clocks up
        for subject, _ in chosen:
            clock.measure(subject, repeats)
    rows = [measure(subject, clock, count, options.rounds) for subject, count in chosen]
    show(backend.name, rows)
    if options.markdown:
        subjects = [subject for subject, _ in chosen]
        most = ceilings(options.ceilings, options.precision, rows, subjects)
        gaps = [gap(subject, row, most) for subject, row in zip(subjects, rows, strict=True)]
        write(options.markdown, page(options, backend.name, most, gaps))
    if options.json:
        record = {
            "benchmark": "gpu_kernels", "device": backend.name, "preset": options.preset,
            "precision": options.precision, "set": options.set,
            "decoding": options.decoding, "rows": options.rows, "length": options.length,
            "tat": tat.__version__,
            "kernels": [vars(row) for row in rows],
        }  # fmt: skip
        options.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
