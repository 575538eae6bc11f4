"""Searches for training settings by short trainings, each done only once; also an agent."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from math import inf, isfinite, log
from pathlib import Path

from tat.config import Config, resolve
from tat.errors import DivergedError
from tat.files import atomic_file, writing
from tat.flat import to_toml
from tat.proofs.phase_run import Context, Findings, Say
from tat.proofs.task_queue import Queue
from tat.train.agreement import led, require_same_work
from tat.train.ranks import ALONE, Ranks
from tat.tuning.annealing import Energy, Point, Schedule, quantum_annealing, random_search
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
    config: Config, objective: Objective, trials: Path, say: Say, *, anneal: bool = True,
    ranks: Ranks = ALONE,
) -> Tuning:  # fmt: skip
    """Search by annealing or at random; trials in the queue `trials` are not done again.

    DivergedError if training diverges with all settings. The search depends on the seed alone, so a
    killed one that is called again has the same result, and so have ranks, which share trials out.
    """
    require_same_work(ranks, config, objective.fingerprint, b"")
    with led(ranks, lambda: Queue(trials)) or nullcontext() as queue:
        journal = _Journal(queue, objective, say, partial(_search, config, anneal), ranks)
        given, best, lowest, count = journal.loss(None), None, inf, 0
        for point, _ in _search(config, anneal, journal.energy):
            count += 1
            loss = journal.known(Settings.of(point))
            if best is None or loss < lowest:
                best, lowest = Settings.of(point), loss
    if not isfinite(min(given, lowest)):
        raise DivergedError(
            "tune: training diverges with all settings that were tried; lower train.lr"
        )
    return Tuning(config, given, best, lowest, count)


def _search(config: Config, anneal: bool, energy: Energy) -> Iterator[tuple[Point, float]]:
    tune = config.tune
    if not anneal:
        return random_search(BITS, energy, tune.trials, config.seed)
    schedule = Schedule(tune.replicas, tune.temperature, tune.field)
    return quantum_annealing(BITS, energy, tune.trials, schedule, config.seed)


class _Journal:
    """Losses of settings, kept in a queue as results of its tasks.

    Ranks do several trials at once, each rank one: the next of the search, and those that would
    follow if all unknown losses were bad. Trials of a wrong guess are kept for later.
    """

    def __init__(
        self, queue: Queue | None, objective: Objective, say: Say,
        search: Callable[[Energy], Iterator[tuple[Point, float]]], ranks: Ranks,
    ) -> None:  # fmt: skip
        """queue: None at ranks other than 0."""
        self._queue, self._objective, self._say = queue, objective, say
        self._search, self._ranks = search, ranks
        self._guess = log(objective.vocabulary)  # the loss of uniform guesses
        done = [task for task in queue.tasks() if task.state == "done"] if queue else []
        self._losses = ranks.tell({task.name: float(task.result) for task in done})
        self._before = frozenset(self._losses)  # known from an earlier call

    def energy(self, point: Point) -> float:
        """The loss, or twice that of guessing if training diverges: annealing needs a number."""
        return min(self.loss(Settings.of(point)), 2 * self._guess)

    def loss(self, settings: Settings | None) -> float:
        """The loss of a trial, which is done now if it is new."""
        name = self._name(settings)
        if name not in self._losses:
            self._try(list(islice(self._wanted(), self._ranks.size)))
        shown = settings or "the configured settings"
        self._say(f"  {self._losses[name]:8.4f}  {shown}{', known' * (name in self._before)}")
        return self._losses[name]

    def _wanted(self) -> Iterator[Settings | None]:
        """Trials that are still to be done, as far as can be told; the first is the next one."""

        def guessed(point: Point) -> float:
            return min(self._losses.get(self._name(Settings.of(point)), inf), 2 * self._guess)

        points = (Settings.of(point) for point, _ in self._search(guessed))
        return (s for s in chain([None], points) if self._name(s) not in self._losses)

    def _try(self, several: Sequence[Settings | None]) -> None:
        """Does new trials, each rank the one at its place."""
        names = [self._name(settings) for settings in several]
        for name in names if self._queue else ():
            self._queue.put({name: "pending"})
            self._queue.begin((name,))
        own = several[self._ranks.rank : self._ranks.rank + 1]
        losses = self._ranks.together([self._objective.loss(s) for s in own], patient=True)
        for name, loss in zip(names, chain.from_iterable(losses), strict=True):
            self._losses[name] = loss
            if self._queue:
                self._queue.finish(name, "done", repr(loss))

    def known(self, settings: Settings) -> float:
        """The loss of a finished trial."""
        return self._losses[self._name(settings)]

    def _name(self, settings: Settings | None) -> str:
        return f"{self._objective.fingerprint[:16]} {settings}"
