"""The ValidatorAgent: end-to-end checks that tat computes correctly on this machine."""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from tat import weights
from tat.backends.backend import Backend
from tat.backends.cpu.executable import CpuBackend
from tat.backends.opening import open_backend
from tat.checkpoint import load
from tat.checks.lockstep import compare_step
from tat.config import Config, resolve
from tat.cookbook.library import load as cookbook
from tat.data.corpus import Corpus, cookbook_corpus
from tat.data.tokenizer import Special, Tokenizer
from tat.data.training_data import TrainingData
from tat.decode.compiled_programs import write_sources
from tat.errors import TatError
from tat.model.programs import BatchShape, encode_program, logits_program, step_program
from tat.model.transformer import Transformer
from tat.ops.plan import plan
from tat.train.interrupt import StopRequest
from tat.train.reporter import QuietReporter
from tat.train.run_folder import RunFolder
from tat.train.session import Session


@dataclass(frozen=True)
class Check:
    """The result of one check."""

    name: str
    status: Literal["ok", "failed"]
    detail: str
    seconds: float


class ValidatorAgent:
    """Runs the checks on one device; all of them take a few seconds on a CPU."""

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    def checks(self) -> Iterator[Check]:
        """The result of each check as it comes; later ones run after a failure, too."""
        yield run_check("configuration", check_presets)
        yield run_check("tokenizer", check_tokenizer)
        for backend in self._subjects():
            yield self.lockstep(backend)
        yield run_check("decoding", lambda: check_decoding(self._backend()))
        yield run_check("resuming", lambda: check_resuming(self.device))
        if self.device == "cpu":
            yield run_check("threads", check_threads)

    def lockstep(self, subject: Backend) -> Check:
        """A training step call by call beside NumPy in float64; the first that differs is named."""
        return run_check(f"lockstep, {subject.name}", lambda: check_lockstep(subject))

    def _backend(self) -> Backend:
        return open_backend(self.device, 1, 256)

    def _subjects(self) -> list[Backend]:
        subjects: list[Backend] = [CpuBackend(1, numba=False)]
        if self.device != "cpu" or CpuBackend(1).name != subjects[0].name:
            subjects.append(self._backend())
        return subjects


def run_check(name: str, look: Callable[[], str]) -> Check:
    """Do a check: a function that returns its finding, or raises an error."""
    began = time.perf_counter()
    try:
        status, detail = "ok", look()
    except Exception as error:  # an error of any kind is a result, and the report goes on
        status, detail = "failed", str(error) or type(error).__name__
    return Check(name, status, detail, time.perf_counter() - began)


def check_presets() -> str:
    """Every bundled preset resolves."""
    names = ("tiny", "small", "base")
    for name in names:
        resolve(flags={"preset": name}, environment={})
    return f"presets {', '.join(names)} resolve"


def check_tokenizer() -> str:
    """Encoded bytes decode to themselves, also after the tokenizer was stored."""
    texts = [entry.code for entry in cookbook()]
    tokenizer = Tokenizer.from_bytes(Tokenizer.train(texts, 600).to_bytes())
    noise = np.random.default_rng(0).bytes(4096)
    for data in (*(text.encode() for text in texts), noise):
        if tokenizer.decode(tokenizer.encode(data)) != data:
            raise TatError(f"{len(data)} bytes beginning {data[:20]!r} do not come back")
    return f"{len(texts)} texts and 4096 random bytes come back"


def check_lockstep(subject: Backend) -> str:
    """A training step on `subject` and on NumPy in float64 agrees call by call."""
    agreement = compare_step(CpuBackend(1, dtype=np.float64), subject)
    if agreement.divergence:
        raise TatError(str(agreement.divergence))
    return f"{agreement.calls} calls agree, the worst within {agreement.worst:.1e}"


def check_decoding(backend: Backend) -> str:
    """Decoding token by token with caches gives the logits of the whole pass."""
    flags = {"preset": "tiny", "model.layers": 2, "model.width": 64, "model.feed_forward": 96}
    model = Transformer(resolve(flags=flags, environment={}).config.model, 300)
    shape = BatchShape(rows=1, source=12, target=9)
    random = np.random.default_rng(0)
    sources, inputs = random.integers(8, 300, (1, 1, 12)), random.integers(8, 300, (1, 9))
    inputs[0, 0] = Special.BOS
    whole, encode, step = (
        backend.compile(plan(program(model, shape), backend.memory))
        for program in (logits_program, encode_program, step_program)
    )
    weights.install(backend, model, weights.draw(model.parameters, 0))
    for executable in (whole, encode, step):
        write_sources(executable, sources, np.array([[10]]))
    whole.write("inputs", inputs)
    whole.write("target_lengths", np.array([[9]]))
    whole.run()
    encode.run()
    worst = 0.0
    for position, expected in enumerate(whole.read("logits")):
        step.write("token", inputs[:, position : position + 1])
        step.write("position", np.array([position]))
        step.write("lengths", np.array([[position + 1]]))
        step.run()
        error = np.abs(step.read("logits")[0] - expected).max() / np.abs(expected).max()
        worst = max(worst, float(error))
    if not worst < 1e-4:
        raise TatError(f"cached decoding differs from the whole pass by {worst:.1e}")
    return f"caches and the whole pass agree within {worst:.1e}"


def check_resuming(device: str) -> str:
    """Two steps at once and one step, saved, loaded and resumed, give equal checkpoints."""
    config, corpus = _small_run()
    with tempfile.TemporaryDirectory(prefix="tat-check-") as name:
        whole = _train(Path(name) / "whole", config, corpus, device)
        one = replace(config, train=replace(config.train, steps=1))
        _train(Path(name) / "parts", one, corpus, device)
        parts = _train(Path(name) / "parts", config, corpus, device)
        if whole.read_bytes() != parts.read_bytes():
            raise TatError("a resumed run gives other bits than one that was not interrupted")
    return "a resumed run gives the bits of one that was not interrupted"


def check_threads() -> str:
    """Two steps of four micro-batches give the same weights on 1, 2 and 4 threads."""
    config, corpus = _small_run()
    train = replace(config.train, micro_batches=4)
    counts, first = (1, 2, 4), {}
    for threads in counts:
        several = replace(config, threads=threads, train=train)
        with tempfile.TemporaryDirectory(prefix="tat-check-") as name:
            weights = load(_train(Path(name) / "run", several, corpus, "cpu")).weights
        first = first or weights
        wrong = [name for name, values in weights.items() if (values != first[name]).any()]
        if wrong:
            raise TatError(f"{wrong[0]} has other bits on {threads} threads than on {counts[0]}")
    return f"two steps give the same bits on {', '.join(map(str, counts))} threads"


def _small_run() -> tuple[Config, Corpus]:
    """Two steps of a small model on a few functions."""
    flags = {
        "preset": "tiny", "model.layers": 1, "model.width": 32, "model.heads": 2,
        "model.feed_forward": 48, "data.vocabulary": 400, "data.buckets": [[256, 256]],
        "train.steps": 2,
    }  # fmt: skip
    config = resolve(flags=flags, environment={}).config
    entries = [(e.name, e.request, e.code) for e in cookbook("starter")[:4]]
    corpus = cookbook_corpus(entries, config.data)
    return config, corpus


def _train(path: Path, config: Config, corpus: Corpus, device: str) -> Path:
    """Starts or resumes a run and returns the file of its newest checkpoint."""
    resuming = path.exists()
    opened = RunFolder.open(path) if resuming else RunFolder.create(path)
    with opened as run, StopRequest() as stop:
        reporter = QuietReporter(None, run.log)
        if resuming:
            file, checkpoint = run.newest(), load(run.newest())
            tokenizer = Tokenizer.from_bytes(checkpoint.tokenizer)
            data = TrainingData.of(corpus, config.data, tokenizer)
            session = Session.resume(config, run, data, checkpoint, file, reporter, device)
        else:
            data = TrainingData.of(corpus, config.data)
            session = Session.start(config, run, data, [], reporter, device)
        session.run(stop)
        if stop:
            raise KeyboardInterrupt
        return run.newest()
