"""Workloads without a device: tokenizing, preparing, a softmax, checkpoints, starting."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tat import __version__, weights
from tat.benchmarks.subject import Setting, Subject, require_close
from tat.checkpoint import Checkpoint, load, save
from tat.config import Config
from tat.cookbook.library import load as cookbook
from tat.data.corpus_file import SUFFIX, CorpusFile
from tat.data.prepare import prepare as prepare_corpus
from tat.data.tokenizer import Tokenizer
from tat.errors import TatError
from tat.model.transformer import Transformer
from tat.resources import program

_CLOSE = 1e-6  # of float32 to float64

# 300 bytes, which no vocabulary was learnt from.
FUNCTION = """\
// Tone of a lit surface with a rim that brightens towards the edge of it.
fn rim_light(normal: vec3f, view: vec3f, light: vec3f, strength: f32) -> f32 {
    let lambert = max(dot(normal, light), 0.0);
    let rim = pow(1.0 - max(dot(normal, view), 0.0), 3.0);
    return lambert + strength * rim;
}
"""


@contextmanager
def tokenize(setting: Setting) -> Iterator[Subject]:
    """300 bytes of WGSL from text to ids, by a tokenizer learnt from the cookbook."""
    tokenizer = learnt_tokenizer(setting.config)

    def check() -> None:
        if tokenizer.decode_text(tokenizer.encode(FUNCTION)) != FUNCTION:
            raise TatError("tokenizer: the text does not come back from its ids")

    yield Subject(lambda: tokenizer.encode(FUNCTION), check)


def learnt_tokenizer(config: Config) -> Tokenizer:
    """A tokenizer of the configured size, learnt from the cookbook."""
    return Tokenizer.train([entry.code for entry in cookbook()], config.data.vocabulary)


@contextmanager
def prepare(setting: Setting) -> Iterator[Subject]:
    """The cookbook's modules from files to one file of ids, on one core, with a tokenizer."""
    config, tokenizer = setting.config, learnt_tokenizer(setting.config)
    with tempfile.TemporaryDirectory(prefix="tat-bench-") as name:
        folder, output = Path(name) / "wgsl", Path(name) / f"corpus{SUFFIX}"
        folder.mkdir()
        for number, entry in enumerate(cookbook()):
            (folder / f"{number}.wgsl").write_text(entry.code, "utf-8")

        def run() -> None:
            output.unlink(missing_ok=True)
            prepare_corpus(
                [folder], output, config.data, config.seed, tokenizer=tokenizer, threads=1
            )

        def check() -> None:
            run()
            CorpusFile(output).check()

        yield Subject(run, check)


@contextmanager
def softmax(setting: Setting) -> Iterator[Subject]:
    """Softmax over 64 rows of 64 scores, by attention's own code, on one thread."""
    scores = np.random.default_rng(0).standard_normal((64, 64), np.float32)
    out, kernel = np.empty_like(scores), _softmax_kernel()

    def check() -> None:
        kernel(out, scores)
        expected = np.exp(scores.astype(np.float64))
        expected /= expected.sum(axis=1, keepdims=True)
        error = float(np.abs(out - expected).max() / expected.max())
        require_close("softmax beside float64", error, _CLOSE)

    yield Subject(lambda: kernel(out, scores), check)


def _softmax_kernel() -> Callable[[np.ndarray, np.ndarray], None]:
    try:
        from tat.backends.cpu.attention import softmax as compiled
    except ImportError:
        return _numpy_softmax
    return compiled


def _numpy_softmax(out: np.ndarray, scores: np.ndarray) -> None:
    np.exp(scores - scores.max(axis=1, keepdims=True), out=out)
    out /= out.sum(axis=1, keepdims=True)


@contextmanager
def write_checkpoint(setting: Setting) -> Iterator[Subject]:
    """Weights and both moments to disk, with checksum and fsync."""
    with tempfile.TemporaryDirectory(prefix="tat-bench-") as folder:
        path, checkpoint = Path(folder) / "checkpoint", _checkpoint(setting)
        yield Subject(lambda: save(path, checkpoint), lambda: _require_equal(path, checkpoint))


@contextmanager
def read_checkpoint(setting: Setting) -> Iterator[Subject]:
    """Read that checkpoint and verify its checksum; the file is in the system's cache."""
    with tempfile.TemporaryDirectory(prefix="tat-bench-") as folder:
        path, checkpoint = Path(folder) / "checkpoint", _checkpoint(setting)
        save(path, checkpoint)
        yield Subject(lambda: load(path), lambda: _require_equal(path, checkpoint))


def _checkpoint(setting: Setting) -> Checkpoint:
    config = setting.config
    model = Transformer(config.model, config.data.vocabulary)
    values = weights.draw(model.parameters, config.seed)
    moments = {f"adamw.{m}/{name}": array for m in "mv" for name, array in values.items()}
    return Checkpoint(
        weights=values, state=moments, tokenizer=Tokenizer([]).to_bytes(),
        configuration=asdict(config), model_hash="", step=0, progress={},
    )  # fmt: skip


def _require_equal(path: Path, checkpoint: Checkpoint) -> None:
    save(path, checkpoint)
    loaded = load(path)
    for name, values in (checkpoint.weights | checkpoint.state).items():
        if not np.array_equal((loaded.weights | loaded.state)[name], values):
            raise TatError(f"checkpoint: {name} comes back with other bits")


@contextmanager
def start(setting: Setting) -> Iterator[Subject]:
    """`tat --version` as a process of its own, from start to end."""

    def run() -> str:
        done = subprocess.run([*program(), "--version"], capture_output=True, text=True)
        return done.stdout

    def check() -> None:
        if (said := run().strip()) != f"tat {__version__}":
            raise TatError(f"tat --version says {said!r}")

    yield Subject(run, check)
