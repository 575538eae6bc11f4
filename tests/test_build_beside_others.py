"""Builds beside others on one machine: another apt, another build; and paths in any locale."""

import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "packaging"))

from release.kernels import alone  # noqa: E402

APT = """\
#!/bin/sh
echo "$*" >> {log}
case "$*" in *update*|*install*) ;; *) exit 9 ;; esac
[ $(wc -l < {log}) -gt {busy} ] && exit 0
echo "E: {problem}" >&2
exit 100
"""


def apt_install(
    tmp_path, *, busy, problem="Could not get lock /var/lib/apt/lists/lock. It is held"
):
    """Exit code, standard error and calls of apt-get; the first `busy` calls fail."""
    log = tmp_path / "calls"
    log.touch()
    for name, text in (
        ("apt-get", APT.format(log=log, busy=busy, problem=problem)),
        ("sleep", "#!/bin/sh\n"),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["sh", ROOT / "packaging" / "apt-install.sh", "gcc"], capture_output=True, text=True,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=False, timeout=30,
    )  # fmt: skip
    return done.returncode, done.stderr, log.read_text().splitlines()


def test_another_apt_is_waited_for(tmp_path):
    code, said, calls = apt_install(tmp_path, busy=3)
    assert code == 0 and len(calls) == 5
    assert calls[-1].endswith("install -y --no-install-recommends gcc")
    assert said.count("waiting") == 1


def test_another_failure_of_apt_is_said_at_once(tmp_path):
    code, said, calls = apt_install(tmp_path, busy=9, problem="Unable to locate package gcc")
    assert code == 1 and "Unable to locate package gcc" in said and len(calls) == 1


def hold(folder, started, seconds):
    with alone(folder):
        started.set()
        time.sleep(seconds)


@pytest.mark.parametrize("killed", [False, True])
def test_a_build_waits_for_another_and_not_for_a_killed_one(tmp_path, capsys, killed):
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    other = context.Process(target=hold, args=(tmp_path / "fixed", started, 60 if killed else 0.5))
    other.start()
    assert started.wait(30)
    if killed:
        other.kill()
        other.join()
    with alone(tmp_path / "fixed"):
        pass
    other.join()
    assert ("waiting" in capsys.readouterr().out) is not killed


PATHS = r"""
#include <Python.h>
#include <locale.h>
#include <stdio.h>
#include <wchar.h>
locale_t tat_newlocale(int mask, const char *name, locale_t base);
size_t tat_mbstowcs(wchar_t *target, const char *source, size_t room);
int main(int argc, char **argv)
{
    wchar_t wide[8];
    if (!tat_newlocale(LC_CTYPE_MASK, "", (locale_t)0))
        return 1;
    size_t length = tat_mbstowcs(wide, argv[1], 8);
    printf("%zu", length);
    for (size_t i = 0; i < length; i++)
        printf(" %x", (unsigned)wide[i]);
    return 0;
}
"""


@pytest.fixture(scope="module")
def decode(tmp_path_factory):
    """The program's own decoding of a path, run under a locale that does not exist."""
    folder = tmp_path_factory.mktemp("utf8")
    config = shutil.which("python3-config") or shutil.which(f"python3.{sys.version_info[1]}-config")
    if not (config and shutil.which("gcc")):
        pytest.skip("needs gcc and python3-config")
    (folder / "main.c").write_text(PATHS)
    flags = [
        subprocess.run([config, *ask], capture_output=True, text=True, check=True).stdout.split()
        for ask in (["--includes"], ["--embed", "--ldflags"])
    ]
    sources = [folder / "main.c", ROOT / "packaging" / "nuitka_utf8.c"]
    renames = [f"-D{name}=tat_{name}" for name in ("newlocale", "mbstowcs")]
    for source in sources:
        command = ["gcc", "-c", "-Wall", "-Werror", *renames, *flags[0], source]
        subprocess.run(command, cwd=folder, check=True)
    prefix = subprocess.run([config, "--prefix"], capture_output=True, text=True, check=True)
    where = [f"-L{prefix.stdout.strip()}/lib", f"-Wl,-rpath,{prefix.stdout.strip()}/lib"]
    objects = ["main.o", "nuitka_utf8.o"]
    done = subprocess.run(
        ["gcc", "-o", "main", *objects, *where, *flags[1]], cwd=folder, check=False
    )
    if done.returncode:
        pytest.skip("this Python cannot be embedded")

    def run(path):
        return subprocess.run(
            [folder / "main", path], env={"LC_ALL": "xx_YY"}, capture_output=True, check=True
        ).stdout.decode()

    return run


@pytest.mark.parametrize("path, decoded", [
    (b"/a", "2 2f 61"),
    ("/größ".encode(), "5 2f 67 72 f6 df"),
    ("/\U0001f600".encode(), "2 2f 1f600"),
    (b"/\xff\xc3", "3 2f dcff dcc3"),
    (b"12345678", "8 31 32 33 34 35 36 37 38"),  # no room for an end, which Nuitka looks for
    (b"", "0"),
])  # fmt: skip
def test_the_program_s_paths_are_utf8_in_any_locale(decode, path, decoded):
    assert decode(path) == decoded
