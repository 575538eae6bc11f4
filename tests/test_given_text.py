"""Byte order marks and CRLF: every command reads a person's text as training does."""

import argparse
import io
import itertools
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.cli import run as tat
from tat.commands.common.input_lines import InputLines
from tat.commands.common.modules import read_modules as modules_of
from tat.commands.common.prompts import read_job
from tat.config import resolve
from tat.data.corpus import load_corpus
from tat.data.given_text import MARK, as_read
from tat.errors import FileError
from tat.evaluation.functions import read_functions, read_modules, read_predictions
from tat.evaluation.result_file import read_report
from tat.retrieval.index_file import open_index
from tat.wgsl.grammar import Grammar

GRAMMAR = Grammar.of_bytes()
MODULE = "// scales a value by a half\nfn half(x: f32) -> f32 {\n    return 0.5 * x;\n}\n"
CONTEXT = "// how far\nconst reach = 4.0;\n\nfn other(x: f32) -> f32;\n"
SIGNATURE = "fn far(\n    at: vec3f,\n) -> f32"
MARKED = MARK.encode()
DATA = resolve(environment={}).config.data


def foreign(text):
    """The text as an editor on Windows saves it: a mark in front, CRLF at each line's end."""
    return MARKED + text.replace("\n", "\r\n").encode()


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


FUNCTION = {
    "id": "a", "signature": SIGNATURE, "body": "{\n    return 1.0;\n}", "comment": "far\nout",
    "context": CONTEXT, "calls": ["fn a()\n"], "module_id": "m",
}  # fmt: skip


def foreign_record(record):
    def changed(value):
        if isinstance(value, list):
            return list(map(changed, value))
        return MARK + value.replace("\n", "\r\n")

    names = {"id", "module_id"}
    return {key: value if key in names else changed(value) for key, value in record.items()}


@pytest.mark.parametrize("name, text", [
    ("a.wgsl", MODULE),
    ("a.jsonl", lines({"wgsl": MODULE, "id": "m"}, FUNCTION)),
    ("a.jsonl", lines(FUNCTION, {"wgsl": MODULE})),
])  # fmt: skip
def test_training_and_indexing_lose_nothing(tmp_path, name, text):
    for folder, content in (("plain", text.encode()), ("foreign", foreign(text))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(content)
        assert tat(["index", str(tmp_path / folder), "-o", str(tmp_path / f"{folder}.index")]) == 0
    plain, other = (load_corpus([tmp_path / name], DATA, 0) for name in ("plain", "foreign"))
    assert other.fingerprint == plain.fingerprint and not other.report.skipped
    rows = [
        open_index(tmp_path / f"{name}.index").select("SELECT text, comment, context FROM chunks")
        for name in ("plain", "foreign")
    ]
    assert rows[0] == rows[1] and rows[0]


def test_texts_inside_of_json_are_read_so_too(tmp_path):
    for name, record in (("plain", FUNCTION), ("foreign", foreign_record(FUNCTION))):
        (tmp_path / f"{name}.jsonl").write_text(lines(record))
    plain, other = (load_corpus([tmp_path / f"{n}.jsonl"], DATA, 0) for n in ("plain", "foreign"))
    assert plain.fingerprint == other.fingerprint
    assert read_functions(tmp_path / "plain.jsonl") == read_functions(tmp_path / "foreign.jsonl")


def jobs(monkeypatch, standard_input=b"", **given):
    options = dict.fromkeys(("context", "prefix", "suffix", "input"))
    options |= {"description": "", "signature": "", "line": False, **given}
    stream = io.TextIOWrapper(io.BytesIO(standard_input))
    monkeypatch.setattr(sys, "stdin", stream)
    if options["input"]:
        found = [j for group in InputLines(options["input"], GRAMMAR).groups() for j in group]
    else:
        found = [read_job(argparse.Namespace(**options), GRAMMAR)]
    return [job.prompt for job in found]


def test_contexts_and_signatures_give_the_same_prompt(tmp_path, monkeypatch):
    (tmp_path / "plain").write_text(CONTEXT)
    (tmp_path / "foreign").write_bytes(foreign(CONTEXT))
    (plain,) = jobs(monkeypatch, signature=SIGNATURE, context=tmp_path / "plain")
    signature = foreign(SIGNATURE).decode()
    (other,) = jobs(monkeypatch, signature=signature, context=tmp_path / "foreign")
    assert plain == other and plain.source == other.source
    assert plain.module("{}") == other.module("{}")


def test_gaps_give_the_same_prompt(tmp_path, monkeypatch):
    for name, text in (("prefix", "fn a() {\n    "), ("suffix", "\n    return;\n}\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / f"foreign-{name}").write_bytes(foreign(text))
    names = [
        {n: tmp_path / f"{kind}{n}" for n in ("prefix", "suffix")} for kind in ("", "foreign-")
    ]
    plain, other = (jobs(monkeypatch, **of) for of in names)
    assert plain == other


@pytest.mark.parametrize("through", ["file", "standard input"])
def test_lines_of_input_give_the_same_prompts(tmp_path, monkeypatch, through):
    record = {"signature": SIGNATURE, "context": CONTEXT, "description": "how\nfar"}
    texts = lines(record, record).encode(), foreign(lines(record, foreign_record(record)))
    found = []
    for text in texts:
        (tmp_path / "input").write_bytes(text)
        if through == "file":
            found.append(jobs(monkeypatch, input=tmp_path / "input"))
        else:
            found.append(jobs(monkeypatch, text, input=type(tmp_path)("-")))
    assert found[0] == found[1] and len(found[0]) == 2


def test_files_of_evaluation(tmp_path):
    for name, text, read in (
        ("functions", lines(FUNCTION), read_functions),
        ("modules", lines({"id": "m", "wgsl": MODULE}), read_modules),
        ("predictions", lines({"id": "a", "body": "{\n}"}, {"id": "b", "body": None}),
         lambda path: read_predictions(path, ["a", "b"])),
    ):  # fmt: skip
        (tmp_path / name).write_text(text)
        plain = read(tmp_path / name)
        (tmp_path / name).write_bytes(foreign(text))
        assert read(tmp_path / name) == plain
    (tmp_path / "report").write_bytes(MARKED + b"{}")
    with pytest.raises(FileError, match="no result of `tat eval`: Object missing"):
        read_report(tmp_path / "report")


def test_modules_that_are_judged(tmp_path):
    (tmp_path / "a.wgsl").write_bytes(foreign(MODULE))
    (tmp_path / "a.jsonl").write_bytes(foreign(lines({"wgsl": MARK + MODULE})))
    first, second = modules_of([tmp_path / "a.wgsl", tmp_path / "a.jsonl"])
    assert first.text.replace("\r\n", "\n") == second.text == MODULE


def test_configuration(tmp_path, capsys):
    (tmp_path / "tat.toml").write_bytes(MARKED + b"seed = 77\r\n")
    assert tat(["config", "seed", "--config", str(tmp_path / "tat.toml")]) == 0
    assert "77" in capsys.readouterr().out


@given(st.text(alphabet=st.sampled_from("a\r\n\ufeff ")))
def test_only_a_mark_before_and_returns_before_line_feeds_go(text):
    assert as_read(text) == "\n".join(text.removeprefix(MARK).split("\r\n"))
    kept = "".join(itertools.filterfalse("\r\ufeff".__contains__, text))
    assert kept == "".join(itertools.filterfalse("\r\ufeff".__contains__, as_read(text)))
