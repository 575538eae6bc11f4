"""A few dozen points of tests/torture/faults.py; `make torture` has them all."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "torture"))

import faults

pytestmark = pytest.mark.in_process


@pytest.fixture(scope="module")
def traced():
    """Skips where containers forbid ptrace, or strace is not there."""
    if why := faults.untraceable():
        pytest.skip(why)


@pytest.mark.parametrize(("work", "every"), [("save", 29), ("queue", 97)])
def test_kills_and_faults_lose_nothing(work: str, every: int, traced):
    results = list(faults.run([work], every))
    assert len(results) >= 10
    assert [result for result in results if result.problem] == []


def test_where_nothing_can_be_traced_nothing_is_tried(tmp_path, monkeypatch, capsys):
    strace = tmp_path / "strace"
    strace.write_text("#!/bin/sh\necho 'strace: ptrace: Operation not permitted' >&2\nexit 1\n")
    strace.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(sys, "argv", ["faults.py"])
    assert faults.main() == 0
    said = capsys.readouterr().out
    assert said.startswith("skipped: ") and "ptrace: Operation not permitted" in said


def test_the_time_is_shared_among_the_works(traced):
    assert list(faults.run(["queue"], 1, 0.0)) == []
