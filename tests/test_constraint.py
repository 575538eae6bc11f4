"""Constrained decoding: blocks that are rolled back give what masking every token gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.config import resolve
from tat.data.tokenizer import Special, Tokenizer
from tat.decode.choice import Sampler, greedy
from tat.decode.constraint import Constraints, WgslConstraint
from tat.decode.generator import Generator
from tat.decode.loading import LoadedModel
from tat.decode.prompt import Prompt
from tat.errors import UsageError
from tat.model.transformer import Transformer
from tat.resources import resource

SOURCES = sorted(resource("cookbook", "entries").rglob("*.wgsl"))[:12]
TOKENIZER = Tokenizer.train([path.read_text("utf-8") for path in SOURCES], 420)
CONSTRAINTS = Constraints(TOKENIZER)
PROMPTS = [
    Prompt("area of a circle", "fn area(radius: f32) -> f32"),
    Prompt("noise", "fn f(b: Ball) -> f32", "struct Ball { r: f32 }\nfn g(x: f32) -> f32;"),
    Prompt("something without a signature"),
    Prompt(prefix="fn f(x: f32) -> f32 {\n    let y = ", suffix="\n    return y;\n}\n"),
]
PLAIN = {"train.steps": 1, "data.buckets": [[64, 64]]}


@pytest.fixture(scope="module")
def generator() -> Generator:
    """Of a model that knows nothing: almost every token of its choice is refused."""
    shape = {"layers": 1, "width": 16, "heads": 2, "feed_forward": 32, "max_length": 64}
    model_flags = {f"model.{key}": value for key, value in shape.items()}
    config = resolve(flags={"preset": "tiny", **PLAIN, **model_flags}).config
    model = Transformer(config.model, TOKENIZER.size)
    backend = CpuBackend(threads=1)
    weights.install(backend, model, weights.draw(model.parameters, seed=3))
    return Generator(LoadedModel(model, backend, TOKENIZER, config, step=0), max_tokens=40)


def copy_of(constraint: WgslConstraint) -> WgslConstraint:
    inner = constraint
    return WgslConstraint(inner._tokens, inner._matcher.copy(), inner._scope, inner._suffix)


def every_token_masked(generator: Generator, prompt: Prompt, choose) -> list[int]:
    """By definition: before each choice every token of the vocabulary is tried and masked."""
    step = generator._encode(generator.source(prompt))
    constraint = CONSTRAINTS.of(prompt)
    found: list[int] = []
    for position in range(generator.max_tokens):
        step.write("token", np.array([[found[-1] if found else Special.BOS]]))
        step.write("position", np.array([position]))
        step.write("lengths", np.array([[position + 1]]))
        step.run()
        logits = np.array(step.read("logits")[0])
        for token in range(TOKENIZER.size):
            if not copy_of(constraint).accept([token]):
                logits[token] = -np.inf
        found.append(choose(logits, position))
        assert constraint.accept(found[-1:]) == 1
        if found[-1] == Special.EOS:
            break
    return found


@pytest.mark.parametrize("prompt", PROMPTS, ids=["body", "context", "program", "gap"])
@pytest.mark.parametrize("choose", [greedy, Sampler(5, 0.7), Sampler(6, 3.0)])
def test_blocks_give_what_masking_every_token_gives(generator: Generator, prompt, choose):
    source = generator.source(prompt)
    optimistic = list(generator.tokens(source, CONSTRAINTS.of(prompt), choose))
    assert optimistic == every_token_masked(generator, prompt, choose)
    assert optimistic == list(generator.tokens(source, CONSTRAINTS.of(prompt), choose))


@pytest.mark.parametrize("prompt", PROMPTS, ids=["body", "context", "program", "gap"])
def test_what_is_written_can_be_written(generator: Generator, prompt):
    """Every token is one that the constraint takes, and it never runs out of them."""
    for seed in range(6):
        source, sampler = generator.source(prompt), Sampler(seed, 2.0)
        tokens = list(generator.tokens(source, CONSTRAINTS.of(prompt), sampler))
        assert CONSTRAINTS.of(prompt).accept(tokens) == len(tokens)
        assert len(tokens) == generator.max_tokens or tokens[-1] == Special.EOS


def test_a_constraint_that_takes_everything_changes_nothing(generator: Generator):
    class Anything:
        def accept(self, tokens):
            return len(tokens)

    source = generator.source(PROMPTS[0])
    assert list(generator.tokens(source, Anything())) == list(generator.tokens(source))


def test_nothing_allowed_ends_the_text(generator: Generator):
    class Nothing:
        def accept(self, tokens):
            return 0

        def mask(self, logits):
            logits[:] = -np.inf

    assert list(generator.tokens(generator.source(PROMPTS[0]), Nothing())) == []


def taken(prompt: Prompt, text: str) -> bool:
    ids = TOKENIZER.encode_target(text)
    return CONSTRAINTS.of(prompt).accept(ids) == len(ids)


def test_what_each_form_takes():
    body, context, program, gap = PROMPTS
    assert taken(body, "{ return radius * radius; }") and not taken(body, "{ return x; }")
    assert taken(context, "{ return g(b.r); }") and not taken(context, "{ return g(b.r, 1); }")
    assert taken(program, "const a = 1;\nfn f() -> i32 { return a; }")
    assert not taken(program, "const a = 1;") and not taken(program, "fn f() { return b; }")
    assert taken(gap, "x + 1.0;") and not taken(gap, "x + 1.0") and not taken(gap, "z;")
    assert not taken(gap, "x; }")


def test_special_tokens_are_no_text():
    for token in (Special.PAD, Special.BOS, Special.COMMENT, Special.SUFFIX):
        assert CONSTRAINTS.of(PROMPTS[0]).accept([token]) == 0


def test_a_word_that_only_a_keyword_could_be_needs_the_keyword_s_place():
    prompt = PROMPTS[0]
    start = TOKENIZER.encode("{ let a = ")
    for word, expected in [("retu", False), ("rad", True), ("tru", True), ("whil", False)]:
        constraint = CONSTRAINTS.of(prompt)
        assert constraint.accept(start) == len(start)
        ids = TOKENIZER.encode(word)
        assert (constraint.accept(ids) == len(ids)) == expected, word


def test_a_prefix_that_is_no_module_has_no_constraint():
    assert CONSTRAINTS.of(Prompt(prefix="]]", suffix="")) is None
    assert CONSTRAINTS.of(Prompt(prefix="", suffix="fn f() { }")) is not None


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt("x", "fn f(" + "(" * 10_000),
        Prompt("x", "fn", "struct {" * 1000),
        Prompt("\x00\x1b", "\x00", "\ud800"),
        Prompt(prefix="fn f() { let x = " + "(" * 10_000, suffix=")"),
        Prompt(prefix="/*" * 5000, suffix="\ud800"),
    ],
)
def test_hostile_prompts(prompt: Prompt):
    constraint = CONSTRAINTS.of(prompt)
    if constraint is not None:
        logits = np.zeros(TOKENIZER.size)
        constraint.accept(TOKENIZER.encode("{ let a = 1; }"))
        constraint.mask(logits)
        assert np.isfinite(logits).any()


@given(st.integers(0, 2**32), st.integers(0, 500), st.integers(0, 9), st.floats(0.1, 10))
@settings(max_examples=50)
def test_a_draw_stays_when_others_are_masked(seed: int, position: int, masked: int, heat: float):
    logits = np.linspace(-2, 2, 10)
    sampler = Sampler(seed, heat)
    token = sampler(logits, position)
    assert sampler(logits, position) == token
    if masked != token:
        logits[masked] = -np.inf
        assert sampler(logits, position) == token


def test_draws_follow_the_softmax():
    logits = np.log([0.1, 0.2, 0.7])
    draws = np.bincount([Sampler(1, 1.0)(logits, position) for position in range(4000)])
    np.testing.assert_allclose(draws / 4000, [0.1, 0.2, 0.7], atol=0.03)


def test_a_temperature_has_to_be_positive():
    for temperature in (0.0, -1.0, float("nan")):
        with pytest.raises(UsageError, match="temperature"):
            Sampler(0, temperature)
