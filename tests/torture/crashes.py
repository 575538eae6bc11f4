"""Power cuts: recorded writes of a work, cut anywhere and reordered between fsyncs, each tried.

    python tests/torture/crashes.py [--every N] [--seconds N] [--only NAME] [--json FILE]

strace records what a work of faults.py writes, names and syncs. As in ALICE (Pillai et al., OSDI
2014), a cut keeps what was synced before it: a file's bytes by fsync of the file, names by fsync of
their folder, and nothing else for certain. Of the rest it keeps any choice (of more than eight
calls all but two at most, or two at most), a last write that is torn, or sizes with zeros for
bytes. Each folder that can come out is made and opened: what was there before, or all of the new,
must be found, after the work's end the new; the same work goes on from there and leaves nothing.
"""

import math
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

from faults import Torture, content, fork, untraceable
from recording import Name, Recording, Sync, Tree, Write
from trials import Trial, command, shares
from works import WORKS

CALLS = (
    "open", "openat", "creat", "close", "read", "pread64", "lseek", "write", "pwrite64", "writev",
    "ftruncate", "fsync", "fdatasync", "rename", "renameat", "renameat2", "unlink", "unlinkat",
    "mkdir", "mkdirat", "rmdir", "symlink", "symlinkat", "link", "linkat", "fallocate", "dup",
    "sendfile", "copy_file_range",
)  # fmt: skip
KEPT = (".safetensors", ".tat", ".idx", ".sqlite", ".toml")  # what a work that ended has made
MOST = 8  # unsynced calls of which all choices are tried


def cuts(ops: Sequence[Write | Name | Sync], end: int) -> Iterator[list[Write | Name]]:
    """The calls that may be on disk after a power cut behind so many calls, in their order."""
    synced, sure, loose, calls = set(), [], [], []
    for number, op in reversed([*enumerate(ops[:end])]):
        if isinstance(op, Sync):
            synced.add(op.inode)
        else:
            calls.append(number)
            home = op.folder if isinstance(op, Name) else op.inode
            (sure if home in synced else loose).append(number)
    for some in _choices(loose):
        yield [ops[number] for number in sorted([*sure, *some])]
    blank = [_blank(ops[n]) if n in loose else ops[n] for n in calls]
    yield blank[::-1]
    if loose and isinstance(last := ops[calls[0]], Write) and last.data:
        for share in (1, len(last.data) // 2, len(last.data) & -4096):
            torn = last._replace(data=last.data[:share])
            yield [*(ops[number] for number in calls[:0:-1]), torn]


def _choices(loose: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """All choices of a few; of more, those that have or lack at most two, of many at most one."""
    most = len(loose) if len(loose) <= MOST else 2 if len(loose) <= 2 * MOST else 1
    for size in range(most + 1):
        for chosen in combinations(loose, size):
            yield chosen
            yield tuple(number for number in loose if number not in chosen)


def _blank(op: Write | Name) -> Write | Name:
    """Zeros for bytes: the size of a file is on disk before what is in it."""
    return op._replace(data=bytes(len(op.data))) if isinstance(op, Write) and op.data else op


def states(recording: Recording) -> Iterator[tuple[Tree, bool]]:
    """The different folders that cuts leave, and whether the work was at its end."""
    seen, last = set(), len(recording.ops)
    for end in range(last + 1):
        for chosen in cuts(recording.ops, end):
            tree = recording.before.copy()
            for op in chosen:
                tree.apply(op)
            if (key := (hash(tree.key()), end == last)) not in seen:
                seen.add(key)
                yield tree, end == last


class PowerCuts(Torture):
    """One kind of work, recorded."""

    def __init__(self, name: str, place: Path) -> None:
        super().__init__(name, place)
        self.reset()
        log = place / "writes"
        calls = "trace=" + ",".join(f"?{call}" for call in CALLS)
        strace = ["-o", str(log), "-xx", "-s", "100000000", "-e", calls]
        status, talk = fork(self.work.do, self._tried, strace)
        assert status == 0, (name, talk)
        self.recording = Recording(self._tried, self.before, log.read_text())
        told = self.recording.before.copy()
        for op in self.recording.ops:
            if not isinstance(op, Sync):
                told.apply(op)
        assert told.key() == Tree.of(self._tried).key(), f"{name}: not all writes were recorded"

    def attempt_state(self, tree: Tree, whole: bool) -> str:
        """The fault of a folder that a cut left; "" if nothing is."""
        shutil.rmtree(self._tried)
        tree.make(self._tried)
        lost = self._lost() if whole else ""
        return f"was done, and is lost: {lost}" if lost else self._problem(0, "")

    def _lost(self) -> str:
        """A result that the work left at its end, and that is not there."""
        if missing := self._kept(self.after) - self._kept(self._tried):
            return f"{sorted(missing)}"
        try:
            self.work.done(self._tried)
        except Exception as error:
            return repr(error)
        return self._difference()

    def _kept(self, folder: Path) -> set[str]:
        return {name for name in content(folder) if Path(name).suffix in KEPT}


def run(names: Sequence[str], every: int = 1, seconds: float = math.inf) -> Iterator[Trial]:
    """A trial of each state, or of every so-many-th, as far as the time goes."""
    for name, end in shares(names, seconds):
        with tempfile.TemporaryDirectory(prefix="tat-crashes-") as folder:
            torture = PowerCuts(name, Path(folder))
            for number, state in enumerate(states(torture.recording)):
                if time.monotonic() > end:
                    break
                if number % every == 0:
                    yield Trial(name, f"state {number}", torture.attempt_state(*state))


def main() -> int:
    return command(__doc__.splitlines()[0], [*WORKS], untraceable, run)


if __name__ == "__main__":
    sys.exit(main())
