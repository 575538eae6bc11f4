"""`tat index` and `tat search`: their output, and their answers to bad input."""

import json
from pathlib import Path

import pytest

from tat import cli
from tat.cookbook import library
from tat.cookbook.documents import cookbook_index
from tat.resources import resource
from tat.retrieval.query import search

BOX = """\
// SPDX-License-Identifier: Zlib

/// Signed distance to a box.
fn sdRoundedBox(p: vec2f) -> f32 {
    return p.x;
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of shaders: a module in a file, a module and a function in JSON lines."""
    shaders = tmp_path / "shaders"
    shaders.mkdir()
    (shaders / "box.wgsl").write_text(BOX)
    lines = [
        {"id": "m-1", "license": "MIT", "wgsl": "\nfn gaussian_blur() -> f32 { return 1.0; }\n"},
        {"license": 5, "wgsl": "fn tonemap() -> f32 { return 2.0; }"},
        {"license": "Apache-2.0", "signature": "fn lerp(t: f32) -> f32",
         "body": "{ return K * t; }", "comment": "Mixes colours.", "context": "const K = 1.0;"},
    ]  # fmt: skip
    text = "\n".join(["", *map(json.dumps, lines[:2]), "{broken", json.dumps(lines[2])])
    (shaders / "more.jsonl").write_text(text)
    return shaders


def run(*arguments: str | Path) -> int:
    return cli.run([str(argument) for argument in arguments])


@pytest.fixture
def index(folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = folder.parent / "shaders.index"
    assert run("index", folder, "-o", path, "-q") == 0
    assert capsys.readouterr() == ("", "")
    return path


def test_index_counts_taken_and_skipped_files(folder, capsys):
    path = folder.parent / "shaders.index"
    assert run("index", folder, "-o", path) == 0
    out, err = capsys.readouterr()
    assert out == f"{path}: 4 texts (4 new, 0 moved, 0 removed), 4 chunks\n"
    assert "1 skipped: broken JSON" in err and "more.jsonl:4" in err
    (folder / "deeper").mkdir()
    (folder / "box.wgsl").rename(folder / "deeper" / "box.wgsl")
    (folder / "more.jsonl").unlink()
    (folder / "new.wgsl").write_text("fn added() {}")
    assert run("index", folder, "-o", path) == 0
    out, err = capsys.readouterr()
    assert out == f"{path}: 2 texts (1 new, 1 moved, 3 removed), 2 chunks\n" and err == ""


def test_search_shows_place_licence_and_code(index, folder, capsys):
    assert run("search", index, "rounded", "box", "--top", "1") == 0
    words = capsys.readouterr().out
    assert run("search", index, "--top", "1", "rounded box") == 0
    assert words == (shown := capsys.readouterr().out)
    assert shown == (
        f"{folder}/box.wgsl:4:1: function sdRoundedBox (Zlib)\n"
        "    /// Signed distance to a box.\n"
        "    fn sdRoundedBox(p: vec2f) -> f32 {\n"
        "        return p.x;\n"
        "    }\n"
    )


@pytest.mark.parametrize(
    ("query", "name", "line", "licence"),
    [
        ("GaussianBlur", "gaussian_blur", 2, "MIT"),
        ("tone map tonemap", "tonemap", 3, ""),
        ("mixing colours", "lerp", 5, "Apache-2.0"),
    ],
)
def test_search_prints_json(index, folder, capsys, query, name, line, licence):
    assert run("search", index, query, "--json") == 0
    hit = json.loads(capsys.readouterr().out)[0]
    assert (hit["name"], hit["line"], hit["license"]) == (name, line, licence)
    assert hit["file"] == f"{folder}/more.jsonl" and hit["kind"] == "function" and hit["score"] > 0
    assert hit["context"] == ("const K = 1.0;" if name == "lerp" else "")


def test_long_hits_are_cut_and_control_characters_shown(folder, capsys):
    body = "\n".join(f"    // \x1b[31m {i}" for i in range(60))
    (folder / "long.wgsl").write_text(f"fn longest() {{\n{body}\n}}\n")
    path = folder.parent / "i"
    assert run("index", folder, "-o", path, "-q") == run("search", path, "longest") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:3] == ["    fn longest() {", r"        // \x1b[31m 0"]
    assert lines[25] == "    … 38 more lines" and len(lines) == 26


def test_nothing_found_is_said(index, capsys):
    assert run("search", index, "qwxyz") == 0
    assert capsys.readouterr() == ("", "tat: nothing found; try other words\n")
    assert run("search", index, "qwxyz", "--json") == 0
    assert capsys.readouterr().out == "[]\n"


def test_the_cookbook_is_the_default(tmp_path, capsys):
    path = tmp_path / "cookbook.index"
    assert run("index", "-o", path) == 0
    out, err = capsys.readouterr()
    count = len(library.load())
    assert out.startswith(f"{path}: {count} texts ({count} new") and "cookbook" in err
    shown = []
    for where in ("cookbook", path):
        assert run("search", where, "sd_rounded_box", "--top", "1", "--json") == 0
        shown.append(json.loads(capsys.readouterr().out))
    assert shown[0] == shown[1]
    assert (shown[0][0]["name"], shown[0][0]["license"]) == ("sd_rounded_box", "MIT")


def test_every_cookbook_function_is_found_by_its_request_at_its_line():
    index = cookbook_index()
    for entry in library.load():
        hits = search(index, entry.request, top=4)
        hit = next(hit for hit in hits if hit.name == entry.name and hit.kind == "function")
        area, name = hit.file.removeprefix("cookbook/").split("/")
        lines = resource("cookbook", "entries", area, name).read_text("utf-8").splitlines()
        assert lines[hit.line - 1] == hit.text.splitlines()[0]


@pytest.mark.parametrize("query", ["", " ", '"', "\x1b", "---", "( " * 5000])
def test_a_query_without_words_is_refused(index, capsys, query):
    assert run("search", index, "--", query) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "no word to look for" in err


def test_hostile_queries_are_answered(index, capsys):
    for query in ("box\0" * 250_000, "NEAR(box", '"box', "box AND", "\udcff box", "box" * 300_000):
        assert run("search", index, query) == 0
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"no index", b"SQLite format 3\0" + bytes(5000)])
def test_other_files_than_an_index_are_one_line_and_exit_4(folder, capsys, content):
    path = folder.parent / "foreign"
    path.write_bytes(content)
    for arguments in (("search", path, "box"), ("index", folder, "-o", path)):
        assert run(*arguments) == 4
        out, err = capsys.readouterr()
        assert out == "" and err == (
            f"tat: {path}: not an index of tat; make one with `tat index PATH -o FILE`\n"
        )
    assert path.read_bytes() == content


def test_a_damaged_index_and_a_missing_one(index, capsys):
    index.write_bytes(index.read_bytes()[:-100] + bytes(100))
    assert run("search", index, "box") == 4
    assert "damaged index; delete it" in capsys.readouterr().err
    index.unlink()
    assert run("search", index, "box") == 4
    assert "No such file" in capsys.readouterr().err


def test_paths_without_shaders_leave_the_index_alone(index, tmp_path, capsys):
    before = index.read_bytes()
    (tmp_path / "empty").mkdir()
    assert run("index", tmp_path / "empty", "-o", index) == 4
    assert "empty: no WGSL and no .jsonl is there; give" in capsys.readouterr().err
    assert index.read_bytes() == before


def test_the_limit_on_files_is_that_of_the_configuration(folder, monkeypatch, capsys):
    monkeypatch.setenv("TAT_DATA_MAX_FILE_BYTES", "70")
    assert run("index", folder, "-o", folder.parent / "i") == 0
    assert "larger than 70 bytes" in capsys.readouterr().err
    assert run("search", folder.parent / "i", "box tonemap") == 0
    assert "tonemap" in capsys.readouterr().out


def test_licences_stay_with_their_lines_behind_one_that_is_too_long(tmp_path, capsys):
    lines = [{"license": "A", "wgsl": f"// {'x' * 2_000_000}"}]
    lines += [{"license": f"L{i}", "wgsl": f"fn f{i}() {{ }}"} for i in range(3)]
    (tmp_path / "a.jsonl").write_text("\r\n".join(map(json.dumps, lines)))
    assert run("index", tmp_path, "-o", tmp_path / "i") == 0
    assert "a.jsonl:1" in capsys.readouterr().err
    for i in range(3):
        assert run("search", tmp_path / "i", f"f{i}", "--top", "1", "--json") == 0
        [hit] = json.loads(capsys.readouterr().out)
        assert (hit["line"], hit["license"]) == (i + 2, f"L{i}")
