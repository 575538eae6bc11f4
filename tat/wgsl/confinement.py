"""Rights that the sandbox's child gives up, so that one taken over can do no harm with them.

Landlock (Linux 5.13) goes first, before a driver starts threads: files can be read, and written
only where they are devices of GPUs. A seccomp filter follows once the device is open, for all
threads: no other programs, processes or sockets, and no change to any name or file. Where there is
neither, limits of resources stay. All by prctl and bare system calls; nothing here raises.

Sources: Linux's userspace-api/landlock and userspace-api/seccomp_filter, and asm/unistd_64.h.
"""

import ctypes
import os
import platform
import struct
import sys
from contextlib import suppress
from glob import glob

try:
    import resource
except ModuleNotFoundError:  # Windows
    resource = None

_NO_NEW_PRIVILEGES = 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF, _SECCOMP = 444, 445, 446, 317
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
# By Landlock's version: writing, executing and removing, and making each kind of file; reading is
# left alone, and so are ioctls, which drivers live by.
_FILES = (1 << 0 | 1 << 1) | sum(1 << bit for bit in range(4, 13))
_REFER, _NETWORK, _SCOPES = 1 << 13, 0b11, 0b11  # bind and connect; abstract sockets and signals
_DEVICES = ("/dev/null", "/dev/dri/*", "/dev/nvidia*", "/dev/kfd", "/dev/dxg", "/dev/udmabuf")

# Numbers of x86-64, the processor of the released file.
_PROGRAMS = (57, 58, 59, 322)  # fork, vfork, execve, execveat
_SOCKETS = (41, 42, 43, 49, 50, 53, 288)
_FILE_CHANGES = (
    76, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 132, 133, 188, 189, 190, 197, 198, 199, 235,
    240, 258, 259, 260, 261, 263, 264, 265, 266, 268, 280, 304, 316, 452,
)  # fmt: skip
_OTHER_PROCESSES = (62, 101, 129, 200, 297, 310, 311, 424, 434, 438, 440)
_SHARED_WITH_OTHERS = (29, 64, 68)  # shmget, semget, msgget
_KERNEL = (
    135, 155, 161, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, 175, 176, 179, 227, 246,
    248, 249, 250, 272, 298, 300, 308, 313, 320, 321, 323, 425, 426, 427, 428, 429, 430, 431, 432,
    433, 442,
)  # fmt: skip
_REFUSED = (
    *_PROGRAMS, *_SOCKETS, *_FILE_CHANGES, *_OTHER_PROCESSES, *_SHARED_WITH_OTHERS, *_KERNEL
)  # fmt: skip
_UNKNOWN = (435, 437)  # clone3, openat2: their flags lie in memory; callers fall back
_FIRST_UNREAD = 463  # later system calls than this list has read about
_OPENS = ((2, 1), (257, 2))  # open, openat, and which argument their flags are
_CLONE, _CLONE_THREAD, _TGKILL, _PRLIMIT = 56, 1 << 16, 234, 302
_WRITING = 0o3 | 0o100 | 0o1000 | 0o20000000  # access, O_CREAT, O_TRUNC, O_TMPFILE

_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_ALLOW, _EPERM, _ENOSYS, _KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
_X86_64, _ARCHITECTURE, _NUMBER, _ARGUMENTS = 0xC000003E, 4, 0, 16


def confine_files() -> list[str]:
    """Before any thread starts: no new privileges, and Landlock; the names of those that hold."""
    if not sys.platform.startswith("linux"):
        return []
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0:
            version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
            if version >= 1 and _landlock(libc, version):
                return [f"Landlock {version}"]
    return []


def confine_calls(software: bool, files_held: bool) -> list[str]:
    """Once the device is open, for all threads: seccomp, or limits; those that hold.

    `software` says that the driver runs on the processor and so opens no device to write.
    """
    if _seccomp(software):
        return ["seccomp"]
    if resource and software and not files_held:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
            return ["limits"]
    return []


def _landlock(libc: ctypes.CDLL, version: int) -> bool:
    files = _FILES | (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    network, scopes = (_NETWORK if version >= 4 else 0), (_SCOPES if version >= 6 else 0)
    attributes = struct.pack("=QQQ", files, network, scopes)
    size = 8 + 8 * (version >= 4) + 8 * (version >= 6)
    rules = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    try:
        for path in (path for pattern in _DEVICES for path in glob(pattern)):
            _allow_writing(libc, rules, path, files)
        return libc.syscall(_RESTRICT_SELF, rules, 0) == 0
    finally:
        os.close(rules)


def _allow_writing(libc: ctypes.CDLL, rules: int, path: str, files: int) -> None:
    if os.path.isdir(path):
        return
    with suppress(OSError):
        device = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            rule = struct.pack("=Qi", files & (_WRITE_FILE | _TRUNCATE), device)
            libc.syscall(_ADD_RULE, rules, 1, rule, 0)
        finally:
            os.close(device)


def _seccomp(software: bool) -> bool:
    """Whether the filter holds for all threads."""
    if not sys.platform.startswith("linux") or platform.machine() != "x86_64":
        return False
    program = filter_program(os.getpid(), software)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        return libc.syscall(_SECCOMP, 1, 1, header) == 0  # a filter, for all threads at once
    return False


def filter_program(process: int, software: bool) -> bytes:
    """The filter as instructions of classic BPF: 8 bytes each."""
    code = [
        _code(_LOAD, _ARCHITECTURE), _code(_EQUAL, _X86_64, 1, 0), _code(_RETURN, _KILL),
        _code(_LOAD, _NUMBER),
    ]  # fmt: skip
    for number in _REFUSED:
        code += [_code(_EQUAL, number, 0, 1), _code(_RETURN, _EPERM)]
    for number in _UNKNOWN:
        code += [_code(_EQUAL, number, 0, 1), _code(_RETURN, _ENOSYS)]
    code += [_code(_AT_LEAST, _FIRST_UNREAD, 0, 1), _code(_RETURN, _ENOSYS)]  # and those of x32
    code += _where(_CLONE, 0, _CLONE_THREAD, _CLONE_THREAD)  # threads, not processes
    code += _where(_TGKILL, 0, 0xFFFFFFFF, process)  # abort(), which ends this process
    code += [
        _code(_EQUAL, _PRLIMIT, 0, 5), _code(_LOAD, _ARGUMENTS), _code(_EQUAL, 0, 2, 0),
        _code(_EQUAL, process, 1, 0), _code(_RETURN, _EPERM), _code(_RETURN, _ALLOW),
    ]  # fmt: skip
    if software:
        for number, argument in _OPENS:
            code += _where(number, argument, _WRITING, 0)
    return b"".join([*code, _code(_RETURN, _ALLOW)])


def _where(number: int, argument: int, mask: int, wanted: int) -> list[bytes]:
    """Allow a system call where an argument, masked, is as wanted; refuse it elsewhere."""
    return [
        _code(_EQUAL, number, 0, 5), _code(_LOAD, _ARGUMENTS + 8 * argument), _code(_AND, mask),
        _code(_EQUAL, wanted, 1, 0), _code(_RETURN, _EPERM), _code(_RETURN, _ALLOW),
    ]  # fmt: skip


def _code(operation: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", operation, yes, no, value)
