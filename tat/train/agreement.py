"""Ranks agree before their first step on the writer, the training data and the device."""

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy import ndarray as Array

from tat import __version__
from tat.checkpoint import Checkpoint
from tat.config import Config, differences
from tat.errors import RanksError, TatError
from tat.machine import cores, own_cores
from tat.train.ranks import Ranks
from tat.train.run_folder import RunFolder
from tat.train.tree import in_order

Made = TypeVar("Made")

BITS = "bits"  # the key of --allow-change for processors that round otherwise


class Onlooker(RunFolder):
    """The run folder as ranks other than 0 have it: they write nothing and hold no lock."""

    def write_config(self, text: str) -> None:
        pass

    def log(self, text: str) -> None:
        pass

    def append_metrics(self, record: object) -> None:
        pass

    def truncate_metrics(self, step: int) -> None:
        pass


@contextmanager
def ended_together(ranks: Ranks) -> Iterator[None]:
    """The whole work of a command: all ranks end together, in order or with one line of rank 0."""
    try:
        yield
    except BaseException as error:
        gathered = ranks.fail(error)
        if gathered is error:
            raise
        raise gathered from None
    else:
        ranks.close()


def led(ranks: Ranks, make: Callable[[], Made]) -> Made | None:
    """The object that rank 0 makes, None at the others; if it refuses, all refuse."""
    made: Made | None = None
    refused: TatError | None = None
    if ranks.rank == 0:
        try:
            made = make()
        except TatError as error:
            refused = error
    refused = ranks.tell(refused, patient=True)
    if refused is not None:
        raise refused
    return made


def shown(ranks: Ranks, path: Path, checkpoint: Checkpoint | None) -> tuple[Path, Checkpoint]:
    """Rank 0's checkpoint at all; the others have shapes in place of values."""
    head: Any = None
    if checkpoint:
        shapes = [_shapes(checkpoint.weights), _shapes(checkpoint.state)]
        head = path, replace(checkpoint, weights={}, state={}), *shapes
    path, bare, of_weights, of_state = ranks.tell(head, patient=True)
    if checkpoint:
        return path, checkpoint
    return path, replace(bare, weights=_placeholders(of_weights), state=_placeholders(of_state))


def _shapes(arrays: Mapping[str, Array]) -> dict[str, tuple[tuple[int, ...], str]]:
    return {name: (values.shape, values.dtype.str) for name, values in arrays.items()}


def _placeholders(shapes: Mapping[str, tuple[tuple[int, ...], str]]) -> dict[str, Array]:
    return {n: np.broadcast_to(np.zeros((), kind), shape) for n, (shape, kind) in shapes.items()}


def require_same_work(ranks: Ranks, config: Config, corpus: str, tokenizer: bytes) -> None:
    """RanksError naming the first thing in which a rank differs from rank 0.

    corpus: its fingerprint. Settings that change no bit of the result may differ.
    """
    if ranks.size == 1:
        return
    facts = {
        "version of tat": __version__, "corpus": corpus[:12],
        "tokenizer": sha256(tokenizer).hexdigest()[:12],
    }  # fmt: skip
    gathered = ranks.together((facts, asdict(config)))
    first_facts, first_config = gathered[0]
    for rank, (others, settings) in enumerate(gathered):
        found = {k: (first_facts[k], others[k]) for k in facts if others[k] != first_facts[k]}
        found |= differences(first_config, settings)
        for name, (one, other) in found.items():
            raise RanksError(
                f"rank {rank} has another {name} ({other}) than rank 0 ({one}); give all ranks the"
                " same program, files and settings"
            )


def require_same_bits(ranks: Ranks, gradient: Array, allowed: Sequence[str]) -> str:
    """RanksError where a rank computes another gradient of the same micro-batch than rank 0.

    Where that is allowed, what to tell a person instead; "" where all agree.
    """
    if ranks.size == 1:
        return ""
    gathered = ranks.together(sha256(np.ascontiguousarray(gradient)).hexdigest())
    others = [str(rank) for rank, digest in enumerate(gathered) if digest != gathered[0]]
    if not others:
        return ""
    who = f"rank{'s' * (len(others) > 1)} {', '.join(others)}"
    if BITS in allowed:
        return f"{who}: another processor than rank 0's, so another number of ranks has other bits"
    raise RanksError(
        f"{who} computes other bits than rank 0: another kind of processor or device; results"
        f" would depend on which rank does what; to go on so: --allow-change {BITS}"
    )


def own_items(ranks: Ranks, items: Sequence[Made]) -> Sequence[Made]:
    """This rank's part of a list, of which each rank takes so many."""
    return items[ranks.rank :: ranks.size]


def of_all(ranks: Ranks, found: Sequence[Made]) -> list[Made]:
    """The results of all ranks for their own_items(), in the order of the whole list."""
    return in_order(ranks.together(found, patient=True))


def own_device(ranks: Ranks, device: str) -> str:
    """The --device of this rank: of several on one host each takes a GPU of its own, but for those
    that share one."""
    if ranks.size == 1 or ranks.shares_device or device != "gpu":
        return device
    return f"gpu:{ranks.place_on_host()[0]}"


def own_threads(ranks: Ranks, threads: int) -> int:
    """CPU threads of this rank: those of its host are shared out where no launcher binds them."""
    if ranks.size == 1 or threads:
        return threads
    place, count = ranks.place_on_host()
    here = platform.node(), own_cores()
    bound = ranks.together(here).count(here) < count
    return 0 if bound or count == 1 else max(1, (cores() + count - 1 - place) // count)
