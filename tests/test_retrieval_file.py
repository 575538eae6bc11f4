"""Index files: damage is noticed, kills and readers do no harm, and there is one writer."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.errors import FileError
from tat.retrieval.chunks import Document
from tat.retrieval.index import VERSION, Index
from tat.retrieval.index_file import open_index, update_index
from tat.retrieval.query import search

KILLS = 40

# Writes two states in turn as long as its parent lives: all of one file, all of the other.
WRITER = """
import os, sys
from pathlib import Path
from tat.retrieval.chunks import Document
from tat.retrieval.index_file import update_index

def state(name):
    texts = [f"fn {name}_{i}(x: f32) -> f32 {{ return x * {i}.0; }}" for i in range(30)]
    return [Document(f"{name}.wgsl", i, name, text) for i, text in enumerate(texts)]

turn, parent = 0, os.getppid()
while os.getppid() == parent:
    update_index(Path(sys.argv[1]), state(("even", "odd")[turn % 2]))
    if turn == 0:
        print("ready", flush=True)
    turn += 1
"""


def document(name: str) -> Document:
    return Document(f"{name}.wgsl", 1, name, f"fn {name}(x: f32) -> f32 {{ return x; }}")


def names(path: Path) -> set[str]:
    return {hit.name for hit in search(open_index(path), "x return", top=99)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "shaders.index"
    update_index(file, [document("one"), document("two")])
    return file


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("content") / "index"
    update_index(file, [document("one"), document("two")])
    return file.read_bytes()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch") / "index"


def start_writer(path: Path) -> subprocess.Popen[bytes]:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert writer.stdout.readline() == b"ready\n"
    return writer


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


def assert_one_state(found: set[str]) -> None:
    states = [{f"{name}_{i}" for i in range(30)} for name in ("even", "odd")]
    assert found in states


def test_an_index_is_one_file_that_is_only_written_when_something_changed(path):
    assert names(path) == {"one", "two"}
    before = path.stat()
    assert not update_index(path, [document("two"), document("one")])
    assert path.stat().st_ino == before.st_ino and path.stat().st_mtime_ns == before.st_mtime_ns
    assert update_index(path, [document("two"), document("three")])
    assert names(path) == {"two", "three"}
    assert list(path.parent.iterdir()) == [path]


def test_an_index_of_nothing(tmp_path):
    changes = update_index(tmp_path / "empty", [])
    assert (changes.chunks, len(open_index(tmp_path / "empty"))) == (0, 0)
    assert search(open_index(tmp_path / "empty"), "anything") == []


def test_sqlite_itself_can_read_it(path):
    with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as database:
        assert database.execute("SELECT count(*) FROM chunks").fetchone() == (2,)
    database.close()


def test_readers_keep_what_they_opened(path):
    reader = open_index(path)
    update_index(path, [document("three")])
    assert {hit.name for hit in search(reader, "x")} == {"one", "two"}
    path.unlink()
    assert {hit.name for hit in search(reader, "x")} == {"one", "two"}


@given(position=st.integers(0), change=st.integers(1, 255))
@settings(max_examples=300)
def test_any_changed_byte_is_noticed(content, scratch, position, change):
    position %= len(content)
    damaged = bytearray(content)
    damaged[position] ^= change
    scratch.write_bytes(damaged)
    with pytest.raises(FileError, match=r"damaged|not an index|of version"):
        open_index(scratch)


@given(st.integers(0))
def test_any_cut_is_noticed(content, scratch, size):
    scratch.write_bytes(content[: size % len(content)])
    with pytest.raises(FileError, match=r"damaged|not an index"):
        open_index(scratch)


@given(st.binary(max_size=300))
def test_any_other_file_is_refused_and_kept(scratch, data):
    scratch.write_bytes(data)
    for action in (lambda: open_index(scratch), lambda: update_index(scratch, [document("one")])):
        with pytest.raises(FileError, match="not an index of tat"):
            action()
    assert scratch.read_bytes() == data and list(scratch.parent.iterdir()) == [scratch]


def test_another_database_is_refused_and_kept(tmp_path):
    path = tmp_path / "foreign.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE documents (id)")
    database.close()
    before = path.read_bytes()
    with pytest.raises(FileError, match="not an index of tat"):
        update_index(path, [document("one")])
    assert path.read_bytes() == before


def test_an_index_of_another_version_is_named_as_such(path):
    content = bytearray(path.read_bytes())
    content[60:64] = (VERSION + 1).to_bytes(4)
    path.write_bytes(content)
    for action in (lambda: open_index(path), lambda: update_index(path, [])):
        with pytest.raises(
            FileError, match=rf"version {VERSION + 1}, this tat reads those up to {VERSION}"
        ):
            action()


def test_folders_devices_and_missing_files_are_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo", Path("/dev/zero"), tmp_path / "missing"):
        with pytest.raises(FileError):
            open_index(path)
    for path in (tmp_path, Path("/"), Path(""), tmp_path / "fifo", tmp_path / "no" / "index"):
        with pytest.raises(FileError):
            update_index(path, [document("one")])
    assert [path.name for path in tmp_path.iterdir()] == ["fifo"]


def test_names_that_mean_something_to_others(tmp_path):
    for name in ("a b?c#d%20.index", "*[x].index", "-o", "é\udcff", "a\nb"):
        update_index(tmp_path / name, [document("one")])
        assert names(tmp_path / name) == {"one"}


def test_a_second_writer_is_refused(path):
    def documents():
        with pytest.raises(FileError, match="being written by another process"):
            update_index(path, [document("second")])
        yield document("first")

    update_index(path, documents())
    assert names(path) == {"first"} and list(path.parent.iterdir()) == [path]


def test_a_lock_that_its_owner_has_removed_is_none(path, monkeypatch):
    """Between opening the lock and taking it, its owner may end and a third writer start."""
    lock = path.with_name(f".{path.name}.lock")
    real = os.open

    def slow_open(name, *rest):
        descriptor = real(name, *rest)
        if name == lock:
            lock.unlink()
            lock.write_bytes(b"")
        return descriptor

    monkeypatch.setattr(os, "open", slow_open)
    with pytest.raises(FileError, match="being written"):
        update_index(path, [])


@pytest.mark.parametrize(("name", "others"), [("index", "index.old"), ("[x]", "x")])
def test_leftovers_of_killed_writers_go_and_nothing_else(tmp_path, name, others):
    keep = [tmp_path / f".{others}.0123abcd.tmp", tmp_path / "0123abcd.tmp"]
    for file in (*keep, tmp_path / f".{name}.0123abcd.tmp", tmp_path / f".{name}.lock"):
        file.touch()
    update_index(tmp_path / name, [document("one")])
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / name, *keep])


def test_a_failing_disk_keeps_the_old_index(path, monkeypatch):
    def fail(descriptor):
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(FileError, match="No space left"):
            update_index(path, [document("three")])
    assert names(path) == {"one", "two"} and list(path.parent.iterdir()) == [path]


def test_a_kill_at_any_moment_leaves_a_whole_index(tmp_path):
    path = tmp_path / "index"
    for number in range(KILLS):
        writer = start_writer(path)
        time.sleep(0.03 * number / KILLS)
        kill(writer)
        assert_one_state(names(path))
    update_index(path, [document("last")])
    assert names(path) == {"last"} and list(tmp_path.iterdir()) == [path]


def test_readers_see_a_whole_index_while_it_is_written(tmp_path):
    path = tmp_path / "index"
    writer = start_writer(path)
    try:
        seen = [names(path) for _ in range(100)]
    finally:
        kill(writer)
    for found in seen:
        assert_one_state(found)
    assert len(set(map(frozenset, seen))) == 2  # it was written meanwhile


def test_an_index_is_searched_by_several_threads(path):
    index = open_index(path)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda n: search(index, f"x return q{n}", top=99), range(64)))
    assert {tuple(hit.name for hit in hits) for hits in found} == {("one", "two")}


def test_a_wrong_query_is_not_called_damage(path):
    with pytest.raises(sqlite3.ProgrammingError):
        open_index(path).select("SELECT ?", (1, 2))


def test_a_damaged_index_in_a_file_is_named(tmp_path):
    (tmp_path / "index").write_bytes(b"no database" * 1000)
    with pytest.raises(FileError, match="index: damaged"):
        Index.in_file(tmp_path / "index")
