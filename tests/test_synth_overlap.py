"""Overlap with given functions: names and spelling do not hide a copy, and it can be left out."""

import json
from itertools import islice
from pathlib import Path

import pytest

from tat.cli import run
from tat.data.overlap import Overlap, Target, abstracted, runs
from tat.retrieval.similarity import jaccard
from tat.synth.draft import Written
from tat.synth.generator import Generator, Made


def shown(targets: list[Target], *bodies: str, threshold: float = 0.7) -> Overlap:
    overlap = Overlap(targets)
    for number, body in enumerate(bodies):
        written = Written("f", "fn f()", body, "", "", ())
        overlap.show(Made(number, f"area/f{number}", written), threshold)
    return overlap


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{ return a * a; }", "{ return value * value; }"),
        ("{ let p: vec3<f32> = q; }", "{ let x: vec3f = y; }"),
        ("{ return 1.0f * x; }", "{ return 1. * z; } // one"),
        ("{ return p.xy + 0.5; }", "{ return uv.xy + .5; }"),
        ("{ return s.tint; }", "{ return s.color; }"),
    ],
)
def test_names_and_spelling_do_not_count(one: str, other: str):
    assert runs(one) == runs(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{ return sin(a); }", "{ return cos(a); }"),
        ("{ return a.xy; }", "{ return a.yx; }"),
        ("{ return 2 * a; }", "{ return 2.0 * a; }"),
        ("{ return 3u * a; }", "{ return 4u * a; }"),
    ],
)
def test_other_computations_have_other_runs(one: str, other: str):
    assert runs(one) != runs(other)


def test_members_and_declared_names():
    assert abstracted("10lf") == ["10lf"]  # no number of WGSL, but naga has it
    assert abstracted("{ v.x = max(foo.size, 0x1Fu); }") == [
        "{", "N", ".", "x", "=", "max", "(", "N", ".", "N", ",", "0x1f", ")", ";", "}",
    ]  # fmt: skip


def test_the_nearest_is_what_comparing_all_finds():
    made = list(islice(Generator(seed=8).stream(), 120))
    targets = [Target(str(m.number), m.written.body) for m in made[:40]]
    overlap = Overlap(targets)
    for m in made[40:]:
        overlap.show(m)
    found = {n.id: n for n in overlap.nearest()}
    for target in targets:
        similar = [jaccard(runs(target.body), runs(m.written.body)) for m in made[40:]]
        assert max(similar) == (found[target.id].similarity if target.id in found else 0)


def test_families_near_a_target_are_named():
    target = Target("t", "{ return clamp(x, 0.0, 1.0) * y; }")
    overlap = shown([target], "{ return a; }", "{ return clamp(q, 0.0, 1.0) * r; }")
    assert overlap.near_families() == ["area/f1"]
    assert [(n.id, n.similarity, n.family) for n in overlap.nearest()] == [("t", 1.0, "area/f1")]


def test_the_command_finds_a_copy_and_leaves_its_family_out(tmp_path: Path, capsys):
    given, found = tmp_path / "given.jsonl", tmp_path / "near.json"
    copy = "{\n  let d = abs(at) - half_size;\n  return length(max(d, vec2<f32>(0.0))) + "
    copy += "min(max(d.x, d.y), 0.0);\n}"
    other = "{ return texelFetchThing(a, b, c) << 17u; }"
    lines = [{"id": "box", "body": copy}, {"id": "other", "body": other}]
    given.write_text("".join(json.dumps(line) + "\n" for line in lines))
    call = ["synth", "--near", str(given), "--only", "sdf", "--count", "2500"]
    assert run([*call, "-o", str(found), "-q"]) == 0
    written = json.loads(found.read_text())
    assert written["overlapping"] == ["box"] and "sdf/sdBox2D" in written["families"]
    assert run([*call, "--without", str(found)]) == 0
    assert "0 of 2 functions" in capsys.readouterr().err


def test_mistakes_are_one_line(tmp_path: Path, capsys):
    broken = tmp_path / "broken.json"
    broken.write_text("[]")
    assert run(["synth", "--count", "1", "--without", "sdf/nosuch"]) == 2
    assert run(["synth", "--count", "1", "--without", str(broken)]) == 4
    assert run(["synth", "--near", str(tmp_path / "missing.jsonl")]) == 4
    assert run(["synth", "--count", "1", "--threshold", "0.5"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 4
    with pytest.raises(SystemExit):
        run(["synth", "--near", "x", "--threshold", "7"])
