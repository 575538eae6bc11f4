"""Makes system calls in the confined child of the built file: the kernel has to refuse them.

ptrace stops the child that validates WGSL and has it execute bare system calls, as code would that
took the child over. A filter and Landlock hold such calls like any other of the process.
"""

import ctypes
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

_OPEN = b"\x0b\0\0\0\x81\xa4type\xa4Open"  # asks the child to open its device
_ATTACH, _DETACH, _STEP, _GET, _SET = 16, 17, 9, 12, 13
_REGISTERS = (
    "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi",
    "rdi", "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs",
    "gs",
)  # fmt: skip
_IN_ORDER = ("rdi", "rsi", "rdx", "r10", "r8", "r9")  # arguments of a system call
_SCRATCH = 1 << 14  # bytes below the stack, which nothing uses
_LANDLOCK_VERSION = 444, None, ctypes.c_size_t(0), 1
_SECCOMP = Path("/proc/sys/kernel/seccomp")
_LIBC = ctypes.CDLL(None, use_errno=True)
_WALL = 0x40000000  # waitpid: for processes that are no children, too
_REFUSED = {-1: "EPERM", -13: "EACCES", -38: "ENOSYS"}


class _State(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in _REGISTERS]


class Call(NamedTuple):
    """A system call: its number, and arguments, of which bytes become addresses of them."""

    name: str
    number: int
    arguments: tuple[int | bytes, ...] = ()


def calls(folder: str) -> tuple[Call, ...]:
    """Calls of code that does harm; `folder` has a file `kept`, as the child sees it."""
    kept, new = f"{folder}/kept".encode(), f"{folder}/new".encode()
    return (
        Call("creates a file", 257, (-100, new, 0o101, 0o600)),
        Call("writes a file", 257, (-100, kept, 0o1)),
        Call("truncates a file", 76, (kept, 0)),
        Call("removes a file", 87, (kept,)),
        Call("renames a file", 82, (kept, new)),
        Call("makes a folder", 83, (new, 0o700)),
        Call("links a file", 86, (kept, new)),
        Call("opens a socket", 41, (2, 1, 0)),
        Call("opens a local socket", 41, (1, 1, 0)),
        Call("connects two sockets", 53, (1, 1, 0, 0)),
        Call("forks", 57),
        Call("clones itself", 56, (17, 0, 0, 0, 0)),
        Call("starts a program", 59, (b"/proc/self/exe", 0, 0)),
        Call("starts a program by file", 322, (-100, b"/proc/self/exe", 0, 0, 0)),
        Call("signals its parent", 62, (os.getpid(), 0)),
        Call("traces its parent", 101, (_ATTACH, os.getpid(), 0, 0)),
        Call("opens a ring", 425, (1, 0)),
    )


def require_confined(
    start: list[str], environment: dict[str, str], folder: Path, within: str, doctor: str
) -> None:
    """Fails where the child may do harm, or `doctor` (its JSON) does not say what holds.

    folder: for files of the child, which sees it as `within`.
    """
    [told] = (found for found in json.loads(doctor) if found["name"] == "sandbox")
    version = _LIBC.syscall(*_LANDLOCK_VERSION)
    wanted = [f"Landlock {version}"] * (version > 0) + ["seccomp"] * _SECCOMP.exists()
    assert all(word in told["detail"] for word in wanted), told
    if "seccomp" not in wanted:
        print("smoke: this kernel has no filters: no code planted in the child", flush=True)
        return
    (folder / "kept").write_bytes(b"kept")
    with _opened(start, environment, folder) as child:
        try:
            results = planted(child, [Call("lives", 39), *calls(within)])
        except PermissionError:
            print("smoke: this system allows no ptrace: no code planted in the child", flush=True)
            return
    (_, alive), *harmful = results
    assert alive > 0, f"planted code does not run: {alive}"
    done = {name: result for name, result in harmful if result not in _REFUSED}
    assert not done, f"the validator's child, taken over: {done}"
    assert (folder / "kept").read_bytes() == b"kept" and not (folder / "new").exists()


@contextmanager
def _opened(start: list[str], environment: dict[str, str], folder: Path) -> Iterator[int]:
    """The process of a child that has opened its device, and so given up its rights."""
    with subprocess.Popen(
        [*start, "_wgsl-child"], env=environment, cwd=folder, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            process.stdin.write(_OPEN)
            process.stdin.flush()
            _read_reply(process.stdout)
            yield _last_of(process.pid)
        finally:
            process.stdin.close()  # its end
            process.wait(60)


def _read_reply(replies: BinaryIO) -> None:
    body = replies.read(int.from_bytes(replies.read(4), "little"))
    assert b"Opened" in body, f"the validator's child: {body[:200]}"


def _last_of(process: int) -> int:
    """The process that a launcher, and what starts it, has in the end started."""
    while children := Path(f"/proc/{process}/task/{process}/children").read_text().split():
        process = int(children[0])
    return process


def planted(process: int, wanted: list[Call]) -> list[tuple[str, int]]:
    """The results of system calls that a process, which waits in one, has to make.

    PermissionError where it may not be traced.
    """
    _ptrace(_ATTACH, process)
    try:
        os.waitpid(process, _WALL)
        return [(call.name, _made(process, call)) for call in wanted]
    finally:
        with suppress(OSError):
            _ptrace(_DETACH, process)


def _made(process: int, call: Call) -> int:
    """The result of one system call; the process is afterwards as it was."""
    before, changed = _State(), _State()
    _ptrace(_GET, process, ctypes.addressof(before))
    ctypes.memmove(ctypes.byref(changed), ctypes.byref(before), ctypes.sizeof(before))
    place = (before.rsp - _SCRATCH) & ~15
    with open(f"/proc/{process}/mem", "r+b", buffering=0) as memory:
        memory.seek(before.rip - 2)
        assert memory.read(2) == b"\x0f\x05", "the child does not wait in a system call"
        for name, value in zip(_IN_ORDER, call.arguments, strict=False):
            if isinstance(value, bytes):
                memory.seek(place)
                memory.write(value + b"\0")
                value, place = place, place + len(value) + 1
            setattr(changed, name, value & (1 << 64) - 1)
    changed.rip, changed.rax, changed.orig_rax = before.rip - 2, call.number, (1 << 64) - 1
    _ptrace(_SET, process, ctypes.addressof(changed))
    _ptrace(_STEP, process)
    os.waitpid(process, _WALL)
    _ptrace(_GET, process, ctypes.addressof(changed))
    _ptrace(_SET, process, ctypes.addressof(before))
    return ctypes.c_longlong(changed.rax).value


def _ptrace(request: int, process: int, data: int = 0) -> None:
    words = ctypes.c_long(request), ctypes.c_long(process), ctypes.c_void_p(0)
    if _LIBC.ptrace(*words, ctypes.c_void_p(data)) == -1:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
