"""The frozen program's start: level of the processor, software GPU, compiled kernels."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
for folder in ("packaging", "packaging/frozen"):
    sys.path.insert(0, str(ROOT / folder))

from tat_frozen.processor import level, processor_flags  # noqa: E402
from tat_frozen.software_gpu import offer_driver  # noqa: E402

V3 = "avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"
V4 = f"{V3} avx512f avx512bw avx512cd avx512dq avx512vl"


@pytest.mark.parametrize(
    "flags, expected",
    [("", "v2"), ("sse4_2", "v2"), (V3, "v3"), (V4, "v4"), (V3 + " avx512f", "v3"),
     (V4.replace("fma", ""), "v2"), (V4.replace("avx512dq", ""), "v3")],
)  # fmt: skip
def test_the_level_needs_all_of_its_flags(flags, expected):
    assert level(frozenset(flags.split())) == expected


def test_flags_are_read_from_the_first_processor(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor: 0\nflags\t\t: fpu avx2\nflags : other\n")
    assert processor_flags(tmp_path / "cpuinfo") == {"fpu", "avx2"}
    (tmp_path / "cpuinfo").write_text("processor: 0\n")
    assert processor_flags(tmp_path / "cpuinfo") == frozenset()


def offered_driver(devices, asked=False, **environment):
    offer_driver(Path("/x"), environment, asked, lambda: devices)
    return environment


def test_the_software_gpu_serves_where_there_is_no_other_or_when_asked():
    driver = "/x/vk_swiftshader_icd.json"
    assert offered_driver(0) == offered_driver(0, asked=True) == {"VK_ICD_FILENAMES": driver}
    assert offered_driver(1) == {}
    assert offered_driver(1, asked=True) == {"VK_ADD_DRIVER_FILES": driver}
    for name in ("VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES"):
        assert offered_driver(0, asked=True, **{name: "/my.json"}) == {name: "/my.json"}


@pytest.mark.gpu
def test_devices_are_counted_and_a_driver_that_is_not_there_has_none(tmp_path):
    words = "import ctypes; from tat_frozen.software_gpu import count_devices;"
    words += "print(count_devices(ctypes.CDLL('libvulkan.so.1')))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "packaging" / "frozen")}
    counted = []
    for extra in ({}, {"VK_DRIVER_FILES": str(tmp_path / "none.json")}):
        done = subprocess.run([sys.executable, "-c", words], env=environment | extra,
                              capture_output=True, text=True, check=True)  # fmt: skip
        counted.append(int(done.stdout))
    assert counted[0] >= 1 and counted[1] == 0


KERNELS = """
from numba import njit

def double(x):
    return x + x

kernel = njit(cache=True)(double)
kernel(1)
print(sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values()))
"""


def compiled(tmp_path, **environment):
    """Hits and misses of a process that needs one kernel."""
    pytest.importorskip("numba")
    program = tmp_path / "tat-1"
    source = ROOT / "packaging" / "frozen" / "tat_frozen"
    shutil.copytree(source, program / "tat_frozen", dirs_exist_ok=True)
    (tmp_path / "kernels.py").write_text(KERNELS)
    done = subprocess.run(
        [sys.executable, tmp_path / "kernels.py"], capture_output=True, text=True,
        env={
            "PATH": os.environ["PATH"], "PYTHONPATH": f"{program}:{ROOT}",
            "NUMBA_CACHE_LOCATOR_CLASSES": "tat_frozen.kernel_cache.Locator",
            "NUMBA_CPU_NAME": "x86-64-v2", "NUMBA_CPU_FEATURES": "", **environment,
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return tuple(map(int, done.stdout.split()))


def test_kernels_come_from_the_release_and_others_are_kept_for_the_user(tmp_path):
    shipped, user = tmp_path / "tat-1" / "kernels" / "v2", tmp_path / "cache"
    shipped.mkdir(parents=True)
    old = user / "tat" / "kernels" / "tat-0"
    old.mkdir(parents=True)
    cache = {"XDG_CACHE_HOME": str(user)}
    assert compiled(tmp_path, **cache) == (0, 1)
    assert compiled(tmp_path, **cache) == (1, 0)
    assert not list(shipped.iterdir()) and list((user / "tat/kernels/tat-1").glob("*.nbi"))
    assert not old.exists()
    shutil.rmtree(user)
    assert compiled(tmp_path, FILL_KERNELS=str(shipped), **cache) == (0, 1)
    assert list(shipped.glob("*.nbi")) and not user.exists()
    assert compiled(tmp_path, **cache) == (1, 0)
    assert not user.exists()


def test_kernels_need_no_folder_of_the_user(tmp_path):
    (tmp_path / "tat-1" / "kernels" / "v2").mkdir(parents=True)
    (tmp_path / "file").touch()
    assert compiled(tmp_path, XDG_CACHE_HOME=str(tmp_path / "file")) == (0, 1)
