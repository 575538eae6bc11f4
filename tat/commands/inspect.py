"""`tat inspect`: shows the content of a checkpoint, and the memory plan of a training step."""

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from tat.backends.opening import open_backend
from tat.checkpoint import Summary, check_weights, inspect
from tat.config import Config
from tat.data.batches import batch_rows
from tat.data.tokenizer import FIRST_MERGE
from tat.errors import CheckpointError, one_line
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import BatchShape, loss_program
from tat.model.transformer import Transformer
from tat.ops.cost import moved_bytes, plan_flops
from tat.ops.graph import Tensor
from tat.ops.plan import ELEMENT_BYTES, Memory, Plan, plan
from tat.resources import resource
from tat.stored_model import stored_config
from tat.train.adamw import AdamW
from tat.train.named_checkpoint import find_checkpoint, is_bundled
from tat.train.resuming import Progress

_SHOWN = 12  # largest residents of the arena that are listed


def run(options: argparse.Namespace) -> int:
    path = find_checkpoint(options.path)
    summary = inspect(path)
    report: dict[str, Any] = _contents(path, summary)
    if is_bundled(options.path):
        report["card"] = resource("models", "bundled.md").read_text("utf-8")
    if options.plan:
        report["plan"] = plan_report(_plannable(path, summary), _vocabulary(path, summary))
    if options.json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        _print(report)
    return 0 if summary.intact else CheckpointError.exit_code


def _contents(path: Path, summary: Summary) -> dict[str, Any]:
    weights = [
        entry
        for name, entry in summary.tensors.items()
        if name.startswith("weights.") and not name.endswith(".scales")
    ]
    return {
        "file": str(path),
        "bytes": summary.file_bytes,
        "format_version": summary.version,
        "intact": summary.intact,
        "damage": summary.damage,
        "step": summary.step,
        "weights": sum(_size(entry.shape) for entry in weights),
        "tensors": len(summary.tensors),
        "weights_dtype": "int8" if _int8(summary) else "float32",
        "vocabulary": _vocabulary(path, summary),
        "model_hash": summary.model_hash,
        "progress": summary.progress,
        "configuration": summary.configuration,
    }


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size


def _int8(summary: Summary) -> bool:
    return any(e.dtype == "I8" for e in summary.tensors.values())


def _vocabulary(path: Path, summary: Summary) -> int:
    table = summary.tensors.get("weights.embedding.table")
    if table is None or len(table.shape) != 2 or table.shape[0] < FIRST_MERGE:
        raise CheckpointError(
            f"{path}: has no embedding table; it is no checkpoint of a Transformer"
        )
    return table.shape[0]


def _plannable(path: Path, summary: Summary) -> Config:
    """The configuration, after the weights are checked against it: they bound the plan."""
    if _int8(summary):
        raise CheckpointError(
            f"{path}: has int8 weights, which are not trained: there is no training step to plan"
        )
    config = stored_config(path, summary.configuration)
    found = {
        name.removeprefix("weights."): entry.shape
        for name, entry in summary.tensors.items()
        if name.startswith("weights.")
    }
    parameters = Transformer(config.model, _vocabulary(path, summary)).parameters
    check_weights(path, found, {name: t.shape for name, t in parameters.tensors.items()})
    return config


def plan_report(config: Config, vocabulary: int) -> dict[str, Any]:
    """Memory of a training step in bytes: persistent tensors, arenas, and the saving by planning.

    The arena is that of the largest bucket, one for each lane that runs micro-batches.
    """
    model = Transformer(config.model, vocabulary)
    backend = open_backend("cpu", config.threads, config.memory.alignment)
    lanes = min(backend.lanes, config.train.micro_batches)
    plans = {bucket: _bucket_plan(model, config, bucket) for bucket in config.data.buckets}
    bucket, largest = max(plans.items(), key=lambda item: item[1].arena_bytes)
    update = plan(AdamW(model.parameters, config.train).update_program(), Memory())
    persistent = {
        name: ELEMENT_BYTES * tensor.size * (lanes if tensor.kind == "gradient" else 1)
        for name, tensor in (largest.persistent | update.persistent).items()
    }
    arena = (largest.arena_bytes + update.arena_bytes) * lanes
    return {
        "bucket": bucket,
        "rows": batch_rows(bucket, config.train.batch_tokens),
        "sources": 1 + config.data.neighbours,
        "lanes": lanes,
        "calls": len(largest.calls),
        "flops": plan_flops(largest),
        "moved_bytes": sum(map(moved_bytes, largest.calls)),
        "hash": largest.hash(),
        "persistent": persistent,
        "persistent_bytes": sum(persistent.values()),
        "arena_bytes": arena,
        "unplanned_bytes": ELEMENT_BYTES * largest.unplanned_size * lanes,
        "buckets": {f"{s}+{t}": p.arena_bytes for (s, t), p in plans.items()},
        "largest": [_resident(largest, tensor) for tensor in _largest(largest)],
    }


def _bucket_plan(model: Transformer, config: Config, bucket: tuple[int, int]) -> Plan:
    rows, sources = batch_rows(bucket, config.train.batch_tokens), 1 + config.data.neighbours
    shape = BatchShape(rows, *bucket, sources)
    loss = CrossEntropyLoss(config.train.label_smoothing, config.memory.chunk_bytes)
    memory = Memory(alignment=config.memory.alignment)
    return plan(loss_program(model, shape, loss, training=True), memory)


def _largest(planned: Plan) -> list[Tensor]:
    return sorted(planned.places, key=lambda tensor: -tensor.size)[:_SHOWN]


def _resident(planned: Plan, tensor: Tensor) -> dict[str, Any]:
    arena, offset = planned.places[tensor]
    first, last = planned.spans[tensor]
    return {
        "name": tensor.name, "shape": tensor.shape, "bytes": ELEMENT_BYTES * tensor.size,
        "arena": arena, "offset": ELEMENT_BYTES * offset, "first_call": first, "last_call": last,
    }  # fmt: skip


def _print(report: dict[str, Any]) -> None:
    plan_part, card = report.pop("plan", None), report.pop("card", "")
    configuration = report.pop("configuration")
    for name, value in report.items():
        if name == "progress" and value:
            print(f"{name:15} {_in_words(Path(report['file']), value)}")
        elif name not in ("progress", "damage") or value:
            print(f"{name:15} {value}")
    print(f"{'preset':15} {configuration.get('preset')}")
    if card:
        print(f"\n{card.rstrip()}")
    if plan_part:
        _print_plan(plan_part)


def _in_words(path: Path, stored: dict[str, Any]) -> str:
    """Progress of training in words; a value that training does not store is shown as it is."""
    try:
        progress = Progress.restore(path, stored)
    except CheckpointError:
        return one_line(str(stored))
    paths = ", ".join(progress.paths) or "the bundled cookbook"
    words = f"{progress.micro_batches} micro-batches of {one_line(paths)}"
    if progress.gpu:
        words += f", on {one_line(progress.gpu)}"
    if progress.best_loss is not None:
        words += f"; best validation loss {progress.best_loss:.4f} at step {progress.best_step}"
        if progress.stale_validations:
            words += f", not bettered in {progress.stale_validations} validations since"
    return words


def _print_plan(report: dict[str, Any]) -> None:
    (source, target), sources = report["bucket"], report["sources"]
    lengths = f"{f'{sources} x ' * (sources > 1)}{source} + {target}"
    print(f"\ntraining step, largest bucket: {report['rows']} rows of {lengths} tokens,"
          f" {report['calls']} calls, plan {report['hash'][:16]}")  # fmt: skip
    print(f"  a micro-batch takes {report['flops'] / 1e9:.3g} GFLOP in its products and moves"
          f" {report['moved_bytes'] / 1e6:.2f} MB or more")  # fmt: skip
    print("\npersistent" + _megabytes(report["persistent_bytes"], 34))
    for name, size in report["persistent"].items():
        print(f"  {name:32}{_megabytes(size, 10)}")
    saving = 1 - report["arena_bytes"] / report["unplanned_bytes"]
    print(
        f"\nshared arena, {report['lanes']} lanes{_megabytes(report['arena_bytes'], 23)}"
        f"   ({saving:.0%} under {_megabytes(report['unplanned_bytes'], 0)} unplanned)"
    )
    buckets = (f"{name} {_megabytes(size, 0)}" for name, size in report["buckets"].items())
    print(f"  by bucket, one lane: {', '.join(buckets)}")
    print("  its largest residents (offset; calls from first write to last read):")
    for r in report["largest"]:
        shape = "x".join(map(str, r["shape"]))
        print(f"  {r['name']:58} {shape:>12}{_megabytes(r['bytes'], 10)} at {r['offset']:>11}"
              f"  {r['first_call']}-{r['last_call']}")  # fmt: skip


def _megabytes(size: int, width: int) -> str:
    return f"{size / 1e6:.2f} MB".rjust(width)
