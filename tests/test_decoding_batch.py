"""Batches: a text has the same bits alone and in any company; rows pass from one to the next."""

import gc
from collections import deque
from dataclasses import replace

import numpy as np
import pytest
from decoding import ALL_PROMPTS, CONSTRAINTS, PROMPTS, TOKENIZER, every_token_masked, new_generator
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.decode.batch import Batch
from tat.decode.choice import Sampling
from tat.decode.generator import Generator, Request
from tat.decode.prompt import Prompt
from tat.errors import UsageError

NEIGHBOURS = ("fn a() { }", "fn area_of(r: f32) -> f32 { return r * r; }", "/* " + "x " * 500)
SAMPLING = Sampling(1.5, top_p=0.9, seed=4)


@pytest.fixture(scope="module")
def generator() -> Generator:
    return new_generator(24)


def batched(generator: Generator, rows: int) -> Generator:
    """One that shares all programs, with another number of rows."""
    other = Generator(
        generator.loaded, generator.max_tokens, replace(generator.settings, batch=rows)
    )
    other.programs = generator.programs
    return other


def request(generator: Generator, prompt: Prompt, grammar: bool, number: int) -> Request:
    preference = SAMPLING.preference(generator.source(prompt), number)
    return Request(prompt, CONSTRAINTS.of(prompt) if grammar else None, preference)


asked = st.tuples(
    st.sampled_from(list(ALL_PROMPTS.values())),
    st.lists(st.sampled_from(NEIGHBOURS), max_size=2),
    st.booleans(),
    st.integers(0, 2),
)


@settings(max_examples=12, deadline=None)
@given(st.lists(asked, min_size=1, max_size=9), st.integers(1, 6))
def test_a_text_does_not_depend_on_its_company(generator, several, rows):
    several = [(replace(p, neighbours=tuple(n)), *how) for p, n, *how in several]
    alone = [generator.generate(r.prompt, constraint=r.constraint, preference=r.preference)
             for r in (request(generator, *one) for one in several)]  # fmt: skip
    requests = [request(generator, *one) for one in several]
    assert batched(generator, rows).generate_all(requests) == alone


def test_neighbours_are_read_as_training_reads_them(generator):
    """Each is a source of its own behind its marker, cut to the longest."""
    prompt = replace(PROMPTS["body"], neighbours=NEIGHBOURS)
    first, *others = generator.sources(prompt)
    assert first == generator.source(PROMPTS["body"])
    marked = [TOKENIZER.encode_source((("neighbour", text),)) for text in NEIGHBOURS]
    assert others == [ids[:64] for ids in marked] and len(marked[2]) > 64
    greedy = Sampling(0.0).preference([])
    found = {}
    for count in range(3):
        some = replace(prompt, neighbours=NEIGHBOURS[:count])
        found[count], _ = every_token_masked(generator, some, None, greedy)
        stream = generator.stream(Request(some))
        assert [*generator.tokens_of(stream)] == found[count]
    assert found[0] != found[1] or found[1] != found[2]


def test_rows_are_refilled_and_given_up(generator, monkeypatch):
    """Five texts of different lengths in up to 4 rows: 4, then as few as are needed."""
    used = []
    programs = generator.programs
    monkeypatch.setattr(programs, "step", lambda shape, *tokens, real=programs.step: (
        used.append(shape.rows), real(shape, *tokens))[1])  # fmt: skip
    streams = [generator.stream(Request(PROMPTS["body"])) for _ in range(5)]
    for stream, limit in zip(streams, [3, 24, 1, 0, 9]):
        stream.limit, stream.ended = limit, limit == 0
    ended = list(Batch(programs, 4, 1).run(deque(streams)))
    assert sorted(map(id, ended)) == sorted(map(id, streams))
    assert [len(stream.tokens) for stream in streams] == [3, 24, 1, 0, 9]
    whole = streams[1].tokens
    assert all(stream.tokens == whole[: len(stream.tokens)] for stream in streams)
    assert used[0] == 4 and used[-1] == 1 and used == sorted(used, reverse=True)


def test_a_text_that_joins_later_finds_room(generator):
    """A batch that has shrunk grows again, and texts go on where they were."""
    expected = list(generator.tokens(generator.source(PROMPTS["body"])))
    batch, first = Batch(generator.programs, 4, 1), generator.stream(Request(PROMPTS["body"]))
    waiting = deque([first])
    for step in range(generator.max_tokens):
        if step == 5:
            waiting += [generator.stream(Request(PROMPTS["context"])) for _ in range(3)]
        assert not [*batch.admit(waiting)]
        [*batch.step()]
    assert first.tokens == expected and first.ended


def test_equal_sources_are_encoded_once(generator, monkeypatch):
    placed = []
    programs = generator.programs
    monkeypatch.setattr(programs, "place", lambda given, *more, real=programs.place: (
        placed.extend(list(segments) for _, segments in given), real(given, *more)))  # fmt: skip
    body, context, program, _ = PROMPTS.values()
    prompts = [body, body, context, context, context, program]
    requests = [request(generator, prompt, False, n) for n, prompt in enumerate(prompts)]
    alone = [generator.generate(r.prompt, preference=r.preference) for r in requests]
    placed.clear()
    assert batched(generator, 6).generate_all(requests) == alone
    assert placed == [[0], [1], [2]]  # one memory each, which the CPU's rows share


@pytest.mark.parametrize("pays", [True, False])
def test_texts_of_a_prompt_have_a_batch_of_their_own_where_that_pays(generator, monkeypatch, pays):
    """If they nearly fill it; a few others take the rows that are free. All come to their end."""
    monkeypatch.setattr(generator.programs, "one_prompt_pays", pays)
    body, context, program, _ = PROMPTS.values()
    prompts = [body, context, context, context, program, body, body, body, body, body]
    limits = [2, 9, 5, 7, 3, 4, 2, 9, 3, 1]
    requests = [request(generator, prompt, False, n) for n, prompt in enumerate(prompts)]
    streams = [generator.stream(one) for one in requests]
    for stream, limit in zip(streams, limits, strict=True):
        stream.limit = limit
    batch, waiting, beside, ended = Batch(generator.programs, 4, 1), deque(streams), set(), 0
    while ended < len(streams):
        ended += len([*batch.admit(waiting)])
        going = [prompt for prompt, s in zip(prompts, streams, strict=True) if s in batch._streams]
        beside.add(frozenset(prompt.signature for prompt in going))
        ended += len([*batch.step()])
    assert (frozenset([body.signature, context.signature]) in beside) == (not pays)
    assert frozenset([context.signature, program.signature]) in beside
    for stream, one, limit in zip(streams, requests, limits, strict=True):
        alone = [*generator.tokens_of(generator.stream(one))]
        assert stream.tokens == alone[:limit]


def test_old_objects_are_no_garbage_while_texts_are_written(generator):
    """As long as one of several batches runs: to its end, or until nobody asks for more."""
    requests = [request(generator, prompt, False, n) for n, prompt in enumerate(PROMPTS.values())]
    first, second = (
        Batch(generator.programs, 1, 1).run(deque(map(generator.stream, requests))) for _ in "ab"
    )
    assert gc.get_freeze_count() == 0
    next(first)
    next(second)
    first.close()
    assert gc.get_freeze_count() > 0
    assert len([*second]) == len(requests) - 1
    assert gc.get_freeze_count() == 0


def test_no_requests_need_no_work(generator):
    assert generator.generate_all([]) == []
    with pytest.raises(UsageError, match="at most 64"):
        generator.generate_all([Request(Prompt("x " * 100))])


def test_scores_are_divided_by_a_power_of_the_length(generator):
    prompt, scores = PROMPTS["body"], {}
    for penalty in (0.0, 0.5, 1.0):
        settings = replace(generator.settings, length_penalty=penalty)
        other = Generator(generator.loaded, generator.max_tokens, settings)
        scores[penalty] = other.generate(prompt).score
    length = np.exp(2 * np.log(scores[0.0] / scores[0.5]))
    assert scores[0.0] < 0 and scores[0.0] / length == pytest.approx(scores[1.0])


def test_the_last_source_of_a_length_stays_encoded(monkeypatch):
    """Not beyond its place: another source, another batch or another generator takes that."""
    encoded, generator = [], new_generator(24)
    encode = generator.programs._encode_all
    monkeypatch.setattr(generator.programs, "_encode_all", lambda sources, shape: (
        encoded.extend(map(tuple, sources)), encode(sources, shape)))  # fmt: skip
    prompts = [Prompt("area"), Prompt("noise"), Prompt("some words " * 5), Prompt("area")]
    fresh = {prompt: new_generator(24).generate(prompt) for prompt in prompts}
    for prompt in prompts:
        before = len(encoded)
        for count in (1, 3, 1, 2):
            assert generator.generate_all([Request(prompt)] * count) == [fresh[prompt]] * count
        assert encoded[before:] == [tuple(generator.source(prompt))]
    other = Generator(generator.loaded, 24)  # with the same caches
    for prompt in prompts[1:3] * 2:
        assert other.generate(prompt) == generator.generate(prompt) == fresh[prompt]


def test_the_length_that_a_source_is_padded_to_changes_no_bit():
    flags = {"data__buckets": [[16, 16], [256, 64]], "model__max_length": 256}
    fine, coarse = (new_generator(12, **flags) for _ in range(2))
    assert fine.programs.source_lengths == [16, 64, 128, 192, 256]
    coarse.programs.source_lengths = [16, 256]
    for words in (20, 60, 100, 180):
        prompt = Prompt("a " * words, "fn f(x: f32) -> f32")
        assert fine.generate(prompt) == coarse.generate(prompt)
