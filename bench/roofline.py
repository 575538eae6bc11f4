"""Tables of kernels: which calls are alike, what each achieves, and where time is left."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tat.ops.cost import flops, moved_bytes
from tat.ops.graph import Call

_SHOWN = 0.97  # of the time; kernels of the rest share a row


@dataclass(frozen=True)
class Row:
    """One distinct call: how often a step has it, and what it achieves."""

    kernel: str
    sizes: str
    calls: int
    microseconds: float
    gflops: float | None
    gbytes: float


@dataclass(frozen=True)
class Ceilings:
    """The most that a machine reaches, measured beside the kernels."""

    flops: float  # a second, in products
    bytes: float  # a second, read and written in memory

    def floor(self, call: Call) -> tuple[float, str]:
        """Seconds that a call takes at least, and what bounds it: products or memory."""
        bounds = {
            "products": (flops(call) or 0.0) / self.flops, "memory": moved_bytes(call) / self.bytes,
        }  # fmt: skip
        bound = max(bounds, key=bounds.__getitem__)
        return bounds[bound], bound


def key_of(call: Call) -> tuple[Any, ...]:
    """Kernel, attributes and shapes; calls with other dropout keys are alike."""
    sizes = tuple((k, v) for k, v in call.attributes.items() if k != "key")
    return call.kernel, sizes


def distinct(calls: Iterable[Call]) -> list[tuple[Call, int]]:
    """Calls that are not alike, with their number."""
    calls = list(calls)
    counts = Counter(map(key_of, calls))
    return [(call, counts[k]) for k, call in {key_of(c): c for c in calls}.items()]


def sizes_of(call: Call) -> str:
    """Its whole attributes: "rows=256 inputs=512 outputs=512"."""
    return " ".join(
        f"{k}={v}" for k, v in call.attributes.items() if isinstance(v, int) and k != "key"
    )


def show(name: str, rows: list[Row]) -> None:
    total = sum(row.microseconds * row.calls for row in rows)
    print(f"{name}: {sum(row.calls for row in rows)} calls, {total / 1e3:.2f} ms in all")
    for row in sorted(rows, key=lambda row: -row.microseconds * row.calls):
        share = row.microseconds * row.calls / total
        rate = f"{row.gflops:9.1f} GFLOP/s" if row.gflops else f"{row.gbytes:9.1f} GB/s   "
        print(
            f"{share:6.1%} {row.calls:4} x {row.microseconds:11.1f} µs {rate}  {row.kernel}"
            f"  {row.sizes}"
        )


@dataclass(frozen=True)
class Gap:
    """A kernel of a program beside its floor, in seconds of the whole program."""

    call: Call
    calls: int
    seconds: float
    floor: float
    bound: str


def table(title: str, gaps: list[Gap], levers: dict[str, str]) -> str:
    """Markdown: kernels by what they lose, the small ones together, and the sum."""
    whole, least = sum(gap.seconds for gap in gaps), sum(gap.floor for gap in gaps)
    lines = [
        f"| {title} | calls | ms | floor, ms | bound by | share | gap, ms | next lever |",
        "|---|--:|--:|--:|---|--:|--:|---|",
    ]
    gaps = sorted(gaps, key=lambda gap: -gap.seconds)
    shown = passed = 0
    while passed < _SHOWN * whole:
        passed += gaps[shown].seconds
        shown += 1
    for gap in sorted(gaps[:shown], key=lambda gap: gap.floor - gap.seconds):
        name = f"{gap.call.kernel} {sizes_of(gap.call)}".strip()
        lever = levers.get(gap.call.kernel, "")
        lines.append(_line(name, gap.calls, gap.seconds, gap.floor, gap.bound, lever))
    rest = gaps[shown:]
    if rest:
        seconds, floor = sum(gap.seconds for gap in rest), sum(gap.floor for gap in rest)
        name = f"{len(rest)} other kernels"
        lines.append(_line(name, sum(gap.calls for gap in rest), seconds, floor, "", ""))
    lines.append(_line("all", sum(gap.calls for gap in gaps), whole, least, "", ""))
    return "\n".join(lines) + "\n"


def _line(name: str, calls: int, seconds: float, floor: float, bound: str, lever: str) -> str:
    ms, least = 1e3 * seconds, 1e3 * floor
    return (
        f"| {name} | {calls} | {ms:.3g} | {least:.3g} | {bound} | {floor / seconds:.2f}"
        f" | {ms - least:.3g} | {lever} |"
    )
