"""Several sandboxes for several threads: results in order, errors in their place."""

import threading

import pytest
from sandboxed import add

from tat.wgsl.protocol import Failure, Validate, Verdict
from tat.wgsl.sandbox import Diagnostic, Sandbox
from tat.wgsl.sandbox_pool import SandboxPool

pytestmark = pytest.mark.gpu


def test_a_pool_answers_many_threads_in_order():
    sources = [f"const a: i32 = {'1' if i % 3 else 'b'};" for i in range(24)]
    with SandboxPool(threads=3) as pool:
        for results in (pool.each(pool.validate, sources), pool.results(pool.validate, sources)):
            assert [found is None for found in results] == [bool(i % 3) for i in range(24)]
        assert [add(pool, 0), *pool.each(lambda n: add(pool, n), [1, 2])] == [0, 1, 2]


def test_few_children_answer_questions_however_many_threads_there_may_be():
    with SandboxPool(threads=16) as pool:
        sources = [f"const a = {number};" for number in range(40)]
        assert pool.each(pool.validate, sources) == [None] * 40
        assert 1 <= sum(sandbox._child is not None for sandbox in pool._all) <= 4


def test_one_thread_does_not_wait_for_results_that_were_begun():
    held = threading.Event()
    with SandboxPool(threads=1) as pool:
        results = pool.results(lambda n: held.wait(60), range(1))
        pool._results.submit(held.wait, 60)
        assert pool.each(lambda n: n + 1, [1, 2]) == [2, 3]
        held.set()
        assert [*results] == [True]


def test_a_module_is_judged_once_and_a_failure_says_nothing_of_it(monkeypatch):
    asked: list[str] = []
    replies = iter([Failure("lost", lost=True), Verdict("bad", 2, 3), Verdict()])

    def answer(sandbox, request, seconds):
        asked.append(request.source)
        return next(replies)

    monkeypatch.setattr(Sandbox, "_ask", answer)
    with SandboxPool(threads=2) as pool:
        request = Validate("one", 1)
        assert pool._ask(request, 1.0) == Failure("lost", lost=True)
        assert [pool.validate("one") for _ in range(3)] == [Diagnostic("bad", 2, 3)] * 3
        assert [pool.validate("two") for _ in range(3)] == [None] * 3
    assert asked == ["one", "one", "two"]


def test_a_pool_works_ahead_of_its_reader():
    begun: list[int] = []
    with SandboxPool(threads=2) as pool:
        results = pool.results(lambda n: begun.append(n) or n, iter(range(40)))
        assert next(results) == 0
        assert list(results) == list(range(1, 40)) == sorted(begun)[1:]


def test_an_error_in_a_pool_comes_at_its_place_and_ends_nothing_else():
    def work(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        return number

    with SandboxPool(threads=2) as pool:
        results = pool.results(work, range(5))
        assert [next(results), next(results)] == [0, 1]
        with pytest.raises(ValueError, match="two"):
            next(results)
        assert pool.validate("") is None
