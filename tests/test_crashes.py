"""A few power cuts of tests/torture/crashes.py: they find planted faults, and saving survives."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "torture"))

import crashes
import faults
from recording import Name, Recording, Sync, Tree, Write
from works import WORKS, Work

from tat.files import remove_folder

pytestmark = pytest.mark.in_process


@pytest.fixture(scope="module")
def traced():
    """Skips where containers forbid ptrace, or strace is not there."""
    if why := faults.untraceable():
        pytest.skip(why)


def outcomes(ops, before=None):
    """Contents of "a" in all folders that power cuts may leave, by whether all calls were done."""
    recording = Recording(Path("/none"), Path("/none"), "")
    recording.before, recording.ops = before or Tree({(0, "a"): 1}, {0: None, 1: b"old"}), ops
    found = {True: set(), False: set()}
    for tree, whole in crashes.states(recording):
        found[whole].add(tree.content.get(tree.names.get((0, "a"), -1), b""))
    return found


TEMPORARY, DATA = Name(0, "t", 2), Write(2, 0, b"new!")
RENAME = Name(0, "a", 2, gone=(0, "t"))


def test_a_file_replaced_after_its_bytes_are_synced_is_old_or_new():
    found = outcomes([TEMPORARY, DATA, Sync(2), RENAME, Sync(0)])
    assert found == {False: {b"old", b"new!"}, True: {b"new!"}}


def test_a_file_replaced_before_its_bytes_are_synced_may_be_anything():
    found = outcomes([TEMPORARY, DATA, RENAME, Sync(0), Sync(2)])
    assert found == {False: {b"old", b"new!", b"", b"\0\0\0\0"}, True: {b"new!"}}


def test_a_rename_that_is_not_synced_may_be_lost():
    assert outcomes([TEMPORARY, DATA, Sync(2), RENAME])[True] == {b"old", b"new!"}


def test_bytes_behind_a_sync_may_be_lost():
    found = outcomes([Write(1, 0, b"one"), Sync(1), Write(1, 3, b"two")])
    assert found[True] == {b"one", b"onetwo", b"onet", b"one\0\0\0"}


@pytest.mark.parametrize(("work", "every"), [("save", 3), ("create", 4), ("index", 2)])
def test_power_cuts_lose_nothing(work: str, every: int, traced):
    problems = [trial.problem for trial in crashes.run([work], every)]
    assert len(problems) >= 5 and not any(problems)


@pytest.mark.parametrize("work", ["save", "index", "queue"])
def test_a_finished_work_stays_done_after_a_power_cut(work: str, tmp_path, traced):
    torture = crashes.PowerCuts(work, tmp_path)
    ended = [tree for tree, whole in crashes.states(torture.recording) if whole]
    assert ended and not [found for tree in ended if (found := torture.attempt_state(tree, True))]


def test_a_work_that_syncs_nothing_is_found(monkeypatch, traced):
    def careless(folder: Path) -> int:
        (folder / "x.tmp").write_bytes(b"new")
        (folder / "x.tmp").rename(folder / "x")
        return 0

    def check(folder: Path) -> None:
        assert (folder / "x").read_bytes() in (b"old", b"new")

    work = Work(lambda folder: (folder / "x").write_bytes(b"old"), careless, check)
    monkeypatch.setitem(WORKS, "careless", work)
    assert any("not usable" in trial.problem for trial in crashes.run(["careless"]))


def test_a_folder_that_is_removed_in_part_has_another_name(tmp_path, monkeypatch):
    (tmp_path / "x.work").mkdir()
    (tmp_path / "x.work" / "marker").touch()
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # killed
    remove_folder(tmp_path / "x.work")
    assert [path.name for path in tmp_path.iterdir()] == ["x.old"]
    monkeypatch.undo()
    remove_folder(tmp_path / "x.old")
    remove_folder(tmp_path / "x.work")
    assert not [*tmp_path.iterdir()]
