"""The kernels that OpenBLAS is told to take."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tat import openblas_core

_WIDE = "fma avx512f avx512bw avx512cd avx512dq avx512vl"
_READ = "import tat, os; print(os.environ.get('OPENBLAS_CORETYPE'))"


@pytest.mark.parametrize(("vendor", "family", "flags", "core"), [
    ("AuthenticAMD", 26, _WIDE, "SkylakeX"),
    ("AuthenticAMD", 26, "fma avx512f", None),  # a virtual machine may hide instructions
    ("AuthenticAMD", 25, _WIDE, None),  # which OpenBLAS knows
    ("GenuineIntel", 26, _WIDE, None),
])  # fmt: skip
def test_a_processor_that_openblas_does_not_know(
    tmp_path: Path, vendor: str, family: int, flags: str, core: str | None
):
    cpuinfo = tmp_path / "cpuinfo"
    one = f"processor\t: 0\nvendor_id\t: {vendor}\ncpu family\t: {family}\nflags\t\t: {flags}\n\n"
    cpuinfo.write_text(one + one.replace("flags\t\t:", "flags\t\t: none of"))
    assert openblas_core(str(cpuinfo)) == core


@pytest.mark.parametrize("text", ["", "\n\n", "processor : 0\n", "cpu family : many\n", "\0\xff"])
def test_other_systems_describe_processors_in_other_words(tmp_path: Path, text: str):
    (tmp_path / "cpuinfo").write_text(text, "latin-1")
    assert openblas_core(str(tmp_path / "cpuinfo")) is None
    assert openblas_core(str(tmp_path / "none")) is None


def test_a_users_choice_stands():
    def read(**more: str) -> str:
        environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"} | more
        command = [sys.executable, "-c", _READ]
        return subprocess.run(command, env=environment, capture_output=True, text=True).stdout

    assert read() == f"{openblas_core()}\n"
    assert read(OPENBLAS_CORETYPE="Haswell") == "Haswell\n"
