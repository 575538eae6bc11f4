"""`tat validate`: verdicts, places and exit codes, for files and JSON Lines."""

import json
from pathlib import Path

import pytest

from tat.cli import run
from tat.errors import DeviceError
from tat.wgsl.sandbox import Sandbox

pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("sandbox")]

GOOD = "fn f(x: f32) -> f32 { return x; }"
BAD = "fn f() -> f32 {\n    return y;\n}"


def write(path: Path, text: str | bytes) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def test_valid_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["validate", write(tmp_path / "a.wgsl", GOOD), write(tmp_path / "b", GOOD)]) == 0
    assert capsys.readouterr().out == ""


def test_an_invalid_file_is_named_with_its_place(tmp_path: Path, capsys):
    good, bad = write(tmp_path / "good.wgsl", GOOD), write(tmp_path / "bad.wgsl", BAD)
    assert run(["validate", bad, good]) == 8
    output = capsys.readouterr()
    assert output.out.startswith(f"{bad}:2:12: ") and "`y`" in output.out
    assert "good.wgsl" not in output.out and "1 of 2" in output.err


def test_the_modules_of_json_lines(tmp_path: Path, capsys):
    records = [{"id": "one", "wgsl": GOOD}, {"id": 2, "wgsl": BAD, "more": 1}]
    path = write(tmp_path / "a.jsonl", "\n\n".join(map(json.dumps, records)))
    assert run(["validate", path, "--json"]) == 8
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {"module": f"{path}:1", "id": "one", "valid": True}
    assert (second["module"], second["id"], second["valid"]) == (f"{path}:3", "2", False)
    assert (second["line"], second["column"]) == (2, 12) and "`y`" in second["message"]


def test_standard_input_is_a_module(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    for text, code, said in ((GOOD, 0, ""), (BAD, 8, "<stdin>:2:12: ")):
        with open(write(tmp_path / "a", text)) as file:
            monkeypatch.setattr("sys.stdin", file)
            assert run(["validate", "-"]) == code
        assert capsys.readouterr().out.startswith(said)
    monkeypatch.setattr("sys.stdin", None)  # closed by whoever started it
    assert run(["validate", "-"]) == 0


def test_of_a_folder_the_rest_is_judged_where_a_file_cannot_be_read(tmp_path: Path, capsys):
    binary = write(tmp_path / "a.wgsl", b"#\0binary")
    latin, good = write(tmp_path / "b.wgsl", b"fn f() {}\xff"), write(tmp_path / "c.wgsl", GOOD)
    assert run(["validate", str(tmp_path)]) == run(["grammar", "--check", str(tmp_path)]) == 4
    said = capsys.readouterr().err.splitlines()
    assert said[:2] == [f"tat: {binary}: binary: it holds a NUL byte",
                        f"tat: {latin}: not UTF-8: byte 9"]  # fmt: skip
    assert said[2] == "tat: 1 valid, 2 files cannot be read"
    assert "2 of the files cannot be read" in said[-1]
    for named in (binary, latin):
        assert run(["validate", good, named]) == 4 and "cannot" not in capsys.readouterr().err
    write(tmp_path / "d.wgsl", BAD)
    assert run(["validate", str(tmp_path)]) == 8
    assert "1 of 2 modules are invalid, 2 files cannot be read" in capsys.readouterr().err


def test_glsl_is_called_that(tmp_path: Path, capsys):
    text = "// a shader\n#version 450\nlayout(location = 0) out vec4 color;\nvoid main() {}\n"
    path = write(tmp_path / "a.wgsl", text)
    assert run(["validate", path]) == 8
    assert capsys.readouterr().out == f"{path}:2:1: not WGSL: `#version` begins GLSL\n"


def test_a_module_that_would_kill_naga_is_invalid(tmp_path: Path, capsys):
    text = "fn f() -> f32 { return " + "(" * 10_000 + "1.0" + ")" * 10_000 + "; }"
    assert run(["validate", write(tmp_path / "deep.wgsl", text)]) == 8
    assert "nest deeper" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.wgsl", b"\xff"), ("a.jsonl", b"{"), ("a.jsonl", b'{"id": 1}'), ("a.jsonl", b"[" * 9999)],
)
def test_text_that_is_no_module_is_a_bad_file(tmp_path: Path, capsys, name: str, content: bytes):
    assert run(["validate", write(tmp_path / name, content)]) == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_stands_for_its_wgsl_files(tmp_path: Path, capsys):
    (tmp_path / "deeper").mkdir()
    write(tmp_path / "deeper" / "bad.wgsl", BAD)
    write(tmp_path / "good.wgsl", GOOD)
    write(tmp_path / "notes.jsonl", "{}")
    assert run(["validate", str(tmp_path)]) == 8
    output = capsys.readouterr()
    assert output.out.startswith(f"{tmp_path / 'deeper' / 'bad.wgsl'}:2:12: ")
    assert "1 of 2" in output.err
    (tmp_path / "loop").symlink_to(".")
    assert run(["validate", str(tmp_path)]) == 8 and "loop" in capsys.readouterr().err


def test_imports_from_outside_are_no_fault(tmp_path: Path, capsys):
    outside = write(tmp_path / "a.wgsl", "#import bevy::Out\nfn f(o: Out) -> f32 { return o.x; }")
    good = write(tmp_path / "b.wgsl", GOOD)
    assert run(["validate", outside, good]) == 0
    told = capsys.readouterr()
    verdict = "cannot be judged: imports bevy::Out, which no given folder has"
    assert told.out == f"{outside}:1:1: {verdict}\n" and "1 valid, 1 cannot be judged" in told.err
    assert run(["validate", outside, good, "--json", "--strict"]) == 8
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["valid"], first["message"], second["valid"]) == (None, verdict, True)
    bad = write(tmp_path / "c.wgsl", BAD)
    assert run(["validate", outside, bad]) == 8
    assert "1 of 2 modules are invalid, 1 cannot be judged" in capsys.readouterr().err
    assert run(["wgsl", "extract", str(tmp_path), "--json"]) == 0
    record = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (record["valid"], record["outside"]) == (None, ["bevy::Out"])
    assert record["problem"]["message"] == verdict
    assert run(["wgsl", "extract", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert verdict in told.out and "1 cannot be judged" in told.err


def test_missing_files_and_fifos(tmp_path: Path):
    assert run(["validate", str(tmp_path / "none.wgsl")]) == 4
    assert run(["validate", str(tmp_path)]) == 4


def test_no_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def none(self, source):
        raise DeviceError("wgsl: no adapter")

    monkeypatch.setattr(Sandbox, "validate", none)
    assert run(["validate", write(tmp_path / "a.wgsl", GOOD)]) == 5
