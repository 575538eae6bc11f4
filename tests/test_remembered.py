"""Remembered results go with their object: no model waits for the garbage collector."""

import gc
import weakref
from collections.abc import Iterator

import pytest
from decoding import PROMPTS, new_generator

from tat.backends.cpu.executable import CpuBackend
from tat.benchmarks.model_workloads import make_trainer
from tat.config import resolve
from tat.remembered import remembered
from tat.retrieval.chunks import Document
from tat.retrieval.index import Index


class Doubles:
    def __init__(self) -> None:
        self.asked: list[int] = []

    @remembered()
    def of(self, number: int) -> int:
        """Twice a number."""
        self.asked.append(number)
        return 2 * number

    @remembered(1)
    def last(self, number: int) -> int:
        self.asked.append(number)
        return 2 * number


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_result_is_computed_once_for_each_object():
    one, other = Doubles(), Doubles()
    assert [one.of(1), one.of(2), one.of(1), other.of(1)] == [2, 4, 2, 2]
    assert (one.asked, other.asked) == ([1, 2], [1])
    one.of.cache_clear()
    assert one.of(1) == 2 and one.asked == [1, 2, 1]
    assert Doubles.of.__doc__ == "Twice a number."


def test_of_so_many_results_the_latest_are_kept():
    doubles = Doubles()
    assert [doubles.last(n) for n in (1, 1, 2, 1)] == [2, 2, 4, 2]
    assert doubles.asked == [1, 2, 1]


def test_an_object_that_remembers_goes_with_its_last_reference(no_collector):
    doubles = Doubles()
    doubles.of(1)
    gone = weakref.ref(doubles)
    del doubles
    assert gone() is None


def test_a_generator_goes_with_its_weights(no_collector):
    generator = new_generator()
    generator.generate(PROMPTS["body"])
    parts = generator, generator.programs, generator.loaded.backend, generator.loaded.model
    gone = [*map(weakref.ref, parts)]
    del generator, parts
    assert [part() for part in gone] == [None] * 4


def test_a_trainer_goes_with_its_weights(no_collector):
    config = resolve(flags={"preset": "tiny", "model.layers": 1, "model.width": 16,
                            "model.heads": 2, "model.feed_forward": 32}).config  # fmt: skip
    trainer = make_trainer(config, CpuBackend(threads=1), 2, 16, 1)
    trainer.step()
    trainer.close()
    gone = weakref.ref(trainer), weakref.ref(trainer.backend)
    del trainer
    assert [part() for part in gone] == [None, None]


def test_an_index_goes_and_forgets_counts_that_changed(no_collector):
    index = Index()
    index.update([Document("a.wgsl", 1, "", "// area\nfn area(r: f32) -> f32 { return r; }")])
    assert index.frequency("area") == 1
    index.update([])
    assert index.frequency("area") == 0
    gone = weakref.ref(index)
    del index
    assert gone() is None
