"""Other systems than Linux: POSIX modules are hidden; locks by msvcrt; CPU quotas."""

import os
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli_harness import MODULES, SMALL, child_environment
from hypothesis import given
from hypothesis import strategies as st

from tat import locks
from tat.machine import cpu_quota

# Modules and names of `os`, `signal` and `select` that Windows does not have. The libraries are
# imported with them, for they have ways of their own to do without; tat is imported again without.
WITHOUT = """
import importlib, os, pkgutil, select, signal, sys, types
import tat

def everything():
    for module in pkgutil.walk_packages(tat.__path__, "tat."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
            yield module.name

names = list(everything())
import numba.core.caching
for name in [name for name in sys.modules if name == "tat" or name.startswith("tat.")]:
    del sys.modules[name]
for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "readline",
             "posix", "_posixsubprocess", "_curses", "curses", "spwd", "crypt", "nis"):
    sys.modules[name] = None
for name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_NOFOLLOW", "O_DIRECTORY", "O_SYNC", "fork",
             "forkpty", "getuid", "geteuid", "getgid", "killpg", "setsid", "getpgid", "uname",
             "sched_getaffinity", "sched_yield", "fstatvfs", "sysconf", "pread",
             "pwrite", "set_blocking", "posix_fallocate", "memfd_create", "mkfifo", "WIFEXITED",
             "nice"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGQUIT", "SIGPIPE", "SIGALRM", "SIGCHLD", "SIGUSR1", "SIGUSR2"):
    delattr(signal, name)
for name in ("poll", "epoll"):
    if hasattr(select, name):
        delattr(select, name)
"""
IMPORTS = (
    WITHOUT
    + """
del signal.SIGKILL
import tat
assert list(everything()) == names and len(names) > 200, len(names)
from tat.cli import build_parser
build_parser()
print("imported", len(names))
"""
)
# Commands one after the other; locks are msvcrt's. Only the standard library needs SIGKILL here.
CALLS = (
    WITHOUT
    + """
sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=lambda *_: None)
from tat.cli import run
for line in sys.stdin:
    print(line.strip(), run(line.split()), flush=True)
"""
)


def test_everything_can_be_imported_without_posix_modules():
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True)
    assert done.returncode == 0 and "imported" in done.stdout, done.stderr


@pytest.mark.gpu
def test_commands_work_without_posix_modules(tmp_path):
    for name, text in MODULES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "small.toml").write_text(SMALL)
    settings = "--config small.toml --device cpu -q"
    calls = f"""\
index . -o x.idx
search x.idx area
validate area.wgsl
wgsl extract .
prepare . -o x.tat {settings.replace("--device cpu ", "")}
train x.tat --run run --steps 2 {settings}
train --run run --resume --steps 3 --device cpu -q
export run -o x.safetensors
inspect x.safetensors
generate area --run run --device cpu --validate 2 --max-tokens 4
doctor
""".splitlines(keepends=True)
    done = subprocess.run(
        [sys.executable, "-c", CALLS], input="".join(calls), cwd=tmp_path, capture_output=True,
        env=child_environment({}), text=True, timeout=300,
    )  # fmt: skip
    codes = [line for line in done.stdout.splitlines() if line[:-2] + "\n" in calls]
    expected = [f"{call.strip()} {8 * call.startswith('generate')}" for call in calls]
    assert codes == expected, done.stderr  # two steps make no model


def holds(path, held, free):
    descriptor = locks.acquire(path)
    locks.note(descriptor, "7\n")
    held.set()
    free.wait(30)
    locks.release(descriptor, path)


def test_a_lock_is_one_process_s_at_a_time_and_says_whose(tmp_path):
    context = get_context("spawn")
    held, free = context.Event(), context.Event()
    other = context.Process(target=holds, args=(tmp_path / "lock", held, free))
    other.start()
    assert held.wait(30)
    with pytest.raises(BlockingIOError, match=r"^7$"):
        locks.acquire(tmp_path / "lock")
    free.set()
    other.join()
    assert not (tmp_path / "lock").exists()
    locks.release(locks.acquire(tmp_path / "lock"))


def test_a_lock_whose_file_was_removed_is_not_held(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    lock = locks._lock

    def removed(descriptor):
        path.unlink()
        return lock(descriptor)

    monkeypatch.setattr(locks, "_lock", removed)
    with pytest.raises(BlockingIOError):
        locks.acquire(path)


def test_locks_by_msvcrt(tmp_path, monkeypatch):
    locked = {}

    def locking(descriptor, mode, count):
        assert (mode, count) == (2, 1) and os.lseek(descriptor, 0, os.SEEK_CUR) > 1 << 20
        if locked.setdefault(os.fstat(descriptor).st_ino, descriptor) != descriptor:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(locks, "fcntl", None)
    monkeypatch.setattr(locks, "UNLINKS_OPEN", False)
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_NBLCK=2, locking=locking))
    first = locks.acquire(tmp_path / "lock")
    locks.note(first, "12\n")
    with pytest.raises(BlockingIOError, match="12"):
        locks.acquire(tmp_path / "lock")
    locks.release(first, tmp_path / "lock")
    assert not (tmp_path / "lock").exists()


def group(root: Path, membership: str, **files: str) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(membership)
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize("membership, files, quota", [
    ("0::/\n", {"cpu_DOT_max": "150000 100000\n"}, 1.5),
    ("0::/\n", {"cpu_DOT_max": "max 100000\n"}, None),
    ("0::/a/b\n", {"a__cpu_DOT_max": "50000 100000", "a__b__cpu_DOT_max": "max 100000"}, 0.5),
    ("0::/a/b\n", {"a__cpu_DOT_max": "400000 100000", "a__b__cpu_DOT_max": "300000 100000"}, 3.0),
    ("0::/../host/elsewhere\n", {"cpu_DOT_max": "200000 100000"}, 2.0),
    ("0::/\n", {"cpu_DOT_max": "nonsense\n"}, None),
    ("0::/\n", {"cpu_DOT_max": "100000 0\n"}, None),
    ("0::/\n", {}, None),
    ("4:cpu,cpuacct:/box\n1:name=systemd:/\n",
     {"cpu,cpuacct__box__cpu_DOT_cfs_quota_us": "250000\n",
      "cpu,cpuacct__box__cpu_DOT_cfs_period_us": "100000\n"}, 2.5),
    ("4:cpu:/docker/0123\n",
     {"cpu__cpu_DOT_cfs_quota_us": "100000", "cpu__cpu_DOT_cfs_period_us": "100000"}, 1.0),
    ("4:cpu:/\n", {"cpu__cpu_DOT_cfs_quota_us": "-1", "cpu__cpu_DOT_cfs_period_us": "1"}, None),
    ("5:cpuset:/\n", {"cpuset__cpu_DOT_cfs_quota_us": "1", "cpuset__cpu_DOT_cfs_period_us": "1"},
     None),
])  # fmt: skip
def test_a_cpu_quota_is_read(tmp_path, membership, files, quota):
    assert cpu_quota(group(tmp_path, membership, **files)) == quota


def test_without_control_groups_there_is_no_quota(tmp_path):
    assert cpu_quota(tmp_path) is None


@given(st.text(), st.text())
def test_any_text_in_control_groups_is_no_failure(tmp_path_factory, membership, limit):
    root = group(tmp_path_factory.mktemp("root"), membership, cpu_DOT_max=limit)
    assert cpu_quota(root) is None or cpu_quota(root) > 0


def test_threads_are_the_cores_that_the_quota_allows():
    code = "import tat.machine as m; m.cpu_quota = lambda: {}; print(m.cores())"
    present = len(os.sched_getaffinity(0))
    for quota, cores in (
        (0.3, 1),
        (1.9, 1),
        (2.0, min(2, present)),
        (1e6, present),
        (None, present),
    ):
        done = subprocess.run([sys.executable, "-c", code.format(quota)], capture_output=True)
        assert int(done.stdout) == cores
