"""Several processes of a machine share out the work of `tat eval`, and change no figure."""

import argparse
import json
import sys
from pathlib import Path

import pytest
from cli_harness import tat

from tat.commands.common import processes
from tat.commands.common.processes import Leader, rows_of_each, wanted
from tat.errors import RanksError, TatError, UsageError
from tat.train.agreement import own_device
from tat.train.ranks import ALONE, Alone

BODIES = "x / 2.0", "x * x", "x + 1.0"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = [
        {"id": f"m/{name}", "signature": f"fn {name}(x: f32) -> f32", "standalone": True,
         "body": f"{{ return {body}; }}", "testable": True}
        for name, body in zip(("half", "square", "next"), BODIES, strict=True)
    ]  # fmt: skip
    path = tmp_path / "functions.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in found))
    return path


@pytest.mark.parametrize("count", [2, 5])
def test_processes_change_no_byte_of_a_result(file, bench, tmp_path, count):
    written = []
    for arguments in ((), ("--processes", str(count))):
        result, answers = tmp_path / "result.json", tmp_path / "answers.jsonl"
        done = tat("eval", file, "--run", bench / "run", "--validate", "2", "-q", "-o", result,
                   "--answers", answers, *arguments)  # fmt: skip
        assert done.code == 0 and not done.err
        written.append((result.read_bytes(), answers.read_bytes(), done.out))
    assert written[0] == written[1]


def test_a_refusal_of_all_processes_is_said_once(file, tmp_path):
    done = tat("eval", file, "--run", tmp_path / "none", "--processes", "2")
    assert done.code == 4 and "none" in done.failure()


def options(**given: object) -> argparse.Namespace:
    return argparse.Namespace(**{"processes": None, "device": "gpu"} | given)


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_one_process_judges_where_nobody_asks_for_more(device):
    assert wanted(options(device=device), ALONE) == 1
    assert wanted(options(device=device, processes=3), ALONE) == 3


def test_processes_on_a_gpu_share_out_its_rows():
    assert 14 * rows_of_each(14) <= 512 and rows_of_each(1) == 64


def test_a_launcher_has_its_own_processes():
    launched = Alone()
    launched.size = 2
    assert wanted(options(), launched) == 1
    with pytest.raises(UsageError, match="launcher"):
        wanted(options(processes=2), launched)


def led(monkeypatch, code: str) -> Leader:
    """Rank 0 with one child that runs `code` in place of its work."""
    start = "import sys, pickle; from tat.data.prepare_child import receive, send\n"
    program = [
        sys.executable,
        "-c",
        f"{start}options = pickle.loads(receive(sys.stdin.buffer))\n{code}",
    ]
    monkeypatch.setattr(processes, "program", lambda: program)
    return Leader(options(quiet=False), 2)


def test_a_process_that_is_gone_ends_all_with_one_line(monkeypatch):
    leader = led(monkeypatch, "")
    with pytest.raises(RanksError, match="--processes 1"):
        leader.together(1)
    leader.fail(RanksError())


def test_a_failure_of_another_process_keeps_its_exit_code(monkeypatch):
    leader = led(monkeypatch, "send(sys.stdout.buffer, pickle.dumps(('no GPU', 5)))")
    with pytest.raises(TatError, match="no GPU") as caught:
        leader.together(1)
    assert caught.value.exit_code == 5
    leader.fail(caught.value)


def test_each_case_is_taken_by_one_process(monkeypatch):
    """The child takes two of 5,000, and rank 0 all others."""
    code = (
        "import os\nfrom tat.commands.common.processes import Shared\n"
        "turns = Shared(1, 2, options[3]).turns(5000)\n"
        "send(sys.stdout.buffer, pickle.dumps(([next(turns), next(turns)], None)))"
    )
    leader = led(monkeypatch, code)
    turns = leader.turns(5000)
    _, others = leader.together(None)
    mine = list(turns)
    assert len(others) == 2 and mine == sorted(mine)
    assert sorted([*mine, *others]) == list(range(5000))
    leader.close()


def test_all_work_on_the_device_that_was_named(monkeypatch):
    leader = led(monkeypatch, "")
    assert own_device(leader, "gpu") == "gpu"
    leader.fail(RanksError())
