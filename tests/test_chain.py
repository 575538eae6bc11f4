"""Blocks of tokens drawn on the device: same texts as one token at a time, in any batch."""

from collections import deque
from collections.abc import Callable

import numpy as np
import pytest
from decoding import ALL_PROMPTS, CONSTRAINTS, PROMPTS, ByDefinition, new_generator
from gpu_harness import device
from numpy import ndarray as Array

from tat import weights
from tat.backends.backend import Backend
from tat.backends.cpu.executable import CpuBackend
from tat.backends.gpu.executable import GpuBackend
from tat.data.tokenizer import Special
from tat.decode.chain import Chain
from tat.decode.choice import Preference, Sampling
from tat.decode.compiled_programs import write_sources
from tat.decode.generator import Generator, Request
from tat.decode.loading import LoadedModel
from tat.decode.prompt import Prompt
from tat.decode.stream import Stream

SOURCE = list(range(40, 53))


class QueueingCpu(CpuBackend):
    """A CPU that is taken for a GPU."""

    queues = True

    def __init__(self) -> None:
        super().__init__(threads=1, numba=False)


def on(backend: Backend, generator: Generator) -> Generator:
    """The same on another backend."""
    old = generator.loaded
    weights.install(backend, old.model, weights.draw(old.model.parameters, seed=3))
    loaded = LoadedModel(old.model, backend, old.tokenizer, old.config, step=0)
    return Generator(loaded, generator.max_tokens, generator.settings)


def queueing(generator: Generator) -> Generator:
    return on(QueueingCpu(), generator)


SAMPLINGS = {
    "greedy": Sampling(0.0),
    "wary": Sampling(0.0, repetition_penalty=1.5),
    "drawn": Sampling(0.8, draws_first=True),
    "filtered": Sampling(1.5, 60, 0.9, 1e-3, draws_first=True),
    "top-p, wary": Sampling(1.0, top_p=0.7, repetition_penalty=1.3, seed=2**40, draws_first=True),
}
every_sampling = pytest.mark.parametrize("sampling", SAMPLINGS.values(), ids=SAMPLINGS)
queues = pytest.mark.parametrize(
    "backend", [QueueingCpu, pytest.param(lambda: GpuBackend(device()), marks=pytest.mark.gpu)],
    ids=["cpu", "gpu"],
)  # fmt: skip


def request(number: int, prompt: Prompt, constrained: bool, sampling: Sampling) -> Request:
    constraint = CONSTRAINTS.of(prompt) if constrained else None
    return Request(prompt, constraint, sampling.preference([number], number))


def requests(constrained: bool, sampling: Sampling) -> list[Request]:
    return [request(i, p, constrained, sampling) for i, p in enumerate(ALL_PROMPTS.values())]


@queues
def test_prompts_that_are_encoded_together_have_the_texts_of_each_alone(backend, monkeypatch):
    generator, encoded = on(backend(), new_generator(12)), []
    encode = generator.programs._encode_all
    monkeypatch.setattr(generator.programs, "_encode_all", lambda sources, shape: (
        encoded.append((len(sources), shape.rows)), encode(sources, shape)))  # fmt: skip
    prompts = [Prompt(f"area {'of it ' * (k % 3)}{k}") for k in range(7)]
    together = generator.generate_all([Request(prompt) for prompt in prompts])
    assert max(encoded)[0] > 2 and sum(count for count, _ in encoded) == len(prompts)
    assert all(rows < 2 * count for count, rows in encoded)
    alone = [generator.generate(prompt) for prompt in prompts]
    exact = isinstance(generator.loaded.backend, GpuBackend)  # NumPy's products know the rows
    for one, other in zip(together, alone, strict=True):
        assert (one == other) if exact else (one.text == other.text)


@every_sampling
@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("copy", [False, True])
def test_texts_are_those_of_one_token_at_a_time(sampling: Sampling, constrained: bool, copy: bool):
    generator = new_generator(model__copy=copy, generate__batch=3)
    expected = generator.generate_all(requests(constrained, sampling))
    got = queueing(generator).generate_all(requests(constrained, sampling))
    assert [text.text for text in got] == [text.text for text in expected]
    assert [t.score for t in got] == pytest.approx([t.score for t in expected], rel=1e-4)


@queues
def test_sources_that_come_later_are_encoded_with_the_first_ones(backend, monkeypatch):
    """Each is encoded once, a few at a time, although rows become free one by one."""
    generator, encoded = on(backend(), new_generator(12, generate__batch=2)), []
    encode = generator.programs._encode_all
    monkeypatch.setattr(generator.programs, "_encode_all", lambda sources, shape: (
        encoded.append([*map(tuple, sources)]), encode(sources, shape)))  # fmt: skip
    prompts = [Prompt(f"area {'of it ' * (k % 2 * 9)}{k}") for k in range(20)]
    streams = [generator.stream(Request(prompt)) for prompt in prompts]
    for stream, limit in zip(streams, [3, 12, 7, 5] * 5, strict=True):
        stream.limit = limit
    assert len([*generator.run(deque(streams), 1)]) == len(prompts)
    flat = [source for several in encoded for source in several]
    assert len(flat) == len(set(flat)) == len(prompts) and len(encoded) <= 4
    other = Generator(generator.loaded, 12, generator.settings)  # with the same caches
    for stream, prompt in zip(streams, prompts, strict=True):
        assert stream.tokens == [*other.tokens(other.source(prompt))][: stream.limit]


def steps_of(generator: Generator) -> list[int]:
    """The steps of each submit of the generator's chains from now on."""
    counts, compiled = [], generator.programs.sampling

    def counted(shape):
        executable = compiled(shape)
        run = executable.run
        executable.run = lambda times=1: (counts.append(times), run(times))
        return executable

    generator.programs.sampling = counted
    return counts


@every_sampling
@queues
def test_a_text_takes_few_submits_however_it_is_drawn(
    backend: Callable[[], Backend], sampling: Sampling
):
    """40 tokens come in blocks of up to 8, and none is drawn in vain before the end of a text."""
    generator = new_generator()
    device_generator = on(backend(), generator)
    counts = steps_of(device_generator)
    preference = sampling.preference([1], 1)
    tokens = list(generator.tokens(SOURCE, None, preference))
    assert list(device_generator.tokens(SOURCE, None, preference)) == tokens
    assert len(tokens) > 20
    assert counts[:5] == [1, 2, 2, 4, 8]  # from the third on begun before the last was read
    assert sum(counts) <= 40 and len(counts) <= 9


@queues
def test_rows_of_a_batch_draw_in_ways_of_their_own(backend: Callable[[], Backend]):
    generator = new_generator(generate__batch=len(SAMPLINGS))
    several = [
        request(number, PROMPTS["body"], False, sampling)
        for number, sampling in enumerate(SAMPLINGS.values())
    ]
    expected = generator.generate_all(several)
    device_generator = on(backend(), generator)
    counts = steps_of(device_generator)
    assert [text.text for text in device_generator.generate_all(several)] == [
        text.text for text in expected
    ]
    assert len({text.text for text in expected}) == len(expected)
    longest = max(text.tokens for text in expected)
    assert len(counts) < longest / 2


def test_a_batch_that_shrinks_goes_on_in_long_blocks():
    """Ahead of the host from the first block on, and with the same texts."""
    generator = queueing(new_generator(max_tokens=60, generate__batch=4))
    prompts = [Prompt(f"area {k}") for k in range(4)]
    streams = [generator.stream(Request(prompt)) for prompt in prompts]
    for stream, limit in zip(streams, (20, 20, 20, 40), strict=True):
        stream.limit = limit
    counts = steps_of(generator)
    assert len([*generator.run(deque(streams), 1)]) == 4
    assert counts[0] == 1 and 1 not in counts[1:] and len(counts) <= 10
    alone = new_generator(max_tokens=60)
    for stream, prompt in zip(streams, prompts, strict=True):
        assert stream.tokens == [*alone.tokens(alone.source(prompt))][: stream.limit]


def test_a_preference_that_a_device_cannot_follow_is_asked_for_every_token():
    generator = queueing(new_generator())
    counts = steps_of(generator)

    def counting(logits: Array, tokens: list[int]) -> Array:
        return -np.abs(np.arange(logits.size) - 50.0 - len(tokens))

    assert list(generator.tokens(SOURCE, None, counting)) == list(range(50, 90))
    assert counts == [1] * 40


def new_chain(generator: Generator) -> tuple[Chain, list[int]]:
    """A chain of one row and SOURCE, and a list that notes the steps of each run."""
    programs, counts = generator.programs, steps_of(generator)
    shape, ids = programs.shape(1, 1), np.zeros((1, 1, programs.longest_source), np.int32)
    ids[0, 0, : len(SOURCE)] = SOURCE
    programs.place([(SOURCE, [0])], shape)
    executable = programs.sampling(shape)
    write_sources(executable, ids, np.array([[len(SOURCE)]]))
    return Chain(executable), counts


def asker(chain: Chain, preference: Preference) -> Callable[[list[int]], tuple[Array, Array]]:
    """A call from the tokens so far to logits [N, V] and guesses [N]."""
    stream = Stream([SOURCE], 64, 1, preference=preference)

    def ask(tokens: list[int]) -> tuple[Array, Array]:
        stream.tokens = list(tokens)
        fed = np.array([stream.last]), np.array([stream.position + 1])
        offers, counted = chain.steps([stream], *fed)
        assert counted.all()
        places = [(step, 0) for step in range(offers.steps)]
        offers.fetch(places)
        return np.stack([offers.known[place] for place in places]), offers.drawn[:, 0]

    return ask


@every_sampling
def test_blocks_double_and_run_ahead_while_guesses_are_right(sampling: Sampling):
    generator = queueing(new_generator(max_tokens=30))
    model, preference = ByDefinition(generator, [SOURCE]), sampling.preference([1], 1)
    chain, counts = new_chain(generator)
    ask, tokens, blocks = asker(chain, preference), [], []
    while len(tokens) < 30:
        block, guesses = ask(tokens)
        blocks.append(len(block))
        for logits, guess in zip(block, guesses, strict=True):
            expected = model.logits(tokens[-1] if tokens else Special.BOS, len(tokens))
            bound = dict(rtol=0, atol=1e-5)
            np.testing.assert_allclose(logits[Special.EOS :], expected[Special.EOS :], **bound)
            assert guess == np.argmax(preference(expected, tokens))
            tokens.append(int(guess))
    assert sum(blocks) == sum(counts) == 30  # nothing behind the end of the caches
    assert blocks[0] == 1 and max(blocks) == 8
    assert len(counts) == len(blocks)


def test_a_chain_that_takes_a_text_over_knows_what_was_written():
    generator = queueing(new_generator(max_tokens=64))
    wary = Sampling(0.0, repetition_penalty=9.0).preference([1])
    tokens, found = [50] * 5, []
    for _ in range(3):
        chain, _ = new_chain(generator)
        (logits,), (guess,) = asker(chain, wary)(tokens)
        logits[: Special.EOS] = -np.inf
        assert guess == np.argmax(wary(logits, tokens))
        tokens[len(found)] = int(guess)  # which is written then, and not by this chain
        found.append(guess)
    assert len({50, *found}) == 4


@every_sampling
def test_a_wrong_guess_starts_anew_in_smaller_blocks(sampling: Sampling):
    generator = queueing(new_generator(max_tokens=64))
    model, preference = ByDefinition(generator, [SOURCE]), sampling.preference([1], 1)
    chain, counts = new_chain(generator)
    ask, tokens = asker(chain, preference), []
    for _ in range(5):
        tokens += ask(tokens)[1].tolist()
    tokens[-1] = 50 if tokens[-1] != 50 else 51
    before = len(counts)
    again, guesses = ask(tokens)
    assert counts[before:] == [4] == [len(again)]  # not ahead of what may be wrong again
    for position, fed in enumerate([Special.BOS, *tokens[:-1]]):
        model.logits(fed, position)  # what its caches hold
    for logits, guess in zip(again, guesses, strict=True):
        expected = model.logits(tokens[-1], len(tokens))
        np.testing.assert_allclose(logits[2:], expected[2:], rtol=0, atol=1e-5)
        assert guess == np.argmax(preference(expected, tokens))
        tokens.append(int(guess))


def test_a_wrong_row_stops_no_other():
    """Seven rows are drawn in blocks while the guesses of one are always refused."""
    generator = queueing(new_generator(max_tokens=40, generate__batch=8))
    sampling, prompt = SAMPLINGS["drawn"], PROMPTS["program"]

    def several() -> list[Request]:
        return [request(number, prompt, number == 0, sampling) for number in range(8)]

    expected = [new_generator().generate_all([text])[0].text for text in several()]
    counts = steps_of(generator)
    assert [text.text for text in generator.generate_all(several())] == expected
    assert max(counts) >= 4, "blocks stay short for the sake of one row"


@queues
def test_rows_of_a_feed_are_written_and_the_others_stay(backend: Callable[[], Backend]):
    generator = on(backend(), new_generator())
    executable = generator.programs.sampling(generator.programs.shape(6, 1))
    whole = np.arange(12, 18)
    executable.write("key", whole)
    executable.write_rows("key", [0, 2, 3, 5], np.array([1, 2, 3, 4]))
    tensor = executable.plan.feeds["key"]
    assert executable.value(tensor).tolist() == [1, 13, 2, 3, 16, 4]
