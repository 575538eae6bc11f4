"""A respondent: answers in order, abstentions with reasons, neighbours that give nothing away."""

from dataclasses import dataclass, field, replace

import pytest

from tat.data.neighbours import Neighbour
from tat.decode.candidates import Outcome
from tat.decode.choice import Sampler, Sampling, greedy
from tat.decode.generator import Generation
from tat.decode.prompt import Prompt
from tat.decode.reading import Reading
from tat.decode.validated import Search
from tat.evaluation import answers
from tat.evaluation.answers import Answer, Respondent
from tat.wgsl.sandbox import Diagnostic

LONG = "x" * 100


@dataclass
class Scripted:
    """A generator that has no room for LONG, reads a part of "part", and notes its requests."""

    requests: list = field(default_factory=list)

    def refusal(self, prompt: Prompt) -> str:
        return "prompt: too long" if prompt.description == LONG else ""

    def reading(self, prompt: Prompt) -> Reading:
        return Reading([1, 2], "comments" if prompt.description == "part" else "", 3)

    def source(self, prompt: Prompt) -> list[int]:
        return self.reading(prompt).tokens

    def generate_all(self, requests: list) -> list[Generation]:
        self.requests = requests
        return [Generation(f"text {i}", 1, True, 0.0) for i in range(len(requests))]


def respondent(**more: object) -> Respondent:
    return Respondent(Scripted(), None, Search(Sampling(0.7), 4), None, **more)


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch):
    """Every text validates except the one for "bad"; LONG is refused."""

    def generated(generator, prompts, constraints, sandbox, search, neighbours, most):
        for prompt in prompts:
            wrong = Diagnostic("no such name", 1, 2) if prompt.description == "bad" else None
            wrong = Diagnostic(reason) if (reason := generator.refusal(prompt)) else wrong
            yield [Outcome(Generation(prompt.description.upper(), 1, True, 0.0), wrong, 1)]

    monkeypatch.setattr(answers, "generate_all_valid", generated)


def test_answers_keep_the_order_of_prompts(outcomes):
    prompts = [Prompt(text) for text in (LONG, "a", "bad", LONG, "b")]
    assert list(respondent().answers(prompts)) == [
        Answer(None, "prompt: too long"), Answer("A"), Answer(None, "1:2: no such name"),
        Answer(None, "prompt: too long"), Answer("B"),
    ]  # fmt: skip


def test_whether_all_of_a_prompt_is_read():
    read = [respondent().reads_whole(Prompt(text)) for text in ("short", "part", LONG)]
    assert read == [True, False, False]


def test_draws_are_all_drawn_and_differ():
    model = respondent()
    assert model.draws(Prompt("a"), 3) == [Answer("text 0"), Answer("text 1"), Answer("text 2")]
    preferences = [request.preference for request in model.generator.requests]
    assert all(isinstance(preference, Sampler) for preference in preferences)
    assert greedy not in preferences and len({str(vars(p)) for p in preferences}) == 3
    assert model.draws(Prompt(LONG), 2) == [Answer(None, "prompt: too long")] * 2


def test_neighbours_do_not_give_the_answer_away():
    class Recorder:
        def neighbours(self, prompt: Prompt, exclude: str) -> list[Neighbour]:
            self.excluded = exclude
            return [Neighbour("fn g() {}", "g", "g.wgsl", 1, "MIT", 1.0)]

        def beside(self, prompt: Prompt, found: list[Neighbour], exclude: str) -> Prompt:
            assert exclude == self.excluded
            return replace(prompt, neighbours=tuple(neighbour.text for neighbour in found))

    recorder = Recorder()
    prompt = Prompt("a", "fn f()")
    found = respondent(retriever=recorder).beside_neighbours(prompt, "fn f() { secret }")
    assert found.neighbours == ("fn g() {}",) and found.source == prompt.source
    assert recorder.excluded == "fn f() { secret }"
    assert respondent().beside_neighbours(prompt, "") == prompt
