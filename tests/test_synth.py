"""The generator: its functions are valid and the same everywhere, and its memory never grows."""

import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest
from cli_harness import child_environment, command
from hypothesis import given
from hypothesis import strategies as st

from tat.cli import run
from tat.config import resolve
from tat.data.corpus import load_corpus
from tat.errors import FileError, UsageError
from tat.synth.comments import lowered
from tat.synth.draws import Draws, Weighted
from tat.synth.generator import COMPOSED, Generator, Made, Seen
from tat.synth.records import encoded
from tat.synth.step_tables import step_table
from tat.synth.tables import all_families, parse_table
from tat.synth.templates import compiled, expanded
from tat.wgsl.declarations import functions
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.stubs import with_stubs

TABLE = """\
fn limit/clampTo(x/value: T, lo/low: T, hi: T) -> T
  # Limits {x} to «the range¦an interval»
  = clamp(x, lo, hi)
  {
    let y/raised = max(x, lo);
    return min(y, hi);
  }

fn turn(p/pos: vec2f, angle: f32) -> vec2f
  # Turns {p} by {angle}
  {
    let c = cos(angle);
    let s = sin(angle);
    return vec2f(c * p.x - s * p.y, s * p.x + c * p.y);
  }

fn area(r/radius: f32) -> f32
  # Area of a disk
  = PI * r * r

fn sumTo(n: i32) -> i32
  # Sum of the first {n} numbers
  {
    var sum = 0;
    for (var i = 1; i <= n; i++) {
        sum += i;
    }
    return sum;
  }

@fragment fn fsMain/main(@location(0) uv: vec2f) -> @location(0) vec4f
  # Shows a texture
  : handle tex: texture_2d<f32>;
  : handle samp: sampler;
  = textureSample(tex, samp, uv)
"""
GOLDEN = "e55392b821646e6ea73c445ba2dfe7b57141b390690c72586c2df1684194c98c"


def of_the_table(**options) -> Generator:
    return Generator(families=parse_table(TABLE, "test", "test.txt"), **options)


def drawn(count: int, **options) -> list[Made]:
    return list(islice(Generator(**options).stream(), count))


def module_of(made: Made) -> str:
    w = made.written
    given = "\n".join(part for part in (w.context, *w.calls) if part)
    return f"{with_stubs(given)}\n{w.signature} {w.body}\n"


@pytest.mark.gpu
def test_drawn_functions_are_valid(sandbox: Sandbox):
    for made in drawn(300, seed=20):
        assert not sandbox.validate(module_of(made)), module_of(made)


@pytest.mark.gpu
@pytest.mark.slow
def test_ten_thousand_are_valid(sandbox: Sandbox):
    invalid = [made for made in drawn(10_000, seed=21) if sandbox.validate(module_of(made))]
    assert not invalid, [made.family for made in invalid]


@pytest.mark.gpu
@pytest.mark.parametrize("kind", COMPOSED)
def test_each_kind_of_composed_is_valid(sandbox: Sandbox, kind: str):
    for made in drawn(12, only=f"composed/{kind}"):
        assert made.family == f"composed/{kind}"
        assert not sandbox.validate(module_of(made)), module_of(made)


def test_helpers_of_any_name_are_called_as_they_are_declared():
    most = 0
    for made in drawn(300, only="composed/helpers", seed=11):
        w = made.written
        most = max(most, len(w.calls))
        for call in w.calls:
            name = call.partition("(")[0].removeprefix("fn ")
            assert f"{name}(" in w.body and name != w.name
        assert w.calls or "const " in w.context
    assert most == 3


def test_the_stream_is_the_same_on_every_machine():
    digest = sha256()
    for made in islice(of_the_table(seed=7).stream(), 2000):
        digest.update(encoded(made, 7))
    assert digest.hexdigest() == GOLDEN


def test_no_body_swallows_the_family_after_it():
    for family in all_families():
        assert not any("\nfn " in text for _, text in family.bodies), family.origin


def test_hashing_and_processes_change_nothing():
    here = b"".join(encoded(made, 5) for made in drawn(60, seed=5))
    command = [sys.executable, "-m", "tat", "synth", "--count", "60", "--seed", "5", "-q"]
    for hash_seed in ("1", "2"):
        environment = {"PYTHONHASHSEED": hash_seed, "PATH": "/usr/bin:/bin"}
        root = Path(__file__).parent.parent
        there = subprocess.run(command, capture_output=True, cwd=root, env=environment, check=True)
        assert there.stdout == here


@given(st.integers(0, 2**32), st.integers(0, 2**40))
def test_a_function_follows_from_seed_and_number_alone(seed: int, number: int):
    one, other = of_the_table(seed=seed), of_the_table(seed=seed)
    other.make(number + 1)
    assert one.make(number) == other.make(number)


def test_a_record_describes_its_function():
    for made in drawn(400, seed=2):
        w = made.written
        (found,) = functions(f"{w.signature} {w.body}")
        assert found.signature.split() == w.signature.split() and f"fn {w.name}(" in w.signature
        assert w.body.startswith("{") and w.body.endswith("}")
        for left in ("«", "»", "¦", "$", "‹"):
            assert left not in f"{w.signature}{w.body}{w.context}{w.comment}"


@pytest.mark.parametrize("name", ["Brewster's angle", "Blinn-Phong term", "GGX lobe", "Lab to LCh"])
def test_names_of_people_and_spaces_keep_their_capital(name: str):
    assert lowered(name) == name and lowered("Area of a disk") == "area of a disk"


def test_no_two_are_alike():
    texts = [made.written for made in drawn(3000, seed=3)]
    assert len(set(texts)) == len(texts)


def test_a_table_of_fingerprints_forgets_and_never_grows():
    made = drawn(50, seed=4)
    seen = Seen(places=8)
    assert all(seen.add(m.written) for m in made) and len(seen._table) == 8
    assert not seen.add(made[-1].written)


def test_a_stream_that_is_used_up_ends(monkeypatch: pytest.MonkeyPatch):
    generator = of_the_table()
    few = [generator.make(number) for number in range(3)]
    monkeypatch.setattr(generator, "make", lambda number: few[number % 3])
    assert list(generator.stream()) == few


def test_areas_and_families_are_chosen():
    assert {made.family for made in drawn(30, only="sdBox")} == {"sdf/sdBox"}
    assert {made.family.split("/")[0] for made in drawn(30, only="easing")} == {"easing"}
    with pytest.raises(UsageError, match="did you mean easing"):
        Generator(only="easng")


def test_excluded_families_are_neither_drawn_nor_called():
    out = {family.id for family in all_families() if family.area == "sdf"}
    names = {name for family in all_families() if family.area == "sdf" for name in family.names}
    for made in drawn(2000, without=out, seed=6):
        assert not made.family.startswith("sdf/")
        if made.family in ("composed/caller", "composed/chain"):
            called = {call.partition("(")[0].removeprefix("fn ") for call in made.written.calls}
            others = {n for f in all_families() if f.area != "sdf" for n in f.names}
            assert not called & (names - others)


def test_every_family_can_be_drawn_and_names_itself_once():
    ids = Counter(family.id for family in all_families())
    assert max(ids.values()) == 1
    for number, family in enumerate(all_families()):
        assert Generator(only=family.id, families=[family]).make(number), family.origin


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("fn f(x: f32) -> f32\n", "t.txt:1: f has no body"),
        ("  = 1.0\n", "t.txt:1: a line of no block"),
        ("fn f() -> f32\n  = 1.0\n  ? what\n", "t.txt:3: no line of a table"),
        ("fn f() -> f32\n  {\n    return 1.0;\n", "t.txt:1: its body does not end"),
        ("func f() -> f32\n", "t.txt:1: no signature"),
        ("fn f() -> f32\n  = 1.0\n\nfn f() -> f32\n  = 2.0\n", "t.txt:4: f is there twice"),
        ("fn f() -> f32\n  = «1.0¦2.0\n", "t.txt:1: « without »"),
        ("fn f() -> f32\n  w heavy\n", "t.txt:2: could not convert"),
    ],
)
def test_a_wrong_table_is_named_with_its_line(table: str, problem: str):
    with pytest.raises(FileError, match=problem.replace("(", r"\(")):
        parse_table(table, "t", "t.txt")


def test_templates_keep_draws_that_have_a_key():
    template = compiled("«k:a¦b» «k» «c¦d«e¦»»")
    texts = {expanded(template, Draws(1, n), {}) for n in range(200)}
    assert texts == {f"{k} {k} {end}" for k in "ab" for end in ("c", "de", "d")}


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=8), st.floats(0, 1, exclude_max=True))
def test_weights_are_kept(weights: list[float], share: float):
    at = Weighted(*enumerate(weights)).at(share)
    before = sum(weights[:at])
    assert (
        before <= share * sum(weights) + 1e-9
        and share * sum(weights) <= before + weights[at] + 1e-9
    )


@pytest.mark.parametrize("table", ["fragment", "particles", "particle_ends"])
def test_steps_that_meet_in_a_body_declare_different_names(table: str):
    declared = Counter(
        name for step in step_table(table)
        for name in set(re.findall(r"\b(?:let|var) (\w+)", "\n".join(step.statements)))
    )  # fmt: skip
    assert max(declared.values(), default=1) == 1, declared


def test_the_command_writes_json_lines(tmp_path: Path):
    path = tmp_path / "out.jsonl"
    assert run(["synth", "--count", "25", "--seed", "9", "-o", str(path), "-q"]) == 0
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == len({line["id"] for line in lines}) == 25
    assert {"signature", "body", "context", "comment", "calls", "license"} <= set(lines[0])
    assert all(line["standalone"] == (not line["calls"]) for line in lines)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_leaves_the_old_file_and_no_other(tmp_path, number, code):
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old")
    with subprocess.Popen(command("synth", "--count", 10**7, "-o", path),
                          env=child_environment({}), stderr=subprocess.PIPE) as child:  # fmt: skip
        until = time.monotonic() + 60
        while not any(other.stat().st_size for other in tmp_path.glob(".out.jsonl.*")):
            assert child.poll() is None and time.monotonic() < until
            time.sleep(0.01)
        child.send_signal(number)
        said = child.communicate(timeout=60)[1].decode()
    assert child.returncode == code and said == f"tat: interrupted; {path} is as it was\n"
    assert [*tmp_path.iterdir()] == [path] and path.read_bytes() == b"old"


def test_nothing_is_written_where_it_cannot_be(tmp_path: Path, capsys):
    assert run(["synth", "--count", "3", "-o", str(tmp_path / "no" / "out.jsonl")]) == 4
    assert run(["synth"]) == 2
    assert run(["synth", "--count", "3", "--only", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_families_are_listed(capsys):
    assert run(["synth", "--families"]) == 0
    listed = capsys.readouterr().out
    assert str(len(all_families())) in listed and "sdf" in listed


def test_training_mixes_functions_by_rules_with_files(tmp_path: Path):
    own = tmp_path / "own.wgsl"
    own.write_text("fn own(x: f32) -> f32 {\n    return x * 3.0;\n}\n")
    data = replace(resolve().config.data, validation_share=0.5, infill_share=0.0, synth=40)
    mixed = load_corpus([tmp_path], data, 3)
    alone = load_corpus([], data, 3)
    synthetic = [s for s in mixed.samples if s.origin.startswith("synth-3-")]
    assert len({s.origin for s in synthetic}) == 40 and all(s.split == "train" for s in synthetic)
    assert {s.origin for s in mixed.samples} - {s.origin for s in synthetic} == {f"{own}:1"}
    assert alone.train and alone.valid and len({s.origin for s in alone.samples}) == 40
    assert load_corpus([], data, 3).fingerprint == alone.fingerprint
    assert load_corpus([], data, 4).fingerprint != alone.fingerprint
