"""The queue of phases: no kill at any time loses a task or does one twice."""

import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.errors import BusyError, FileError
from tat.proofs.task_queue import Queue, start_time

NAMES = ("a", "b", "c")

# Works through tasks that append a line each; PAUSE seconds pass inside of a task.
WORKER = """
import sys, time
from pathlib import Path
from tat.proofs.task_queue import Queue
queue_path, log, pause, names = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]
with Queue(Path(queue_path)) as queue:
    done = {task.name for task in queue.tasks() if task.state == "done"}
    queue.put({name: "pending" for name in names if name not in done})
    print("ready", flush=True)
    while task := queue.begin(names):
        time.sleep(pause)
        with open(log, "a") as file:
            file.write(task.name + "\\n")
        queue.finish(task.name, "done", "x" * 5000)
"""


@pytest.fixture
def queue(tmp_path):
    with Queue(tmp_path / "queue.sqlite") as queue:
        yield queue


def states(queue: Queue) -> dict[str, str]:
    return {task.name: task.state for task in queue.tasks()}


def test_tasks_are_taken_in_the_order_asked_for_and_stay_as_they_end(queue):
    queue.put(dict.fromkeys(NAMES, "pending"))
    assert queue.begin(("b", "a")).name == "b"
    queue.finish("b", "done", "well")
    assert queue.begin(("b", "a")).name == "a"
    queue.finish("a", "failed", "why")
    assert queue.begin(("b", "a")) is None
    assert states(queue) == {"a": "failed", "b": "done", "c": "pending"}
    assert {task.name: task.result for task in queue.tasks()} == {"a": "why", "b": "well", "c": ""}


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["done", "failed", "lost"]))))
def test_attempts_count_lost_tries_and_begin_anew_after_an_end(tmp_path_factory, history):
    path = tmp_path_factory.mktemp("queue") / "queue.sqlite"
    lost = dict.fromkeys(NAMES, 0)
    for name, end in history:
        with Queue(path) as queue:  # a process that ends leaves its task running
            queue.put({name: "pending"})
            assert queue.begin((name,)).attempts == lost[name] + 1
            if end == "lost":
                lost[name] += 1
            else:
                queue.finish(name, end)
                lost[name] = 0


def worker(tmp_path: Path, pause: float, *names: str) -> subprocess.Popen:
    arguments = [str(tmp_path / "queue.sqlite"), str(tmp_path / "log"), str(pause), *names]
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}, text=True,
    )  # fmt: skip


def test_killed_at_any_point_the_rest_is_done_once_and_in_order(tmp_path):
    names, draws, cut_short = [f"task{i:03}" for i in range(100)], random.Random(7), 0
    for _ in range(9):
        process = worker(tmp_path, 0.002, *names)
        assert process.stdout.readline() == "ready\n"
        time.sleep(draws.uniform(0, 0.02))
        process.kill()
        process.communicate()
        with Queue(tmp_path / "queue.sqlite") as queue:
            cut_short += states(queue)[names[-1]] != "done"
    assert cut_short > 2, "the kills came too late to mean anything"
    last = worker(tmp_path, 0.002, *names)
    assert last.communicate() == ("ready\n", "")
    lines = (tmp_path / "log").read_text().split()
    assert list(dict.fromkeys(lines)) == names  # each was done, in order
    assert len(lines) - len(names) <= cut_short  # only what a kill cut short is done again


def test_of_two_at_once_the_second_says_who_runs(tmp_path):
    first = worker(tmp_path, 60.0, "slow")
    try:
        assert first.stdout.readline() == "ready\n"
        with Queue(tmp_path / "queue.sqlite") as queue:
            deadline = time.monotonic() + 20
            while states(queue) != {"slow": "running"} and time.monotonic() < deadline:
                time.sleep(0.01)
            for attempt in (lambda: queue.begin(("slow",)), lambda: queue.put({"new": "pending"})):
                with pytest.raises(BusyError, match=f"process {first.pid} is working on slow"):
                    attempt()
            assert states(queue) == {"slow": "running"}
            first.kill()  # and not waited for: a zombie works on nothing
            deadline = time.monotonic() + 20
            while start_time(first.pid) is not None and time.monotonic() < deadline:
                time.sleep(0.01)
            assert queue.begin(("slow",)).attempts == 2
    finally:
        first.kill()
        first.communicate()


def test_a_process_id_that_is_used_again_is_another_process(queue):
    queue.put({"a": "pending"})
    queue.begin(("a",))
    with sqlite3.connect(queue.path) as connection:  # process 1 lives, and began at another time
        connection.execute("UPDATE task SET pid = 1, started = started + 1")
    assert queue.begin(("a",)).attempts == 2


def test_a_transaction_that_fails_leaves_nothing(queue):
    queue.put({"a": "pending"})
    with pytest.raises(FileError, match="CHECK"):
        queue.put({"b": "pending", "c": "nonsense"})
    assert states(queue) == {"a": "pending"}


@pytest.mark.parametrize("content", [b"no database, but as long as one" * 9, b"\xff" * 99])
def test_another_file_is_refused_and_kept(tmp_path, content):
    path = tmp_path / "queue.sqlite"
    path.write_bytes(content)
    with pytest.raises(FileError, match="delete it"):
        Queue(path)
    assert path.read_bytes() == content


def test_another_database_is_refused(tmp_path):
    path = tmp_path / "queue.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE task (name TEXT)")
    with pytest.raises(FileError, match="no queue of this version"):
        Queue(path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot write"):
        Queue(tmp_path / "file" / "queue.sqlite")
    (tmp_path / "queue.sqlite").mkdir()
    with pytest.raises(FileError, match="cannot write"):
        Queue(tmp_path / "queue.sqlite")
