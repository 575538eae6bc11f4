"""Threads of replays follow the machine's load, cost nothing without load, and move no bit."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.backends.cpu.pace import Load, Pace


class Machine:
    """A machine where a replay on one thread takes `one` seconds; its clock goes by replays."""

    def __init__(self, threads, one=0.001):
        self.now, self.one, self.busy = 0.0, one, False
        self.load = Load(threads, lambda: self.now)
        self.pace = Pace(self.load)

    def replay(self):
        threads = self.pace.threads()
        slow = self.busy and threads > 1
        seconds = 30 * self.one if slow else self.one / threads
        if not slow and self.busy:
            seconds = self.one
        self.now += seconds
        self.pace.note(threads, seconds, 0.9 if slow else 0.0)
        return threads, seconds

    def run(self, seconds):
        """Seconds of a replay on average, and the threads of the last one."""
        began, count, threads = self.now, 0, 0
        while self.now < began + seconds:
            threads, _ = self.replay()
            count += 1
        return (self.now - began) / count, threads


@pytest.mark.parametrize("threads", [2, 3, 8, 64])
def test_nothing_is_lost_without_load(threads):
    machine = Machine(threads)
    assert machine.run(3)[0] == pytest.approx(machine.one / threads)


@pytest.mark.parametrize("threads", [2, 4, 16])
def test_under_load_it_takes_little_longer_than_one_thread(threads):
    machine = Machine(threads)
    machine.run(1)
    machine.busy = True
    machine.run(2)  # finds out
    assert machine.run(20)[0] < 1.1 * machine.one


def test_after_the_load_all_threads_are_back_within_seconds():
    machine = Machine(4)
    machine.busy = True
    machine.run(10)
    machine.busy = False
    machine.run(5)
    assert machine.run(1) == (pytest.approx(machine.one / 4), 4)


def test_a_single_long_wait_changes_nothing():
    load = Load(4)
    for _ in range(100):
        load.waited(0.9)
        load.waited(0.0)
    assert load.level == 4


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(1e-6, 1)), max_size=200))
def test_there_are_always_some_threads_and_never_too_many(replays):
    clock = [0.0]
    pace = Pace(Load(6, lambda: clock[0]))
    for share, seconds in replays:
        threads = pace.threads()
        assert 1 <= threads <= 6
        clock[0] += seconds
        pace.note(threads, seconds, share)
        pace.note_start(threads, seconds)


def test_other_numbers_of_threads_from_replay_to_replay_move_no_bit():
    pytest.importorskip("numba")
    from harness import compile_graph, random_batch

    from tat import weights
    from tat.backends.cpu.executable import CpuBackend
    from tat.config import resolve
    from tat.model.programs import BatchShape, logits_program
    from tat.model.transformer import Transformer

    model = Transformer(resolve(flags={"preset": "tiny", "model.layers": 1}).config.model, 300)
    shape = BatchShape(rows=2, source=8, target=8)
    backend = CpuBackend(4)
    batch = random_batch(shape, 300, [[8], [3]], [8, 5])
    executable = compile_graph(logits_program(model, shape), backend, batch)
    weights.install(backend, model, weights.draw(model.parameters, 0))
    bits = set()
    for level in (4, 1, 2, 4, 3, 1, 4):
        backend._tables.load.level = level
        backend._tables.load._next = float("inf")
        for _ in range(3):
            executable.run()
            bits.add(np.array(executable.read("logits")).tobytes())
    assert len(bits) == 1


def test_threads_of_the_environment_are_those_of_generating(monkeypatch, tmp_path):
    code = (
        "import sys, tat.backends.opening as o, tat.decode.loading as l\n"
        "def taken(device, threads, *_, **__):\n"
        "    print('threads', threads); sys.exit(7)\n"
        "l.open_backend = taken\n"
        "from tat.cli import run\n"
        "run(sys.argv[1:])\n"
    )
    from tat.cli import run as tat

    small = ("model.layers=1", "model.width=16", "model.heads=2", "model.feed_forward=24")
    words = [word for value in small for word in ("--set", value)]
    run = str(tmp_path / "run")
    assert tat(["train", "--preset", "tiny", "--steps", "1", "--run", run, "-q", *words]) == 0
    for threads in ("1", "3"):
        done = subprocess.run(
            [sys.executable, "-c", code, "generate", "x", "--run", run],
            capture_output=True, text=True, check=False,
            env={**os.environ, "TAT_THREADS": threads, "PYTHONPATH": os.getcwd()},
        )  # fmt: skip
        assert done.stdout == f"threads {threads}\n", done.stderr
