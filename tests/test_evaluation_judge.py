"""The judge: references are right in every measure; hostile bodies are wrong and do no harm."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.evaluation.functions import ReferenceFunction
from tat.evaluation.judge import MEASURES, Judge
from tat.evaluation.result_file import ALL, Outcome, figures
from tat.wgsl import behaviour
from tat.wgsl.behaviour import disagreement, inputs
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.signature import parse_signature

pytestmark = pytest.mark.gpu

SQUARE = ReferenceFunction(
    "square", "fn square(x: f32) -> f32", "{ return k * x * x; }", "m", "its square",
    "const k = 1.0;", (), standalone=True, testable=True,
)  # fmt: skip
TWICE = ReferenceFunction(
    "twice", "fn twice(n: i32, up: bool) -> vec2<i32>", "{ return add(n) + vec2i(i32(up)); }", "m",
    calls=("fn add(n: i32) -> vec2<i32>",), testable=True,
)  # fmt: skip
MODULES = {
    "m": "const k = 1.0;\nfn square(x: f32) -> f32 { return k * x * x; }\n"
    "fn add(n: i32) -> vec2<i32> { return vec2i(n, 3 * n); }\n"
    "fn twice(n: i32, up: bool) -> vec2<i32> { return add(n) + vec2i(i32(up)); }\n"
}
SLOW = "{ return " + "x + " * 24_000 + "x; }"  # to compile; it is valid


@pytest.fixture
def judge(sandbox: Sandbox) -> Judge:
    return Judge(sandbox, MODULES)


def measures(judge: Judge, function: ReferenceFunction, body: str | None) -> dict[str, float]:
    return judge.judge(function, body, "nothing came").measures


RIGHT = {"abstained": 0, "exact": 1, "similarity": 1, "valid": 1, "valid_of_returned": 1,
         "behaviour": 1}  # fmt: skip


def test_references_are_right_in_every_measure(judge):
    assert measures(judge, SQUARE, SQUARE.body) == measures(judge, TWICE, TWICE.body) == RIGHT
    assert set(RIGHT) == set(MEASURES)


def test_a_reference_that_is_known_to_be_valid_is_not_validated_again(sandbox, monkeypatch):
    asked, validate = [], sandbox.validate
    monkeypatch.setattr(sandbox, "validate", lambda text: asked.append(text) or validate(text))
    for sound, validations in ((), 2), (("square",), 1):
        assert measures(Judge(sandbox, MODULES, sound), SQUARE, SQUARE.body) == RIGHT
        assert len(asked) == validations
        asked.clear()


def test_other_code_that_computes_the_same_behaves(judge):
    found = measures(judge, SQUARE, "{ let y = abs(x); // |x|\n return y * y; }")
    assert found["behaviour"] == found["valid"] == 1 and found["exact"] == 0
    assert 0 < found["similarity"] < 1


def test_a_valid_body_that_computes_something_else_does_not_behave(judge):
    for function, body, said in (
        (SQUARE, "{ return 0.0; }", "computes 0 and not"),
        (SQUARE, "{ return x * x + 0.001; }", "computes"),
        (TWICE, "{ return add(n); }", "computes"),
    ):
        outcome = judge.judge(function, body)
        assert outcome.measures["valid"] == 1 and outcome.measures["behaviour"] == 0
        assert said in outcome.problem


def test_an_abstention_is_wrong_but_not_among_the_returned(judge):
    outcome = judge.judge(SQUARE, None, "nothing came")
    assert outcome.measures == {"abstained": 1, "exact": 0, "similarity": 0, "valid": 0,
                                "behaviour": 0}  # fmt: skip
    assert outcome.problem == "nothing came"
    assert len(judge.judge(SQUARE, None, "line\n" * 1000).problem) == 400


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "no block"),
        ("not WGSL at all \x00 \x1b[31m", "no block"),
        ("{ return y; }", "y"),
        ("{ return 1u; }", ""),
        ("{ return x * x; } fn more() -> f32 { return 1.0; }", "no block"),
        ("{" * 10_000 + "}" * 10_000, "nest"),
        ("{ return " + "(" * 10_000 + "x" + ")" * 10_000 + "; }", "nest"),
        ("{ return x;" + " " * 200_000 + "}", "longer than"),
        ("{ return x; } //" + "x" * 50_000, "computes"),
        ("{ return x; /* }", "no block"),
        ("{ \ud800 }", "surrogate"),
    ],
    ids=range(11),
)
def test_hostile_bodies_are_wrong(judge, body, said):
    outcome = judge.judge(SQUARE, body)
    assert outcome.measures["behaviour"] == 0 and said in outcome.problem
    assert outcome.measures["valid"] == float(said == "computes")
    assert msgspec.json.encode(outcome)


@pytest.mark.parametrize(
    "loop",
    ["loop { if x > 9 { break; } }", "while x < 9 { }", "for (var i = 0; i >= 0; i = 1) { }",
     "loop { loop { if x > 9 { break; } } if x > 9 { break; } }",
     "loop { if x > 9 { break; } continuing { break if x > 10; } }"],
)  # fmt: skip
def test_an_endless_loop_is_a_failure_although_a_driver_may_leave_it(judge, loop):
    outcome = judge.judge(SQUARE, f"{{ {loop} return x * x; }}")
    assert outcome.measures["valid"] == 1 and outcome.measures["behaviour"] == 0
    assert "not end" in outcome.problem


def test_loops_that_end_are_none(judge):
    loops = "for (var i = 0; i < 900; i++) { while y < x { y += 9; } }"
    body = f"{{ var y = 0.0; {loops} return x * x; }}"
    assert measures(judge, SQUARE, body)["behaviour"] == 1


def test_a_body_that_takes_too_long_fails_and_the_next_one_is_judged(judge, monkeypatch):
    monkeypatch.setattr(behaviour, "_SECONDS", 0.2)
    outcome = judge.judge(SQUARE, SLOW)
    monkeypatch.undo()
    assert outcome.measures["valid"] == 1 and outcome.measures["behaviour"] == 0
    assert "did not end" in outcome.problem
    assert measures(judge, SQUARE, SQUARE.body) == RIGHT


def test_without_its_module_a_function_is_not_run(sandbox):
    found = measures(Judge(sandbox, {}), TWICE, TWICE.body)
    assert found == {name: value for name, value in RIGHT.items() if name != "behaviour"}


def test_a_reference_that_cannot_be_run_measures_nothing(judge):
    """A reference that is invalid where it stands, and one that no harness can call."""
    broken = msgspec.structs.replace(SQUARE, body="{ return missing; }")
    for body in (SQUARE.body, None):
        outcome = judge.judge(broken, body, "nothing came")
        assert outcome.measures == {} and outcome.problem.startswith("not judged, for the ref")
        assert "no definition in scope for identifier: `missing`" in outcome.problem
    unplain = msgspec.structs.replace(SQUARE, signature="fn f(x: ptr<function, f32>)", body="{}")
    assert "behaviour" not in measures(judge, unplain, "{}")


def test_groups_have_figures_of_their_own(judge):
    outcomes = [judge.judge(f, f.body) for f in (SQUARE, TWICE)] + [judge.judge(SQUARE, None)]
    found = figures(outcomes)
    assert found[ALL]["valid"].value == pytest.approx(2 / 3) and found[ALL]["valid"].count == 3
    assert found["standalone"]["valid"].count == 2
    assert found[ALL]["valid_of_returned"].value == 1


SIGNATURE = parse_signature("fn f(a: f32, n: vec2i, u: u32, b: bool, m: mat2x2f) -> f32")


def test_inputs_are_those_of_the_definition():
    rows = inputs(SIGNATURE)
    drawn = np.random.default_rng(0).uniform(-2, 2, (64, 9))
    drawn[:32] = abs(drawn[:32]) / 2
    assert rows.shape == (64, 9)
    assert (rows[:, [0, 5, 6, 7, 8]] == drawn[:, [0, 5, 6, 7, 8]]).all()
    assert (rows[:, 1:3] == np.trunc(10 * drawn[:, 1:3])).all()
    assert (rows[:, 3] == np.floor(10 * abs(drawn[:, 3]))).all() and (rows[:, 3] >= 0).all()
    assert (rows[:, 4] == (drawn[:, 4] > 0)).all() and set(rows[:, 4]) == {0, 1}
    assert inputs(parse_signature("fn f() -> f32")).shape == (64, 0)


@pytest.mark.parametrize(
    ("got", "expected", "agrees"),
    [(1001.0, 1000.0, True), (1001.2, 1000.0, False), (9e-5, 0.0, True), (1.1e-4, 0.0, False)],
)
def test_the_tolerance_is_a_thousandth_and_a_ten_thousandth(got, expected, agrees):
    assert (disagreement(np.array([[expected]]), np.array([[got]])) == "") == agrees


@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(-1e30, 1e30))
def test_agreement_is_within_the_tolerance_of_finite_references(got, expected):
    reference, results = np.array([[expected]]), np.array([[got]])
    agrees = abs(got - expected) <= 1e-4 + 1e-3 * abs(expected)
    assert (disagreement(reference, results) == "") == agrees
    assert disagreement(np.array([[np.nan]]), results) == ""


def test_outcomes_are_written_and_read_as_they_are(judge):
    outcome = judge.judge(SQUARE, "{ return 0.0; }")
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome
