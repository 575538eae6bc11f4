"""The cores and the memory that this process may use, on any system."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

_ROOT = Path("/")


@cache
def cores() -> int:
    """CPU cores that this process may keep busy: those it may run on, and no more than its quota.

    A quota is rounded down, to one at least: threads that wait for one another in turns would
    otherwise wait for a core that the kernel takes away from them.
    """
    present, quota = len(own_cores()), cpu_quota()
    return present if quota is None else max(1, min(present, math.floor(quota)))


def own_cores() -> list[int]:
    """The numbers of the cores that this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return sorted(affinity(0)) if affinity else list(range(os.cpu_count() or 1))


def cpu_quota(root: Path = _ROOT) -> float | None:
    """CPU cores that the process's control groups allow on average; None without a limit.

    Reads version 2 (cpu.max) and version 1 (cpu.cfs_quota_us); see cgroups(7). A group is bound by
    the limits of all above it. `root` is where /proc and /sys are.
    """
    try:
        memberships = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    limits = []
    for line in memberships:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            limits += map(_limit_v2, _groups(root / "sys/fs/cgroup", path))
        elif "cpu" in controllers.split(","):
            for mount in dict.fromkeys((controllers, "cpu")):
                limits += map(_limit_v1, _groups(root / "sys/fs/cgroup" / mount, path))
    return min((limit for limit in limits if limit), default=None)


def memory_bytes() -> int | None:
    """Physical memory of the machine; None where the system does not say (Windows)."""
    with suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def resident_bytes() -> int:
    """Memory of this process that is in RAM; 0 where the system does not say (not Linux)."""
    try:
        return int(_words(Path("/proc/self/statm"))[1]) * os.sysconf("SC_PAGE_SIZE")
    except (IndexError, AttributeError):
        return 0


def _groups(mount: Path, path: str) -> Iterator[Path]:
    """Folders of a group and of those above it.

    In a container the path may be that of the host, which is not there, and the mount is the group.
    """
    yield mount
    folder = mount
    for part in path.strip("/").split("/"):
        if part not in ("", "..") and (folder := folder / part).is_dir():
            yield folder


def _limit_v2(folder: Path) -> float | None:
    return _ratio(*_words(folder / "cpu.max"))


def _limit_v1(folder: Path) -> float | None:
    return _ratio(*_words(folder / "cpu.cfs_quota_us"), *_words(folder / "cpu.cfs_period_us"))


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def _ratio(*words: str) -> float | None:
    """Quota over period, both in microseconds; "max" and -1 are no limit."""
    if len(words) != 2 or not all(word.isdecimal() for word in words) or int(words[1]) == 0:
        return None
    return int(words[0]) / int(words[1]) or None
