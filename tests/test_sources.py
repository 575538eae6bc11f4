"""Reading files: every hostile one is named and skipped, and the others are read."""

import json
import os
import socket
import tracemalloc
from pathlib import Path

import pytest

from tat.data.sources import BROKEN_LINES, read_sources, skipped_by_reason
from tat.errors import CorpusError

LIMIT = 10_000
GOOD = "fn one() -> f32 {\n    return 1.0;\n}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file that is always good."""
    (tmp_path / "good.wgsl").write_text(GOOD)
    return tmp_path


def read(*paths: Path, limit: int = LIMIT) -> tuple[list[str], dict[str, str]]:
    """Texts of the modules, and reasons by name of what was skipped."""
    found = read_sources(paths, limit)
    return [m.text for m in found.modules], {Path(s.path).name: s.reason for s in found.skipped}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\t\n", "empty"),
        (b"fn a() {}\0", "binary"),
        (b"\x7fELF\x02\x01\x00\xff", "binary"),
        ("fn a() {}".encode("utf-16"), "binary"),
        (b"fn a() {} // caf\xe9\n", "not UTF-8: byte 16"),
        (b"(" * 2_000_000, "larger than 10000 bytes"),
        (b"x" * (LIMIT + 1), "larger than 10000 bytes"),
        (GOOD.encode(), "duplicate: same text as"),
        (GOOD.replace("\n", "\r\n").encode(), "duplicate: same text as"),
        (b"\xef\xbb\xbf" + GOOD.encode(), "duplicate: same text as"),
    ],
)
def test_bad_content_is_named_and_skipped(folder, content, reason):
    (folder / "other.wgsl").write_bytes(content)
    texts, skipped = read(folder)
    assert texts == [GOOD]
    assert list(skipped) == ["other.wgsl"]
    assert skipped["other.wgsl"].startswith(reason)


def test_the_limit_itself_is_allowed(folder):
    (folder / "z.wgsl").write_text("x" * LIMIT)
    assert read(folder) == ([GOOD, "x" * LIMIT], {})


def test_a_huge_file_is_never_read_whole(folder):
    for name in ("huge.wgsl", "huge.jsonl"):
        with open(folder / name, "wb") as file:
            file.truncate(100_000_000)
    tracemalloc.start()
    texts, skipped = read(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert texts == [GOOD]
    assert {name: reason[:6] for name, reason in skipped.items()} == {
        "huge.wgsl": "larger",
        "huge.jsonl:1": "larger",
    }
    assert peak < 2_000_000


def test_special_files_are_not_opened(folder):
    os.mkfifo(folder / "fifo.wgsl")
    (folder / "zero.wgsl").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket.wgsl"))
        texts, skipped = read(folder, Path("/dev/zero"))
    assert texts == [GOOD]
    assert skipped == {
        "fifo.wgsl": "unreadable: a FIFO, not a regular file (write what it gives to one)",
        "zero.wgsl": "unreadable: a device, not a regular file",
        "socket.wgsl": "unreadable: a socket, not a regular file",
        "zero": "unreadable: a device, not a regular file",
    }


def test_a_file_exchanged_for_a_fifo_does_not_block(folder, monkeypatch):
    os.mkfifo(folder / "pipe")
    real_open = os.open
    monkeypatch.setattr(os, "open", lambda path, flags: real_open(folder / "pipe", flags))
    with pytest.raises(CorpusError, match="a FIFO, not a regular file"):
        read(folder)


def test_loops_of_links_end(folder):
    (folder / "deep").mkdir()
    (folder / "deep" / "up").symlink_to(folder)
    (folder / "itself").symlink_to("itself")
    (folder / "itself.wgsl").symlink_to("itself.wgsl")
    (folder / "dangling.wgsl").symlink_to("nowhere")
    texts, skipped = read(folder)
    assert texts == [GOOD]
    assert skipped["up"].startswith("folder met twice")
    assert skipped["itself"].startswith("unreadable: Too many levels")
    assert skipped["itself.wgsl"].startswith("unreadable: Too many levels")
    assert skipped["dangling.wgsl"].startswith("no such file")
    assert len(skipped) == 4


def test_links_to_files_and_folders_are_followed(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "two.wgsl").write_text("fn two() {}")
    (folder / "link").symlink_to(elsewhere)
    assert read(folder) == ([GOOD, "fn two() {}"], {})


def test_no_permission(folder, monkeypatch):
    """Simulated, because the superuser may read everything."""
    (folder / "secret.wgsl").write_text("fn two() {}")
    (folder / "closed").mkdir()
    real_open, real_list = os.open, os.listdir

    def refuse_file(path: Path, flags: int) -> int:
        if path.name == "secret.wgsl":
            raise PermissionError(13, "Permission denied", str(path))
        return real_open(path, flags)

    def refuse_folder(path: Path) -> list[str]:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return real_list(path)

    monkeypatch.setattr(os, "open", refuse_file)
    monkeypatch.setattr(os, "listdir", refuse_folder)
    texts, skipped = read(folder)
    assert texts == [GOOD]
    denied = "unreadable: Permission denied"
    assert skipped == {"secret.wgsl": denied, "closed": denied}


@pytest.mark.parametrize("when", ["before stat", "before open"])
def test_a_file_that_vanishes(folder, monkeypatch, when):
    ghost = folder / "ghost.wgsl"
    ghost.write_text("fn two() {}")
    name = {"before stat": "stat", "before open": "open"}[when]
    real = getattr(os, name)

    def after_removal(path: Path, *arguments: int) -> object:
        if Path(path) == ghost:
            ghost.unlink(missing_ok=True)
        return real(path, *arguments)

    monkeypatch.setattr(os, name, after_removal)
    texts, skipped = read(folder)
    assert texts == [GOOD]
    assert skipped["ghost.wgsl"].startswith("no such file")


def test_an_error_while_reading(folder, monkeypatch):
    real_fdopen = os.fdopen

    def failing(descriptor: int, mode: str) -> object:
        file = real_fdopen(descriptor, mode)
        if os.path.samestat(os.fstat(descriptor), os.stat(folder / "bad.wgsl")):

            def read(size: int) -> bytes:
                raise OSError(5, "Input/output error")

            file.read = read
        return file

    (folder / "bad.wgsl").write_text("fn two() {}")
    monkeypatch.setattr(os, "fdopen", failing)
    assert read(folder) == ([GOOD], {"bad.wgsl": "unreadable: Input/output error"})


def test_order_and_choice_of_files(tmp_path):
    for name in ("b.wgsl", "a/z.WGSL", "a/y.txt", "c.wgsl", "notes", ".hidden/h.wgsl"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"// {name}")
    texts, skipped = read(tmp_path)
    assert texts == ["// .hidden/h.wgsl", "// a/z.WGSL", "// b.wgsl", "// c.wgsl"]
    assert skipped == {}
    named = read(tmp_path / "notes", tmp_path / "c.wgsl", tmp_path / "b.wgsl")
    assert named == (["// notes", "// c.wgsl", "// b.wgsl"], {})


def test_the_same_path_twice_is_read_once(folder):
    file = folder / "good.wgsl"
    texts, skipped = read(file, file)
    assert texts == [GOOD]
    assert skipped["good.wgsl"].startswith("duplicate")
    assert read(folder, folder)[0] == [GOOD]


def test_json_lines_of_both_forms(tmp_path):
    lines = [
        {"id": "m1", "wgsl": GOOD.replace("\n", "\r\n"), "features": [{"deep": [1]}]},
        {"signature": "fn f()", "body": "{}", "context": "", "comment": "c", "module_id": "m1"},
        {"signature": "fn g()", "body": "{ }"},
    ]
    path = tmp_path / "all.jsonl"
    path.write_text("\n\n".join(map(json.dumps, lines)))
    found = read_sources([path], LIMIT)
    assert [(m.origin, m.id, m.text) for m in found.modules] == [(f"{path}:1", "m1", GOOD)]
    assert [f.origin for f in found.functions] == [f"{path}:3", f"{path}:5"]
    first, second = found.functions
    assert (first.module_id, first.comment, first.signature, first.body, first.context) == (
        "m1", "c", "fn f()", "{}", "",
    )  # fmt: skip
    assert (second.module_id, second.comment, second.context) == ("", "", "")
    assert (found.files, found.skipped) == (1, ())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "broken JSON"),
        (b"not json", "broken JSON"),
        (b"[]", "broken JSON"),
        (b"{}", "broken JSON: neither"),
        (b'{"signature": "fn f()"}', "broken JSON: neither"),
        (b'{"wgsl": 3}', "broken JSON: wgsl: Expected text or null, got a whole number"),
        (b'{"wgsl": "\xff"}', "broken JSON: not UTF-8; save"),
        (b'{"wgsl": "\\ud800"}', "broken JSON"),
        (b'{"deep": ' + b"[" * 9000, "broken JSON"),
        (b'{"wgsl": "' + b"(" * LIMIT + b'"}', "larger than"),
        (b'{"wgsl": ""}', "empty"),
        (b'{"wgsl": "a\\u0000"}', "binary"),
        (b'{"signature": "fn f()", "body": "{\\u0000}"}', "binary"),
        (json.dumps({"wgsl": GOOD}).encode(), "duplicate"),
    ],
)
def test_bad_json_lines_are_named_by_number(tmp_path, line, reason):
    good = json.dumps({"wgsl": GOOD}).encode()
    last = json.dumps({"wgsl": "fn last() {}"}).encode()
    (tmp_path / "x.jsonl").write_bytes(b"\n".join([good, line, last]))
    texts, skipped = read(tmp_path)
    assert texts == [GOOD, "fn last() {}"]
    assert list(skipped) == ["x.jsonl:2"]
    assert skipped["x.jsonl:2"].startswith(reason)
    assert skipped["x.jsonl:2"].isprintable()


def test_a_file_of_nothing_but_broken_lines_is_given_up(folder):
    (folder / "log.jsonl").write_text("12:00 started\n" * 5000)
    texts, skipped = read(folder)
    assert texts == [GOOD]
    assert len(skipped) == BROKEN_LINES + 1
    assert skipped["log.jsonl"].startswith("not JSON Lines")


def test_an_empty_jsonl_file(folder):
    (folder / "none.jsonl").write_bytes(b"")
    assert read(folder)[1] == {"none.jsonl": "empty"}


def test_an_empty_result_says_why(tmp_path):
    with pytest.raises(CorpusError, match=r"no WGSL and no \.jsonl is there"):
        read(tmp_path)
    for name in ("a.wgsl", "b.wgsl"):
        (tmp_path / name).write_text("")
    os.mkfifo(tmp_path / "c.wgsl")
    with pytest.raises(CorpusError) as caught:
        read(tmp_path, tmp_path / "absent")
    message = str(caught.value)
    assert "2 skipped" in message and "a.wgsl: empty" in message
    assert "a FIFO" in message and "absent: no such file" in message
    assert message.isprintable()


def test_reasons_are_grouped_by_kind(folder):
    for number in range(3):
        (folder / f"{number}.wgsl").write_bytes(b"x" * number + b"\xff")
    found = read_sources([folder], LIMIT)
    kinds = skipped_by_reason(found.skipped)
    assert {kind: len(items) for kind, items in kinds.items()} == {"not UTF-8": 3}


def test_odd_file_names_stay_on_one_line(folder):
    (folder / os.fsdecode(b"new\nline\xff.wgsl")).write_text("")
    (skipped,) = read_sources([folder], LIMIT).skipped
    assert skipped.path.isprintable()
    assert skipped.path.endswith("new\\nline\\udcff.wgsl")
