"""Signals: one exit code however many come, and no traceback."""

import signal
import subprocess
import sys

import pytest
from cli_harness import child_environment, command

_TWO = """
import os, signal
from tat.train.interrupt import StopRequest
with StopRequest() as stop:
    if {within}:
        stop.on_first = lambda: os.kill(os.getpid(), signal.{second})
    os.kill(os.getpid(), signal.{first})
os.kill(os.getpid(), signal.{second})
"""


def python(text: str) -> subprocess.CompletedProcess[str]:
    done = [sys.executable, "-c", text]
    return subprocess.run(done, env=child_environment({}), capture_output=True, text=True)


@pytest.mark.parametrize("within", [True, False])
@pytest.mark.parametrize(("first", "second", "code"), [
    ("SIGTERM", "SIGINT", 143), ("SIGINT", "SIGTERM", 130), ("SIGHUP", "SIGTERM", 129),
])  # fmt: skip
def test_the_first_of_two_signals_decides_the_code(first, second, code, within):
    done = python(_TWO.format(first=first, second=second, within=within))
    assert (done.returncode, done.stderr) == (code, "")


def test_a_signal_while_python_ends_changes_no_code():
    late = "import atexit, os, signal\natexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))"
    text = f"{late}\n{_TWO.format(first='SIGTERM', second='SIGTERM', within=False)}"
    text = text.rpartition("os.kill")[0] + "raise SystemExit(stop.exit_code)"
    done = python(text)
    assert (done.returncode, done.stderr) == (143, "")


@pytest.mark.parametrize(("number", "code"), [
    (signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129),
])  # fmt: skip
@pytest.mark.parametrize("times", [1, 2, 9])
def test_a_service_ends_with_the_code_of_its_signal_however_often_it_comes(number, code, times):
    with subprocess.Popen(
        command("serve", "--port", 0, "--run", "none", "-q"), env=child_environment({}),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    ) as server:  # fmt: skip
        server.stdout.readline()  # the address: it serves
        for _ in range(times):
            server.send_signal(number)
        said = server.communicate(timeout=60)[1]
    assert (server.returncode, said) == (code, "")


def test_ctrl_c_before_the_command_line_is_read_is_one_line():
    done = python(
        "import sys\nfrom tat.__main__ import main\n"
        "class Unread:\n    @property\n    def run(self): raise KeyboardInterrupt\n"
        "sys.modules['tat.cli'] = Unread()\nraise SystemExit(main())\n"
    )
    assert (done.returncode, done.stderr) == (130, "tat: interrupted\n")


_LOST = """
import ctypes, signal, sys, time, types
from tat.__main__ import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it from birth
made = "def call():\\n    {raised}\\n    done.append(1)\\n"
done = []
names = dict(__name__="{module}", signal=signal, done=done)
exec(made, names)
callback = ctypes.CFUNCTYPE(None)(names["call"])
def run(arguments):
    try:
        callback()  # as LLVM calls while it compiles: Python drops what is raised in it
        time.sleep({seconds})
        return 0
    except KeyboardInterrupt:
        return 130 + len(done)
sys.modules["tat.cli"] = types.SimpleNamespace(run=run)
raise SystemExit(main())
"""


@pytest.mark.parametrize(("module", "code"), [("llvmlite.binding", 131), ("another", 130)])
def test_ctrl_c_in_a_callback_of_a_library_is_not_lost(module, code):
    """And a callback of LLVM is finished before."""
    raised = "signal.raise_signal(signal.SIGINT)"
    done = python(_LOST.format(raised=raised, module=module, seconds=60))
    assert (done.returncode, done.stderr) == (code, "")


def test_another_failure_in_a_callback_is_still_told():
    done = python(_LOST.format(raised="1 / 0", module="llvmlite.binding", seconds=0))
    assert done.returncode == 0 and "ZeroDivisionError" in done.stderr
