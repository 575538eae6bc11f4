"""The benchmarks themselves: each checks its workload, and finds a planted bug."""

import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tat.backends.cpu.executable import CpuBackend
from tat.benchmarks import host_workloads
from tat.benchmarks.autobench import AutoBench
from tat.benchmarks.catalogue import benchmarks, choose
from tat.benchmarks.subject import Benchmark, Setting
from tat.config import resolve
from tat.data.tokenizer import Tokenizer
from tat.errors import TatError, UsageError

CONFIG = resolve(
    flags={
        "preset": "tiny", "model.layers": 1, "model.width": 32, "model.heads": 2,
        "model.feed_forward": 48, "model.dropout": 0.1, "model.copy": True, "data.vocabulary": 300,
    },
    environment={},
).config  # fmt: skip
TABLE = benchmarks(CONFIG)
KERNELS = [name for name in TABLE if name.startswith("kernel.")]


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_every_workload_runs_and_is_right(row: Benchmark):
    with row.make(Setting.of(CONFIG)) as subject:
        subject.check()
        subject.run()
    assert subject.units >= 1 and row.unit in ("ms", "µs") and row.summary


def spoilt(*kernels: str) -> Setting:
    """NumPy's kernels; the first output of those that are named is a little too large."""

    def open_backend(threads: int) -> CpuBackend:
        backend = CpuBackend(threads, numba=False)
        for name in kernels:
            backend.kernels[name] = larger(backend.kernels[name])
        return backend

    return Setting(CONFIG, open_backend)


def larger(kernel: Callable[..., None]) -> Callable[..., None]:
    def run(*arguments: np.ndarray, **attributes: object) -> None:
        kernel(*arguments, **attributes)
        arguments[0][...] *= 1.01

    return run


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("forward", "gelu"), ("forward", "attention"), ("attention", "linear"),
        ("step", "layer_norm"), ("decode", "cache_write"),
    ],
)  # fmt: skip
def test_a_bug_in_a_kernel_is_found_before_it_is_timed(name: str, kernel: str):
    agent = AutoBench(CONFIG, setting=spoilt(kernel))
    with pytest.raises(TatError, match="off by"):
        next(agent.measure([name], quick=True))


@pytest.mark.parametrize("name", KERNELS)
def test_a_bug_in_a_kernel_alone_is_found(name: str):
    with TABLE[name].make(spoilt(name.split(".")[1])) as subject, pytest.raises(TatError):
        subject.check()


def test_steps_that_do_not_learn_are_no_benchmark():
    def open_backend(threads: int) -> CpuBackend:
        backend = CpuBackend(threads, numba=False)
        backend.kernels["adamw"] = lambda *arguments, **attributes: None
        return backend

    agent = AutoBench(CONFIG, setting=Setting(CONFIG, open_backend))
    with pytest.raises(TatError, match="not down"):
        next(agent.measure(["step"], quick=True))


def test_a_tokenizer_that_loses_text_is_no_benchmark(monkeypatch):
    monkeypatch.setattr(Tokenizer, "decode_text", lambda self, ids: "")
    with pytest.raises(TatError, match="does not come back"):
        next(AutoBench(CONFIG).measure(["tokenize"], quick=True))


def test_a_checkpoint_that_changes_is_no_benchmark(monkeypatch):
    def spoil(path):
        loaded = load(path)
        values = dict(loaded.weights)
        first = next(iter(values))
        return replace(loaded, weights=values | {first: values[first] + 1})

    load = host_workloads.load
    monkeypatch.setattr(host_workloads, "load", spoil)
    with pytest.raises(TatError, match="other bits"):
        next(AutoBench(CONFIG).measure(["checkpoint.read"], quick=True))


def test_softmax_is_measured_without_numba_too(monkeypatch):
    monkeypatch.setitem(sys.modules, "tat.backends.cpu.attention", None)
    with host_workloads.softmax(Setting.of(CONFIG)) as subject:
        subject.check()


def test_the_tokenized_text_has_300_bytes():
    assert len(host_workloads.FUNCTION.encode()) == 300


def test_a_gpu_runs_only_benchmarks_for_gpus():
    names = {row.name for row in AutoBench(CONFIG, "gpu").chosen()}
    assert names == {"forward", "decode", "decode_batch", "step"}


def test_benchmarks_are_chosen_by_name_or_group_in_the_order_of_the_table():
    def chosen(*names: str) -> list[str]:
        return [row.name for row in choose(TABLE, names)]

    assert chosen() == list(TABLE)
    assert chosen("decode", "forward") == ["forward", "decode"]
    assert chosen("checkpoint") == ["checkpoint.write", "checkpoint.read"]
    assert chosen("kernel") == KERNELS and len(KERNELS) > 30
    for wrong in ("kern", "nosuch", ""):
        with pytest.raises(UsageError, match="there are attention, checkpoint"):
            chosen(wrong)
