"""Runs phases one after the other through the queue; a killed call can go on."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from tat.errors import FileError, one_line
from tat.proofs.extensions import find_phase
from tat.proofs.manifest import PHASES, Manifest, require
from tat.proofs.phase_run import Context, Phase, Say, run_phase
from tat.proofs.task_queue import Queue


def run_all(context: Context, agents: Sequence[str], say: Say) -> list[Manifest]:
    """Run the four phases and these agents; verified ones are not done again.

    TatError at the first failure; later phases are not begun.
    """
    names = (*PHASES, *agents)
    bodies = {name: find_phase(name) for name in names}  # an unknown agent fails before any work
    with Queue(context.target / "queue.sqlite") as queue:
        done = _verified(context, names)
        queue.put({name: "done" if name in done else "pending" for name in names})
        for name in done:
            say(f"{name} {done[name].status} already")
        return [*done.values(), *_work(queue, context, bodies, say)]


def run_one(name: str, context: Context, say: Say) -> Manifest:
    """Run one phase, even if it is verified."""
    body = find_phase(name)
    with Queue(context.target / "queue.sqlite") as queue:
        queue.put({name: "pending"})
        (manifest,) = _work(queue, context, {name: body}, say)
    return manifest


def _verified(context: Context, names: Sequence[str]) -> dict[str, Manifest]:
    """The manifests that hold, each with all manifests before it."""
    found: dict[str, Manifest] = {}
    for name in names:
        with suppress(FileError):
            found[name] = require(context.target, name, context.config)
    return found


def _work(
    queue: Queue, context: Context, bodies: Mapping[str, Phase], say: Say
) -> Iterator[Manifest]:
    """Run the pending phases in this order."""
    while task := queue.begin(tuple(bodies)):
        name, resuming = task.name, task.attempts > 1
        say(f"{name}: going on after attempt {task.attempts - 1}" if resuming else name)
        try:
            manifest = run_phase(name, bodies[name], replace(context, resuming=resuming), say)
        except Exception as error:
            queue.finish(name, "failed", one_line(str(error)))
            raise
        queue.finish(name, "done", manifest.status)
        why = f": {manifest.reason}" if manifest.reason else f" in {manifest.seconds:.0f} s"
        say(f"{name} {manifest.status}{why}")
        yield manifest
