"""Code planted in the validator's child: it can write, connect, fork and start nothing."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cli_harness import child_environment

from tat import resources
from tat.commands.doctor import examine
from tat.errors import DeviceError
from tat.wgsl.confinement import filter_program
from tat.wgsl.protocol import Binding
from tat.wgsl.sandbox import Sandbox

sys.path.insert(0, str(Path(__file__).parent.parent / "packaging"))

from release import smoke_confined

pytestmark = pytest.mark.gpu

# The real child, but where naga would run it executes a module behind the mark as Python.
PLANTED = """
import json, os, sys
from tat.wgsl import sandbox_child
from tat.wgsl.protocol import Validate, Verdict

answer = sandbox_child._Service.answer

def planted(self, request):
    if not isinstance(request, Validate) or not request.source.startswith("//planted"):
        return answer(self, request)
    try:
        scope = {}
        exec(request.source.removeprefix("//planted"), scope)
        return Verdict(json.dumps(["done", str(scope.get("result"))]))
    except BaseException as error:
        return Verdict(json.dumps([type(error).__name__, str(error)]))

sandbox_child._Service.answer = planted
sandbox_child.main()
"""
INTO_LIBC = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
RAW = INTO_LIBC + "if libc.syscall({}) < 0: raise OSError(ctypes.get_errno(), 'refused')"
EVERY_THREAD = """
import os, threading
failed = []
def attempt():
    try:
        open({!r}, "w")
    except PermissionError:
        failed.append(True)
thread = threading.Thread(target=attempt)
thread.start()
thread.join()
if failed: raise PermissionError("in a new thread")
"""


@pytest.fixture(scope="module")
def taken() -> Iterator[Sandbox]:
    """A sandbox whose child runs planted code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "program", lambda: [sys.executable, "-c", PLANTED])
        with Sandbox() as sandbox:
            try:
                sandbox.validate("")
            except DeviceError as error:
                pytest.skip(str(error))
            yield sandbox


def attempt(sandbox: Sandbox, code: str) -> list[str]:
    return msgspec.json.decode(sandbox.validate(f"//planted\n{code}").message)


def test_planted_code_runs_at_all(taken: Sandbox):
    assert attempt(taken, "result = 6 * 7") == ["done", "42"]
    assert "seccomp" in taken.confinement


@pytest.mark.parametrize(
    "code",
    [
        "open('{free}', 'w')",
        "open('{file}', 'a')",
        "open('{file}', 'r+')",
        "import os; os.truncate('{file}', 0)",
        "import os; os.unlink('{file}')",
        "import os; os.rename('{file}', '{free}')",
        "import os; os.link('{file}', '{free}')",
        "import os; os.symlink('{file}', '{free}')",
        "import os; os.mkdir('{free}')",
        "import os; os.mkfifo('{free}')",
        "import os; os.chmod('{file}', 0)",
        "import os; os.utime('{file}')",
        "import os; os.open('/tmp', os.O_TMPFILE | os.O_RDWR)",
        "import os; os.setxattr('{file}', 'user.tat', b'1')",
        "import os; os.fork()",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.posix_spawn('/bin/true', ['true'], {{}})",
        "import subprocess; subprocess.run(['/bin/true'])",
        "import socket; socket.socket(socket.AF_INET)",
        "import socket; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import socket; socket.socket(socket.AF_UNIX).connect('/run/any')",
        "import socket; socket.socketpair()",
        "import os; os.kill(os.getppid(), 0)",
        "import os; os.pidfd_open(os.getppid())",
        "import resource, os; resource.prlimit(os.getppid(), resource.RLIMIT_CORE)",
    ],
)
def test_code_in_the_child_is_refused(taken: Sandbox, tmp_path: Path, code: str):
    file, free = tmp_path / "file", tmp_path / "free"
    file.write_bytes(b"content")
    kind, reason = attempt(taken, code.format(file=file, free=free))
    assert kind == "PermissionError", (kind, reason)
    assert file.read_bytes() == b"content" and file.stat().st_mode & 0o600
    assert not free.exists() and not free.is_symlink()


@pytest.mark.parametrize(
    "call",
    [
        "56, 17, 0, 0, 0, 0",  # clone without a thread
        "57",
        "59, b'/bin/true', 0, 0",
        "101, 16, os.getppid(), 0, 0",  # ptrace
        "310, os.getppid(), 0, 0, 0, 0, 0",
        "425, 1, 0",  # io_uring, which opens files by another way
        "321, 0, 0, 0",  # bpf
        "272, 0x10000000",  # a user namespace of its own
        "435, 0, 0",  # clone3
        "437, -100, b'/tmp/x', 0, 0",  # openat2
        "0x40000000 + 57",  # fork by x32
        "500, 0",
    ],
)
def test_bare_system_calls_are_refused(taken: Sandbox, call: str):
    _, reason = attempt(taken, RAW.format(call))
    assert reason in ("[Errno 1] refused", "[Errno 38] refused")  # EPERM, or as if there were none


def test_threads_are_held_as_well(taken: Sandbox, tmp_path: Path):
    code = EVERY_THREAD.format(str(tmp_path / "file"))
    assert attempt(taken, code) == ["PermissionError", "in a new thread"]


def test_a_confined_child_still_works(taken: Sandbox):
    source = """@group(0) @binding(0) var<storage, read_write> words: array<u32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
        words[id.x] += id.x;
    }"""
    written = taken.run(source, "main", [Binding(0, 0, "storage", bytes(4096))], (16, 1, 1))
    assert written[0, 0] == b"".join(n.to_bytes(4, "little") for n in range(1024))


def test_the_filter_is_short_and_ends_in_a_verdict():
    """The kernel takes at most 4,096 instructions; every jump here stays inside."""
    program = filter_program(1, software=True)
    codes = [program[i : i + 8] for i in range(0, len(program), 8)]
    assert len(codes) < 4096
    for place, code in enumerate(codes):
        if code[0] & 7 == 5:
            assert place + 1 + max(code[2], code[3]) < len(codes)
    assert codes[-1][0] == 6


def test_doctor_names_the_confinement():
    finding = next((f for f in examine() if f.name == "sandbox"), None)
    if finding is not None:
        assert finding.status == "ok" and "seccomp" in finding.detail


@pytest.fixture
def calls(tmp_path: Path) -> list[smoke_confined.Call]:
    """Harmless ones, then those that the release makes in its own child."""
    (tmp_path / "kept").write_bytes(b"kept")
    lives = smoke_confined.Call("lives", 39)
    reads = smoke_confined.Call("reads", 257, (-100, f"{tmp_path}/kept".encode(), 0))
    return [lives, reads, *smoke_confined.calls(str(tmp_path))]


def planted(process: int, calls: list[smoke_confined.Call]) -> list[int]:
    try:
        return [result for _, result in smoke_confined.planted(process, calls)]
    except PermissionError as error:
        pytest.skip(f"ptrace: {error}")


def test_calls_planted_by_ptrace_are_refused_in_the_child(tmp_path: Path, calls):
    start = [sys.executable, "-m", "tat"]
    with smoke_confined._opened(start, child_environment({}), tmp_path) as child:
        alive, descriptor, *harmful = planted(child, calls)
    assert alive == child and descriptor > 0
    assert {*harmful} <= {-1, -13, -38} and len(harmful) >= 15
    assert (tmp_path / "kept").read_bytes() == b"kept" and not (tmp_path / "new").exists()


def test_calls_planted_by_ptrace_do_harm_elsewhere(tmp_path: Path, calls):
    harmful = [call for call in calls if call.name in ("removes a file", "opens a socket")]
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"begun")
        process.stdin.flush()
        assert process.stdout.read(5) == b"begun"
        while "(sleeping)" not in Path(f"/proc/{process.pid}/status").read_text():
            time.sleep(0.001)
        removed, socket = planted(process.pid, harmful)
        assert removed == 0 and socket > 0 and not (tmp_path / "kept").exists()
        process.stdin.write(b" goes on")
        process.stdin.close()
        assert process.stdout.read() == b" goes on"
