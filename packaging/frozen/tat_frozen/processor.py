"""Which of the shipped instruction-set levels this processor runs."""

from pathlib import Path

LEVELS = ("v2", "v3", "v4")  # of the x86-64 psABI; every kernel is shipped compiled for each

_V3_FLAGS = frozenset(
    {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}
)  # fmt: skip
_V4_FLAGS = _V3_FLAGS | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


def level(flags: frozenset[str]) -> str:
    """The highest level with all its instructions in `flags`; the launcher refuses less than v2."""
    if flags >= _V4_FLAGS:
        return "v4"
    return "v3" if flags >= _V3_FLAGS else "v2"


def processor_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Flags of the first processor as the kernel names them."""
    with open(cpuinfo, encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith("flags"):
                return frozenset(line.partition(":")[2].split())
    return frozenset()
