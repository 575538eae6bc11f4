"""The folder of a run: one writer, one object a step, a good checkpoint or a clear error."""

import errno
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tat import locks
from tat.checkpoint import Checkpoint
from tat.errors import CheckpointError, FileError, UsageError
from tat.train.named_checkpoint import find_checkpoint, load_checkpoint
from tat.train.run_folder import RunFolder


def checkpoint(step):
    return Checkpoint({"w": np.full(4, step, np.float32)}, {}, b"", {}, "hash", step, {})


@pytest.fixture
def run(tmp_path):
    with RunFolder.create(tmp_path / "run") as folder:
        folder.write_config("seed = 0\n")
        yield folder


def names(folder):
    return [path.name for path in folder.checkpoints()]


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


# Making and opening


def test_a_new_run_gets_a_folder_by_date(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with RunFolder.create(None) as folder:
        assert re.fullmatch(r"runs/\d{8}-\d{6}", str(folder.path))
        assert folder.path.is_dir()


def test_runs_made_at_once_get_folders_of_their_own(tmp_path):
    parent = tmp_path / "a" / "b"
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: RunFolder.create(None, parent=parent), range(40)))
    assert len({folder.path for folder in runs}) == 40
    assert all(re.fullmatch(r"\d{8}-\d{6}(-\d+)?", folder.path.name) for folder in runs)
    for folder in runs:
        folder.close()


def test_an_existing_run_is_not_started_again(run):
    run.close()
    with pytest.raises(UsageError, match="run is not empty; add --resume to continue a run"):
        RunFolder.create(run.path)


def test_a_folder_of_other_things_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        RunFolder.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_empty_folder_and_one_of_a_failed_start_are_used(tmp_path):
    with RunFolder.create(tmp_path) as folder:
        folder.log("the corpus is empty")  # and no configuration is written
    with RunFolder.create(tmp_path) as folder:
        folder.write_config("seed = 1\n")
    with RunFolder.open(tmp_path) as folder:
        assert (folder.path / "config.toml").read_text() == "seed = 1\n"


def test_a_refused_start_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    for path in (None, "a/b", "mine", "mine/run"):
        with pytest.raises(FileError), RunFolder.create(path and tmp_path / path) as folder:
            folder.log("nothing to train on")
            raise FileError("refused")
        assert list(tmp_path.rglob("*")) == [tmp_path / "mine"]


def test_a_run_and_files_beside_it_stay_whatever_fails(tmp_path):
    with pytest.raises(FileError), RunFolder.create(tmp_path / "run") as folder:
        folder.write_config("seed = 1\n")
        raise FileError("the disk is full")
    assert (tmp_path / "run" / "config.toml").exists()
    with pytest.raises(FileError), RunFolder.create(tmp_path / "other") as folder:
        (folder.path / "thesis.tex").write_text("x")
        raise FileError("refused")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["thesis.tex"]


def test_a_lock_that_its_holder_removes_is_not_taken(tmp_path, monkeypatch):
    flock = locks.fcntl.flock

    def too_late(descriptor, how):
        (tmp_path / "lock").unlink()
        (tmp_path / "lock").touch()
        flock(descriptor, how)

    monkeypatch.setattr(locks.fcntl, "flock", too_late)
    with pytest.raises(UsageError, match="is being written"):
        RunFolder.create(tmp_path)


def test_a_file_in_place_of_the_folder_is_one_clear_error(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(FileError, match="runs: File exists"):
        RunFolder.create(tmp_path / "runs")
    with pytest.raises(FileError, match="runs: File exists"):
        RunFolder.create(None, parent=tmp_path / "runs")
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(FileError, match="link: File exists"):
        RunFolder.create(None, parent=tmp_path / "link")


@pytest.mark.parametrize("write", [True, False])
def test_only_a_run_is_opened(tmp_path, write):
    for path, why in ((tmp_path, "no config.toml in it"), (tmp_path / "none", "no such folder")):
        with pytest.raises(FileError, match=f"is not a run: {why}; name"):
            RunFolder.open(path, write=write)
    assert not list(tmp_path.iterdir())


def test_opening_removes_leftovers_of_a_killed_writer(run):
    run.save(checkpoint(1), keep=3)
    run.close()
    stale = [run.path / ".latest.1a.tmp", run.path / "checkpoints" / ".step-00000002.2b.tmp"]
    stale[0].symlink_to("nowhere")
    stale[1].write_bytes(b"half")
    RunFolder.open(run.path, write=False)
    assert stale[1].exists()  # a reader changes nothing
    RunFolder.open(run.path).close()
    assert not any(os.path.lexists(path) for path in stale)
    assert names(run) == ["step-00000001.safetensors"]


# The lock


def test_a_second_writer_is_refused_by_the_first_ones_pid(run):
    run.save(checkpoint(1), keep=1)
    with pytest.raises(UsageError, match=rf"run is being written by process {os.getpid()}; wait"):
        RunFolder.open(run.path)
    script = f"from tat.train.run_folder import *; RunFolder.open(Path({str(run.path)!r}))"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert f"being written by process {os.getpid()};" in other.stderr
    assert find_checkpoint(run.path) == run.path / "checkpoints" / "step-00000001.safetensors"
    assert load_checkpoint(run.path)[1].step == 1  # readers need no lock
    run.close()
    RunFolder.open(run.path).close()


def test_two_that_start_in_one_folder_at_once(tmp_path):
    """One gets it; the other is refused, whichever check it has passed by then."""

    def start(_):
        try:
            return RunFolder.create(tmp_path / "run")
        except UsageError:
            return None

    with ThreadPoolExecutor(8) as pool:
        started = [folder for folder in pool.map(start, range(40)) if folder]
    assert len(started) == 1
    started[0].close()


def test_a_killed_writer_leaves_no_lock(run):
    run.close()
    script = (
        "import os, signal; from tat.train.run_folder import *;"
        f"run = RunFolder.open(Path({str(run.path)!r})); print(os.getpid(), flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert killed.returncode == -9
    assert (run.path / "lock").read_text() == killed.stdout  # its pid stands there still
    with RunFolder.open(run.path):
        assert (run.path / "lock").read_text() == f"{os.getpid()}\n"


def test_the_pid_in_the_lock_is_the_holders_only(run):
    run.close()
    (run.path / "lock").write_text("99999999999\n")
    with RunFolder.open(run.path):
        assert (run.path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_run_that_another_process_made_meanwhile_is_not_overwritten(tmp_path, monkeypatch):
    """It made its run and ended between our look at the folder and our lock."""
    acquire = RunFolder._acquire

    def late(folder):
        (folder.path / "config.toml").write_text("theirs")
        acquire(folder)

    monkeypatch.setattr(RunFolder, "_acquire", late)
    with pytest.raises(UsageError, match="not empty"):
        RunFolder.create(tmp_path)
    monkeypatch.undo()
    RunFolder.open(tmp_path).close()  # and the lock is free


def test_an_exception_frees_the_lock(run):
    run.close()
    with pytest.raises(ZeroDivisionError), RunFolder.open(run.path):
        raise ZeroDivisionError
    RunFolder.open(run.path).close()


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


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


@pytest.mark.parametrize("failing", ["note", "acquire", "sync_folder"])
def test_a_start_on_a_full_disk_leaves_no_folder(tmp_path, monkeypatch, failing):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(f"tat.train.run_folder.{failing}", full)
    with pytest.raises(FileError, match="free some space"):
        RunFolder.create(tmp_path / "runs" / "run")
    assert not [*tmp_path.iterdir()]
    monkeypatch.undo()
    RunFolder.create(tmp_path / "runs" / "run").close()


def test_a_start_that_is_refused_leaves_the_files_of_who_holds_the_lock(tmp_path):
    with RunFolder.create(tmp_path / "run") as holder:
        holder.log("begun")
        with pytest.raises(UsageError, match="is being written"):
            RunFolder.create(tmp_path / "run")
        assert {path.name for path in (tmp_path / "run").iterdir()} == {"lock", "log"}
