"""Searches for training settings by short trainings, each done only once; also an agent."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, isfinite, log
from pathlib import Path

from tat.config import Config, resolve
from tat.errors import DivergedError
from tat.files import atomic_file, writing
from tat.flat import to_toml
from tat.proofs.phase_run import Context, Findings, Say
from tat.proofs.task_queue import Queue
from tat.tuning.annealing import Point, Schedule, quantum_annealing, random_search
from tat.tuning.objective import BITS, Objective, Settings


@dataclass(frozen=True)
class Tuning:
    """The result of a search."""

    config: Config  # at the start of the search
    given: float  # validation loss with the configured settings, nats a token
    best: Settings
    loss: float  # with the best settings
    trials: int  # different settings tried

    @property
    def better(self) -> bool:
        """Whether anything was better than the configured settings."""
        return self.loss < self.given

    def write(self, path: Path) -> None:
        """Write a file for `--config` with the best settings."""
        changes = self.best.changes(self.config) if self.better else {}
        steps, seed = self.config.tune.steps, self.config.seed
        head = (
            f"# The best of {self.trials} settings for preset {self.config.preset}, seed {seed}:"
            f" validation loss {self.loss:.4f} nats\n# a token after {steps} steps, where the"
            f" preset's own settings came to {self.given:.4f}.\n"
        )
        if not self.better:
            head += "# None was better than the preset's own.\n"
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as file:
            file.write((head + (to_toml(changes) if changes else "")).encode())


def run(context: Context, findings: Findings) -> None:
    """The agent after the four phases: tune on the cookbook and store the settings."""
    folder = context.folder("tune")
    tuning = tune(context.config, Objective(context.config), folder / "tuned.trials", findings.say)
    path = folder / "tuned.toml"
    tuning.write(path)
    findings.outputs.append(path)
    findings.check("settings", lambda: _check_settings(path, context.config))
    findings.note("loss, as configured", tuning.given, "nats/token")
    findings.note("loss, best of search", tuning.loss, "nats/token")


def _check_settings(path: Path, config: Config) -> str:
    resolve(files=[path], flags={"preset": config.preset})
    return f"{path} can be given to --config"


def tune(
    config: Config, objective: Objective, trials: Path, say: Say, *, anneal: bool = True
) -> Tuning:
    """Search by annealing or at random; trials in the queue `trials` are not done again.

    DivergedError if training diverges with all settings. The search depends on the seed alone, so a
    killed one that is called again has the same result.
    """
    with Queue(trials) as queue:
        journal = _Journal(queue, objective, say)
        given, best, lowest, count = journal.loss(None), None, inf, 0
        for point, _ in _search(config, journal, anneal):
            count += 1
            loss = journal.known(Settings.of(point))
            if best is None or loss < lowest:
                best, lowest = Settings.of(point), loss
    if not isfinite(min(given, lowest)):
        raise DivergedError(
            "tune: training diverges with all settings that were tried; lower train.lr"
        )
    return Tuning(config, given, best, lowest, count)


def _search(config: Config, journal: "_Journal", anneal: bool) -> Iterator[tuple[Point, float]]:
    tune = config.tune
    if not anneal:
        return random_search(BITS, journal.energy, tune.trials, config.seed)
    schedule = Schedule(tune.replicas, tune.temperature, tune.field)
    return quantum_annealing(BITS, journal.energy, tune.trials, schedule, config.seed)


class _Journal:
    """Losses of settings, kept in a queue as results of its tasks."""

    def __init__(self, queue: Queue, objective: Objective, say: Say) -> None:
        self._queue, self._objective, self._say = queue, objective, say
        self._guess = log(objective.vocabulary)  # the loss of uniform guesses
        self._losses = {t.name: float(t.result) for t in queue.tasks() if t.state == "done"}

    def energy(self, point: Point) -> float:
        """The loss, or twice that of guessing if training diverges: annealing needs a number."""
        return min(self.loss(Settings.of(point)), 2 * self._guess)

    def loss(self, settings: Settings | None) -> float:
        """The loss of a trial, which is done now if it is new."""
        name = self._name(settings)
        before = name in self._losses
        if not before:
            self._queue.put({name: "pending"})
            self._queue.begin((name,))
            self._losses[name] = self._objective.loss(settings)
            self._queue.finish(name, "done", repr(self._losses[name]))
        shown = settings or "the configured settings"
        self._say(f"  {self._losses[name]:8.4f}  {shown}{', known' * before}")
        return self._losses[name]

    def known(self, settings: Settings) -> float:
        """The loss of a finished trial."""
        return self._losses[self._name(settings)]

    def _name(self, settings: Settings | None) -> str:
        return f"{self._objective.fingerprint[:16]} {settings}"
