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
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, count
from pathlib import Path
from typing import NamedTuple

from faults import WORKS, Torture, content, fork, untraceable
from trials import Trial, command, shares

CALLS = (
    "open", "openat", "creat", "close", "read", "pread64", "lseek", "write", "pwrite64", "writev",
    "ftruncate", "fsync", "fdatasync", "rename", "renameat", "renameat2", "unlink", "unlinkat",
    "mkdir", "mkdirat", "rmdir", "symlink", "symlinkat", "link", "linkat", "fallocate", "dup",
    "sendfile", "copy_file_range",
)  # fmt: skip
KEPT = (".safetensors", ".tat", ".idx", ".sqlite", ".toml")  # what a work that ended has made
MOST = 8  # unsynced calls of which all choices are tried
_CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_UNKNOWN = ("link", "linkat", "fallocate", "dup", "sendfile", "copy_file_range")  # used by nothing


class Write(NamedTuple):
    """Bytes of a file from an offset on; None: its size becomes the offset."""

    inode: int
    offset: int
    data: bytes | None


class Name(NamedTuple):
    """A name of a folder that leads to `inode` from now on (None: to nothing); `gone` goes."""

    folder: int
    name: str
    inode: int | None
    gone: tuple[int, str] | None = None


class Sync(NamedTuple):
    """All of a file or folder that is on disk from here on."""

    inode: int


@dataclass
class Tree:
    """Files as the disk has them: folders are inodes, too; a link is its target."""

    names: dict[tuple[int, str], int] = field(default_factory=dict)
    content: dict[int, bytes | str | None] = field(default_factory=lambda: {0: None})

    @classmethod
    def of(cls, folder: Path) -> "Tree":
        tree = cls()
        for path in sorted(folder.rglob("*")):
            place = tree.find(path.parent.relative_to(folder))
            inode = tree.names[place, path.name] = len(tree.content)
            link = path.is_symlink()
            leaf = str(path.readlink()) if link else path.read_bytes() if path.is_file() else None
            tree.content[inode] = leaf
        return tree

    def copy(self) -> "Tree":
        return Tree(dict(self.names), dict(self.content))

    def find(self, path: Path) -> int | None:
        """The inode that a path of the folder leads to; None if nothing is there."""
        inode = 0
        for part in path.parts:
            inode = self.names.get((inode, part))
        return inode

    def apply(self, op: Write | Name) -> None:
        if isinstance(op, Name):
            if op.gone:
                self.names.pop(op.gone, None)
            self.names.pop((op.folder, op.name), None)
            if op.inode is not None:
                self.names[op.folder, op.name] = op.inode
            return
        old = self.content.get(op.inode, b"")
        if op.data is None:
            self.content[op.inode] = old[: op.offset].ljust(op.offset, b"\0")
        else:
            end = op.offset + len(op.data)
            self.content[op.inode] = old[: op.offset].ljust(op.offset, b"\0") + op.data + old[end:]

    def make(self, folder: Path, inode: int = 0) -> None:
        """Write all that can be reached."""
        folder.mkdir()
        for (parent, name), child in self.names.items():
            if parent == inode:
                content, path = self.content.get(child, b""), folder / name
                if content is None:
                    self.make(path, child)
                elif isinstance(content, str):
                    path.symlink_to(content)
                else:
                    path.write_bytes(content)

    def key(self, inode: int = 0) -> tuple:
        """Equal for folders that are equal."""
        return tuple(
            (name, self.key(child) if self.content.get(child, b"") is None
             else self.content.get(child, b""))
            for (parent, name), child in sorted(self.names.items()) if parent == inode
        )  # fmt: skip


class Recording:
    """What a work did to a folder, call by call."""

    def __init__(self, folder: Path, before: Path, log: str) -> None:
        self._folder, self.before, self.ops = folder, Tree.of(before), []
        self._now = Tree.of(before)
        self._new, self._open = count(len(self._now.content)), {}
        for line in joined(log):
            if (found := _CALL.match(line)) and int(found[3]) >= 0:
                self._call(found[1], found[2], int(found[3]))

    def _call(self, name: str, given: str, result: int) -> None:
        texts = [bytes.fromhex(t.replace("\\x", "")) for t in _TEXT.findall(given)]
        descriptor = int(given.split(",")[0]) if given[:1].isdigit() else None
        if name in ("open", "openat", "creat"):
            self._opened(self._place(given, texts[0]), given, result)
        elif name in ("rename", "renameat", "renameat2", "symlink", "symlinkat", "mkdir",
                      "mkdirat", "unlink", "unlinkat", "rmdir"):  # fmt: skip
            self._named(name, [self._place(given, text) for text in texts], texts[0])
        elif name == "close":
            self._open.pop(descriptor, None)
        elif found := self._open.get(descriptor):
            assert name not in _UNKNOWN, name
            self._used(found, name, given, b"".join(texts), result)

    def _place(self, given: str, path: bytes) -> tuple[int, str] | None:
        """The folder's inode and the name; None for what is not of the folder."""
        whole = Path(path.decode())
        descriptor = given.split(",")[0]
        if not whole.is_absolute() and descriptor.isdigit() and int(descriptor) in self._open:
            return self._open[int(descriptor)][0], str(whole)
        if self._folder not in whole.parents:
            return (-1, "") if whole == self._folder else None
        inner = whole.relative_to(self._folder)
        parent = self._now.find(inner.parent)
        return None if parent is None else (parent, inner.name)

    def _opened(self, place: tuple[int, str] | None, given: str, result: int) -> None:
        if place is None:
            return
        inode = self._now.names.get(place) if place[0] >= 0 else 0
        if inode is None and "O_CREAT" in given:
            inode = next(self._new)
            self._now.content[inode] = b""
            self._do(Name(*place, inode))
        if inode is not None and "O_TRUNC" in given and self._now.content[inode]:
            self._do(Write(inode, 0, None))
        if inode is not None:
            self._open[result] = [inode, 0, "O_APPEND" in given]

    def _named(self, name: str, places: Sequence[tuple[int, str] | None], text: bytes) -> None:
        place = places[-1]
        if place is None:
            return
        if name.startswith("rename"):
            self._do(Name(*place, self._now.names[places[0]], gone=places[0]))
        elif name.startswith(("symlink", "mkdir")):
            inode = next(self._new)
            self._now.content[inode] = text.decode() if name.startswith("symlink") else None
            self.before.content[inode] = self._now.content[inode]
            self._do(Name(*place, inode))
        else:
            self._do(Name(*place, None))

    def _used(self, found: list, name: str, given: str, data: bytes, result: int) -> None:
        inode, offset, appends = found
        if name in ("write", "writev"):
            offset = len(self._now.content[inode]) if appends else offset
            self._do(Write(inode, offset, data[:result]))
            found[1] = offset + result
        elif name == "pwrite64":
            self._do(Write(inode, int(given.rpartition(",")[2]), data[:result]))
        elif name == "ftruncate":
            self._do(Write(inode, int(given.rpartition(",")[2]), None))
        elif name in ("fsync", "fdatasync"):
            self.ops.append(Sync(inode))
        elif name in ("read", "lseek"):
            found[1] = offset + result if name == "read" else result

    def _do(self, op: Write | Name) -> None:
        self.ops.append(op)
        self._now.apply(op)


def joined(log: str) -> Iterator[str]:
    """Lines of strace, calls that others interrupted in one piece."""
    begun = {}
    for line in log.splitlines():
        process = line.split(" ")[0]
        if line.endswith("<unfinished ...>"):
            begun[process] = line.removesuffix("<unfinished ...>").rstrip()
        elif " resumed>" in line:
            yield begun.pop(process, "") + line.partition(" resumed>")[2]
        else:
            yield line


def cuts(ops: Sequence[Write | Name | Sync], end: int) -> Iterator[list[Write | Name]]:
    """What may be on disk after a power cut behind so many calls, in their order."""
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
        """What is wrong with a folder that a cut left; "" if nothing is."""
        shutil.rmtree(self._tried)
        tree.make(self._tried)
        lost = self._lost() if whole else ""
        return f"was done, and is lost: {lost}" if lost else self._problem(0, "")

    def _lost(self) -> str:
        """What the work left at its end, and is not there."""
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
