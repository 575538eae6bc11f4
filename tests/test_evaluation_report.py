"""Reports: figures by group, differences by id, and files that are none."""

import msgspec
import pytest

from tat.errors import FileError, UsageError
from tat.evaluation.result_file import ALL, Outcome, Report, differences, figures, read_report


def report(*outcomes: Outcome, benchmark: str = "functions") -> Report:
    return Report(benchmark, "f.jsonl", {}, ("valid",), figures(outcomes), outcomes)


def outcome(id: str, valid: float, **more: float) -> Outcome:
    return Outcome(id, {"valid": valid, **more})


def test_figures_count_measured_outcomes_alone():
    outcomes = [
        Outcome("a", {"valid": 1.0, "likeness": 0.25}, ("short", "old")),
        Outcome("b", {"valid": 0.0}, ("short",)), Outcome("c", {"likeness": 0.5}),
    ]  # fmt: skip
    found = figures(outcomes)
    counts = {group: {m: e.count for m, e in of.items()} for group, of in found.items()}
    assert counts == {
        ALL: {"valid": 2, "likeness": 2}, "short": {"valid": 2, "likeness": 1},
        "old": {"valid": 1, "likeness": 1},
    }  # fmt: skip
    assert found[ALL]["likeness"].value == 0.375 and found["old"]["valid"].value == 1
    assert figures([]) == {ALL: {}}


def test_differences_compare_shared_ids_alone():
    one = report(outcome("a", 1, more=1), outcome("b", 1), outcome("c", 0), outcome("only", 1))
    other = report(outcome("c", 0), outcome("b", 0), outcome("a", 1), outcome("else", 0))
    found = differences(one, other)
    assert found.keys() == {"valid"} and found["valid"].count == 3
    assert found["valid"].value == pytest.approx(1 / 3)
    assert differences(other, one)["valid"].value == pytest.approx(-1 / 3)


def test_incomparable_results_are_refused():
    with pytest.raises(UsageError, match="no case in common"):
        differences(report(outcome("a", 1)), report(outcome("b", 1)))
    with pytest.raises(UsageError, match="one result is of functions, one of cookbook"):
        differences(report(outcome("a", 1)), report(outcome("a", 1), benchmark="cookbook"))


def test_reports_are_read_as_they_were_written(tmp_path):
    path, written = tmp_path / "r.json", report(outcome("a", 1), outcome("b", 0.5))
    path.write_bytes(msgspec.json.encode(written))
    assert read_report(path) == written


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"benchmark": 1}', b"\xff", b"[" * 9999])
def test_a_file_that_is_no_report_is_named(tmp_path, content):
    path = tmp_path / "r.json"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"r\.json: no result of `tat eval`"):
        read_report(path)
    with pytest.raises(FileError, match="no such file"):
        read_report(tmp_path / "none.json")
