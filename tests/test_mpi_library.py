"""Finding MPI without starting it: launchers by what they set, libraries, mpi4py's modules."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.errors import RanksError
from tat.train import mpi_library
from tat.train.mpi_library import Launch, find_library, forget_library, launched

OPEN_MPI, MPICH = "Open MPI's launcher", "MPICH's launcher"


@pytest.mark.parametrize(("environment", "expected"), [
    ({}, Launch(1, "")),
    ({"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "2"}, Launch(4, OPEN_MPI, 2, "openmpi")),
    ({"PMI_SIZE": "3", "PMI_RANK": "1"}, Launch(3, MPICH, 1, "mpich")),
    ({"SLURM_NTASKS": "4", "SLURM_PROCID": "3"}, Launch(4, "Slurm", 3)),
    ({"SLURM_NTASKS": "1"}, Launch(1, "")),
    ({"SLURM_NTASKS": "4", "PMIX_RANK": "0"}, Launch(4, "Slurm", 0, "openmpi")),
    ({"SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "2"}, Launch(2, "Slurm")),
    ({"SLURM_NTASKS": "8", "OMPI_COMM_WORLD_SIZE": "2"}, Launch(2, OPEN_MPI, 0, "openmpi")),
    ({"PMI_SIZE": "many"}, Launch(1, "")),
])  # fmt: skip
def test_a_launcher_is_known_by_what_it_sets(environment, expected):
    assert launched(environment) == expected


@pytest.mark.parametrize("variable", ["MPI4PY_LIBMPI", "TATFILE_MPI_LIBRARY"])
def test_a_library_that_a_person_named_is_the_one_or_none(variable, monkeypatch):
    monkeypatch.setenv(variable, "/no/such/libmpi.so")
    with pytest.raises(RanksError, match=f"{variable}=/no/such/libmpi.so: no MPI library can be"):
        find_library()
    monkeypatch.setenv(variable, "libc.so.6")
    with pytest.raises(RanksError, match="is no MPI library: it has no MPI_Init_thread"):
        find_library()


def test_nothing_is_found_where_nothing_is(monkeypatch):
    monkeypatch.setattr(mpi_library, "_NAMES", {"mpich": ("libnosuch.so.12",), "openmpi": ()})
    assert find_library("mpich") is None


def test_the_wheel_of_this_environment_is_found():
    if not Path(sys.prefix, "lib", "libmpi.so.12").is_file():
        pytest.skip("the wheel mpich is not installed")
    found = find_library("mpich")
    assert found is not None and found.kind == "mpich" and found.name.startswith(sys.prefix)


def modules() -> list[Path]:
    mpi4py = pytest.importorskip("mpi4py")
    return sorted(Path(mpi4py.__file__).parent.glob("MPI.*.so"))


def needed(path: Path) -> str:
    return subprocess.run(["readelf", "-d", path], capture_output=True, text=True).stdout


def test_a_module_forgets_the_library_and_nothing_else(tmp_path):
    found = modules()
    assert len(found) == 2
    for module in found:
        data = module.read_bytes()
        changed = forget_library(data)
        (tmp_path / module.name).write_bytes(changed)
        before, after = needed(module), needed(tmp_path / module.name)
        assert "[libmpi.so" in before and "[libmpi.so" not in after
        assert "[libc.so.6]" in after
        assert len(changed) == len(data) and sum(a != b for a, b in zip(data, changed)) == 1
        assert forget_library(changed) == changed


@given(data=st.binary(max_size=100))
def test_a_file_that_is_no_library_is_refused(data):
    for start in (b"", b"\x7fELF\x02\x01"):
        with pytest.raises(ValueError, match="ELF"):
            forget_library(start + data)
