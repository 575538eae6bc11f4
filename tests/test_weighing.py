"""Texts of an index and of the model, weighed by running them."""

from collections import deque
from dataclasses import replace
from functools import partial

import pytest

from tat.decode.candidates import Candidates
from tat.decode.choice import Sampling
from tat.decode.generator import Generation
from tat.decode.prompt import Adaptation, Prompt
from tat.decode.stream import Stream
from tat.decode.validated import Search, generate_valid
from tat.decode.weighing import Valid, is_weighable, likely, named, weigh
from tat.retrieval.query import Hit

PROMPT = Prompt("light of a colour", "fn luma(c: vec3f) -> f32")
RIGHT = "{ return dot(c, vec3f(0.3, 0.6, 0.1)); }"
ALSO = "{ return 0.3 * c.x + 0.6 * c.y + 0.1 * c.z; }"
WRONG = "{ return c.x + c.y; }"
OTHER = "{ return max(c.x, c.y); }"


def hit(name: str, signature: str = "(c: vec3f) -> f32") -> Hit:
    return Hit("function", name, f"fn {name}{signature} {{ return 0.0; }}", "", "", "a", 1, "", 9.0)


def model(body: str, score: float = -0.1, times: int = 1) -> Valid:
    return Valid(f"{PROMPT.lead}{body}", score, times, None)


def known(body: str, name: str = "other", **of: str) -> Valid:
    return Valid(f"{PROMPT.lead}{body}", 9.0, 0, hit(name, **of))


def best(sandbox, *texts: Valid, prompt: Prompt = PROMPT) -> str:
    weights = weigh(prompt, sandbox, texts)
    return max(weights, key=weights.get).removeprefix(PROMPT.lead)


def test_functions_that_compute_the_same_vote_together(sandbox):
    texts = known(WRONG, "luma_of"), model(ALSO), known(RIGHT), model(OTHER)
    assert best(sandbox, *texts) in (RIGHT, ALSO)
    assert (
        best(sandbox, *texts[:1], *texts[3:]) == WRONG
    )  # each alone: half of the name counts more
    assert best(sandbox, known(WRONG), model(RIGHT, times=3)) == RIGHT


def test_names_types_unused_parameters_and_likelihood_decide(sandbox):
    assert best(sandbox, known(WRONG), known(RIGHT, "luma_of_linear")) == RIGHT
    assert best(sandbox, known(WRONG, "luma", signature="(c: vec4f) -> f32"), known(RIGHT)) == RIGHT
    assert best(sandbox, known("{ return 0.5; }", "luma"), known(RIGHT)) == RIGHT
    assert best(sandbox, model(WRONG, -1.0), model(RIGHT, -0.2)) == RIGHT


def test_a_persons_function_that_is_called_as_described_has_the_name(sandbox):
    described = replace(PROMPT, description="Dune height")
    dune = known(RIGHT, "duneHeight")
    assert best(sandbox, known(WRONG, "luma_of_all"), dune, prompt=described) == RIGHT
    assert best(sandbox, known(WRONG, "luma_of_all"), dune) == WRONG
    proven = dune._replace(proven=True)  # descriptions of tat's own are compared before
    assert best(sandbox, known(WRONG, "luma_of_all"), proven, prompt=described) == WRONG


def test_another_name_of_a_function_counts_as_its_own(sandbox):
    called = known(RIGHT)
    topics = "luma\nlight of a colour, as luma has it"
    called = called._replace(origin=replace(called.origin, topics=topics))
    assert called.origin.names == ("other", "luma")
    assert best(sandbox, known(WRONG, "luma_of_light"), called) == RIGHT
    assert best(sandbox, called, known(WRONG, "luma")) == WRONG  # the name is its own
    assert best(sandbox, known(WRONG, "luma"), known(RIGHT)) == WRONG


def test_a_proven_function_that_leaves_a_parameter_unused_is_behind_the_models(sandbox):
    idle = known("{ return 0.5; }", "luma")
    assert best(sandbox, idle, model(RIGHT, -5.0)) != RIGHT  # of a person's index
    assert best(sandbox, idle._replace(proven=True), model(RIGHT, -5.0)) == RIGHT


def test_a_function_that_does_not_run_votes_for_itself_alone(sandbox):
    endless = "{ loop { if c.x > 9.0 { break; } } return c.x; }"
    texts = known(endless, "luma"), known(RIGHT)
    assert set(weigh(PROMPT, sandbox, texts)) == {text.text for text in texts}


def test_nothing_is_weighed_where_nothing_can_run(sandbox):
    assert is_weighable(PROMPT) and is_weighable(replace(PROMPT, context="const k = 2.0;"))
    assert not is_weighable(
        replace(PROMPT, context="fn help(x: f32) -> f32")
    )  # its body is unknown
    assert is_weighable(replace(PROMPT, context="fn help(x: f32) -> f32 { return x; }"))
    for signature in ("", "fn f(p: ptr<function, f32>)", "@fragment fn f(a: In) -> Out"):
        prompt = replace(PROMPT, signature=signature)
        assert not is_weighable(prompt) and not weigh(prompt, sandbox, [model(RIGHT)] * 2)
    assert not weigh(PROMPT, sandbox, [model(RIGHT)])


def adaptation(body: str, name: str) -> Adaptation:
    return Adaptation(partial(str, f"{PROMPT.lead}{body}"), hit(name))


LIBRARY = (
    adaptation("{ nonsense }", "luma"), adaptation(WRONG, "first"), adaptation(RIGHT, "second"),
    adaptation("{ return 1.0; }", "luma"),
)  # fmt: skip
WITH_LIBRARY = replace(PROMPT, adaptations=LIBRARY)


class Scripted:
    """A generator that writes given bodies."""

    def __init__(self, *bodies: str) -> None:
        self.bodies = [f"{PROMPT.lead}{body}" for body in bodies]
        self.settings = type("Settings", (), {"batch": 2})
        self.pieces: list[bytes] = []
        self.asked: list[Prompt] = []

    def source(self, prompt):
        return [1]

    def refusal(self, prompt):
        return ""

    def stream(self, request):
        self.asked.append(request.prompt)
        return Stream([[1]], 9, 1, None, request.preference)

    def run(self, waiting: deque[Stream], sources: int, each):
        while waiting:
            yield waiting.popleft()

    def generation(self, prompt, tokens, score):
        return Generation(self.bodies.pop(0), 5, True, -0.1)


@pytest.mark.parametrize(
    ("weighed", "temperature", "body", "asked"),
    [(0, 0.7, WRONG, 0), (4, 0.7, ALSO, 3), (4, 0.0, ALSO, 1), (1, 0.7, ALSO, 3)],
)
def test_all_texts_are_asked_for_where_they_are_weighed(sandbox, weighed, temperature, body, asked):
    """With 1 nothing of the library validates, so that the model's texts vote alone."""
    script = Scripted(*([OTHER, ALSO, ALSO] if weighed == 1 else [ALSO, ALSO, OTHER]))
    search = Search(Sampling(temperature), 3, weighed=weighed)
    outcome = generate_valid(script, WITH_LIBRARY, None, sandbox, search)
    assert outcome.candidates == asked and outcome.problem is None
    assert outcome.generation.text == f"{PROMPT.lead}{body}"


def test_a_library_is_the_last_resort_where_the_weighed_do_not_validate(sandbox):
    candidates = Candidates(WITH_LIBRARY, sandbox, 1)
    candidates.add(Generation(f"{PROMPT.lead}{{ bad }}", 5, True, -0.1))
    [outcome] = candidates.best(1)
    assert outcome.origin == LIBRARY[1].origin and not candidates.adapt_first(1)


def test_a_generic_function_stands_with_the_type_that_is_asked_for(sandbox):
    """The body is the same for each of its types, and the first that is found may be another."""
    body = "{ return dot(c, c); }"
    wide = Adaptation(partial(str, f"{PROMPT.lead}{body}"), hit("luma", "(c: vec4f) -> f32"), True)
    narrow = Adaptation(partial(str, f"{PROMPT.lead}{body}"), hit("luma"), True)
    for order in ((wide, narrow), (narrow, wide)):
        candidates = Candidates(replace(PROMPT, adaptations=order), sandbox, weighed=2)
        assert candidates.named, "the name and the types are those that were asked for"
        [outcome] = candidates.best(1)
        assert outcome.origin == narrow.origin
    candidates = Candidates(replace(PROMPT, adaptations=(wide,)), sandbox, weighed=2)
    assert not candidates.named


def test_one_text_is_asked_for_beside_a_function_that_is_called_so(sandbox):
    """It outweighs the name where others compute what it does."""
    luma = replace(adaptation(WRONG, "luma"), proven=True)
    for others, body in ((), WRONG), ((adaptation(RIGHT, "light_of_luma"),), RIGHT):
        prompt = replace(PROMPT, adaptations=(luma, *others))
        script, search = Scripted(ALSO, OTHER, OTHER), Search(Sampling(0.7), 3, weighed=4)
        outcome = generate_valid(script, prompt, None, sandbox, search)
        assert (outcome.candidates, outcome.generation.text) == (1, f"{PROMPT.lead}{body}")
    assert not named(PROMPT, [known(RIGHT, "luma", signature="(c: vec4f) -> f32"), model(ALSO)])


def test_a_persons_function_of_the_name_answers_whatever_others_compute(sandbox):
    own, others = adaptation(WRONG, "luma"), [adaptation(RIGHT, "light_of_luma")] * 2
    prompt = replace(PROMPT, adaptations=(*others, own))
    outcome = generate_valid(
        Scripted(ALSO), prompt, None, sandbox, Search(Sampling(0.7), 3, weighed=4)
    )
    assert (outcome.candidates, outcome.generation.text) == (0, f"{PROMPT.lead}{WRONG}")


def test_a_text_of_both_has_the_votes_of_both(sandbox):
    also = known(WRONG, "luma_of_all"), known(RIGHT, "second")
    assert best(sandbox, *also, model(OTHER)) == WRONG
    assert best(sandbox, also[0], also[1]._replace(times=3, score=-0.1), model(OTHER)) == RIGHT


def test_half_of_the_texts_are_for_the_signature_alone(sandbox):
    for prompt, described in (
        (PROMPT, [True, False] * 2),
        (replace(PROMPT, description=""), [False] * 4),
    ):
        script = Scripted(OTHER, ALSO, RIGHT, WRONG)
        outcome = generate_valid(script, prompt, None, sandbox, Search(Sampling(0.7), 4, weighed=4))
        assert [bool(asked.description) for asked in script.asked] == described
        assert outcome.generation.text == f"{PROMPT.lead}{ALSO}"
        assert all(asked.signature == PROMPT.signature for asked in script.asked)


CALLER = replace(PROMPT, context="fn help(x: f32) -> f32")  # its body is unknown
CALLS = "{ return help(c.x); }"


def test_where_nothing_runs_the_model_is_before_a_library_with_other_names(sandbox):
    other, same = (replace(adaptation(WRONG, name), proven=True) for name in ("second", "luma"))
    contrary = replace(adaptation(RIGHT, "luma_to_srgb"), proven=True)
    own = adaptation(WRONG, "third")
    asked = replace(CALLER, signature="fn srgb_to_luma(c: vec3f) -> f32")
    assert likely(CALLER, (other, same, own)) == [same, own]
    assert likely(asked, (contrary,)) == []
    search = Search(Sampling(0.7), 3, weighed=4)
    for library, body, count in ((other,), CALLS, 1), ((other, same), WRONG, 0):
        prompt = replace(CALLER, adaptations=library)
        outcome = generate_valid(Scripted(CALLS, OTHER), prompt, None, sandbox, search)
        assert (outcome.generation.text, outcome.candidates) == (f"{PROMPT.lead}{body}", count)


@pytest.mark.parametrize(
    ("texts", "body", "asked"),
    [
        ([CALLS, OTHER, RIGHT], CALLS, 1), ([OTHER, RIGHT, CALLS], CALLS, 3),
        ([OTHER, RIGHT, WRONG], OTHER, 3),
    ],
)  # fmt: skip
def test_where_nothing_runs_texts_that_call_what_is_given_are_first(sandbox, texts, body, asked):
    search = Search(Sampling(0.7), 3, weighed=4)
    outcome = generate_valid(Scripted(*texts), CALLER, None, sandbox, search)
    assert (outcome.generation.text, outcome.candidates) == (f"{PROMPT.lead}{body}", asked)


def test_it_is_behind_them_where_nothing_can_be_run_too(sandbox):
    """A function of arrays, say: what leaves one unused answers where nothing else validates."""
    prompt = Prompt("horner", "fn horner(c: array<f32, 6>, x: f32) -> f32")
    idle = Adaptation(partial(str, f"{prompt.lead}{{ return x * x; }}"), hit("square"), True)
    prompt = replace(prompt, adaptations=(idle,))
    candidates = Candidates(prompt, sandbox, weighed=4)
    assert not candidates.adapt_first(1)
    candidates.add(Generation(f"{prompt.lead}{{ return c[0] + x; }}", 5, True, -0.1))
    assert candidates.best(1)[0].origin is None
    alone = Candidates(prompt, sandbox, weighed=4)
    assert not alone.adapt_first(1) and alone.best(1)[0].origin == idle.origin
    theirs = replace(prompt, adaptations=(replace(idle, proven=False),))
    assert Candidates(theirs, sandbox, weighed=4).adapt_first(1)


def test_of_equals_the_one_that_uses_more_of_the_context_is_first(sandbox):
    lead = "fn to_clip(p: vec3f) -> vec4f "
    prompt = Prompt("to clip space", lead.strip(), context="const view = 2.0; const proj = 3.0;")
    bodies = {"view_to_clip": "proj", "world_to_clip": "proj * view"}
    texts = [
        Valid(f"{lead}{{ return {body} * vec4f(p, 1.0); }}", 0.0, 0,
              Hit("function", name, f"fn {name}(p: vec3f) -> vec4f {{}}", "", "", "f", 1, "", 1.0),
              proven=True)
        for name, body in bodies.items()
    ]  # fmt: skip
    votes = weigh(prompt, sandbox, texts)
    assert votes[texts[1].text] > votes[texts[0].text]
