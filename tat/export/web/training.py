"""A page's own training: programs of gradients and update, and the head of a checkpoint.

The page does as the Trainer does: the gradients of a step's micro-batches, folded in the order of
train/tree.py, then one update. The head of the file that it offers is made here, by the writer of
every checkpoint; the page puts weights, checksums and counts into it.
"""

import base64
from dataclasses import asdict, replace
from io import BytesIO
from typing import Any

import numpy as np

import tat
from tat import tensor_file
from tat.config import Config, resolve
from tat.data.batches import batch_rows
from tat.export.leaving import LeavingModel
from tat.export.web.recording import Recording
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import BatchShape, loss_program, model_hash
from tat.train.adamw import AdamW
from tat.train.pretrained import Origin, digest_of, inherited
from tat.train.resuming import Progress
from tat.train.tree import folds, roots

Json = dict[str, Any]

# Numbers in the head that the page replaces by its own: no other text of it has them.
STEP, MICRO_BATCHES = (1 << 52) + 1, (1 << 52) + 2
_SCHEDULE = ("lr", "warmup_steps", "final_lr_share", "schedule", "beta1", "beta2")


def tuning(leaving: LeavingModel) -> Config:
    """The configuration with which `tat train --from` would tune the model, but that the page
    writes with the trained weights themselves."""
    config = resolve(pretrained=inherited(asdict(leaving.config))).config
    return replace(config, train=replace(config.train, origin_share=0.0))


def training(recording: Recording, leaving: LeavingModel, config: Config) -> Json:
    """Adds the programs to the recording; the plan that the page's trainer follows."""
    model, settings = leaving.model, config.train
    loss = CrossEntropyLoss(settings.label_smoothing, config.memory.chunk_bytes)
    optimizer = AdamW(model.parameters, settings)
    buckets = [[s, t, batch_rows((s, t), settings.batch_tokens)] for s, t in config.data.buckets]
    for source, target, rows in buckets:
        shape = BatchShape(rows, source, target)
        graph = loss_program(model, shape, loss, training=True)
        recording.add(f"gradient{source}x{target}", graph)
    after, finish = _folding(recording, optimizer, range(settings.micro_batches))
    recording.add("update", optimizer.update_program())
    return {
        "buckets": buckets, "after": after, "finish": finish, "seed": config.seed,
        "state": [recording.buffer_of(tensor) for tensor in (optimizer.m, optimizer.v)],
        "schedule": {name: getattr(settings, name) for name in _SCHEDULE},
        "body_comments": config.data.body_comments,
        "description_words": config.data.description_words,
        "checkpoint": _head(leaving, config),
    }  # fmt: skip


def _folding(
    recording: Recording, optimizer: AdamW, own: range
) -> tuple[list[list[str]], list[str]]:
    """The programs to run after each micro-batch, and after the last one."""

    def fold(depth: int, assign: bool) -> str:
        name = f"fold{depth}{'assign' if assign else 'add'}"
        if name not in recording.programs:
            recording.add(name, optimizer.fold_program(depth, assign))
        return name

    def merge(depth: int) -> str:
        if f"merge{depth}" not in recording.programs:
            recording.add(f"merge{depth}", optimizer.merge_program(depth))
        return f"merge{depth}"

    after = [
        [fold(f.depth, f.assign), *map(merge, range(f.depth, f.depth - f.merges, -1))]
        for f in folds(own)
    ]
    return after, [merge(depth) for depth in range(len(roots(own)) - 1, 0, -1)]


def _head(leaving: LeavingModel, config: Config) -> Json:
    """The header of a checkpoint of the model, and where its tensors come from."""
    tokenizer = leaving.tokenizer.to_bytes()
    origin = Origin(
        f"a page of model {leaving.hash[:12]}", digest_of(tokenizer, leaving.values), leaving.step
    )
    progress = Progress(
        "", ["shaders that were pasted into a page"], MICRO_BATCHES, fold="tree", origin=origin,
        gpu="a browser's GPU", version=tat.__version__,
    )  # fmt: skip
    tensors = {f"weights.{name}": values for name, values in leaving.values.items()}
    tensors["tokenizer"] = np.frombuffer(tokenizer, np.uint8)
    content = {
        "configuration": asdict(config), "model_hash": model_hash(leaving.model),
        "progress": asdict(progress), "step": STEP,
    }  # fmt: skip
    file = BytesIO()
    tensor_file.write(file, tensors, content)
    data = file.getbuffer()
    length = int.from_bytes(data[:8], "little")
    places = leaving.model.parameters.tensors
    return {
        "header": bytes(data[8 : 8 + length]).decode().rstrip(" "),
        "tokenizer": base64.b64encode(tokenizer).decode(),
        "offsets": {f"weights.{name}": tensor.offset for name, tensor in places.items()},
        "step": STEP, "micro_batches": MICRO_BATCHES,
    }  # fmt: skip
