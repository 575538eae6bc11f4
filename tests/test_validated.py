"""Regenerating until a candidate validates: the order, the budget, the best and the places."""

import pytest

from tat.decode.choice import Sampler, greedy
from tat.decode.generator import Generation
from tat.decode.prompt import Prompt
from tat.decode.validated import generate_valid
from tat.wgsl.sandbox import Diagnostic

PROMPT = Prompt("a", "fn f() -> f32", "struct S { a: f32 }\n\nfn g() -> f32;")


class Scripted:
    """A generator that gives these texts one after another, and a sandbox that knows the right."""

    temperature = 0.7

    def __init__(self, *texts: str, right: str = "", problem=None, unfinished: str = "") -> None:
        self.texts, self.right, self.unfinished = list(texts), right, unfinished
        self.problem = problem or Diagnostic("wrong", 4, 2)
        self.choices, self.validated = [], []

    def generate(self, prompt, constraint, choose):
        self.choices.append(choose)
        text = self.texts[len(self.choices) - 1]
        return Generation(text, len(text), text != self.unfinished)

    def validate(self, source: str):
        self.validated.append(source)
        return None if self.right and source.endswith(self.right) else self.problem

    def run(self, budget: int, prompt: Prompt = PROMPT):
        return generate_valid(self, prompt, None, self, budget)


def test_the_first_that_validates_is_returned():
    script = Scripted("bad", "good", "better", right="good")
    outcome = script.run(3)
    assert (outcome.generation.text, outcome.problem, outcome.candidates) == ("good", None, 2)
    assert script.choices[0] is greedy and isinstance(script.choices[1], Sampler)


def test_candidates_differ_and_are_the_same_in_every_run():
    draws = []
    for _ in range(2):
        script = Scripted(*"abcd")
        script.run(4)
        draws.append([vars(choose) for choose in script.choices[1:]])
    assert draws[0] == draws[1] and len({str(draw) for draw in draws[0]}) == 3


def test_none_validates():
    outcome = Scripted("first", "second").run(2)
    assert (outcome.generation.text, outcome.candidates) == ("first", 2)
    assert outcome.problem.message == "wrong"


def test_what_did_not_end_is_not_validated_and_is_the_worst():
    script = Scripted("cut", "whole", unfinished="cut")
    outcome = script.run(2)
    assert outcome.generation.text == "whole" and len(script.validated) == 1
    outcome = Scripted("cut", unfinished="cut").run(1)
    assert "does not end" in outcome.problem.message


def test_a_text_is_validated_once():
    script = Scripted("same", "same", "same")
    assert script.run(3).candidates == 3 and len(script.validated) == 1


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (Diagnostic("m", 4, 7), "1:7: m"),
        (Diagnostic("m", 5, 7), "2:7: m"),
        (Diagnostic("m", 3, 7), "3:7: in the context: m"),
        (Diagnostic("m"), "m"),
    ],
)
def test_places_are_those_of_the_generated_text(problem: Diagnostic, expected: str):
    outcome = Scripted("x", problem=problem).run(1)
    assert str(outcome.problem) == expected


def test_places_in_a_gap_are_those_of_the_whole_text():
    gap = Prompt(prefix="fn f() {\n\n", suffix="}")
    script = Scripted("x", problem=Diagnostic("m", 3, 1))
    assert str(script.run(1, gap).problem) == "3:1: m"
    assert script.validated == ["fn f() {\n\nx}"]


def test_signatures_in_the_context_get_stubs():
    script = Scripted("fn f() -> f32 { return g(); }")
    script.run(1)
    [source] = script.validated
    assert "fn g() -> f32 { return f32(); }\nfn f()" in source


def test_the_budget_is_at_least_one():
    assert Scripted("a").run(0).candidates == 1
