"""The files of a run: metrics, log, configuration, and checkpoints that are whole."""

import errno
import json
import os
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_folders import (
    checkpoint,
    flip_a_bit,
    names,
    run_fixture,  # noqa: F401
)

from tat.errors import CheckpointError, FileError
from tat.train.named_checkpoint import find_checkpoint, load_checkpoint
from tat.train.run_folder import RunFolder

# Metrics and log


def metrics(folder):
    return [json.loads(line) for line in (folder.path / "metrics.jsonl").read_text().splitlines()]


def test_metrics_are_on_disk_after_each_step(run):
    for step in range(1, 4):
        run.append_metrics({"step": step, "loss": 1 / step, "device": "cpu \N{DEGREE SIGN}"})
        assert metrics(run)[-1] == {"step": step, "loss": 1 / step, "device": "cpu °"}
    assert [record["step"] for record in metrics(run)] == [1, 2, 3]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 30), st.integers(0, 40), st.binary(max_size=60), st.integers(0, 60))
def test_going_back_leaves_one_object_for_each_step(run, done, step, garbage, cut):
    """A crash may leave any part of the last line, and anything may stand there instead."""
    path = run.path / "metrics.jsonl"
    path.unlink(missing_ok=True)
    for number in range(1, done + 1):
        run.append_metrics({"step": number, "note": 'a "step":99 in text\n'})
    whole = path.read_bytes() if done else b""
    torn = json.dumps({"step": done + 1, "loss": 1.25, "lr": 0.001}).encode()[:cut]
    path.write_bytes(whole + (torn or garbage.replace(b"\n", b"\0")))
    run.truncate_metrics(step)
    kept = min(done, step)
    assert [record["step"] for record in metrics(run)] == list(range(1, kept + 1))
    run.append_metrics({"step": kept + 1})
    assert [record["step"] for record in metrics(run)] == list(range(1, kept + 2))


def test_going_back_without_metrics_makes_none(run):
    run.truncate_metrics(5)
    assert not (run.path / "metrics.jsonl").exists()


def test_a_line_that_says_no_step_stays(run):
    (run.path / "metrics.jsonl").write_text('{"step":1}\nhand-written\n{"step":"x"}\n{"step":2}\n')
    run.truncate_metrics(1)
    text = (run.path / "metrics.jsonl").read_text()
    assert text == '{"step":1}\nhand-written\n{"step":"x"}\n'


def test_the_log_has_a_dated_line_for_each_text(run):
    run.log("first")
    run.log("two\nlines \x1b[31m")
    lines = (run.path / "log").read_text().splitlines()
    assert [line[20:] for line in lines] == ["first", r"two\nlines \x1b[31m"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", line[:19]) for line in lines)


def test_the_configuration_is_replaced_whole(run):
    run.write_config("α = 1\n")
    assert (run.path / "config.toml").read_text(encoding="utf-8") == "α = 1\n"


# Checkpoints


def test_the_last_few_and_the_best_are_kept(run):
    for step in range(100, 1000, 100):
        run.save(checkpoint(step), keep=2, best=step == 300)
    assert names(run) == [f"step-{step:08}.safetensors" for step in (300, 800, 900)]
    assert os.readlink(run.path / "best") == "checkpoints/step-00000300.safetensors"
    assert os.readlink(run.path / "latest") == "checkpoints/step-00000900.safetensors"
    run.save(checkpoint(1000), keep=2, best=True)
    assert names(run) == ["step-00000900.safetensors", "step-00001000.safetensors"]


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=10),
    st.integers(1, 4),
)
def test_a_checkpoint_just_saved_is_kept_and_the_newest(tmp_path_factory, saves, keep):
    """Also after going back to an earlier step, when later ones lie about."""
    with RunFolder.create(tmp_path_factory.mktemp("run")) as folder:
        folder.write_config("")
        best = None
        for step, is_best in saves:
            path = folder.save(checkpoint(step), keep=keep, best=is_best)
            best = path if is_best else best
            assert folder.newest() == path
            assert folder.latest_good()[1].step == step
            assert best is None or os.path.samefile(folder.path / "best", best)
            past = [name for name in names(folder) if name <= path.name]
            assert len(past) <= keep + 1
        assert not list(folder.path.rglob("*.tmp"))


def test_a_run_can_be_moved(run, tmp_path):
    run.save(checkpoint(5), keep=1)
    run.close()
    moved = run.path.rename(tmp_path / "moved")
    assert load_checkpoint(moved)[0] == moved / "checkpoints" / "step-00000005.safetensors"


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_drive_without_symbolic_links_gets_files_that_name_the_checkpoint(run, monkeypatch, code):
    def refused(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "symlink", refused)
    run.save(checkpoint(100), keep=2)
    run.save(checkpoint(200), keep=2, best=True)
    run.save(checkpoint(300), keep=1)
    assert not (run.path / "latest").is_symlink()
    assert (run.path / "best").read_text() == "checkpoints/step-00000200.safetensors\n"
    assert [p.name for p in run.checkpoints()] == [
        "step-00000200.safetensors", "step-00000300.safetensors"
    ]  # fmt: skip
    assert run.latest_good()[1].step == 300
    for name, step in (("latest", 300), ("best", 200)):
        assert load_checkpoint(run.path / name)[1].step == step
        assert find_checkpoint(run.path / name).name == f"step-{step:08}.safetensors"
    assert not list(run.path.glob(".*"))
    (run.path / "checkpoints" / "step-00000300.safetensors").unlink()
    assert run.newest().name == "step-00000200.safetensors"
    monkeypatch.undo()
    run.save(checkpoint(400), keep=1)  # the drive has links now
    assert (run.path / "latest").is_symlink() and run.latest_good()[1].step == 400


def test_a_copy_that_followed_links_still_works(run):
    run.save(checkpoint(5), keep=1, best=True)
    for link in ("latest", "best"):
        data = (run.path / link).read_bytes()
        (run.path / link).unlink()
        (run.path / link).write_bytes(data)
    assert run.latest_good()[1].step == 5
    run.save(checkpoint(6), keep=1)
    assert run.latest_good()[1].step == 6


def test_a_damaged_newest_is_refused_and_the_last_good_one_offered(run):
    for step in (100, 200, 300):
        run.save(checkpoint(step), keep=3)
    newest, middle = run.path / "checkpoints/step-00000300.safetensors", names(run)[1]
    flip_a_bit(newest)
    with pytest.raises(CheckpointError) as caught:
        run.latest_good()
    message = str(caught.value)
    assert message.startswith(f"{newest}: damaged") and message.isprintable()
    assert message.endswith(f"; delete it to go on from {middle}, the last good one")
    newest.unlink()  # what the message says to do
    path, loaded = run.latest_good()
    assert path.name == middle and loaded.step == 200


def test_an_offered_checkpoint_is_good(run):
    for step in (100, 200, 300):
        run.save(checkpoint(step), keep=3)
    for name in names(run)[1:]:
        flip_a_bit(run.path / "checkpoints" / name)
    with pytest.raises(CheckpointError, match=r"go on from step-00000100\.safetensors, the last"):
        load_checkpoint(run.path)
    os.truncate(run.path / "checkpoints" / names(run)[0], 50)
    with pytest.raises(CheckpointError, match="no other good one is here"):
        run.latest_good()


def test_an_unloadable_checkpoint_is_not_offered(run, monkeypatch):
    """An intact checkpoint may be too large for the memory that is left."""

    def fail(path):
        raise CheckpointError(f"{path}: does not fit the memory that is left; free some")

    run.save(checkpoint(100), keep=3)
    run.save(checkpoint(200), keep=3)
    monkeypatch.setattr("tat.train.run_folder.load", fail)
    with pytest.raises(CheckpointError, match=r"go on from step-00000100\.safetensors"):
        run.latest_good()


def test_a_run_without_checkpoints_says_so(run):
    for attempt in (run.latest_good, run.newest, lambda: find_checkpoint(run.path)):
        with pytest.raises(CheckpointError, match="run has no checkpoint yet"):
            attempt()


def test_a_link_that_leads_nowhere_or_round_gives_way_to_the_files(run):
    run.save(checkpoint(5), keep=1)
    for target in ("nowhere", "latest"):
        (run.path / "latest").unlink()
        (run.path / "latest").symlink_to(target)
        assert run.latest_good()[1].step == 5


def test_files_of_other_names_are_no_checkpoints(run):
    run.save(checkpoint(5), keep=1)
    folder = run.path / "checkpoints"
    for name in ("step-9", "step-00000009.safetensors.bak", "step-0000000x"):
        (folder / f"{name}.safetensors").write_bytes(b"mine")
    run.save(checkpoint(6), keep=1)
    assert names(run) == ["step-00000006.safetensors"]
    assert len(list(folder.iterdir())) == 4


def test_steps_beyond_eight_digits_are_in_order(run):
    for step in (99_999_999, 100_000_000):
        run.save(checkpoint(step), keep=2)
    assert names(run) == ["step-99999999.safetensors", "step-100000000.safetensors"]


def test_a_run_or_a_file_can_be_named(run, tmp_path):
    saved = run.save(checkpoint(5), keep=1)
    for path in (run.path, saved, run.path / "latest"):
        assert os.path.samefile(find_checkpoint(path), saved)
        assert load_checkpoint(path)[1].step == 5
    with pytest.raises(FileError, match="is not a run"):
        find_checkpoint(run.path / "checkpoints")
    with pytest.raises(CheckpointError, match="No such file"):
        load_checkpoint(tmp_path / "missing")


def test_metrics_reach_the_disk_before_their_checkpoint(run, monkeypatch):
    """Steps before a checkpoint are not run again: a power cut must not take their lines."""
    synced = []
    fsync = os.fsync

    def record(descriptor):
        synced.append(os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))
        fsync(descriptor)

    run.append_metrics({"step": 1})
    monkeypatch.setattr(os, "fsync", record)
    run.save(checkpoint(1), keep=1)
    assert synced[0] == "metrics.jsonl" and "step-00000001" in synced[1]
