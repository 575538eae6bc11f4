"""`tat eval` as a user meets it: predictions, a model, comparisons, and refusals."""

import json
from pathlib import Path

import msgspec
import pytest
from cli_harness import tat, train

from tat.commands.common.cookbook_eval import judged
from tat.commands.eval import generated_bodies
from tat.cookbook import library
from tat.decode.prompt import Prompt
from tat.evaluation.answers import Answer
from tat.evaluation.functions import ReferenceFunction
from tat.wgsl.stubs import stub

pytestmark = pytest.mark.gpu

MODULE = "fn half(x: f32) -> f32 { return x / 2.0; }\n" \
    "fn quarter(x: f32) -> f32 { return half(half(x)); }\n"  # fmt: skip
FUNCTIONS = (
    {"id": "m/half", "module_id": "m", "signature": "fn half(x: f32) -> f32",
     "body": "{ return x / 2.0; }", "comment": "half of it", "standalone": True, "testable": True},
    {"id": "m/quarter", "module_id": "m", "signature": "fn quarter(x: f32) -> f32",
     "body": "{ return half(half(x)); }", "calls": ["fn half(x: f32) -> f32"],
     "standalone": False, "testable": True},
)  # fmt: skip
UNITS = "exact", "similarity", "valid", "behaviour"


def lines(path: Path, *records: object) -> Path:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    lines(tmp_path / "small.jsonl", {"id": "m", "wgsl": MODULE})
    return lines(tmp_path / "functions_small.jsonl", *FUNCTIONS)


def bodies(path: Path, **by_id: str | None) -> Path:
    return lines(path, *({"id": f"m/{name}", "body": body} for name, body in by_id.items()))


@pytest.fixture
def right(tmp_path: Path) -> Path:
    return bodies(tmp_path / "right.jsonl", half="{ return x / 2.0; }",
                  quarter="{ return half(half(x)); }")  # fmt: skip


def figures(done) -> dict:
    assert done.code == 0, done.err
    groups = json.loads(done.out)["figures"]
    return {name: {m: e["value"] for m, e in of.items()} for name, of in groups.items()}


def test_the_references_are_right_and_zero_values_only_compile(file, right, tmp_path):
    found = figures(tat("eval", file, "--predictions", right, "--json"))
    assert {name: found["all"][name] for name in UNITS} == dict.fromkeys(UNITS, 1)
    zero = {f["id"][2:]: stub(f["signature"]).removeprefix(f["signature"]) for f in FUNCTIONS}
    zeros = bodies(tmp_path / "zeros.jsonl", **zero)
    found = figures(tat("eval", file, "--predictions", zeros, "--json"))
    assert found["all"]["valid"] == found["standalone"]["valid"] == 1
    assert found["all"]["behaviour"] == found["all"]["exact"] == 0
    assert 0 < found["all"]["similarity"] < 1


def test_validity_is_never_reported_without_behaviour(file, right, tmp_path):
    done = tat("eval", file, "--predictions", right)
    assert done.code == 0
    rows = {line.split("  ")[0]: line for line in done.out.splitlines()}
    assert list(rows)[2:4] == ["valid", "behaviour"]
    assert "100.0 % [34.2, 100.0] of 2" in rows["valid"]
    untestable = [{**function, "testable": False} for function in FUNCTIONS]
    untestable = lines(tmp_path / "untestable.jsonl", *untestable)
    done = tat("eval", untestable, "--predictions", right)
    assert "behaviour" in done.out and "not measured" in done.out
    assert "judged beside stubs" in done.err


def test_missing_and_null_predictions_are_wrong(file, tmp_path):
    one = bodies(tmp_path / "one.jsonl", half="{ return x / 2.0; }")
    done = tat("eval", file, "--predictions", one, "--json")
    assert figures(done)["all"]["valid"] == figures(done)["all"]["abstained"] == 0.5
    assert figures(done)["all"]["valid_of_returned"] == 1
    assert "1 of 2 functions have no prediction" in done.err
    null = bodies(tmp_path / "null.jsonl", half="{ return x / 2.0; }", quarter=None)
    done = tat("eval", file, "--predictions", null, "--json")
    assert figures(done)["all"]["behaviour"] == 0.5 and not done.err


def test_results_are_paired_by_id(file, right, tmp_path):
    wrong = bodies(tmp_path / "wrong.jsonl", half="{ return x / 2.0; }", quarter="{ return x; }")
    result = tmp_path / "wrong.json"
    assert tat("eval", file, "--predictions", wrong, "-o", result).code == 0
    record = json.loads(result.read_text())
    assert [o["id"] for o in record["outcomes"]] == ["m/half", "m/quarter"]
    assert "computes" in record["outcomes"][1]["problem"]
    done = tat("eval", file, "--predictions", right, "--compare", result, "--json")
    differences = json.loads(done.out)["differences"]
    assert differences["behaviour"]["value"] == 0.5 and differences["valid"]["value"] == 0
    one = tmp_path / "one.json"
    limited = "-o", one, "--limit", "1", "--compare", result
    assert "more than wrong.json" in tat("eval", file, "--predictions", right, *limited).out
    assert [o["id"] for o in json.loads(one.read_text())["outcomes"]] == ["m/half"]


def test_figures_without_ids_stand_beside_those_of_all(file, tmp_path):
    wrong = bodies(tmp_path / "wrong.jsonl", half="{ return x / 2.0; }", quarter="{ return x; }")
    ids = lines(tmp_path / "near.json", {"overlapping": ["m/half", "other"], "threshold": 0.7})
    asked = "eval", file, "--predictions", wrong, "--without"
    found = figures(tat(*asked, ids, "--json"))
    assert {group: of["behaviour"] for group, of in found.items()} == {
        "all": 0.5, "standalone": 1, "left out": 1, "without": 0,
    }  # fmt: skip
    ids.write_text("elsewhere\n")
    done = tat(*asked, ids)
    assert done.code == 0 and "none of its 1 ids is judged here" in done.err
    assert "no list of ids" in tat(*asked, lines(ids, {})).failure()


def test_a_model_is_judged_and_its_answers_can_be_judged_again(file, bench, tmp_path):
    answers, first = tmp_path / "answers.jsonl", tmp_path / "first.json"
    model = "--run", bench / "run", "--validate", "2"
    done = tat("eval", file, *model, "--answers", answers, "-o", first, "-q")
    assert done.code == 0 and not done.err
    given = [json.loads(line) for line in answers.read_text().splitlines()]
    assert [answer["id"] for answer in given] == ["m/half", "m/quarter"]
    again = tmp_path / "again.json"
    tat("eval", file, "--predictions", answers, "-o", again, "-q")
    one, other = (json.loads(path.read_text()) for path in (first, again))
    measures = [[outcome["measures"] for outcome in report["outcomes"]] for report in (one, other)]
    assert measures[0] == measures[1]
    system = {"candidates": 2, "grammar": True, "last_resorts": 0, "prompts_not_read_whole": 0}
    assert one["system"].items() >= system.items()
    valid = one["figures"]["all"].get("valid_of_returned", {"value": 1})
    assert valid["value"] == 1, "what is returned validates"


def test_the_signature_is_no_part_of_a_body():
    class Echo:
        def beside_neighbours(self, prompt, code):
            return prompt

        def answers(self, prompts, most):
            first, _ = prompts
            return [Answer(f"{first.lead}{{ return x / 2.0; }}\n"), Answer(None, "none came")]

    functions = [msgspec.convert(function, ReferenceFunction) for function in FUNCTIONS]
    answers = list(generated_bodies(Echo(), functions))
    assert answers == [
        (functions[0], Answer("{ return x / 2.0; }")), (functions[1], Answer(None, "none came")),
    ]  # fmt: skip


def test_requests_of_the_cookbook(bench, tmp_path):
    result = tmp_path / "cookbook.json"
    done = tat("eval", "--cookbook", "--run", bench / "run", "--limit", "2", "--samples", "2",
               "-q", "-o", result)  # fmt: skip
    assert done.code == 0 and "pass@1" in done.out and "pass@10" not in done.out
    report = json.loads(result.read_text())
    assert len(report["outcomes"]) == 2 and report["system"]["samples"] == 2
    figures = report["figures"]["all"]
    assert figures["pass@1"]["value"] <= figures["valid@1"]["value"]
    signed = tat("eval", "--cookbook", "--with-signature", "--run", bench / "run", "--limit", "1",
                 "--samples", "1", "-q", "--compare", result)  # fmt: skip
    assert signed.code == 0 and "more than cookbook.json" in signed.out


def test_samples_that_validate_and_samples_that_pass(sandbox):
    [entry] = [entry for entry in library.load() if entry.name == "add_u64"]
    wrong = "fn add(a: vec2u, b: vec2u) -> vec2u { return a + b; }"
    answers = [Answer(text) for text in (wrong, entry.code, wrong, "fn f(")]
    answers.append(Answer(None, "long"))
    outcome = judged(entry, Prompt(entry.request), answers * 2, sandbox)
    assert outcome.measures["valid@1"] == pytest.approx(0.6)
    assert outcome.measures["pass@1"] == pytest.approx(0.2)
    assert outcome.measures["valid@10"] == outcome.measures["pass@10"] == 1
    assert outcome.groups == ("difficulty 1",) and "wrong result" in outcome.problem


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give a file of functions"),
        (["F", "--predictions", "P", "--run", "R"], "give either --run"),
        (["F", "--predictions", "P", "--validate", "3"], "--validate is for a model"),
        (["F", "--predictions", "P", "--top", "3"], "--top is for a model"),
        (["F", "--run", "R", "--top", "3"], "give --index too"),
        (["F", "--run", "R", "--adapt", "0"], "give --index too"),
        (["F", "--predictions", "P", "--adapt", "3"], "--adapt is for a model"),
        (["F", "--predictions", "P", "--validate", "0"], "--validate is for a model"),
        (["F", "--run", "R", "--samples", "3"], "--samples is for --cookbook"),
        (["F", "--cookbook", "--run", "R"], "file is for a file of functions"),
        (["--cookbook", "--run", "R", "--answers", "A"], "--answers is for a file of functions"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, said):
    done = tat("eval", *arguments)
    assert done.code == 2 and said in done.failure()


def test_bad_files_are_named(file, right, bench, tmp_path):
    for arguments, said in (
        ([tmp_path / "none.jsonl", "--predictions", right], "no such file or folder"),
        ([file, "--predictions", tmp_path / "none.jsonl"], "no such file or folder"),
        ([file, "--predictions", file.with_name("small.jsonl")], "small.jsonl:1"),
        ([file, "--predictions", right, "--compare", right], "no result of `tat eval`"),
        ([file, "--predictions", right, "-o", tmp_path / "no" / "x.json"], "folder does not exist"),
        ([file, "--run", right], "right.jsonl"),
        ([file, "--run", bench / "run", "--index", right], "not an index"),
    ):
        done = tat("eval", *arguments)
        assert done.code == 4 and said in done.failure(), arguments


def test_a_model_reads_what_retrieval_finds(file, bench, tmp_path):
    assert train(bench, tmp_path / "run", "-q", "--set", "data.neighbours=1").code == 0
    index = tmp_path / "shaders.index"
    assert tat("index", bench / "shaders", "-o", index, "-q").code == 0
    model = "--run", tmp_path / "run", "-q", "--json", "--limit", "1"
    done = tat("eval", file, *model, "--index", index, "--top", "2", "--validate", "1")
    assert done.code == 0, done.err
    system = json.loads(done.out)["system"]
    used = {"index": "shaders.index", "neighbours": 2, "adaptations": 32, "last_resorts": 96}
    assert system.items() >= used.items()
    done = tat("eval", "--cookbook", *model, "--index", "cookbook", "--samples", "1")
    assert done.code == 0 and json.loads(done.out)["system"]["neighbours"] == 1


def test_a_library_answers_what_the_model_cannot_read(bench, tmp_path):
    """The first prompt is too long; the second is read without the comments of its context."""
    long = {"id": "long", "comment": "area of a disc " * 200, "body": "{ return size; }",
            "signature": "fn area_of(size: f32) -> f32", "standalone": True}  # fmt: skip
    noted = {**FUNCTIONS[0], "context": "// note" * 200 + "\nconst k = 1.0;"}
    asked = lines(tmp_path / "functions.jsonl", long, noted)
    assert tat("index", bench / "shaders", "-o", tmp_path / "index", "-q").code == 0
    model = asked, "--run", bench / "run", "--validate", "1", "-q", "--json"
    alone, result = tmp_path / "alone.json", tmp_path / "result.json"
    assert tat("eval", *model, "-o", alone).code == 0
    assert tat("eval", *model, "-o", result, "--index", tmp_path / "index").code == 0
    problems = [json.loads(path.read_text())["outcomes"][0]["problem"] for path in (alone, result)]
    assert "sources of at most 256; shorten" in problems[0]
    report = json.loads(result.read_text())
    assert report["outcomes"][0]["measures"]["valid"] == 1
    assert report["system"]["prompts_not_read_whole"] == 2


def test_a_model_without_retrieval_is_not_judged_with_it(file, bench):
    done = tat("eval", file, "--run", bench / "run", "--index", "cookbook", "--top", "1")
    assert done.code == 2 and "trained without retrieval" in done.failure()


def test_unknown_and_repeated_ids_are_refused(file, tmp_path):
    unknown = bodies(tmp_path / "unknown.jsonl", other="{}")
    done = tat("eval", file, "--predictions", unknown)
    assert "no function has the id 'm/other'" in done.failure()
    twice = lines(tmp_path / "twice.jsonl", *[{"id": "m/half", "body": "{}"}] * 2)
    assert "twice.jsonl:2: the id 'm/half'" in tat("eval", file, "--predictions", twice).failure()
