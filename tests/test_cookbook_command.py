"""`tat cookbook`: its output, its refusals and its exit codes."""

import json
from pathlib import Path

import pytest

from tat import cli
from tat.commands import cookbook
from tat.cookbook import library
from tat.cookbook.runner import Failure, Result

ENTRIES = library.load()
NAMES = {entry.name for entry in ENTRIES}


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the one entry whose test fails; no shader is run."""
    name = ENTRIES[3].name
    failure = Failure("wrong result", "p = 1", "2", "3")

    def pretend(entry, sandbox):
        return Result(entry.name, 64, failure if entry.name == name else None)

    monkeypatch.setattr(cookbook, "test_entry", pretend)
    return name


def test_list_names_every_entry_under_its_area(capsys):
    assert cli.run(["cookbook", "list"]) == 0
    area, listed = "", {}
    for line in filter(None, capsys.readouterr().out.splitlines()):
        if line.startswith(" "):
            listed[line.split()[0]] = area
        else:
            area = line
    assert listed == {entry.name: entry.area for entry in ENTRIES}


def test_list_selects_by_area_and_tag(capsys):
    assert cli.run(["cookbook", "list", "--area", "noise", "--tag", "starter", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    wanted = [e for e in library.load("starter") if e.area == "noise"]
    assert [entry["name"] for entry in listed] == [entry.name for entry in wanted]
    assert [entry["code"] for entry in listed] == [entry.code for entry in wanted]
    assert cli.run(["cookbook", "list", "--area", "no_such_area"]) == 2
    assert "noise" in capsys.readouterr().err


def test_show_prints_code_to_paste(capsys):
    entry = ENTRIES[0]
    assert cli.run(["cookbook", "show", entry.name]) == 0
    shown = capsys.readouterr().out
    assert shown.endswith(f"\n\n{entry.code}") and entry.request in shown
    assert all(line.startswith("// ") for line in shown.split("\n\n")[0].splitlines())


def test_an_unknown_name_is_refused_with_near_ones(capsys):
    name = ENTRIES[0].name
    for action in ("show", "test"):
        assert cli.run(["cookbook", action, name + "x"]) == 2
        error = capsys.readouterr().err
        assert error == f"tat: the cookbook has no '{name}x', did you mean {name}?\n"
    assert cli.run(["cookbook", "show", "quite another thing"]) == 2
    assert capsys.readouterr().err.endswith("; `tat cookbook list` names all\n")


def test_a_failure_is_named_with_input_got_and_expected(failing, capsys):
    assert cli.run(["cookbook", "test"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert f"FAILED  {failing}: wrong result for p = 1: got 2, expected 3" in lines
    assert lines[-1].startswith(f"{len(NAMES) - 1} passed, 1 failed")
    assert sum(line.startswith("ok ") for line in lines) == len(NAMES) - 1


def test_only_the_named_are_tested(failing, capsys):
    others = sorted(NAMES - {failing})[:2]
    assert cli.run(["cookbook", "test", *others]) == 0
    assert cli.run(["cookbook", "test", others[0], failing]) == 1


def test_the_report_for_programs(failing, capsys):
    assert cli.run(["cookbook", "test", "--json"]) == 1
    results = json.loads(capsys.readouterr().out)
    assert {result["name"] for result in results} == NAMES
    failures = {r["name"]: r["failure"] for r in results if r["failure"]}
    wanted = {"reason": "wrong result", "input": "p = 1", "got": "2", "expected": "3"}
    assert failures == {failing: wanted}


def test_html_writes_one_file(tmp_path: Path, capsys):
    path = tmp_path / "page.html"
    assert cli.run(["cookbook", "html", "--no-pictures", "-o", str(path)]) == 0
    assert list(tmp_path.iterdir()) == [path]
    text = path.read_text(encoding="utf-8")
    assert all(f'<article id="{name}"' in text for name in NAMES)
    assert cli.run(["cookbook", "html", "--no-pictures", "-o", str(tmp_path / "no" / "x")]) == 4
