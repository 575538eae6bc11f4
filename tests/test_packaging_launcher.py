"""The launcher of the released file, with a toy inside: each way to start and each way to fail."""

import hashlib
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "packaging"))
zstandard = pytest.importorskip("zstandard", reason="make test-release runs it")

from release.compile_launcher import SOURCES, compile_launcher  # noqa: E402
from release.pack import list_entries, pack, write_file  # noqa: E402
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


@pytest.fixture(scope="session")
def parts(tmp_path_factory):
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


@pytest.fixture(scope="session")
def packed(parts, tmp_path_factory):
    out = tmp_path_factory.mktemp("packed") / "tat"
    pack(parts[1], parts[0], out, "1.2.3", 3)
    return out


@pytest.fixture
def file(packed, tmp_path):
    """A copy of one's own to damage."""
    return Path(shutil.copy(packed, tmp_path / "tat"))


@pytest.fixture
def base(tmp_path):
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


# Starting


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


# Where to unpack


def test_prefers_the_cache_folder_then_home(file, tmp_path):
    cache, home = tmp_path / "cache", tmp_path / "home"
    cache.mkdir(), home.mkdir()
    start(file, env={"XDG_CACHE_HOME": str(cache), "HOME": str(home)})
    assert list((cache / "tat").glob("tat-*")) and not list(home.iterdir())
    start(file, env={"HOME": str(home)})
    assert list((home / ".cache" / "tat").glob("tat-*"))


def test_needs_no_home(file, tmp_path):
    done = start(file, env={"TMPDIR": str(tmp_path)})
    assert done.returncode == 0
    assert list((tmp_path / f"tat-{os.geteuid()}").glob("tat-*"))
    missing = {"HOME": str(tmp_path / "nobody"), "TMPDIR": str(tmp_path)}
    assert start(file, env=missing).returncode == 0
    assert not (tmp_path / "nobody").exists()


def test_refuses_a_folder_that_others_can_write_to(file, base):
    base.mkdir(mode=0o777)
    base.chmod(0o777)
    assert refused(start(file, base=base), "others may write")


def test_follows_no_link_in_a_shared_folder(file, tmp_path):
    (tmp_path / "mine").mkdir(mode=0o700)
    (tmp_path / f"tat-{os.geteuid()}").symlink_to(tmp_path / "mine")
    start(file, env={"TMPDIR": str(tmp_path)})
    assert not list((tmp_path / "mine").iterdir())


def test_a_relative_folder_is_refused(file, tmp_path):
    assert refused(start(file, base="here", cwd=tmp_path), "TATFILE_UNPACK_DIR=here", "absolute")
    assert not (tmp_path / "here").exists()


def test_a_folder_that_cannot_be_made_is_named(file, tmp_path):
    (tmp_path / "plain").touch()
    assert refused(start(file, base=tmp_path / "plain" / "x"), str(tmp_path / "plain"), "directory")


def test_control_characters_stay_out_of_the_message(file, tmp_path):
    assert refused(start(file, base=f"{tmp_path}/no\nsuch\x1b[31m/x/\t", env={"TATFILE_LIBC": "x"}))


@needs_root
def test_another_users_home_is_left_alone(file, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 12345, 12345)
    assert start(file, env={"HOME": str(home), "TMPDIR": str(tmp_path)}).returncode == 0
    assert not list(home.iterdir())


@needs_root
def test_runs_for_an_ordinary_user(packed, tmp_path):
    """The user's cache has another name than a folder of root's that is in its place."""
    shared = Path("/dev/shm") / f"tat-test-{os.getpid()}"
    shared.mkdir()
    shared.chmod(0o1777)
    try:
        file = Path(shutil.copy(packed, shared / "tat"))
        file.chmod(0o755)
        become = {"user": 12345, "group": 12345, "extra_groups": []}
        done = start(file, env={"TMPDIR": str(shared), "HOME": "/root"}, cwd="/",
                     **become)  # fmt: skip
        assert done.returncode == 0 and (shared / "tat-12345").stat().st_uid == 12345
        shutil.rmtree(shared / "tat-12345")
        (shared / "tat-12345").mkdir(mode=0o700)
        only = {"TATFILE_UNPACK_DIR": str(shared / "tat-12345")}
        assert refused(start(file, env=only, cwd="/", **become), "ermission denied")
    finally:
        shutil.rmtree(shared)


def mounted(script, *arguments):
    """Runs a script of sh in mounts of its own, which end with it."""
    return subprocess.run(["unshare", "-m", "sh", "-euc", script, "sh", *map(str, arguments)],
                          capture_output=True, text=True, env={"PATH": SYSTEM})  # fmt: skip


@needs_root
def test_a_noexec_folder_is_passed_over(file, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    script = ('mount -t tmpfs -o noexec none "$2"; export TMPDIR="$3" HOME="$2";'
              ' "$1" exit 9 || test $? = 9; ls "$3"/tat-0 "$2"/.cache/tat')  # fmt: skip
    home = tmp_path / "home"
    home.mkdir()
    done = mounted(script, file, home, other)
    assert f"to {other}/tat-0" in done.stderr, done.stderr
    assert list((other / "tat-0").glob("tat-*"))
    chosen = 'mount -t tmpfs -o noexec none "$2"; TATFILE_UNPACK_DIR="$2"/x "$1"'
    assert refused(mounted(chosen, file, home), "noexec")


@needs_root
@pytest.mark.parametrize("megabytes", [1, 18])
def test_a_full_disk_is_passed_over_and_left_clean(file, tmp_path, megabytes):
    """1 MB is found too small beforehand; 18 would do for the files but not for the spare room."""
    home = tmp_path / "home"
    home.mkdir()
    script = (
        f'mount -t tmpfs -o size={megabytes}m none "$2"; code=0;'
        ' TATFILE_UNPACK_DIR="$2"/x "$1" || code=$?; ls -A "$2"/x >"$3"; exit $code'
    )
    done = mounted(script, file, home, tmp_path / "listing")
    assert refused(done, "MB free")
    assert (tmp_path / "listing").read_text() == ""


@needs_root
def test_a_disk_that_fills_meanwhile_leaves_nothing_behind(file, tmp_path):
    """Room for the bytes, but not for so many files: the failure comes while writing."""
    home = tmp_path / "home"
    home.mkdir()
    script = (
        'mount -t tmpfs -o size=64m,nr_inodes=7 none "$2"; code=0;'
        ' TATFILE_UNPACK_DIR="$2"/x "$1" || code=$?; ls -A "$2"/x >"$3"; exit $code'
    )
    done = mounted(script, file, home, tmp_path / "listing")
    assert done.returncode == 125 and "No space left" in done.stderr.splitlines()[-1]
    assert (tmp_path / "listing").read_text() == ""


EMPTY_ROOT = """
mount -t tmpfs none "$2"
mkdir "$2"/proc "$2"/tmp
mount -t proc none "$2"/proc
cp "$1" "$2"/program
chmod 1777 "$2"/tmp
"""


@needs_root
def test_runs_in_an_empty_root(file, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    done = mounted(EMPTY_ROOT + 'exec chroot "$2" /program one', file, root)
    assert done.stdout.splitlines() == ["/", "/program", "one"], done.stderr


@needs_root
def test_a_read_only_root_will_do_with_tmp(file, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    script = EMPTY_ROOT + (
        'mount -t tmpfs none "$2"/tmp; mount -o remount,ro "$2"; exec chroot "$2" /program one'
    )
    assert mounted(script, file, root).stdout.splitlines() == ["/", "/program", "one"]
    script = EMPTY_ROOT + 'mount -o remount,ro "$2"; exec chroot "$2" /program one'
    assert refused(mounted(script, file, root), "/tmp/tat-0: Read-only", "TATFILE_UNPACK_DIR")


@needs_root
def test_says_that_proc_is_missing(file, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    script = EMPTY_ROOT + 'umount "$2"/proc; exec chroot "$2" /program one'
    assert refused(mounted(script, file, root), "/proc")


@needs_root
def test_a_folder_that_has_become_read_only_is_still_used(file, base, tmp_path):
    start(file, base=base)
    script = ('mount --bind "$2" "$2"; mount -o remount,bind,ro "$2";'
              ' TATFILE_UNPACK_DIR="$2" exec "$1" exit 3')  # fmt: skip
    assert mounted(script, file, base).returncode == 3
    copy = shutil.copy(file, tmp_path / "copy")  # not the file that was sealed: checked again
    assert mounted(script, copy, base).returncode == 3


# Several at once, old versions, leftovers


def test_four_first_starts_at_once_unpack_once(file, base):
    command = [file, "exit", "5"]
    environment = {"TATFILE_UNPACK_DIR": str(base)}
    started = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(4)]
    said = b"".join(process.communicate(timeout=60)[1] for process in started)
    assert [process.returncode for process in started] == [5] * 4
    assert said.count(b"unpacking") == 1
    assert [path.name for path in base.iterdir()] == [version_folder(base).name]


def another_version(parts, tmp_path):
    out = tmp_path / "next" / "tat"
    out.parent.mkdir()
    pack(parts[1], parts[0], out, "1.2.4", 3)
    return out


def test_old_versions_and_leftovers_go_when_a_new_one_comes(file, base, parts, tmp_path):
    start(file, base=base)
    old = version_folder(base)
    (base / f"tat-{'0' * 32}.new").mkdir()
    (base / f"tat-{'0' * 32}.new" / "half").write_bytes(b"x")
    (base / f"{old.name}.new-damaged-1").mkdir()
    kept = [base / "tat-mine", base / "notes.txt", base / f"tat-{'0' * 31}"]
    for path in kept:
        path.mkdir()
    new = another_version(parts, tmp_path)
    assert start(new, base=base).returncode == 0
    names = {path.name for path in base.iterdir()} - {path.name for path in kept}
    digest = hashlib.sha256(new.read_bytes()[:-32]).hexdigest()
    assert names == {f"tat-{digest[:32]}"}


def test_a_running_version_is_not_removed(file, base, parts, tmp_path):
    process = subprocess.Popen([file, "wait"], env={"TATFILE_UNPACK_DIR": str(base)},
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
    process.stdout.readline()
    old = version_folder(base)
    new = another_version(parts, tmp_path)
    start(new, base=base)
    assert (old / "tat").exists() and len(list(base.glob("tat-*"))) == 2
    process.kill()
    process.communicate()
    shutil.rmtree(next(path for path in base.glob("tat-*") if path != old))
    start(new, base=base)
    assert not old.exists()


def test_killed_while_unpacking_leaves_nothing_for_good(file, base):
    process = subprocess.Popen([file], env={"TATFILE_UNPACK_DIR": str(base)},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    for _ in range(2000):
        if base.is_dir() and any(path.suffix == ".new" for path in base.iterdir()):
            break
        time.sleep(0.0002)
    process.kill()
    process.wait()
    assert start(file, "exit", "4", base=base).returncode == 4
    assert [path.name for path in base.iterdir()] == [version_folder(base).name]


# Damage to what was unpacked


def flip(path, offset):
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    mode = path.stat().st_mode
    path.chmod(0o700)
    path.write_bytes(data)
    path.chmod(mode)


def keep_times(path, change):
    before = path.stat()
    change(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: flip(folder / "data/deep/large.bin", 1_000_000),
        lambda folder: keep_times(folder / "tat", lambda path: flip(path, 5000)),
        lambda folder: os.truncate(folder / "tat", 100),
        lambda folder: (folder / "data/deep/large.bin").unlink(),
        lambda folder: shutil.rmtree(folder / "data"),
        lambda folder: (folder / "empty").write_bytes(b"?"),
        lambda folder: (folder / "tat").chmod(0o666),
        lambda folder: ((folder / "empty").unlink(), (folder / "empty").symlink_to("/etc/passwd")),
        lambda folder: ((folder / "empty").unlink(), os.mkfifo(folder / "empty")),
    ],
)
def test_damaged_files_are_found_and_made_good(file, base, parts, damage):
    start(file, base=base)
    damage(version_folder(base))
    done = start(file, "exit", "6", base=base)
    assert done.returncode == 6 and "unpacking" in done.stderr
    assert [path.name for path in base.iterdir()] == [version_folder(base).name]
    (version_folder(base) / ".seal").unlink()
    assert list_entries(version_folder(base)) == list_entries(parts[1])


@pytest.mark.parametrize("content", [None, b"", b"nonsense", b"\0" * 1000])
def test_without_a_good_seal_the_contents_decide(file, base, content):
    start(file, base=base)
    seal = version_folder(base) / ".seal"
    seal.unlink() if content is None else seal.write_bytes(content)
    done = start(file, "exit", "6", base=base)
    assert done.returncode == 6 and done.stderr == ""
    assert seal.stat().st_size > 200
    inode = seal.stat().st_ino
    start(file, base=base)
    assert seal.stat().st_ino == inode  # this time it held


def test_files_whose_contents_did_not_change_are_kept(file, base):
    start(file, base=base)
    (version_folder(base) / "empty").touch()
    assert start(file, base=base).stderr == ""


# Damage to the file itself


def test_a_download_cut_anywhere_is_refused(file, base):
    whole = file.read_bytes()
    launcher = len(whole) - TRAILER.size - sum(TRAILER.unpack(whole[-TRAILER.size :])[1:3])
    for size in (launcher, launcher + 1, launcher + 200, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[: max(size, launcher)])
        assert refused(start(file, base=base), "download it again")
    assert not base.exists()


def test_a_flipped_byte_anywhere_behind_the_launcher_is_refused(file, base):
    whole = bytearray(file.read_bytes())
    trailer = TRAILER.unpack(whole[-TRAILER.size :])
    table = len(whole) - TRAILER.size - trailer[1] - trailer[2]
    places = [*range(table, table + trailer[1], 37), table + trailer[1] + 10, len(whole) // 2]
    places += range(len(whole) - TRAILER.size, len(whole), 5)
    for place in places:
        whole[place] ^= 1
        file.write_bytes(whole)
        assert refused(start(file, base=base), str(file)), place
        whole[place] ^= 1
    assert not list(base.glob("tat-*/*"))


def test_a_flipped_byte_of_the_launcher_itself_is_refused(file, base):
    """Where it does not crash it: in the padding behind its headers."""
    whole = bytearray(file.read_bytes())
    place = whole.index(b"\0" * 64, 64) + 32
    whole[place] ^= 1
    file.write_bytes(whole)
    assert refused(start(file, base=base), "contents are not what they were")


def test_a_flipped_byte_is_found_in_a_file_that_ran_before(file, base):
    start(file, base=base)
    flip(file, file.stat().st_size // 2)
    assert refused(start(file, base=base), "damaged")


@pytest.mark.parametrize("extra", [b"\n", b"#!/bin/sh\n", b"\0" * 4096, b"TATFILE1" * 20])
def test_a_foreign_trailer_is_refused(file, base, extra):
    with open(file, "ab") as end:
        end.write(extra)
    assert refused(start(file, base=base), "damaged")
    assert not base.exists()


def rebuilt(file, parts, lines, contents, unpacked=None, payload=None):
    """A file that is right in itself, with a table and a payload of one's own."""
    table = "".join(lines).encode()
    payload = zstandard.compress(b"".join(contents)) if payload is None else payload
    total = sum(map(len, contents)) if unpacked is None else unpacked
    write_file(file, parts[0], table, payload, total, "6.6.6")
    return file


def line(path, content=b"x", mode="x"):
    return f"{mode} {len(content)} {hashlib.sha256(content).hexdigest()} {path}\n"


@pytest.mark.parametrize(
    "path",
    ["../evil", "/tmp/evil", "a/../../evil", "a/..", "..", ".", "", "a//b", "a/", "./a", "a/./b",
     ".seal", "a b", "a\tb", "a\x7f", "a\\b", "x" * 600],
)  # fmt: skip
def test_a_path_that_leads_out_is_refused(file, parts, base, tmp_path, path):
    assert refused(start(rebuilt(file, parts, [line(path)], [b"x"]), base=base), "unsafe path")
    assert not base.exists() and not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "lines",
    [
        ["x 1\n"], ["w" + line("tat")[1:]], [line("tat")[:-1]], ["\n"], [line("tat").upper()],
        ["x -1" + line("tat")[3:]], ["x  1" + line("tat")[3:]], ["x 99999999999999999999 tat\n"],
        ["x 18446744073709551615" + line("tat")[3:], line("tau")],
        [line("tat"), line("tat")], [line("tau"), line("tat")], [line("tat") + "\0"], [],
    ],
)  # fmt: skip
def test_a_malformed_table_is_refused(file, parts, base, lines):
    done = start(rebuilt(file, parts, lines, [b"x"] * len(lines)), base=base)
    assert refused(done, "table")
    assert not base.exists()


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"no zstd frame", zstandard.compress(b""), zstandard.compress(b"x"),
        zstandard.compress(b"xxx"), zstandard.compress(b"xx")[:-1],
    ],
)  # fmt: skip
def test_a_payload_that_differs_from_its_table_runs_nothing(file, parts, base, payload):
    made = rebuilt(file, parts, [line("probe"), line("tat")], [b"x", b"x"], payload=payload)
    done = start(made, base=base)
    assert done.returncode == 125 and done.stdout == ""
    assert "damaged" in done.stderr.splitlines()[-1]
    assert not [path for path in base.iterdir() if path.suffix != ".new"]


def test_a_file_in_the_place_of_a_folder_is_an_error(file, parts, base):
    made = rebuilt(file, parts, [line("a"), line("a/b")], [b"x", b"x"])
    done = start(made, base=base)
    assert done.returncode == 125 and "Not a directory" in done.stderr
    assert not list(base.iterdir())


def test_contents_that_are_no_program_are_said_to_be_so(file, parts, base):
    made = rebuilt(file, parts, [line("ld-tat.so"), line("probe"), line("tat")], [b"x"] * 3)
    done = start(made, base=base)
    assert done.returncode == 125 and "cannot run" in done.stderr


# SHA-256

HASH_PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include "sha256.h"
int main(int argc, char **argv)
{
    static uint8_t data[1 << 20];
    uint8_t digest[SHA256_BYTES];
    struct sha256 hash;
    if (argc > 2)
        sha256_force_portable();
    size_t size = fread(data, 1, sizeof data, stdin), step = atoi(argv[1]);
    for (size_t length = 0; length <= size; length += length < 300 ? 1 : size - 300) {
        sha256_begin(&hash);
        for (size_t at = 0; at < length; at += step)
            sha256_add(&hash, data + at, length - at < step ? length - at : step);
        sha256_end(&hash, digest);
        for (int i = 0; i < SHA256_BYTES; i++)
            printf("%02x", digest[i]);
        puts("");
    }
}
"""


@pytest.fixture(scope="module")
def hash_program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hash")
    (folder / "hash.c").write_text(HASH_PROGRAM)
    subprocess.run(["musl-gcc", "-static", "-O1", "-I", SOURCES, folder / "hash.c",
                    SOURCES / "sha256.c", "-o", folder / "hash"], check=True)  # fmt: skip
    return folder / "hash"


@pytest.mark.parametrize("portable", [[], ["portable"]])
@pytest.mark.parametrize("step", [1, 63, 64, 100_000])
def test_the_hash_is_sha256(hash_program, portable, step):
    data = bytes((i * 7 + i // 251) % 256 for i in range(20_000))
    digests = subprocess.run([hash_program, str(step), *portable], input=data,
                          capture_output=True, check=True).stdout.decode().split()  # fmt: skip
    lengths = [*range(301), len(data)]
    assert digests == [hashlib.sha256(data[:length]).hexdigest() for length in lengths]
