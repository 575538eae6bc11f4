"""bench/recipes.py: who trains where, what a failure leaves, what goes on, and what is compared."""

import json
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import msgspec
import pytest

BENCH = Path(__file__).parent.parent / "bench"
sys.path.insert(0, str(BENCH))

import recipe_judge  # noqa: E402
import recipe_training  # noqa: E402
import recipes  # noqa: E402
from recipe_training import Variant  # noqa: E402

from tat.evaluation.result_file import Outcome, Report, figures  # noqa: E402

FUNCTIONS = [{"id": f"f{i}", "testable": i % 2 == 0} for i in range(10)]
RIGHT = {"one": {"f0", "f2"}, "two": {"f2", "f4", "f6"}, "taught": set()}  # that behave


@pytest.fixture(name="options")
def options_fixture(tmp_path) -> Namespace:
    file = tmp_path / "functions.jsonl"
    file.write_text("".join(json.dumps(function) + "\n" for function in FUNCTIONS))
    return Namespace(
        files=[file], data=tmp_path / "all.tat", other=tmp_path / "simple.tat", minutes=1.0,
        steps=10, device=["a", "b"], parts=2, testable=True, validate=4, limit=None,
        without=None, set=[], only=[], work=tmp_path / "work", results=tmp_path / "results",
    )  # fmt: skip


@pytest.fixture(name="commands")
def commands_fixture(monkeypatch) -> list[list[str]]:
    """Commands that were run, by a tat that does everything at once."""
    done: list[list[str]] = []

    def run(words: list[str], check: bool, stdout: object, stderr: object) -> None:
        words = words[words.index(sys.executable) + 1 :]
        done.append(words)
        if "broken" in " ".join(words):
            raise subprocess.CalledProcessError(1, words)
        if "eval" in words:
            judge(Path(words[words.index("eval") + 1]), Path(words[-1]))
        elif "--run" in words:
            train(Path(words[words.index("--run") + 1]), int(words[words.index("--steps") + 1]))
        else:
            Path(words[-1]).write_bytes(b"model")

    for module in (recipe_judge, recipe_training):
        monkeypatch.setattr(module.subprocess, "run", run)
    return done


def train(run: Path, steps: int) -> None:
    run.mkdir(parents=True, exist_ok=True)
    (run / f"step-{steps:08}.safetensors").touch()
    (run / "latest").unlink(missing_ok=True)
    (run / "latest").symlink_to(f"step-{steps:08}.safetensors")
    lines = [{"step": n, "seconds": 0.01, "validation_loss": 2.0} for n in range(steps)]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def judge(part: Path, result: Path) -> None:
    ids = [json.loads(line)["id"] for line in part.read_text().splitlines()]
    right = RIGHT[result.parts[-3]]
    outcomes = tuple(Outcome(i, {"behaviour": float(i in right), "similarity": 0.5}) for i in ids)
    report = Report("functions", part.name, {}, ("behaviour",), figures(outcomes), outcomes)
    result.write_bytes(msgspec.json.encode(report))


def of_kind(commands: list[list[str]], kind: str, run: str = "") -> list[list[str]]:
    return [words for words in commands if kind in " ".join(words) and run in " ".join(words)]


def test_all_are_trained_and_judged_and_the_table_compares_pairs(options, commands):
    taught = Variant("taught", teachers=("one", "two"))
    assert recipes._all([Variant("one"), Variant("two"), taught], options) == 0
    table = (options.results / "recipes.md").read_text()
    assert "| two | config/bundled.toml | 10 |" in table and "60.0 %" in table
    assert "of 5 | 2, 1 |" in table  # f4 and f6 won, f0 lost; five functions can be run
    lessons = of_kind(commands, "distil.py")
    assert all("--teacher" in words for words in lessons) and len(lessons) == 2
    exports = [i for i, words in enumerate(commands) if "export" in words]
    first_lesson = commands.index(lessons[0])
    assert first_lesson > max(exports[:2])  # both teachers were done
    before = len(commands)
    assert recipes._all([Variant("one"), Variant("two"), taught], options) == 0
    assert len(commands) == before  # nothing is done twice


def test_each_file_has_its_columns(options, commands, tmp_path):
    more = tmp_path / "functions_more.jsonl"
    more.write_text('{"id": "f2", "testable": true}\n{"id": "f4", "testable": true}\n')
    (tmp_path / "more.jsonl").write_text("")
    options.files.append(more)
    assert recipes._all([Variant("one"), Variant("two")], options) == 0
    table = (options.results / "recipes.md").read_text()
    assert "| behaviour, functions.jsonl | won, lost | behaviour, functions_more.jsonl |" in table
    assert "of 5 | 2, 1 | 100.0 %" in table and "of 2 | 1, 0 |" in table
    given = [words for words in of_kind(commands, "eval") if "--modules" in words]
    assert {Path(words[words.index("--modules") + 1]).name for words in given} == {"more.jsonl"}


def test_a_variant_that_fails_leaves_the_others(options, commands, capsys):
    assert recipes._all([Variant("broken"), Variant("one")], options) == 1
    assert "recipes: broken: " in capsys.readouterr().err
    assert "| one |" in (options.results / "recipes.md").read_text()


def test_phases_change_the_corpus_and_go_on_where_they_were(options, commands):
    one = Variant("one", phases=(("other", 0.5), ("data", 1.0)))
    train(options.work / "one" / "run", 7)  # killed in the second phase
    assert recipes._all([one], options) == 0
    went_on = of_kind(commands, "one/run", "--steps")
    assert [words[2:4] for words in went_on] == [["train", str(options.data)]]
    assert {"--resume", "--allow-change"} < {*went_on[0]}
    (options.work / "one" / "model.safetensors").unlink()
    (options.work / "one" / "run" / "latest").unlink()  # killed before its first checkpoint
    commands.clear()
    assert recipes._all([one], options) == 0
    corpora = [words[3] for words in of_kind(commands, "one/run", "--steps")]
    ends = [words[words.index("--steps") + 1] for words in of_kind(commands, "one/run", "--steps")]
    assert (corpora, ends) == ([str(options.other), str(options.data)], ["5", "10"])


def test_steps_are_what_fits_into_the_time(options, commands):
    options.steps = None
    assert recipes._all([Variant("one")], options) == 0
    plan = json.loads((options.work / "one" / "plan.json").read_text())
    assert plan["steps"] == pytest.approx(60 / 0.01, abs=1)


@pytest.mark.parametrize(
    ("only", "other", "said"),
    [
        (["nonsense"], True, "no such variant"),
        (["distilled"], True, "needs .average"),
        (["other first"], False, "--other CORPUS"),
    ],
)
def test_a_variant_that_cannot_be_trained_is_refused(options, only, other, said):
    options.only = only
    options.other = options.other if other else None
    with pytest.raises(recipes.UsageError, match=said):
        recipes._chosen(options)
    options.only, options.other = [], None
    assert "other first" not in [variant.name for variant in recipes._chosen(options)]
