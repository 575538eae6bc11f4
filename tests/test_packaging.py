"""Around the released file: completions, manual, packing, NOTICE, the frozen program's start."""

import argparse
import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.cli import build_parser, run
from tat.commands.completion import SHELLS, completion, describe

ROOT = Path(__file__).resolve().parent.parent
for folder in ("packaging", "packaging/frozen"):
    sys.path.insert(0, str(ROOT / folder))


needs_release_tools = pytest.mark.skipif(
    not shutil.which("musl-gcc"), reason="make test-release runs it"
)


def commands():
    return {command.line: command for command in describe(build_parser(), "tat")}


# Completions


def test_every_command_and_option_of_the_parser_is_described():
    known = commands()

    def walk(parser, line):
        described = {text for option in known[line].options for text in option.spellings}
        for action in parser._actions:
            assert set(action.option_strings) <= described
            if isinstance(action, argparse._SubParsersAction):
                assert [name for name, _ in known[line].subcommands] == list(action.choices)
                for name, child in action.choices.items():
                    walk(child, f"{line} {name}")

    walk(build_parser(), "tat")
    assert "tat cookbook show" in known


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_are_valid_and_printed(shell, capsys, tmp_path):
    assert run(["completion", shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    assert script.read_text() == completion(build_parser(), shell)
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, "-n", script], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""


def offered(typed, folder):
    """The words that bash offers when Tab is pressed at the end of `typed`."""
    (folder / "script").write_text(completion(build_parser(), "bash"))
    words = typed.split(" ")
    script = f"""
    source ./script
    COMP_WORDS=({" ".join(f"'{word}'" for word in words)}) COMP_CWORD={len(words) - 1}
    _tat
    printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-euc", script], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def test_bash_offers_what_can_follow(tmp_path):
    (tmp_path / "shaders one").mkdir()
    assert offered("tat tr", tmp_path) == ["train"]
    assert offered("tat train --re", tmp_path) == ["--resume"]
    assert offered("tat train --debug sh", tmp_path) == ["shaders one"]
    assert offered("tat train --run sh", tmp_path) == ["shaders one"]
    assert offered("tat train --steps s", tmp_path) == [""]
    assert offered("tat completion ", tmp_path) == list(SHELLS)
    assert offered("tat cookbook s", tmp_path) == ["show"]
    assert offered("tat cookbook show --d", tmp_path) == ["--debug"]
    assert offered("tat man gen", tmp_path) == ["generate"]


awkward = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)


@pytest.mark.parametrize("shell", SHELLS)
@given(awkward)
def test_help_texts_cannot_break_out_of_a_script(shell, text):
    """Quotes stay balanced and the script keeps its lines, whatever a help text holds."""
    parser = argparse.ArgumentParser(prog="tat")
    parser.add_argument("--option", help=text.replace("%", "%%"))
    plain = argparse.ArgumentParser(prog="tat")
    plain.add_argument("--option", help="x")
    script = completion(parser, shell)
    assert script.count("'") == completion(plain, shell).count("'")
    assert script.count("\n") == completion(plain, shell).count("\n")


# Manual and bill of materials in a checkout


def test_a_checkout_says_which_parts_only_a_release_has(capsys):
    assert run(["version", "--sbom"]) == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and "release" in said.err


@pytest.mark.parametrize("words", [[], ["train"], ["man"]])
def test_the_help_stands_in_for_the_manual(words, capsys):
    assert run(["man", *words]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(" ".join(["usage: tat", *words])) and "examples:" in said.out
    assert said.err.count("\n") == 1 and "release" in said.err


def test_manual_pages_cover_every_command(tmp_path):
    pytest.importorskip("argparse_manpage", reason="make test-release runs it")
    from release.documents import write_man_pages

    pages = {path.name: path.read_text() for path in write_man_pages(tmp_path)}
    for line, command in commands().items():
        depth = line.split()
        if len(depth) > 2:
            continue
        page = pages["-".join(depth) + ".1"]
        assert page.startswith(f'.TH {"-".join(depth).upper().replace("-", chr(92) + "-")} "1"')
        for option in (o for o in command.options if "--help" not in o.spellings):
            assert option.spellings[-1].replace("-", "\\-") in page
        if shutil.which("groff"):
            command = ["groff", "-k", "-man", "-Tutf8", "-ww", "-z"]
            done = subprocess.run(command, input=page.encode(), capture_output=True)
            assert done.stderr == b""
    assert "EXIT STATUS" in pages["tat.1"] and "EXAMPLES" in pages["tat-train.1"]


# Packing


def pack_twice(tmp_path, monkeypatch):
    pack = pytest.importorskip("release.pack")
    out = []
    for number, order in enumerate((["a", "b/c"], ["b/c", "a"])):
        folder = tmp_path / f"folder{number}"
        for name in order:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(name.encode() * 1000)
            os.utime(folder / name, (number, number))
        out.append(tmp_path / f"packed{number}")
        pack.pack(folder, b"launcher", out[-1], "1.0", 3)
    return out


def test_packing_depends_on_contents_alone(tmp_path, monkeypatch):
    pytest.importorskip("zstandard", reason="make test-release runs it")
    first, second = pack_twice(tmp_path, monkeypatch)
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_mode & 0o777 == 0o755


def test_the_file_ends_in_the_digest_of_the_rest(tmp_path, monkeypatch):
    pytest.importorskip("zstandard", reason="make test-release runs it")
    data = pack_twice(tmp_path, monkeypatch)[0].read_bytes()
    assert data.startswith(b"launcher") and data[-32:] == hashlib.sha256(data[:-32]).digest()


def test_only_plain_files_are_packed(tmp_path):
    pytest.importorskip("zstandard", reason="make test-release runs it")
    from release.pack import list_entries

    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match="only plain files"):
        list_entries(tmp_path)


# Libraries without debug information


def section_names(path):
    """Names of the sections of an ELF file."""
    command = ["readelf", "--sections", "--wide", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {word for line in done.stdout.splitlines() for word in line.split()}


@needs_release_tools
def test_libraries_lose_what_debuggers_read_and_nothing_else(tmp_path):
    from release.stage import drop_debug_information

    (tmp_path / "source.c").write_text("int twice(int x) { return 2 * x; }\n")
    (tmp_path / "inside").mkdir()
    full, bare = tmp_path / "inside" / "full.so", tmp_path / "bare.so"
    for library, extra in ((full, "-g"), (bare, "-g0")):
        compiled = ["gcc", "-shared", "-fPIC", extra, "-o", library, tmp_path / "source.c"]
        subprocess.run(compiled, check=True)
    before = full.stat().st_size, bare.read_bytes()
    assert ".debug_info" in section_names(full)
    drop_debug_information(tmp_path)
    assert not any(name.startswith(".debug") for name in section_names(full))
    assert full.stat().st_size < before[0] and bare.read_bytes() == before[1]
    assert ctypes.CDLL(str(full)).twice(21) == 42


# Sources that the build takes from outside


def test_every_debian_package_has_a_hash_and_a_place_in_notice():
    from release.debian import read_table
    from release.sbom import read_notice

    for package in read_table():
        assert package.accepted and package.part in read_notice()
        for accepted in package.accepted:
            assert len(bytes.fromhex(accepted.sha256)) == 32


def test_a_package_with_another_hash_is_refused(tmp_path, monkeypatch):
    from release import debian

    monkeypatch.setenv("RELEASE_CACHE", str(tmp_path / "cache"))
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "apt-get").write_text("#!/bin/sh\necho forged > x.deb\n")
    (tools / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    package = debian.Package("p", "P", ("usr/x",), (debian.Accepted("1", "0" * 64),))
    with pytest.raises(SystemExit, match="vet"):
        debian.extract(package, tmp_path / "out")
    (tools / "apt-get").write_text("#!/bin/sh\nexit 100\n")
    with pytest.raises(SystemExit, match="none of the accepted versions"):
        debian.extract(package, tmp_path / "out")
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob("cache/debian/*"))


def test_notice_names_every_library_that_tat_depends_on():
    from release.freeze import dependencies
    from release.sbom import read_notice

    assert {*dependencies(), "llvmlite", "CPython", "musl", "SwiftShader"} <= set(read_notice())
