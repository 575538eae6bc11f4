"""The trainings of bench/recipes.py: each variant timed, trained in phases and exported."""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import NamedTuple

from result_file import write

from tat.checkpoint import save
from tat.errors import FileError
from tat.files import pointed
from tat.train.named_checkpoint import load_checkpoint

ROOT = Path(__file__).parent.parent
_TIMED = 100  # steps that a variant is timed for; the first half is warm-up
_WARMUP = 400  # steps, of a recipe that is long enough
_VALIDATIONS = 4  # of a training, the last one at its end or a little before
_SHORTEST = 20  # steps of a variant
_TRIMMED = 0.1  # share of the timed steps at each end that do not count


class Variant(NamedTuple):
    """A recipe that differs from config/bundled.toml in some settings.

    Phases are corpora, of --data or --other, each with the share of all steps at which it ends;
    the schedule of the rate is that of all. Teachers are variants that draw the labels. A variant
    with a model is not trained, nor is one with the weights of another: these are the last ones of
    a training whose model has averages.
    """

    name: str
    settings: tuple[str, ...] = ()
    phases: tuple[tuple[str, float], ...] = (("data", 1.0),)
    teachers: tuple[str, ...] = ()
    model: Path | None = None
    times: float = 1.0  # of the time that the others have
    weights_of: str = ""

    @property
    def needs_other(self) -> bool:
        return any(corpus == "other" for corpus, _ in self.phases)

    def folder(self, work: Path) -> Path:
        """Where all of it is kept."""
        return work / self.name.replace(" ", "-").replace(",", "")


class Trainings:
    """Trains variants, several at a time, as far as that was not done before."""

    def __init__(self, variants: Sequence[Variant], options: argparse.Namespace) -> None:
        self._options = options
        self._ended = {variant.name: Event() for variant in variants}
        self._variants = {variant.name: variant for variant in variants}

    def train(self, variant: Variant, device: str) -> None:
        """Trains and exports; waits until its teachers are trained.

        CalledProcessError where a command fails; its output is in the variant's train.log.
        """
        try:
            for other in (*variant.teachers, *filter(None, [variant.weights_of])):
                self._ended[other].wait()
            if variant.model is None and not self.exported(variant).exists():
                if variant.weights_of:
                    self._take_weights(variant)
                else:
                    self._train(variant, device)
        finally:
            self._ended[variant.name].set()

    def exported(self, variant: Variant) -> Path:
        """The int8 file that is judged."""
        return variant.model or variant.folder(self._options.work) / "model.safetensors"

    def _train(self, variant: Variant, device: str) -> None:
        folder, began = variant.folder(self._options.work), time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)
        steps = self._plan(variant, device)["steps"]
        _say(f"{variant.name}: {steps} steps on {device}")
        self._run_phases(variant, device, folder / "run", steps)
        _tat(folder, "export", folder / "run", "--int8", "-q", "-o", self.exported(variant))
        _say(f"{variant.name}: trained in {time.monotonic() - began:.0f} s")

    def _take_weights(self, variant: Variant) -> None:
        """Exports the last weights of another's training, without their averages."""
        source, folder = self._variants[variant.weights_of], variant.folder(self._options.work)
        folder.mkdir(parents=True, exist_ok=True)
        plan = json.loads((source.folder(self._options.work) / "plan.json").read_text())
        described = [*variant.settings, f"the last weights of {source.name}"]
        write(
            folder / "plan.json", json.dumps(plan | {"name": variant.name, "settings": described})
        )
        _, checkpoint = load_checkpoint(source.folder(self._options.work) / "run")
        save(folder / "last.safetensors", replace(checkpoint, state={}))
        _tat(folder, "export", folder / "last.safetensors", "--int8", "-q", "-o",
             self.exported(variant))  # fmt: skip

    def _plan(self, variant: Variant, device: str) -> dict[str, float]:
        """The steps of its schedule, and how long each takes: of a few, if they are not given."""
        folder = variant.folder(self._options.work)
        place, timed = folder / "plan.json", folder / "timed"
        if not place.exists():
            few = min(_TIMED, self._options.steps or _TIMED)
            last = variant._replace(phases=((variant.phases[-1][0], 1.0),))
            self._run_phases(last, device, timed, few)
            each = _seconds_a_step(timed)
            fitting = int(60 * self._options.minutes * variant.times / each)
            plan = {
                "name": variant.name, "settings": self._described(variant),
                "seconds_a_step": each, "steps": self._options.steps or max(_SHORTEST, fitting),
            }  # fmt: skip
            write(place, json.dumps(plan))
        return json.loads(place.read_text())

    def _described(self, variant: Variant) -> list[str]:
        names = {corpus: getattr(self._options, corpus).stem for corpus, _ in variant.phases}
        parts = [f"{names[c]} to {share:.0%} of the steps" for c, share in variant.phases]
        taught = [f"labels by {', '.join(variant.teachers)}"] if variant.teachers else []
        return [*variant.settings, *(parts if variant.needs_other else ()), *taught]

    def _run_phases(self, variant: Variant, device: str, run: Path, steps: int) -> None:
        """Goes on with a run, wherever it is, to the last of its steps."""
        for number, (corpus, share) in enumerate(variant.phases):
            end = max(1, round(share * steps))
            if (done := _step_of(run)) >= end:
                continue
            words: list[object] = [
                getattr(self._options, corpus), "--run", run, "--device", device, "--steps", end,
            ]  # fmt: skip
            if done == 0:
                shutil.rmtree(run, ignore_errors=True)  # it ended before its first checkpoint
                words += ["--preset", "small", "--config", ROOT / "config" / "bundled.toml"]
                words += self._settings(variant, steps)
            elif number:
                words += ["--resume", "--allow-change", "corpus"]
            else:
                words += ["--resume"]
            self._command(variant, words)

    def _settings(self, variant: Variant, steps: int) -> Iterator[object]:
        warmup = min(_WARMUP, max(1, steps // 4))
        schedule = (
            f"train.schedule_steps={steps}", f"train.warmup_steps={warmup}",
            f"train.validate_every={max(1, steps // _VALIDATIONS)}",
        )  # fmt: skip
        for assignment in (*variant.settings, *schedule, *self._options.set):
            yield from ("--set", assignment)

    def _command(self, variant: Variant, words: Sequence[object]) -> None:
        folder = variant.folder(self._options.work)
        if not variant.teachers:
            _tat(folder, "train", *words)
            return
        taught = [
            word for name in variant.teachers
            for word in ("--teacher", self._variants[name].folder(self._options.work) / "run")
        ]  # fmt: skip
        _logged(folder, sys.executable, ROOT / "bench" / "distil.py", *words, *taught)


def _seconds_a_step(run: Path) -> float:
    """The mean of the later steps, without the fastest and the slowest."""
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    seconds = [line["seconds"] for line in lines if "seconds" in line]
    if not seconds:
        raise FileError(f"{run}: has no times of steps; remove it and start again")
    late = sorted(seconds[len(seconds) // 2 :])
    cut = int(_TRIMMED * len(late))
    kept = late[cut : len(late) - cut]
    return sum(kept) / len(kept)


def _step_of(run: Path) -> int:
    """The step of a run's newest checkpoint; 0 without one."""
    latest = run / "latest"
    if not latest.exists():
        return 0
    return int(pointed(latest).resolve().stem.removeprefix("step-"))


def _tat(folder: Path, *words: object) -> None:
    _logged(folder, sys.executable, "-m", "tat", *words)


def _logged(folder: Path, *words: object) -> None:
    with open(folder / "train.log", "a") as log:
        print("$", *words, file=log, flush=True)
        subprocess.run([*map(str, words)], check=True, stdout=log, stderr=log)


def _say(text: str) -> None:
    print(f"recipes: {text}", file=sys.stderr, flush=True)
