"""New requests, hang-ups and a full queue, while the model stands still: no clock decides."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from lsprotocol import types
from pygls.workspace import TextDocument
from serving import FUNCTIONS, PREFIX, SUFFIX, long_enough, opened, tiny_engine, tiny_run  # noqa: F401

from tat.decode.prompt import Prompt
from tat.serve.ending import Ending
from tat.serve.engine import Choice, Engine
from tat.serve.http.server import Threads
from tat.serve.lsp.documents import View
from tat.serve.lsp.inline import Inline
from tat.serve.lsp.options import Options
from tat.serve.tasks import Task

QUEUE = 3


class Held:
    """A model that stops at the first token of a text, until it may go on."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.cancelled = engine, 0
        self.stands, self.may_go_on = threading.Event(), threading.Event()

    def preference(self, logits: object, tokens: object) -> object:
        """Stands in for a choice's preference: called by the thread that decodes."""
        self.stands.set()
        assert self.may_go_on.wait(4 * long_enough())
        return logits

    def cancel(self, task: Task) -> None:
        """Stands in for a task's own."""
        self.cancelled += not task.cancelled
        task.cancelled = True

    def fill(self) -> list[Task]:
        """One text that stands still, and as many behind it as may wait."""
        prompt = Prompt(prefix=PREFIX, suffix=SUFFIX)
        [first] = self.engine.tasks(prompt, 4, [Choice()], Ending())
        assert self.stands.wait(long_enough())
        return [first, *self.engine.tasks(prompt, 4, [Choice()] * QUEUE, Ending())]


def eventually(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + long_enough()
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    return true()


@pytest.fixture
def held(tiny_engine, monkeypatch) -> Iterator[Held]:  # noqa: F811
    held = Held(tiny_engine)
    monkeypatch.setattr(Choice, "preference", lambda choice, source: held.preference)
    monkeypatch.setattr(Task, "cancel", lambda task: held.cancel(task))
    yield held
    held.may_go_on.set()
    assert eventually(lambda: idle(tiny_engine))


def idle(engine: Engine) -> bool:
    counts = engine.decoder.counts
    return counts["waiting"] == counts["running"] == 0


def test_a_new_request_for_text_at_the_cursor_cancels_the_one_before(held):
    head = FUNCTIONS["circle.wgsl"].split("{\n")[0] + "{"
    view = View(TextDocument("file:///nowhere/a.wgsl", head, 1, "wgsl"))
    context = types.InlineCompletionContext(types.InlineCompletionTriggerKind.Automatic)
    params = types.InlineCompletionParams(
        context, types.TextDocumentIdentifier(view.uri), types.Position(1, len(head))
    )
    inline, options = Inline(held.engine), Options(block_ms=1e9)
    before = held.engine.decoder.counts["done"]

    async def ask() -> list[types.InlineCompletionList]:
        asked = [asyncio.ensure_future(inline.answer(view, params, options))]
        for count in range(1, 1 + QUEUE):
            assert await asyncio.to_thread(eventually, held.stands.is_set)
            asked.append(asyncio.ensure_future(inline.answer(view, params, options)))
            superseded = await asyncio.wait_for(asked[-2], long_enough())
            assert superseded.items == [] and held.cancelled == count
        assert not asked[-1].done()
        held.may_go_on.set()
        return await asked[-1]

    [item] = asyncio.run(ask()).items
    assert "return" in item.insert_text
    assert held.engine.decoder.counts["done"] == before + 1


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_hangs_up_frees_its_row(held, stream):
    fields = {"input_prefix": PREFIX, "input_suffix": SUFFIX, "n_predict": 9, "stream": stream}
    body, before = json.dumps(fields).encode(), held.engine.decoder.counts["done"]
    with opened(held.engine) as client:
        head = f"POST /infill HTTP/1.1\r\nHost: {client.host}\r\nContent-Length: {len(body)}"
        for waiting in range(1 + QUEUE):
            with client.raw() as raw:
                raw.sendall(head.encode() + b"\r\n\r\n" + body)
                assert held.stands.wait(long_enough())
                assert eventually(lambda waiting=waiting: held.engine.decoder.waiting == waiting)
            assert eventually(lambda waiting=waiting: held.cancelled == 1 + waiting)
        held.may_go_on.set()
        assert eventually(lambda: idle(held.engine))
        assert held.engine.decoder.counts["done"] == before
        assert client.infill(n_predict=5).status == 200


def test_requests_beyond_the_queue_are_sent_away(held):
    with opened(held.engine) as client:
        tasks = held.fill()
        busy = client.infill()
        assert busy.status == 503 and "too many" in busy.json["error"]["message"]
        assert int(busy.headers["Retry-After"]) >= 1
        assert client.ask("/validate", {"code": "fn f() {}"}).json["valid"]
        held.may_go_on.set()
        assert all(task.future.result(long_enough()).tokens for task in tasks)
        assert client.infill().status == 200


def test_a_prompt_that_is_not_read_in_time_is_given_up(held):
    """`t_max_prompt_ms`: the time until a text begins, with what it waits for."""
    before = held.engine.decoder.counts["done"]
    with opened(held.engine) as client, ThreadPoolExecutor(2) as threads:
        first = threads.submit(client.infill, n_predict=5)
        assert held.stands.wait(long_enough())
        late = threads.submit(client.infill, n_predict=5, t_max_prompt_ms=1)
        assert eventually(lambda: held.engine.decoder.waiting == 1)
        time.sleep(0.002)
        held.may_go_on.set()
        told = late.result(long_enough()).json
        assert (told["content"], told["stop_type"], told["tokens_predicted"]) == ("", "limit", 0)
        assert first.result(long_enough()).json["tokens_predicted"] > 0
        assert client.infill(t_max_prompt_ms=600_000).json["content"]
    assert held.engine.decoder.counts["done"] == before + 3


def test_threads_begin_where_they_are_needed_and_end_later():
    pool, hold, done = Threads(6), threading.Event(), []

    class Waits:
        def service(self) -> None:
            hold.wait(long_enough())
            done.append(threading.get_ident())

    assert not pool.threads
    for count in range(1, 11):
        pool.add_task(Waits())
        assert len(pool.threads) == min(count, 6)
    hold.set()
    assert eventually(lambda: len(done) == 10 and pool.active_count == 0)
    pool.rest()
    assert eventually(lambda: len(pool.threads) == 4)
    pool.add_task(Waits())
    assert eventually(lambda: len(done) == 11)
    assert len(pool.threads) == 4
    pool.shutdown()
