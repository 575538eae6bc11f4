"""Readers that leave early change no verdict; commands without one end quietly."""

import json
import shlex
import subprocess
import sys

import pytest
from cli_harness import child_environment, command

from tat.cli import COMMANDS, JUDGES

BROKEN = "fn broken() -> f32 { return undeclared; }"


@pytest.fixture
def many(tmp_path):
    """More invalid modules than a pipe holds answers for."""
    path = tmp_path / "many.jsonl"
    lines = (json.dumps({"id": f"{n}-{'x' * 60}", "wgsl": BROKEN + ")" * 5}) for n in range(400))
    path.write_text("\n".join(lines))
    return path


def code_before_head(tmp_path, words, reader="head -1"):
    """Exit code, output and errors of a command whose reader leaves early."""
    script = f"{{ {shlex.join(words)} 2>{tmp_path}/err; echo $? >{tmp_path}/code; }} | {reader}"
    done = subprocess.run(
        ["sh", "-c", script],
        env=child_environment({"PYTHONUNBUFFERED": ""}),
        capture_output=True,
        timeout=120,
        text=True,
    )
    return int((tmp_path / "code").read_text()), done.stdout, (tmp_path / "err").read_text()


@pytest.mark.gpu
@pytest.mark.parametrize("arguments", [["validate"], ["validate", "--json"]])
@pytest.mark.parametrize("reader", ["head -1", ":"])
def test_validate_ends_with_its_verdict(tmp_path, many, arguments, reader):
    code, out, err = code_before_head(tmp_path, command(*arguments, many), reader)
    assert code == 8 and len(out.splitlines()) == (reader != ":")
    assert err == "tat: 400 of 400 modules are invalid\n"


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_grammar_ends_with_its_verdict(tmp_path, many, more):
    code, _, err = code_before_head(tmp_path, command("grammar", *more, "--check", many), ":")
    assert code == 8 and "the grammar refuses 400 of 400 modules" in err


def test_a_list_that_nobody_reads_to_its_end_is_no_failure(tmp_path):
    assert code_before_head(tmp_path, command("cookbook", "list"))[0] == 0
    assert code_before_head(tmp_path, command("man", "train"), ":")[0] == 0


def ended(script, **environment):
    done = subprocess.run(
        ["sh", "-c", script], env=child_environment(environment), capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("arguments", "unbuffered"), [
    (["--help"], ""), (["train", "--help"], ""), (["config"], ""), (["config"], "1"),
    (["--version"], ""), (["--help"], "1"), (["wgsl", "extract", "--help"], "1"),
])  # fmt: skip
def test_a_full_device_is_named(arguments, unbuffered):
    script = f"{shlex.join(command(*arguments))} > /dev/full"
    code, _, err = ended(script, PYTHONUNBUFFERED=unbuffered)
    assert (code, err) == (1, "tat: standard output: No space left on device\n")


def test_no_work_ends_for_talk_that_cannot_be_written(tmp_path):
    words = shlex.join(command("synth", "--count", 2, "-o", tmp_path / "out.jsonl"))
    assert ended(f"{words} 2> /dev/full")[0] == 0
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2
    (tmp_path / "out.jsonl").unlink()
    assert ended(f"{{ {words}; echo $? >&3; }} 3>&1 2>&1 >/dev/null | : ")[0] == 0
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2
    for closed in ("2> /dev/full", "2>&-"):
        assert ended(f"{shlex.join(command('inspect', tmp_path / 'none'))} {closed}")[0] == 4


def test_judges_are_commands():
    assert set(COMMANDS) > JUDGES
    assert "generate" not in JUDGES and sys.stdout
