"""A released file with a toy inside, and how it is started."""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "packaging"))
zstandard = pytest.importorskip("zstandard", reason="make test-release runs it")

from release.compile_launcher import SOURCES, compile_launcher  # noqa: E402, F401
from release.pack import list_entries, pack, write_file  # noqa: E402, F401
from release.sources import zstd_folder  # noqa: E402

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts and other users need root")
SYSTEM = "/usr/bin:/bin:/usr/sbin:/sbin"
TRAILER = struct.Struct("<8sQQQ32s32s")
PROGRAM = r"""
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t received;
static void receive(int number) { received = number; }

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "exit"))
        return atoi(argv[2]);
    if (argc > 1 && !strcmp(argv[1], "launcher"))
        return puts(getenv("TAT_LAUNCHER")) < 0;
    if (argc > 1 && !strcmp(argv[1], "wait")) {
        signal(SIGINT, receive);
        signal(SIGTERM, receive);
        puts("waiting");
        fflush(stdout);
        while (!received)
            pause();
        usleep(300000);
        printf("finished after %d\n", (int)received);
        return 128 + received;
    }
    char folder[4096];
    printf("%s\n", getcwd(folder, sizeof folder) ? folder : strerror(errno));
    for (int i = 0; i < argc; i++)
        printf("%s\n", argv[i]);
    return 0;
}
"""
PROBE = "int main(void) { return %d; }"


def compile_static(source: str, out: Path):
    """Compiles with musl, statically, so that toys run in an empty root too."""
    command = ["musl-gcc", "-static", "-Os", "-s", "-x", "c", "-", "-o", out]
    subprocess.run(command, input=source, text=True, check=True)


@pytest.fixture(name="parts", scope="session")
def parts_fixture(tmp_path_factory):
    """The launcher's bytes and a folder to pack."""
    if not shutil.which("musl-gcc"):
        pytest.skip("musl-gcc is not installed; make release-tools installs it")
    build = tmp_path_factory.mktemp("launcher")
    launcher = compile_launcher(zstd_folder(), build).read_bytes()
    folder = build / "payload"
    (folder / "glibc").mkdir(parents=True)
    compile_static(PROGRAM, folder / "tat")
    compile_static(PROBE % 42, folder / "probe")
    # Stands for the bundled loader: prints how it was called.
    compile_static('#include <stdio.h>\nint main(int n, char **v)'
                   '{ for (int i = 1; i < n; i++) puts(v[i]); return n < 1; }',
                   folder / "ld-tat.so")  # fmt: skip
    (folder / "glibc" / "libc.so.6").write_bytes(b"not really")
    (folder / "empty").touch()
    (folder / "data" / "deep").mkdir(parents=True)
    (folder / "data" / "deep" / "large.bin").write_bytes(bytes(range(256)) * 12_000)
    return launcher, folder


@pytest.fixture(name="packed", scope="session")
def packed_fixture(parts, tmp_path_factory):
    out = tmp_path_factory.mktemp("packed") / "tat"
    pack(parts[1], parts[0], out, "1.2.3", 3)
    return out


@pytest.fixture(name="file")
def file_fixture(packed, tmp_path):
    """A copy of one's own to damage."""
    return Path(shutil.copy(packed, tmp_path / "tat"))


@pytest.fixture(name="base")
def base_fixture(tmp_path):
    return tmp_path / "unpacked"


def start(file, *arguments, base=None, **options):
    environment = {"PATH": SYSTEM, **options.pop("env", {})}
    if base is not None:
        environment["TATFILE_UNPACK_DIR"] = str(base)
    return subprocess.run(
        [file, *arguments], env=environment, capture_output=True, text=True, timeout=60, **options
    )


def version_folder(base):
    (folder,) = base.glob("tat-*")
    return folder


def refused(done, *words):
    """One line, exit code 125, and the program inside did not run."""
    assert done.returncode == 125, (done.returncode, done.stderr)
    assert done.stdout == ""
    said = [text for text in done.stderr.split("\n") if "tat: unpacking" not in text]
    assert len(said) == 2 and said[0].startswith("tat: ") and said[1] == "", done.stderr
    return all(word in said[0] for word in words)
