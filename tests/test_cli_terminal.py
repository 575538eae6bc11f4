"""The command line on a terminal: the live display, colours, and signals."""

import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cli_harness import child_environment, command, process, resume

from tat.data.prepare_progress import said


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"FORCE_COLOR": "1"}])
def test_no_escape_code_leaves_for_anything_but_a_terminal(bench, tmp_path, environment):
    arguments = ["train", bench / "shaders", "--config", bench / "small.toml", "--steps", "1"]
    done = process(*arguments, "--run", tmp_path / "run", TERM="xterm-256color", **environment)
    assert done.code == 0 and "step 1/1" in done.err
    assert "\x1b" not in done.out + done.err and "\r" not in done.out + done.err


HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"
COLOUR = re.compile(rb"\x1b\[[0-9;]*3[0-9][0-9;]*m")


class Terminal:
    """A process whose standard error is a terminal; standard output is a pipe."""

    def __init__(self, *arguments: object, **environment: str) -> None:
        self.master, slave = pty.openpty()
        self.child = subprocess.Popen(
            command(*arguments), env=child_environment({"TERM": "xterm-256color", **environment}),
            stdin=slave, stdout=subprocess.PIPE, stderr=slave,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # if nohup runs this
        )  # fmt: skip
        os.close(slave)
        self.seen = b""

    def read_until(self, text: bytes) -> None:
        deadline = time.monotonic() + 60
        while text not in self.seen:
            assert time.monotonic() < deadline and self._read(), self.seen

    def finish(self) -> int:
        while self._read():
            pass
        os.close(self.master)
        assert self.child.communicate(timeout=60)[0] == b""
        return self.child.returncode

    def _read(self) -> bytes:
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:  # EIO: the other side is closed
            return b""
        self.seen += data
        return data


def training(bench: Path, run: Path, *more: object) -> list[object]:
    return ["train", bench / "shaders", "--config", bench / "small.toml", "--run", run, *more]


def test_a_terminal_gets_a_live_display_and_its_cursor_back(bench, tmp_path):
    terminal = Terminal(*training(bench, tmp_path / "run", "--steps", "3"), NO_COLOR="")
    assert terminal.finish() == 0
    assert HIDE in terminal.seen and COLOUR.search(terminal.seen)
    assert terminal.seen.rindex(SHOW) > terminal.seen.rindex(HIDE)
    assert b"step 3/3" in terminal.seen.rpartition(SHOW)[2]


def test_preparing_has_a_live_display_on_a_terminal_alone(bench, tmp_path):
    arguments = "prepare", bench / "shaders", "--config", bench / "small.toml", "-o"
    terminal = Terminal(*arguments, tmp_path / "live.tat", NO_COLOR="")
    assert terminal.finish() == 0
    before, _, after = terminal.seen.rpartition(SHOW)
    assert HIDE in before and b"preparing" in before and COLOUR.search(before)
    assert b"live.tat: " in after and b"\x1b" not in after.partition(b"live.tat: ")[2]
    dumb = Terminal(*arguments, tmp_path / "dumb.tat", TERM="dumb")
    assert dumb.finish() == 0 and b"\x1b" not in dumb.seen and b"dumb.tat: " in dumb.seen


def test_a_share_that_is_done_says_the_time_that_is_left():
    assert said("reading", 0.25, 30.0) == "reading, 25% done, about 1m30s left"
    assert said("reading", 0.0, 30.0) == "reading"


def test_no_color_is_heard_and_a_dumb_terminal_gets_plain_lines(bench, tmp_path):
    plain = Terminal(*training(bench, tmp_path / "plain", "--steps", "1"), NO_COLOR="1")
    assert plain.finish() == 0 and not COLOUR.search(plain.seen)
    dumb = Terminal(*training(bench, tmp_path / "dumb", "--steps", "1"), TERM="dumb")
    assert dumb.finish() == 0 and b"\x1b" not in dumb.seen and b"step 1/1" in dumb.seen


def test_a_failure_gives_the_cursor_back_before_it_is_named(tmp_path):
    terminal = Terminal("train", tmp_path / "nosuch", "--run", tmp_path / "run")
    assert terminal.finish() == 4
    assert b"nosuch: no such file or folder" in terminal.seen.rpartition(SHOW)[2]


def test_ctrl_c_is_answered_and_the_second_one_leaves_the_terminal_as_it_was(bench, tmp_path):
    endless = "--set", "train.micro_batches=60000", "--steps", "9"
    terminal = Terminal(*training(bench, tmp_path / "run", *endless))
    terminal.read_until(b"weights")
    time.sleep(0.5)  # into the first step
    terminal.child.send_signal(signal.SIGINT)
    terminal.read_until(b"Ctrl-C again")
    terminal.child.send_signal(signal.SIGINT)
    assert terminal.finish() == 130
    assert terminal.seen.rindex(SHOW) > terminal.seen.rindex(HIDE)


def test_a_terminal_that_is_closed_ends_a_run_with_its_last_step_saved(bench, tmp_path):
    terminal = Terminal(*training(bench, tmp_path / "run", "--steps", "100000"))
    terminal.read_until(b"tokens/s")
    os.close(terminal.master)
    terminal.child.send_signal(signal.SIGHUP)
    assert terminal.child.wait(60) == 129
    assert resume(tmp_path / "run", 1).code == 0


def test_training_goes_on_when_nobody_reads_its_talk(bench, tmp_path):
    words = " ".join(command(*training(bench, tmp_path / "run", "--steps", "3")))
    subprocess.run(["bash", "-c", f"{words} 2>&1 | head -c 1"], env=child_environment({}))
    assert (tmp_path / "run" / "latest").resolve().name == "step-00000003.safetensors"
