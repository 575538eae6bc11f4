"""Compiled kernels: kept beside the sources, for the user, for temporary use, or nowhere at all."""

import os
import subprocess
import sys
from pathlib import Path

import conftest
import pytest

from tat import kernel_cache
from tat.resources import user_folder

KERNEL = """
import sys
import tat, tat.kernel_cache as cache
from pathlib import Path
cache._candidates = lambda: map(Path, sys.argv[1:])
from numba import njit

@njit(cache=True)
def kernel(x):
    return x + 1

assert kernel(1) == 2
stats = kernel.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
print(cache.described(stats.cache_path)[0])
print(stats.cache_path)
"""


@pytest.fixture
def install(tmp_path):
    """A folder with a kernel; nothing can be written beside its sources, even by root."""
    (tmp_path / "install").mkdir()
    (tmp_path / "install" / "kernel.py").write_text(KERNEL)
    (tmp_path / "install" / "__pycache__").touch()
    return tmp_path / "install"


def compiled(install, *candidates):
    """Hits, misses, whether kernels are kept, and where."""
    done = subprocess.run(
        [sys.executable, install / "kernel.py", *candidates], capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd()}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    counts, kept, where = done.stdout.splitlines()
    return (*map(int, counts.split()), kept == "True", Path(where))


def test_kernels_are_kept_elsewhere_where_the_install_is_read_only(install, tmp_path):
    cache = tmp_path / "cache" / "tat"
    assert compiled(install, cache)[:3] == (0, 1, True)
    hits, misses, kept, where = compiled(install, cache)
    assert (hits, misses, kept) == (1, 0, True) and where.parent == cache
    assert cache.stat().st_mode & 0o777 == 0o700


def test_without_any_folder_kernels_are_compiled_every_time(install, tmp_path):
    (tmp_path / "file").touch()
    for _ in range(2):
        assert compiled(install, tmp_path / "file" / "cache")[:3] == (0, 1, False)
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".nbi", ".nbc")]


def test_torn_files_are_compiled_anew(install, tmp_path):
    for content in (b"", b"\0" * 99, b"garbage"):
        assert compiled(install, tmp_path / "cache")[2]
        torn = [*(tmp_path / "cache").rglob("*.nb?")]
        assert torn
        for path in torn:
            path.write_bytes(content)
        assert compiled(install, tmp_path / "cache")[:2] == (0, 1)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_can_write_to_holds_no_kernels(tmp_path, mode):
    folder = tmp_path / "kernels"
    folder.mkdir()
    folder.chmod(mode)
    assert not kernel_cache._is_private(folder)
    folder.chmod(0o755)
    assert kernel_cache._is_private(folder)


def test_another_user_s_folder_and_links_hold_no_kernels(tmp_path, monkeypatch):
    (tmp_path / "own").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("own")
    assert not kernel_cache._is_private(tmp_path / "link")
    monkeypatch.setattr(os, "geteuid", lambda: 1 << 20)
    assert not kernel_cache._is_private(tmp_path / "own")


def test_a_full_disk_ends_no_compiling(install, tmp_path):
    (install / "kernel.py").write_text(
        "import tempfile, errno\n"
        "def full(*_, **__): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        + KERNEL.replace("@njit", "cache.folder(); cache.caching.os.replace = full\n@njit")
    )
    assert compiled(install, tmp_path / "cache")[:2] == (0, 1)
    assert not list((tmp_path / "cache").rglob("*.nb?"))


def test_a_user_without_a_home_has_no_folder_below_the_current_one(monkeypatch):
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    for user in (0, 4321):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert user_folder("cache").is_absolute() and "~" not in str(user_folder("config"))


@pytest.mark.parametrize(
    ("name", "count"), [("table_rows.serve-9.py311", 1), ("hashing_numba.mix-9.py311", 0)]
)
def test_a_line_says_that_kernels_are_compiled_where_that_takes_long(
    name, count, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(kernel_cache, "say_that_it_compiles", conftest.compiling_is_said)
    conftest.compiling_is_said.cache_clear()
    file = kernel_cache.caching.IndexDataCacheFile(str(tmp_path), name, None)
    assert file.load("signature") is None and file.load("other") is None
    file.save("signature", 7)
    assert file.load("signature") == 7
    assert capsys.readouterr().err.count("tat: compiling kernels") == count
