"""Peers measured beside tat, in child processes that time each request, and ratios."""

import ctypes
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PAUSE = 0.25  # seconds between the two sides, for idle threads to stop spinning
_WARM_UP = 2  # rounds that are not counted
_RUNS = 3  # of tat in a round, of which the fastest counts: it has no loop of its own


class Peer:
    """A script of this folder in a process of its own, so that neither side's threads disturb."""

    def __init__(self, script: str, *arguments: object) -> None:
        path = Path(__file__).with_name(script)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
        self._process = subprocess.Popen(
            [sys.executable, str(path), *map(str, arguments)], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def seconds(self, request: str) -> float:
        """Seconds of one run of the request that a line names."""
        return self.answer(request)[0]

    def answer(self, request: str) -> list[float]:
        """The numbers that the script answers a request with, seconds first."""
        print(request, file=self._process.stdin, flush=True)
        return [float(number) for number in self._process.stdout.readline().split()]


def seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def compare(own: Callable[[], float], peer: Callable[[], float], rounds: int) -> dict[str, float]:
    """Medians in seconds of both, measured in turns, and the median of their ratios."""
    pairs = []
    for _ in range(rounds + _WARM_UP):
        pairs.append((min(own() for _ in range(_RUNS)), peer()))
        time.sleep(_PAUSE)
    pairs = pairs[_WARM_UP:]
    first, second = (statistics.median(side) for side in zip(*pairs))
    return {"tat_s": first, "peer_s": second, "ratio": statistics.median(a / b for a, b in pairs)}


def blas() -> str:
    """The library that numpy's products run in and the kernels that it takes: "OpenBLAS Haswell".

    OPENBLAS_CORETYPE names others than the processor's own, at half of the speed or less.
    """
    try:
        maps = Path("/proc/self/maps").read_text()
        path = next(line.split()[-1] for line in maps.splitlines() if "openblas" in line)
        library = ctypes.CDLL(path)
    except (OSError, StopIteration):
        return "a BLAS that does not say what it runs"
    for name in (
        "scipy_openblas_get_corename64_",
        "scipy_openblas_get_corename",
        "openblas_get_corename",
    ):
        if function := getattr(library, name, None):
            function.restype = ctypes.c_char_p
            return f"OpenBLAS {function().decode()}"
    return "OpenBLAS"
