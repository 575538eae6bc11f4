"""Atomic writing: the old file or the new one, whatever happens in between."""

import errno
import os
import resource
import stat

import pytest

from tat.errors import FileError
from tat.files import atomic_file, point, pointed, require_place, writing


@pytest.fixture
def old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def assert_untouched(path):
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_new_content_appears_at_the_end_only(old_file):
    with atomic_file(old_file) as file:
        file.write(b"new")
        file.flush()
        assert old_file.read_bytes() == b"old"
    assert old_file.read_bytes() == b"new"
    assert list(old_file.parent.iterdir()) == [old_file]


def test_file_folder_and_order_of_syncs(old_file, monkeypatch):
    """Content reaches the disk before the name does, and the name before the block ends."""
    events = []
    fsync, replace = os.fsync, os.replace

    def recorded_fsync(descriptor):
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        events.append(f"sync {kind}")
        fsync(descriptor)

    def recorded_replace(source, target):
        assert source.read_bytes() == b"new"
        events.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "replace", recorded_replace)
    with atomic_file(old_file) as file:
        file.write(b"new")
    assert events == ["sync file", "rename", "sync folder"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_an_exception_in_the_block_leaves_the_old_file(old_file, error):
    with pytest.raises(error), atomic_file(old_file) as file:
        file.write(b"half")
        raise error
    assert_untouched(old_file)


def test_a_full_disk_leaves_the_old_file(old_file):
    """A limit on the size of files stands in for the disk: writing fails in the same place."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, limits[1]))
    try:
        with pytest.raises(FileError, match=r"cannot write .*file: File too large; free some"), \
                atomic_file(old_file) as file:  # fmt: skip
            file.write(bytes(1 << 17))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert_untouched(old_file)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failing_sync_or_rename_leaves_the_old_file(old_file, monkeypatch, call):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(FileError, match="No space left on device"), atomic_file(old_file) as file:
        file.write(b"new")
    assert_untouched(old_file)


def test_a_missing_folder_is_one_clear_error(tmp_path):
    path = tmp_path / "nowhere" / "file"
    with pytest.raises(FileError, match="nowhere/file: No such file or directory"), \
            atomic_file(path):  # fmt: skip
        pass


def test_a_place_for_a_file_is_asked_for_before_the_work(old_file):
    for path in (None, old_file, old_file.with_name("new")):
        require_place(path)
    with pytest.raises(FileError, match="it is a folder; name a file"):
        require_place(old_file.parent)
    for folder in ("nowhere", "file", "n" * 300):
        with pytest.raises(FileError, match="its folder does not exist"):
            require_place(old_file.parent / folder / "new")
    assert_untouched(old_file)


def test_the_umask_decides_who_may_read(tmp_path):
    old = os.umask(0o027)
    try:
        with atomic_file(tmp_path / "file") as file:
            file.write(b"x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_a_symbolic_link_is_replaced_and_its_target_kept(tmp_path):
    (tmp_path / "target").write_bytes(b"kept")
    (tmp_path / "link").symlink_to("target")
    with atomic_file(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "target").read_bytes() == b"kept"
    assert not (tmp_path / "link").is_symlink()


def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with atomic_file(pipe) as file:
        file.write(b"new")
    assert os.read(reader, 9) == b"new" and stat.S_ISFIFO(pipe.stat().st_mode)
    os.close(reader)
    assert list(tmp_path.iterdir()) == [pipe]


def test_writing_passes_other_errors_on(tmp_path):
    with pytest.raises(ZeroDivisionError), writing(tmp_path):
        raise ZeroDivisionError


def test_a_file_stands_for_a_link_where_a_drive_has_none(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(errno.EPERM, "no links here")

    target, link = tmp_path / "steps" / "first one", tmp_path / "latest"
    monkeypatch.setattr(os, "symlink", refused)
    point(link, target)
    assert not link.is_symlink() and pointed(link) == target
    for other in (b"", b"two\nlines", b"two\n\n", b"tab\tone", b"nothing\0", b"x" * 4097):
        link.write_bytes(other)
        assert pointed(link) == link
