"""Where the launcher of the released file unpacks, alone and beside others, and what it removes."""

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from toy_release import (
    SYSTEM,
    base_fixture,  # noqa: F401
    file_fixture,  # noqa: F401
    needs_root,
    pack,
    packed_fixture,  # noqa: F401
    parts_fixture,  # noqa: F401
    refused,
    start,
    version_folder,
)

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
