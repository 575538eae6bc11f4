"""bench/distil.py: drawn labels follow the teachers' distribution, and a run on them resumes."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_harness import write_shaders
from decoding import TOKENIZER, new_generator
from gpu_harness import GPU
from test_session import MODULES, SMALL, latest, metrics, train

from tat import weights
from tat.backends.gpu.executable import GpuBackend
from tat.data.batches import Batch
from tat.decode.loading import LoadedModel
from tat.model.programs import BatchShape, logits_program
from tat.ops.plan import plan
from tat.tokens import Special

BENCH = Path(__file__).parent.parent / "bench"
sys.path.insert(0, str(BENCH))

from distil import TaughtBatches, Teacher  # noqa: E402

BUCKET, ROWS = (16, 8), 512


def peaked() -> LoadedModel:
    """A small model with a copy head whose distributions are far from even."""
    loaded = new_generator().loaded
    values = weights.draw(loaded.model.parameters, seed=3)
    values["embedding.table"] *= 40
    weights.install(loaded.backend, loaded.model, values)
    return loaded


def equal_rows(rows: int) -> Batch:
    """Rows of one sample of 6 target tokens."""
    random = np.random.default_rng(1)
    source, target = (random.integers(9, TOKENIZER.size, size) for size in (16, 8))
    target[6:] = Special.PAD
    inputs = np.concatenate([[Special.BOS], target[:-1]])
    return Batch(
        BUCKET, np.tile(source, (rows, 1, 1)), np.full((rows, 1), 16), np.tile(inputs, (rows, 1)),
        np.tile(target, (rows, 1)), np.full(rows, 6),
    )  # fmt: skip


def probabilities(loaded: LoadedModel, batch: Batch) -> np.ndarray:
    """The teacher's share of each token at each position of the first row, [T, V]."""
    graph = logits_program(loaded.model, BatchShape(1, *BUCKET))
    executable = loaded.backend.compile(plan(graph, loaded.backend.memory))
    executable.write("sources", batch.sources[:1])
    executable.write("source_lengths", batch.source_lengths[:1])
    executable.write("inputs", batch.inputs[:1])
    executable.write("target_lengths", batch.target_lengths[:1, None])
    executable.run()
    logits = executable.read("logits").astype(np.float64)
    exact = np.exp(logits - logits.max(1, keepdims=True))
    exact[:, : Special.EOS] = 0
    return exact / exact.sum(1, keepdims=True)


def test_draws_follow_the_teachers_distribution():
    loaded, batch = peaked(), equal_rows(ROWS)
    drawn, exact = Teacher(loaded).draw(batch, key=77), probabilities(loaded, batch)
    assert 0.05 < exact[:6].max(1).mean() < 0.95  # it says something, and not all
    for position in range(6):
        expected = ROWS * exact[position]
        counts = np.bincount(drawn[:, position], minlength=expected.size)
        assert not counts[expected == 0].any()
        often = expected > 8
        found, wanted = ([*of[often], of[~often].sum()] for of in (counts, expected))
        wanted = np.maximum(wanted, 1e-9)
        chi, freedom = ((np.array(found) - wanted) ** 2 / wanted).sum(), often.sum()
        assert chi < freedom + 5 * np.sqrt(2 * freedom) + 5


@pytest.mark.gpu
def test_a_gpu_draws_what_the_cpu_draws():
    loaded, batch = peaked(), equal_rows(64)
    backend = GpuBackend.open(GPU, 256)
    values = weights.unpack(
        loaded.model.parameters, loaded.backend.read(loaded.model.parameters.flat)
    )
    weights.install(backend, loaded.model, values)
    ours, theirs = (Teacher(m).draw(batch, 5) for m in (loaded, replace(loaded, backend=backend)))
    assert (ours == theirs)[:, :6].mean() > 0.98  # scores that round to equal ones may swap


class Constant:
    """A teacher that draws one token."""

    def __init__(self, token: int) -> None:
        self.token = token

    def draw(self, batch: Batch, key: int) -> np.ndarray:
        return np.full(batch.targets.shape, self.token, np.int32)


class OneBatch:
    """Batches of which all are one."""

    used_buckets, sources = (BUCKET,), 1

    def rows_of(self, bucket: tuple[int, int]) -> int:
        return 64

    def micro_batch(self, index: int) -> Batch:
        return equal_rows(64)


def taught(keep: float, seed: int = 0) -> TaughtBatches:
    return TaughtBatches(OneBatch(), (Constant(300), Constant(301)), seed, keep)


def test_a_share_of_labels_stays_and_padding_always():
    batch, true = taught(0.25).micro_batch(3), equal_rows(64)
    kept = (batch.targets == true.targets)[:, :6]
    assert 0.15 < kept.mean() < 0.35
    assert set(batch.targets[:, :6][~kept]) <= {300, 301}
    assert (batch.targets[:, 6:] == Special.PAD).all()
    assert (batch.inputs == true.inputs).all()  # the true tokens are what is read
    assert (taught(1.0).micro_batch(3).targets == true.targets).all()


def test_labels_depend_on_seed_and_number_alone_and_all_teachers_draw():
    there = {i: taught(0.5).micro_batch(i).targets for i in (0, 1, 2, 7)}
    others = taught(0.5)
    for index in (7, 1, 0, 2):
        assert (others.micro_batch(index).targets == there[index]).all()
    assert (taught(0.5, seed=1).micro_batch(0).targets != there[0]).any()
    all_of_them = np.stack([others.micro_batch(i).targets for i in range(12)])
    assert {300, 301} <= set(all_of_them.flat)


def distil(folder: Path, run: str, steps: int, *more: str) -> None:
    command = [
        sys.executable, BENCH / "distil.py", folder / "shaders", "--teacher", folder / "teacher",
        "--run", folder / run, "--steps", steps, "--device", "cpu", *more,
    ]  # fmt: skip
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_student_that_is_resumed_goes_on_as_it_would_have(tmp_path):
    shaders = write_shaders(tmp_path / "shaders", MODULES)
    assert train(shaders, tmp_path / "teacher", 2) == 0
    settings = [word for value in SMALL for word in ("--set", value)]
    distil(tmp_path, "whole", 3, *settings)
    distil(tmp_path, "parts", 1, *settings)
    distil(tmp_path, "parts", 3, "--resume")
    assert latest(tmp_path / "parts") == latest(tmp_path / "whole")
    assert train(shaders, tmp_path / "plain", 3) == 0
    assert metrics(tmp_path / "plain")[0]["loss"] != metrics(tmp_path / "whole")[0]["loss"]
