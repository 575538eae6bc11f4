"""A record by strace as bytes, names and syncs of files, and the folders that these make."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import NamedTuple

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
