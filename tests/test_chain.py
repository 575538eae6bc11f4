"""Blocks of greedy tokens on the device: the texts of one token at a time, in every company."""

import numpy as np
import pytest
from decoding import CONSTRAINTS, PROMPTS, ByDefinition, new_generator
from numpy import ndarray as Array

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.data.tokenizer import Special
from tat.decode.chain import Chain, likeliest
from tat.decode.choice import Sampling
from tat.decode.generator import Generator, Request
from tat.decode.loading import LoadedModel
from tat.decode.programs import write_sources


class QueueingCpu(CpuBackend):
    """A CPU that is taken for a GPU."""

    queues = True

    def __init__(self) -> None:
        super().__init__(threads=1, numba=False)


def queueing(generator: Generator) -> Generator:
    """The same on such a CPU."""
    old, backend = generator.loaded, QueueingCpu()
    values = weights.draw(old.model.parameters, seed=3)
    weights.install(backend, old.model, values)
    loaded = LoadedModel(old.model, backend, old.tokenizer, old.config, step=0)
    return Generator(loaded, generator.max_tokens)


def requests(constrained: bool, sampling: Sampling) -> list[Request]:
    return [
        Request(
            prompt, CONSTRAINTS.of(prompt) if constrained else None, sampling.preference([number])
        )
        for number, prompt in enumerate(PROMPTS.values())
    ]


DRAWN = Sampling(0.8, draws_first=True)


@pytest.mark.parametrize("sampling", [Sampling(0.0), DRAWN], ids=["greedy", "drawn"])
@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("copy", [False, True])
def test_texts_are_those_of_one_token_at_a_time(sampling: Sampling, constrained: bool, copy: bool):
    generator = new_generator(model__copy=copy, generate__batch=3)
    expected = generator.generate_all(requests(constrained, sampling))
    got = queueing(generator).generate_all(requests(constrained, sampling))
    assert [text.text for text in got] == [text.text for text in expected]
    assert [t.score for t in got] == pytest.approx([t.score for t in expected], rel=1e-4)


SOURCE = list(range(40, 53))


def new_chain(generator: Generator) -> tuple[Chain, list[int]]:
    """Of one row and SOURCE; the steps of each run are noted in the list."""
    programs = generator.programs
    shape, ids = programs.shape(1, 1), np.zeros((1, 1, programs.longest_source), np.int32)
    ids[0, 0, : len(SOURCE)] = SOURCE
    programs.place(SOURCE, shape, [0])
    executable, counts = programs.greedy(shape), []
    write_sources(executable, ids, np.array([[len(SOURCE)]]))
    run = executable.run
    executable.run = lambda times=1: (counts.append(times), run(times))
    return Chain(executable), counts


def ask(chain: Chain, token: int, position: int, room: int = 64) -> Array:
    """Logits [N, V]."""
    return chain.logits(np.array([token]), np.array([position + 1]), room)[:, 0]


def test_blocks_double_and_run_ahead_while_guesses_are_right():
    generator = queueing(new_generator(max_tokens=30))
    model = ByDefinition(generator, [SOURCE])
    chain, counts = new_chain(generator)
    token, position, blocks = int(Special.BOS), 0, []
    while position < 30:
        block = ask(chain, token, position, room=30 - position)
        blocks.append(len(block))
        for logits in block:
            expected = model.logits(token, position)[Special.EOS :]
            np.testing.assert_allclose(logits[Special.EOS :], expected, rtol=0, atol=1e-5)
            token, position = int(likeliest(logits[None])[0]), position + 1
    assert sum(blocks) == sum(counts) == 30  # nothing behind the end of the caches
    assert blocks[0] == 1 and max(blocks) == 8
    assert len(counts) == len(blocks)


def test_a_wrong_guess_starts_anew_in_smaller_blocks():
    generator = queueing(new_generator(max_tokens=64))
    model = ByDefinition(generator, [SOURCE])
    chain, counts = new_chain(generator)
    token, position = int(Special.BOS), 0
    for _ in range(5):
        block = ask(chain, token, position)
        token, position = int(likeliest(block[-1:])[0]), position + len(block)
    other = 50 if token != 50 else 51
    before = len(counts)
    (logits, *_) = again = ask(chain, other, position)
    assert counts[before:] == [4] == [len(again)]  # not ahead of what may be wrong again
    expected = model.logits(other, position)[Special.EOS :]
    np.testing.assert_allclose(logits[Special.EOS :], expected, rtol=0, atol=1e-5)
