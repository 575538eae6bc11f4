"""Regenerating until a candidate validates: the order, the budget, the best and the places."""

from dataclasses import replace

import pytest
from decoding import CONSTRAINTS, PROMPTS, new_generator
from scripted import LIBRARY, PROMPT, SAMPLING, WITH_LIBRARY, Scripted

from tat.data.tokenizer import FIRST_BYTE
from tat.decode.candidates import Candidates
from tat.decode.choice import Sampler, Sampling, greedy
from tat.decode.generator import Generation, Generator
from tat.decode.prompt import Prompt
from tat.decode.validated import Search, generate_all_valid
from tat.wgsl.sandbox import Diagnostic, Sandbox


def test_the_most_likely_text_is_enough_if_it_validates():
    script = Scripted("good", "better", right=("good",))
    outcome = script.best(3)
    assert (outcome.generation.text, outcome.problem, outcome.candidates) == ("good", None, 1)
    assert script.choices == [greedy]


def test_else_the_likeliest_valid_text_is_returned():
    script = Scripted("a", "b", "c", "d", right=("b", "c"), likely="dbca")
    outcome = script.best(4)
    assert (outcome.generation.text, outcome.problem, outcome.candidates) == ("c", None, 4)
    assert [type(choice) for choice in script.choices[1:]] == [Sampler] * 3


def test_candidates_differ_and_are_the_same_in_every_run():
    draws = []
    for _ in range(2):
        script = Scripted(*"abcd")
        script.best(4)
        draws.append([vars(choice) for choice in script.choices[1:]])
    assert draws[0] == draws[1] and len({str(draw) for draw in draws[0]}) == 3


def test_none_validates():
    outcome = Scripted("first", "second").best(2)
    assert (outcome.generation.text, outcome.candidates) == ("first", 2)
    assert outcome.problem.message == "wrong"


def test_an_unfinished_text_is_not_validated_and_ranks_last():
    script = Scripted("cut", "whole", unfinished="cut")
    outcome = script.best(2)
    assert outcome.generation.text == "whole" and len(script.validated) == 1
    outcome = Scripted("cut", unfinished="cut").best(1)
    assert "does not end" in outcome.problem.message


@pytest.mark.parametrize(("count", "said"), [
    (0, "no token that was tried may stand at its start; try another seed"),
    (2, "no token that was tried may stand behind its first 2 tokens; try another seed"),
    (3, "it does not end within 3 tokens"),
])  # fmt: skip
def test_a_text_without_an_end_says_why(count, said):
    generator, candidates = new_generator(max_tokens=3), Candidates(PROMPT, Scripted())
    candidates.add(generator.generation(PROMPT, [FIRST_BYTE + ord("x")] * count, 0.0))
    assert candidates.best(1)[0].problem.message.startswith(said)


class Stuck(Scripted):
    """No statement that it writes is taken."""

    def stream(self, request):
        stream = super().stream(request)
        stream.review(request.reviewer, request.redraw)
        tokens = [*b"{ return a.z;"]
        assert request.reviewer.take(tokens[:1]) is None and request.reviewer.take(tokens) == 1
        return stream

    def generation(self, prompt, tokens, score):
        return Generation(prompt.lead, 1, finished=False, score=score, stuck=True)

    def validate(self, source):
        return Diagnostic("a has no z", 1, 1) if "z" in source else None


def test_a_text_whose_statements_are_all_refused_says_what_naga_said_of_the_last():
    script = Stuck()
    script.pieces = [bytes([byte]) for byte in range(256)]
    outcome = script.best(1, redraws=1)
    said = "each statement that was tried behind its first 1 tokens was refused, the last: a has"
    assert outcome.problem.message.startswith(f"{said} no z; try another seed, more candidates")


@pytest.mark.parametrize("body", ["{ }", "{\n    // later\n}", "{ ; }", "{ return; }", "{ { } }"])
def test_a_function_that_does_nothing_is_no_answer(body, sandbox):
    prompt = Prompt("move it", "fn f()")
    empty, other = (
        Generation(f"fn f() {text}", 3, True, score)
        for text, score in ((body, -1.0), ("{ var a = 1; a += 1; }", -2.0))
    )
    candidates = Candidates(prompt, sandbox)
    candidates.add(empty)
    assert candidates.valid == 0 and "does nothing" in str(candidates.best(1)[0].problem)
    candidates.add(other)
    assert candidates.best(1)[0].generation.text == other.text


def test_a_gap_may_be_filled_with_an_empty_function(sandbox):
    candidates = Candidates(Prompt(prefix="fn f() ", suffix="\n"), sandbox)
    candidates.add(Generation("{ }", 3, True, -1.0))
    assert candidates.valid == 1


def test_a_text_is_validated_once():
    script = Scripted("same", "same", "same")
    assert script.best(3).candidates == 3 and len(script.validated) == 1


def test_without_draws_there_is_one_candidate():
    script = Scripted("a", "b")
    [[outcome]] = generate_all_valid(script, [PROMPT], None, script, Search(Sampling(0.0), 4))
    assert outcome.candidates == 1 and outcome.problem


def test_several_texts_of_a_prompt_are_different_the_valid_ones_first():
    script = Scripted("a", "b", "a", "c", "d", right=("b", "d"), likely="bcda")
    [outcomes] = generate_all_valid(script, [PROMPT], None, script, Search(SAMPLING, 5, wanted=3))
    assert [o.generation.text for o in outcomes] == ["d", "b", "a"]
    assert [o.problem is None for o in outcomes] == [True, True, False]


def test_a_budget_of_none_validates_nothing():
    script = Scripted("a")
    assert script.best(0).problem is None and script.validated == []


@pytest.mark.parametrize(
    ("suffix", "gaps", "count"), [(" ", False, 0), (" ", True, 1), ("}", False, 1), ("}", True, 1)]
)
def test_a_gap_is_validated_with_text_on_both_sides_or_if_so_asked(suffix, gaps, count):
    script = Scripted("x")
    outcome = script.best(1, Prompt(prefix="fn f() {", suffix=suffix), gaps=gaps)
    assert (outcome.problem is None) == (count == 0) and len(script.validated) == count


def test_a_gaps_valid_text_goes_before_a_likelier_one():
    script = Scripted("wrong", "right", right=("right}",))
    gap = Prompt(prefix="fn f() {", suffix="}")
    assert script.best(2, gap, gaps=False).generation.text == "right"


def test_answers_keep_the_order_of_the_prompts():
    """The last prompt is decided first, and its answer comes last."""
    script = Scripted("c", "b", "a", right=("a", "c"))
    found = []
    script.run = lambda waiting, sources, each: (waiting.pop() for _ in range(3))
    prompts = [PROMPT, Prompt("b"), Prompt("c")]
    for outcomes in generate_all_valid(script, prompts, None, script, Search(SAMPLING, 1)):
        found.append(outcomes[0].generation.text)
    assert found == ["a", "b", "c"]


def test_prompts_are_taken_while_few_texts_are_open():
    generator: Generator = new_generator(16)
    taken, given = 0, []

    def coming():
        nonlocal taken
        for prompt in PROMPTS.values():
            taken += 1
            yield prompt

    parts = generator, coming(), CONSTRAINTS, Sandbox(), Search(SAMPLING, 0)
    for [outcome] in generate_all_valid(*parts, neighbours=0, most=1):
        given.append(outcome)
        assert taken <= len(given) + 1
    assert given == [o for [o] in generate_all_valid(generator, [*PROMPTS.values()], *parts[2:])]


@pytest.mark.parametrize("beams", [1, 3])
def test_a_real_search_gives_each_prompt_what_it_gets_alone(beams):
    generator: Generator = new_generator(16)
    search, prompts = Search(SAMPLING, 0, beams, wanted=2), list(PROMPTS.values()) * 2
    together = list(generate_all_valid(generator, prompts, CONSTRAINTS, Sandbox(), search))
    for prompt, outcomes in zip(prompts, together, strict=True):
        [alone] = generate_all_valid(generator, [prompt], CONSTRAINTS, Sandbox(), search)
        assert outcomes == alone and len(outcomes) == 2


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
    assert str(Scripted("x", problem=problem).best(1).problem) == expected


def test_places_in_a_gap_are_those_of_the_whole_text():
    gap = Prompt(prefix="fn f() {\n\n", suffix="}")
    script = Scripted("x", problem=Diagnostic("m", 3, 1))
    assert str(script.best(1, gap).problem) == "3:1: m"
    assert script.validated == ["fn f() {\n\nx}"]


def test_signatures_in_the_context_get_stubs():
    script = Scripted("fn f() -> f32 { return g(); }")
    script.best(1)
    [source] = script.validated
    assert "fn g() -> f32 { return f32(); }\nfn f()" in source


def test_a_prompt_that_is_too_long_is_refused_without_asking_the_model():
    script = Scripted()
    for beams in (1, 2):
        outcome = script.best(3, Prompt("long"), beams=beams)
        assert outcome.refused and str(outcome.problem) == "prompt: too long"
    assert not script.choices and not script.validated
    assert not Scripted("bad").best(1).refused


def test_the_first_of_a_library_that_validates_is_the_answer():
    script = Scripted("good", right=("y", "z", "good"))
    outcome = script.best(3, WITH_LIBRARY)
    assert (outcome.generation.text, outcome.problem, outcome.candidates) == ("y", None, 0)
    assert outcome.origin == LIBRARY[1].origin and not script.choices
    assert script.best(3, WITH_LIBRARY, beams=2).generation.text == "y"


def test_where_a_library_has_nothing_valid_the_model_is_asked():
    outcome = Scripted("bad", "good", right=("good",)).best(2, WITH_LIBRARY)
    assert (outcome.generation.text, outcome.origin, outcome.candidates) == ("good", None, 2)
    outcome = Scripted("bad", "worse").best(2, WITH_LIBRARY)
    assert outcome.generation.text == "bad" and outcome.problem


def test_more_texts_than_a_library_has_come_from_the_model():
    script = Scripted("good", "better", "y", right=("good", "better", "y"), likely="y")
    search = Search(SAMPLING, 5, wanted=2)
    [[first, second]] = generate_all_valid(script, [WITH_LIBRARY], None, script, search)
    assert first.origin and first.generation.text == "y"
    assert second.origin is None and second.generation.text in ("good", "better")


def test_nothing_is_adapted_where_nothing_is_validated():
    script = Scripted("first", right=("x",))
    assert script.best(0, WITH_LIBRARY).generation.text == "first" and not script.validated


def test_answers_keep_their_order_whoever_gives_them():
    prompts = [PROMPT, WITH_LIBRARY, PROMPT, WITH_LIBRARY, WITH_LIBRARY]
    script = Scripted("a", "b", right=("a", "b", "x"))
    found = generate_all_valid(script, prompts, None, script, Search(SAMPLING, 1))
    assert [outcome.generation.text for [outcome] in found] == ["a", "x", "b", "x", "x"]


def test_last_resorts_are_for_prompts_that_have_nothing_else():
    prompt = replace(PROMPT, adaptations=LIBRARY[:1], last_resorts=LIBRARY[1:])
    outcome = Scripted("bad", "worse", right=("y", "z")).best(2, prompt)
    assert (outcome.generation.text, outcome.candidates) == ("y", 2) and outcome.origin
    outcome = Scripted("bad", "good", right=("good", "y")).best(2, prompt)
    assert outcome.generation.text == "good" and not outcome.origin
    assert Scripted("bad", "worse").best(2, prompt).problem


@pytest.mark.parametrize("beams", [1, 2])
def test_a_library_answers_what_the_model_cannot_read(beams):
    prompt = replace(PROMPT, description="long", adaptations=LIBRARY[:1], last_resorts=LIBRARY[1:])
    for right, origin in (("x", LIBRARY[0].origin), ("z", LIBRARY[2].origin)):
        script = Scripted(right=(right,))
        outcome = script.best(3, prompt, beams=beams)
        assert (outcome.generation.text, outcome.origin, outcome.problem) == (right, origin, None)
        assert not outcome.refused and not script.choices
    outcome = Scripted().best(3, prompt, beams=beams)
    assert outcome.refused and outcome.generation.text == ""
    assert str(outcome.problem).startswith("prompt: too long; none of 3 functions of the index ")
    assert str(Scripted().best(0, prompt).problem) == "prompt: too long"


def test_of_several_texts_a_library_gives_those_that_it_has():
    prompt = replace(PROMPT, description="long", adaptations=LIBRARY)
    script = Scripted(right=("x", "z"))
    [outcomes] = generate_all_valid(script, [prompt], None, script, Search(SAMPLING, 2, wanted=3))
    assert [outcome.generation.text for outcome in outcomes] == ["x", "z"]


def test_prompts_that_are_refused_keep_their_place():
    long = replace(PROMPT, description="long")
    prompts = [long, PROMPT, replace(long, adaptations=LIBRARY), long, PROMPT]
    script = Scripted("a", "b", right=("a", "b", "x"))
    found = generate_all_valid(script, prompts, None, script, Search(SAMPLING, 1))
    assert [outcome.generation.text for [outcome] in found] == ["", "a", "x", "", "b"]
