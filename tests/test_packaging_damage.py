"""The launcher of the released file finds damage: to itself, and to files that it unpacked."""

import hashlib
import os
import shutil
import subprocess

import pytest
from toy_release import (
    SOURCES,
    TRAILER,
    base_fixture,  # noqa: F401
    file_fixture,  # noqa: F401
    list_entries,
    packed_fixture,  # noqa: F401
    parts_fixture,  # noqa: F401
    refused,
    start,
    version_folder,
    write_file,
    zstandard,
)

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
