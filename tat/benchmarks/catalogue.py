"""The table of benchmarks, and choosing from it by name."""

from collections.abc import Sequence

from tat.benchmarks import decode_workloads as decoding
from tat.benchmarks import host_workloads as host
from tat.benchmarks import model_workloads as passes
from tat.benchmarks.kernel_workloads import kernel_benchmarks
from tat.benchmarks.subject import Benchmark
from tat.config import Config
from tat.errors import UsageError

_ROWS = (
    Benchmark(
        "forward", "forward pass, 64 + 64 tokens, batch 1", "ms", passes.forward,
        target="forward_ms", on_device=True,
    ),
    Benchmark(
        "attention", "multi-head attention, 128 tokens, batch 1", "ms", passes.attention,
        target="attention_ms",
    ),
    Benchmark(
        "decode", "a token of greedy decoding, 64 + 64 tokens, encoding shared out", "ms",
        passes.decode, target="token_ms", on_device=True,
    ),
    Benchmark(
        "decode_int8", "a token decoded with int8 weights, likewise", "ms", passes.decode_int8,
        target="token_int8_ms",
    ),
    Benchmark(
        "decode_batch", "a token of 16 texts decoded together, 64 + 64 tokens", "ms",
        decoding.decode_batch, on_device=True,
    ),
    Benchmark("grammar", "a token through grammar and scope", "µs", decoding.grammar),
    Benchmark("step", "training step, 8 x (64 + 64) tokens", "ms", passes.step, on_device=True),
    Benchmark(
        "tokenize", "300 bytes of WGSL from text to ids", "µs", host.tokenize, target="tokenize_us"
    ),
    Benchmark("prepare", "the cookbook's modules to a file of ids", "ms", host.prepare),
    Benchmark(
        "softmax", "softmax over 64 rows of 64, one thread", "µs", host.softmax,
        target="softmax_us",
    ),
    Benchmark("checkpoint.write", "checkpoint with moments to disk", "ms", host.write_checkpoint),
    Benchmark("checkpoint.read", "checkpoint with moments from disk", "ms", host.read_checkpoint),
    Benchmark("start", "`tat --version`, a process from start to end", "ms", host.start),
)  # fmt: skip


def benchmarks(config: Config) -> dict[str, Benchmark]:
    """All benchmarks by name, those of single kernels last, in the configuration's shapes."""
    return {row.name: row for row in (*_ROWS, *kernel_benchmarks(config))}


def choose(table: dict[str, Benchmark], names: Sequence[str]) -> list[Benchmark]:
    """Benchmarks by name or by the part before a dot, in the table's order; all without a name.

    UsageError for an unknown name.
    """
    if not names:
        return list(table.values())
    for name in names:
        if not any(_is_named(key, name) for key in table):
            groups = sorted({key.partition(".")[0] for key in table})
            raise UsageError(f"no benchmark {name}; there are {', '.join(groups)}")
    return [row for key, row in table.items() if any(_is_named(key, name) for name in names)]


def _is_named(key: str, name: str) -> bool:
    return key == name or key.startswith(f"{name}.")
