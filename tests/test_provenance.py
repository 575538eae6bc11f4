"""The origin that figures name: a commit or a version, and a machine."""

import re
import subprocess
from pathlib import Path

import pytest

from tat import __version__, provenance


@pytest.fixture(autouse=True)
def forgotten():
    """`commit` asks git once; here every test is a new program."""
    provenance.commit.cache_clear()
    yield
    provenance.commit.cache_clear()


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    done = subprocess.run(
        ["git", "-C", folder, *identity, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-qm", "first")
    monkeypatch.setattr(provenance, "checkout", lambda: tmp_path)
    return tmp_path


def test_the_commit_is_that_of_the_checkout(repository: Path):
    assert git(repository, "rev-parse", "HEAD").startswith(provenance.commit())
    assert len(provenance.commit()) == 12


def test_changed_files_are_marked_by_a_plus(repository: Path):
    (repository / "file").write_text("two")
    assert provenance.commit().endswith("+")


@pytest.mark.parametrize("where", [None, Path("/nosuch")])
def test_without_a_repository_it_is_the_version(monkeypatch, where: Path | None):
    monkeypatch.setattr(provenance, "checkout", lambda: where)
    assert provenance.commit() == __version__


def test_without_git_it_is_the_version(repository: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(repository))
    assert provenance.commit() == __version__


def test_the_machine_is_a_name_for_a_file(monkeypatch):
    assert provenance.processor() in provenance.machine() and provenance.cores() >= 1
    monkeypatch.setattr(provenance, "processor", lambda: "A(R) B/C™  3000 @ 2.0GHz")
    monkeypatch.setattr(provenance, "cores", lambda: 1)
    assert provenance.machine_slug() == "a-r-b-c-3000-2-0ghz-1-core"
    assert re.fullmatch("[a-z0-9-]+", provenance.machine_slug())
