"""The cores that this process may use."""

import math
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_ROOT = Path("/")


@cache
def cores() -> int:
    """CPU cores that this process may keep busy: those it may run on, and no more than its quota.

    A quota is rounded down, to one at least: threads that wait for one another in turns would
    otherwise wait for a core that the kernel takes away from them.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    present = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota = cpu_quota()
    return present if quota is None else max(1, min(present, math.floor(quota)))


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
