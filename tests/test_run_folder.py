"""The folder of a run: one writer, one object a step, a good checkpoint or a clear error."""

import errno
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from run_folders import (
    checkpoint,
    names,
    run_fixture,  # noqa: F401
)

from tat import locks
from tat.errors import BusyError, FileError, UsageError
from tat.train.named_checkpoint import find_checkpoint, load_checkpoint
from tat.train.run_folder import RunFolder

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
    with pytest.raises(BusyError, match="is being written"):
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
    with pytest.raises(BusyError, match=rf"run is being written by process {os.getpid()}; wait"):
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
        with pytest.raises(BusyError, match="is being written"):
            RunFolder.create(tmp_path / "run")
        assert {path.name for path in (tmp_path / "run").iterdir()} == {"lock", "log"}
