"""Drafts change no token, no score and no bit; they propose text that stood there before."""

from dataclasses import replace

import pytest
from decoding import ALL_PROMPTS, CONSTRAINTS, PROMPTS, TOKENIZER, new_generator
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.backends import notes
from tat.backends.cpu.executable import CpuBackend
from tat.backends.reference import kernels
from tat.decode.batch import Batch
from tat.decode.choice import Sampling
from tat.decode.drafts import Drafter
from tat.decode.generator import Generator, Request
from tat.ops import vocabulary as ops
from tat.ops.graph import Tensor
from tat.ops.kernels import KERNELS
from tat.ops.row import row

NEIGHBOUR = "fn circle(radius: f32) -> f32 {\n    return radius * radius;\n}"


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "copy"])
def generators(request) -> dict[int, Generator]:
    """The same model without drafts, and with drafts of up to 1 and 6 tokens."""
    made = new_generator(40, model__copy=request.param)
    found = {}
    for drafts in (0, 1, 6):
        configured = replace(made.settings, drafts=drafts, draft_match=1)
        found[drafts] = Generator(made.loaded, made.max_tokens, configured)
    return found


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(list(ALL_PROMPTS.values())), st.booleans(), st.booleans(),
    st.sampled_from([1, 6]),
    st.sampled_from([Sampling(0.0), Sampling(1.5, draws_first=True), Sampling(0.3, top_p=0.8,
                     repetition_penalty=1.2, draws_first=True)]),
)  # fmt: skip
def test_drafts_change_nothing(generators, prompt, read, grammar, drafts, sampling):
    prompt = replace(prompt, neighbours=(NEIGHBOUR,) if read else ())
    found = []
    for generator in (generators[0], generators[drafts]):
        constraint = CONSTRAINTS.of(prompt) if grammar else None
        preference = sampling.preference(generator.source(prompt))
        found.append(generator.generate(prompt, constraint=constraint, preference=preference))
    assert found[0] == found[1]


class Wished:
    """A preference for given tokens: a model that writes what it should."""

    def __init__(self, tokens):
        self.wished = tokens

    def __call__(self, logits, tokens):
        scores = logits - 1e6
        scores[self.wished[len(tokens)]] = 1e6
        return scores


def test_a_text_that_was_read_is_written_in_few_passes(generators, monkeypatch):
    passes = []
    real = Batch.step
    monkeypatch.setattr(Batch, "step", lambda self: (passes.append(1), real(self))[1])
    wished = TOKENIZER.encode_target(NEIGHBOUR)
    prompt = replace(PROMPTS["program"], neighbours=(NEIGHBOUR,))
    for drafts, most in ((0, len(wished)), (6, len(wished) // 3)):
        passes.clear()
        stream = generators[drafts].stream(Request(prompt, None, Wished(wished)))
        [*_] = generators[drafts].tokens_of(stream)
        assert stream.tokens == wished[:40]
        assert len(passes) <= most


@given(
    st.lists(st.lists(st.integers(0, 3), max_size=12), max_size=3),
    st.lists(st.integers(0, 3), max_size=30),
    st.integers(1, 3),
    st.integers(0, 5),
)
def test_a_draft_follows_the_same_tokens_somewhere(sources, text, match, most):
    drafter = Drafter(sources, match, most)
    for length in range(len(text) + 1):
        written = text[:length]
        settled = written[: length - length % 3]
        draft = drafter.propose(settled, written)
        assert len(draft) <= most
        if draft:
            tail = [*written[-match:], *draft]
            texts = [*sources, text]
            assert any(tail == t[i : i + len(tail)] for t in texts for i in range(len(t)))
        elif most and length >= match:
            tail = written[-match:]
            known = [*sources, settled]
            assert not any(tail == t[i : i + match] for t in known for i in range(len(t) - match))


def test_of_several_places_the_longest_agreement_counts():
    drafter = Drafter([[1, 2, 3, 4], [9, 2, 3, 5], [2, 3, 6]], 2, 4)
    assert drafter.propose([], [9, 2, 3]) == [5]
    assert drafter.propose([], [1, 2, 3]) == [4]
    assert drafter.propose([], [7, 2, 3]) == [4]
    assert drafter.propose([], [3]) == drafter.propose([], []) == []


def test_where_rows_are_not_alike_there_are_no_drafts(generators):
    assert generators[6].stream(Request(PROMPTS["body"])).drafter is not None
    assert generators[0].stream(Request(PROMPTS["body"])).drafter is None
    assert CpuBackend(numba=False).rows_alike is False


def test_a_plan_that_is_not_replayed_by_the_table_ends_the_drafts(monkeypatch, capsys):
    """An operation of the reference alone in the decoder: no draft is checked, no bit is lost."""
    monkeypatch.setitem(KERNELS, "planted", row("planted", "y[size]; x[size]; size"))
    monkeypatch.setattr(kernels, "planted", kernels.gelu, raising=False)
    monkeypatch.setattr(notes, "_said", set())

    def planted(x: Tensor) -> Tensor:
        return ops.current().emit("planted", [x.shape], [x], size=x.size)[0]

    monkeypatch.setattr(ops, "gelu", planted)
    checks = []
    monkeypatch.setattr(Batch, "_check", lambda *a: checks.append(a))
    made = new_generator(40)
    drafting = replace(made.settings, drafts=6, draft_match=1)
    generator = Generator(made.loaded, made.max_tokens, drafting)
    wished = TOKENIZER.encode_target(NEIGHBOUR)
    prompt = replace(PROMPTS["program"], neighbours=(NEIGHBOUR,))
    stream = generator.stream(Request(prompt, None, Wished(wished)))
    assert [*generator.tokens_of(stream)] == wished[:40]
    assert stream.drafter is not None and not checks and not made.loaded.backend.rows_alike
    assert "planted" in capsys.readouterr().err
