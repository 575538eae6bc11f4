"""Resuming after a change: no remembered value of the old data is used for the new."""

from dataclasses import replace
from pathlib import Path

import pytest
from cli_harness import write_shaders
from hypothesis import given
from hypothesis import strategies as st
from test_session import MODULES, SMALL, resume, train

from tat.checkpoint import inspect, load, save
from tat.cli import run as tat
from tat.config import resolve
from tat.data.batches import Batches, digest_of_rows
from tat.data.corpus import load_corpus
from tat.data.dataset import encode_samples
from tat.data.tokenizer import Tokenizer
from tat.train.resuming import Progress

VALIDATED = (*SMALL, "data.validation_share=0.5", "train.validate_every=1")


@pytest.fixture
def shaders(tmp_path):
    return write_shaders(tmp_path / "shaders", MODULES)


@pytest.fixture
def drawn(monkeypatch):
    """The indices of the micro-batches that training asks for, in order."""
    indices = []
    whole = Batches.micro_batch

    def micro_batch(self, index):
        indices.append(index)
        return whole(self, index)

    monkeypatch.setattr(Batches, "micro_batch", micro_batch)
    return indices


def progress(run: Path) -> dict:
    return inspect((run / "latest").resolve()).progress


def test_changed_micro_batches_skip_no_data(shaders, tmp_path, drawn):
    small = (*SMALL, "train.micro_batches=2")
    assert train(shaders, tmp_path / "run", 4, small=small) == 0
    assert drawn == list(range(8))
    for steps, count, expected in ((6, 4, range(8, 16)), (7, 1, range(16, 17))):
        drawn.clear()
        change = ("--set", f"train.micro_batches={count}")
        allow = ("--allow-change", "train.micro_batches")
        assert resume(tmp_path / "run", steps, *change, *allow) == 0
        assert drawn == list(expected)
    assert progress(tmp_path / "run")["micro_batches"] == 17


def test_a_new_size_of_micro_batches_goes_on_at_the_same_share_of_the_epoch(
    shaders, tmp_path, drawn, capsys
):
    assert train(shaders, tmp_path / "run", 3, small=(*SMALL, "train.micro_batches=1")) == 0
    before = progress(tmp_path / "run")
    drawn.clear()
    change = ("--set", "train.batch_tokens=64", "--allow-change", "train.batch_tokens")
    assert resume(tmp_path / "run", 4, *change) == 0
    after = progress(tmp_path / "run")
    assert after["epoch"] > before["epoch"]
    assert 0 <= drawn[0] / after["epoch"] - 3 / before["epoch"] < 1 / after["epoch"]
    assert "at the same share of epoch" in (tmp_path / "run" / "log").read_text()


def test_a_best_loss_of_another_validation_set_is_not_compared_with(shaders, tmp_path):
    small = (*VALIDATED, "train.patience=2", "train.keep=1")
    assert train(shaders, tmp_path / "run", 2, small=small) == 0
    run = tmp_path / "run"
    # As if the old set were much easier: no loss on the new one can be as low.
    stored = inspect((run / "latest").resolve())
    assert stored.progress["best_loss"] is not None
    _rewrite(run, best_loss=1e-6, best_step=1, stale_validations=1)
    change = ("--set", "data.validation_share=0.3", "--allow-change", "data.validation_share")
    assert resume(run, 6, *change, "--allow-change", "corpus") == 0
    after = progress(run)
    assert after["validation"] != stored.progress["validation"]
    assert after["best_loss"] > 1e-6 and after["best_step"] > 2
    assert int((run / "best").resolve().stem.removeprefix("step-")) == after["best_step"]
    assert "the validation set is another" in (run / "log").read_text()


def test_the_same_validation_set_keeps_its_best_loss(shaders, tmp_path):
    assert train(shaders, tmp_path / "run", 2, small=VALIDATED) == 0
    _rewrite(tmp_path / "run", best_loss=1e-6, best_step=1, stale_validations=1)
    change = ("--set", "train.lr=0.02", "--allow-change", "train.lr")
    assert resume(tmp_path / "run", 4, *change) == 0
    assert progress(tmp_path / "run")["best_loss"] == 1e-6
    assert progress(tmp_path / "run")["stale_validations"] == 3
    assert "is another" not in (tmp_path / "run" / "log").read_text()


def _rewrite(run: Path, **changed):
    """The newest checkpoint with other progress."""

    path = (run / "latest").resolve()
    checkpoint = load(path)
    save(path, replace(checkpoint, progress=checkpoint.progress | changed))


def test_a_corpus_that_moved_is_found_there_the_next_time(shaders, tmp_path):
    assert train(shaders, tmp_path / "run", 1) == 0
    moved = tmp_path / "moved"
    moved.mkdir()
    for name, text in MODULES.items():
        (moved / name).write_text(text)
    run = str(tmp_path / "run")

    assert tat(["train", str(moved), "--run", run, "--resume", "--steps", "2", "-q"]) == 0
    assert progress(tmp_path / "run")["paths"] == [str(moved.resolve())]


def test_a_run_of_version_1_0_0_goes_on_and_compares_losses_only_on_the_same_corpus():
    old = {"corpus": "a", "paths": [], "micro_batches": 5, "best_loss": 0.5, "best_step": 3}
    same, other = Progress.restore(Path("x"), old), Progress.restore(Path("x"), old)
    same.move("a", [])
    assert same.adopt("set", 7) == [] and same.best_loss == 0.5 and same.micro_batches == 5
    other.move("b", [])
    assert len(other.adopt("set", 7)) == 1 and other.best_loss is None


@given(drawn=st.integers(0, 10_000), old=st.integers(1, 500), new=st.integers(1, 500))
def test_the_position_keeps_its_epoch_and_never_goes_back(drawn, old, new):
    state = Progress("", [], micro_batches=drawn, epoch=old, validation="set")
    state.adopt("set", new)
    # In epochs, exact: what was drawn, and at most one micro-batch of the new size more.
    assert drawn * new <= state.micro_batches * old < drawn * new + old
    again = state.micro_batches
    assert state.adopt("set", new) == [] and state.micro_batches == again


def test_a_digest_of_rows_depends_on_their_content(shaders):

    config = resolve(assignments=[*SMALL]).config
    corpus = load_corpus([shaders], config.data, 0)
    tokenizer = Tokenizer.train(corpus.texts(), 300)
    samples = corpus.samples
    buckets = config.data.buckets

    def digest(samples, tokens):
        dataset = encode_samples(samples, tokenizer, config.data)
        return digest_of_rows(list(Batches(dataset, buckets, tokens, 0).in_order()))

    assert digest(samples, 256) == digest(samples[::-1], 256) == digest(samples, 1024)
    changed = replace(samples[0], target=samples[0].target + " ")
    assert digest(samples, 256) != digest([changed, *samples[1:]], 256)
    assert digest(samples, 256) != digest(samples[1:], 256)
