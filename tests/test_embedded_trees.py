"""Whole trees: every function is found where it stands, none is invented, hostile hosts end."""

import json
import resource
import time
from pathlib import Path

import embedded_trees
import pytest
from cli_harness import tat

from tat.data.hosts import Licences, definitions
from tat.data.shaders import Shaders
from tat.data.sources import read_sources
from tat.errors import CorpusError, UsageError
from tat.wgsl.declarations import split_module
from tat.wgsl.embedded.aligned import aligned
from tat.wgsl.embedded.judging import judged
from tat.wgsl.embedded.placed import Host
from tat.wgsl.embedded.regions import regions
from tat.wgsl.sandbox import Sandbox

LIMIT = 1_000_000
"""The limit of a .wgsl file; a host may have eight times as many bytes."""


def places(folder: Path) -> dict[str, set[tuple[str, int, int]]]:
    """The functions that reading gives, with their places, by file."""
    found: dict[str, set[tuple[str, int, int]]] = {}
    for module in read_sources([folder], LIMIT).modules:
        for item in split_module(module.text):
            if item.kind == "fn" and item.start >= module.front:
                file, line, column = module.place(item.start).rsplit(":", 2)
                name = str(Path(file).relative_to(folder))
                found.setdefault(name, set()).add((item.name, int(line), int(column)))
    return found


def test_every_function_of_the_trees_is_found_where_it_stands(tmp_path: Path) -> None:
    made = embedded_trees.write(tmp_path, embedded_trees.trees())
    embedded_trees.write(tmp_path, embedded_trees.decoys())
    assert len(made) >= 60
    found = places(tmp_path)
    assert set(found) == {file.path for file in made}, "no more and no fewer"
    for file in made:
        assert found[file.path] == set(file.wanted), file.path


def test_nothing_is_found_among_other_languages(tmp_path: Path) -> None:
    embedded_trees.write(tmp_path, embedded_trees.decoys())
    with pytest.raises(CorpusError):
        read_sources([tmp_path], LIMIT)


def forms(folder: Path, *given: str) -> dict[str, str]:
    """The form of each region, by file and name."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    shaders = Shaders(paths, LIMIT, definitions(given))
    with Sandbox() as sandbox:
        return {
            f"{Path(j.shader.region.host.name).name}:{j.shader.region.candidate.name}": j.form
            for j in judged(shaders.project, sandbox.validate)
        }


@pytest.fixture
def dialects(tmp_path: Path) -> Path:
    """The projects that need more than finding."""
    for name, text in embedded_trees.DIALECTS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_dialects_are_resolved_linked_and_salvaged(dialects: Path) -> None:
    wanted = {
        "main.wesl:": "linked", "math.wesl:": "plain", "light.wgsl:": "resolved",
        "scene.wgsl:": "linked", "noise.ts:noise": "plain", "wave.ts:wave": "resolved",
        "common.tmpl:": "resolved", "scale.tmpl:": "resolved", "holes.ts:head": "plain",
        "holes.ts:step": "resolved", "parts.ts:part": "linked", "broken.ts:broken": "salvaged",
    }  # fmt: skip
    assert forms(dialects) == wanted
    assert forms(dialects, "FAST", "HALF", "BIG", "STEPS=3")["wave.ts:wave"] == "resolved"


def test_definitions_choose_and_places_stay(dialects: Path) -> None:
    def text_of(name: str, *given: str) -> str:
        result = tat("wgsl", "extract", dialects, "--json", "--no-validate", *given)
        assert result.code == 0
        return next(r["wgsl"] for line in result.out.splitlines()
                    if (r := json.loads(line))["file"].endswith(name))  # fmt: skip

    assert "TAU" in text_of("main.wesl") and "TAU" not in text_of("main.wesl", "--define", "FAST")
    assert "2.0" in text_of("wave.ts", "--define", "BIG", "--define", "STEPS=3")
    assert "2.0" not in text_of("wave.ts", "--define", "BIG", "--define", "STEPS=2")
    with pytest.raises(UsageError):
        definitions(["1x"])


def test_validate_names_the_place_in_the_host(tmp_path: Path) -> None:
    host = 'const a = "x";\nconst s = "fn ok() {}\\n" +\n   "fn bad() -> f32 { return 1u; }";\n'
    (tmp_path / "a.ts").write_text(host)
    result = tat("validate", tmp_path)
    assert result.code == 8
    assert result.out.startswith(f"{tmp_path}/a.ts:")
    line, column = map(int, result.out.removeprefix(f"{tmp_path}/a.ts:").split(":")[:2])
    assert 2 <= line <= 3 and column > 1


def test_licences_come_from_lines_and_from_files_above(tmp_path: Path) -> None:
    (tmp_path / "LICENSE-MIT").write_text(
        "Permission is hereby granted, free of charge, to any person obtaining a copy of this"
    )
    (tmp_path / "src/a").mkdir(parents=True)
    licences = Licences()
    assert licences.of(tmp_path / "src/a/x.ts", "") == "MIT"
    assert licences.of(tmp_path / "y.ts", "// SPDX-License-Identifier: Zlib\n") == "Zlib"
    (tmp_path / "src/a/x.ts").write_text("const s = `fn one() -> f32 { return 1.0; }`")
    index = tmp_path / "x.index"
    assert tat("index", tmp_path / "src", "-o", index).code == 0
    result = tat("search", index, "one", "--json")
    [hit] = json.loads(result.out)
    assert (hit["license"], hit["line"], hit["column"]) == ("MIT", 1, 12)


def test_written_modules_name_source_and_licence(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "LICENSE").write_text("SPDX-License-Identifier: Zlib\n")
    (tmp_path / "src/lib.wesl").write_text("// SPDX-License-Identifier: ISC\nfn half() {}\n")
    (tmp_path / "src/a.wesl").write_text("import package::lib::half;\nfn a() { half(); }\n")
    assert tat("wgsl", "extract", tmp_path / "src", "-o", tmp_path / "out", "-q").code == 0
    first, second = sorted(path.read_text() for path in (tmp_path / "out").iterdir())
    assert (
        f"// from {tmp_path}/src/a.wesl:1:1 (linked)\n// SPDX-License-Identifier: Zlib\n" in first
    )
    assert f"// with declarations of {tmp_path}/src/lib.wesl (ISC)\n" in first
    assert "// SPDX-License-Identifier: ISC\n" in second


TORN = "fn a() -> f32 { return 1.0; }\n#ifdef A\nfn b() -> f32 {\n    return 2.0;\n}\n"


def test_a_broken_condition_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_text(f"const s = `{TORN}`;\n")
    skipped = read_sources([tmp_path], LIMIT).skipped
    assert [(Path(item.path).name, item.reason) for item in skipped] == [
        ("a.ts:2:1", "directives that cannot be followed: an #if without #endif")
    ]
    for command in (("validate",), ("wgsl", "extract")):
        done = tat(*command, tmp_path)
        assert done.code == 0 and "a.ts:2:1: an #if without #endif" in done.err


def test_editors_see_each_character_in_its_place(tmp_path: Path) -> None:
    for file in embedded_trees.trees():
        host = Host(file.path, file.data.decode("utf-8-sig"))
        for region in regions(host):
            start, text = aligned(region)
            assert len(text) <= len(host.text) - start
            for wanted in file.wanted:
                at = host.offset(wanted.line, wanted.column)
                assert text[at - start : at - start + 3] in ("fn ", "@co", "@fr")


HOSTILE = {
    "minified.js": lambda: b"var a=1;function f(){return 'x'+a/2};" * 1_400_000,
    "open.ts": lambda: b"const a = `fn a() {" + b"x" * 500_000,
    "quotes.js": lambda: b"'\\'\"`" * 200_000 + b" fn a() {",
    "nested.ts": lambda: b"const a = fn (" + b"`${" * 10_000 + b"}`" * 10_000,
    "deep.ts": lambda: b"fn (" + b"`${" * 100_000,
    "comments.rs": lambda: b"/*" * 200_000 + b" fn a() {}",
    "raw.rs": lambda: b'r#"fn a' * 50_000,
    "triple.py": lambda: b'"""\'\'\'fn a() {' * 50_000,
    "fences.md": lambda: b"```\n````\nfn a(x)\n" * 50_000,
    "scripts.html": lambda: b"<script <script type='fn a(" * 20_000,
    "list.js": lambda: b"f(" + b"'fn a() {'," * 20_000,
    "sum.js": lambda: b"f(" + b"'fn a() {' + " * 20_000,
    "binary.rs": lambda: b"fn a() {}\0" * 1000,
    "bomb.ts": lambda: b"".join(b"const a%d = `fn f() {} ${a%d} ${a%d}`;\n" % (n, n + 1, n + 1)
                                for n in range(20)),
    "ifs.wesl": lambda: b"@if(A) " * 5_000 + b"fn a() {}",
    "directives.wgsl": lambda: b"#if A\n" * 20_000 + b"fn a() {}",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_hosts_end_soon_and_in_little_memory(tmp_path: Path, name: str) -> None:
    data = HOSTILE[name]()
    (tmp_path / name).write_bytes(data)
    (tmp_path / "good.wgsl").write_text("fn one() -> f32 {\n    return 1.0;\n}\n")
    began = time.process_time()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = read_sources([tmp_path], LIMIT)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert any(module.origin.endswith("good.wgsl") for module in found.modules)
    assert time.process_time() - began < 20, "seconds of a processor"
    assert peak < 300_000, "KB"
    if name in ("minified.js", "binary.rs"):
        assert [Path(item.path).name for item in found.skipped] == [name]
