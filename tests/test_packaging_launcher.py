"""The launcher of the released file, with a toy inside: each way to start and each way to fail."""

import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from toy_release import (
    PROBE,
    SOURCES,
    base_fixture,  # noqa: F401
    compile_static,
    file_fixture,  # noqa: F401
    list_entries,
    pack,
    packed_fixture,  # noqa: F401
    parts_fixture,  # noqa: F401
    refused,
    start,
    version_folder,
    zstd_folder,
)


def test_compiles_without_warnings():
    for source in SOURCES.glob("*.c"):
        if source.name == "probe.c":
            continue
        done = subprocess.run(
            ["musl-gcc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Wshadow", "-fsyntax-only",
             "-isystem", zstd_folder(), source], capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0 and done.stderr == "", done.stderr


def test_is_static(packed):
    done = subprocess.run(["ldd", packed], capture_output=True, text=True)
    assert "not a dynamic executable" in done.stdout + done.stderr


def test_says_once_that_it_unpacks(file, base):
    first, second = start(file, base=base), start(file, base=base)
    assert first.stderr == f"tat: unpacking 1.2.3 to {base} (once)\n"
    assert second.stderr == ""
    assert first.stdout == second.stdout != ""


def test_unpacks_every_file_as_it_was(file, base, parts):
    start(file, base=base)
    folder = version_folder(base)
    (folder / ".seal").unlink()
    assert list_entries(folder) == list_entries(parts[1])
    assert (folder / "tat").stat().st_mode & 0o777 == 0o500
    assert (folder / "empty").stat().st_mode & 0o777 == 0o400
    assert folder.stat().st_mode & 0o777 == 0o700


def test_passes_arguments_and_folder_on(file, base, tmp_path):
    elsewhere = tmp_path / "with space"
    elsewhere.mkdir()
    arguments = ["-x", "", "two words", "ünïcode", "--", "*"]
    done = start(file, *arguments, base=base, cwd=elsewhere)
    assert done.stdout.splitlines() == [str(elsewhere), str(file), *arguments]


@pytest.mark.parametrize("name", ["tat", "./../odd name", ""])
def test_passes_its_own_name_on(file, base, name):
    done = subprocess.run([name, "a"], executable=file, capture_output=True, text=True,
                          env={"TATFILE_UNPACK_DIR": str(base)})  # fmt: skip
    assert done.stdout.splitlines()[1:] == [name, "a"]


def test_starts_through_a_link_and_the_path(file, base, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "mytat").symlink_to(file)
    environment = {"PATH": str(tmp_path / "bin"), "TATFILE_UNPACK_DIR": str(base)}
    done = subprocess.run(["/bin/sh", "-c", "mytat launcher"], env=environment,
                          capture_output=True, text=True)  # fmt: skip
    assert done.stdout.splitlines()[0] == str(file)


@pytest.mark.parametrize("code", [0, 1, 8, 125, 255])
def test_hands_the_exit_code_back(file, base, code):
    assert start(file, "exit", str(code), base=base).returncode == code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_the_program_and_it_may_take_its_time(file, base, number):
    start(file, base=base)
    process = subprocess.Popen([file, "wait"], env={"TATFILE_UNPACK_DIR": str(base)},
                               stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(number)
    assert process.communicate(timeout=10)[0] == f"finished after {int(number)}\n"
    assert process.returncode == 128 + number


def test_the_program_takes_the_place_of_the_launcher(file, base):
    process = subprocess.Popen([file, "wait"], env={"TATFILE_UNPACK_DIR": str(base)},
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
    process.stdout.readline()
    running = Path(f"/proc/{process.pid}/exe").readlink()
    process.kill()
    process.wait()
    process.stdout.close()
    assert running == version_folder(base) / "tat"
    assert process.returncode == -signal.SIGKILL


def test_works_with_every_standard_descriptor_closed(file, base):
    script = f'"{file}" exit 7 <&- >&- 2>&-; echo $? > "{file}.code"'
    subprocess.run(["sh", "-c", script], env={"TATFILE_UNPACK_DIR": str(base)}, check=True)
    assert Path(f"{file}.code").read_text() == "7\n"
    assert start(file, base=base).stderr == ""  # nothing was written into the unpacked files


# Which C library


@pytest.fixture
def with_old_host(parts, tmp_path):
    """The same file, but its probe says that the host's C library will not do."""
    folder = tmp_path / "payload"
    shutil.copytree(parts[1], folder)
    compile_static(PROBE % 1, folder / "probe")
    out = tmp_path / "old" / "tat"
    out.parent.mkdir()
    pack(folder, parts[0], out, "1.2.3", 1)
    return out


def bundled(file, base, *arguments):
    folder = version_folder(base)
    return ["--argv0", str(file), "--library-path", f"{folder}/glibc", f"{folder}/tat", *arguments]


def test_takes_the_bundled_library_where_the_probe_fails(with_old_host, base):
    done = start(with_old_host, "a b", base=base)
    assert done.stdout.splitlines() == bundled(with_old_host, base, "a b")


@pytest.mark.parametrize("choice", ["host", ""])
def test_the_host_library_is_used_when_it_serves(file, base, choice):
    assert start(file, "exit", "9", base=base, env={"TATFILE_LIBC": choice}).returncode == 9


def test_the_library_can_be_forced(file, base, with_old_host, tmp_path):
    done = start(file, base=base, env={"TATFILE_LIBC": "bundled"})
    assert done.stdout.splitlines() == bundled(file, base)
    other = tmp_path / "other"
    done = start(with_old_host, "exit", "9", base=other, env={"TATFILE_LIBC": "host"})
    assert done.returncode == 9
    assert refused(start(file, base=base, env={"TATFILE_LIBC": "mine"}), "TATFILE_LIBC=mine")


def test_the_bundled_library_leaves_the_site_its_own(file, base):
    done = start(file, base=base, env={"TATFILE_LIBC": "bundled", "LD_LIBRARY_PATH": "/site/mpi"})
    [ours] = [line for line in bundled(file, base) if line.endswith("/glibc")]
    assert f"{ours}:/site/mpi" in done.stdout.splitlines()


def test_the_probe_is_believed_even_when_children_are_ignored(file, base):
    ignoring = lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # noqa: E731
    assert start(file, "exit", "9", base=base, preexec_fn=ignoring).returncode == 9
