"""Families are run: alternatives against each other, and against references."""

import sys
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synth_tables import table, verdicts

from tat.cli import run
from tat.errors import FileError
from tat.synth.domain import Domain
from tat.synth.tables import all_families
from tat.synth.verify import proof, verify
from tat.wgsl.sandbox import Sandbox


@pytest.mark.gpu
def test_a_sample_of_the_tables_agrees(sandbox: Sandbox):
    problems = [v for v in verify(all_families()[::50], sandbox) if v.problem]
    assert not problems


@pytest.mark.gpu
@pytest.mark.slow
def test_the_tables_agree(sandbox: Sandbox):
    problems = [v for v in verify(all_families(), sandbox) if v.problem]
    assert not problems


@pytest.mark.gpu
def test_bodies_that_differ_are_found_for_every_type(sandbox: Sandbox):
    found = verdicts(sandbox, "fn f(x: T) -> T\n  = x * T(2.0)\n  = x * T(2.1)\n")
    assert [v.kind for v in found] == ["f32", "vec2f", "vec3f", "vec4f"]
    assert all("body 2 differs from the first: in 64 of 64 rows" in v.problem for v in found)
    assert found[0].origin == "trial.txt:1"


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("bodies", "agree"),
    [
        ("fn f(x: f32) -> f32\n  = x + x\n  = 2.0 * x\n", True),
        ("fn f(n: u32) -> u32\n  = n * 3u\n  = n + n + n\n", True),
        ("fn f(n: u32) -> u32\n  = n * 3u\n  = n + n\n", False),
        ("fn f(n: i32) -> bool\n  = n > 3\n  = !(n <= 3)\n", True),
        ("fn f(n: i32) -> bool\n  = n > 3\n  = n >= 3\n", False),
        ("fn f(m: mat2x2f, v: vec2f) -> vec2f\n  = m * v\n  = v * transpose(m)\n", True),
        ("fn f(m: mat2x2f, v: vec2f) -> vec2f\n  = m * v\n  = v * m\n", False),
        ("fn f(x: f32) -> f32\n  ~ x in [3, 4]\n  = x\n  = max(x, 3.0)\n", True),
        ("fn f(x: f32) -> f32\n  ~ x in [2, 4]\n  = x\n  = max(x, 3.0)\n", False),
        ("fn f(x: f32) -> f32\n  ~ within 0.2\n  = x\n  = x * 1.1\n", True),
        ("fn f(x: f32) -> f32\n  & fn g/k(a: f32) -> f32\n  = g(x) + x\n  = x + g(x)\n", True),
        ("fn f(x: f32) -> f32\n  & fn g/k(a: f32) -> f32\n  = g(x)\n  = g(x + 1.0)\n", False),
        ("fn f(x: f32) -> f32\n  = sqrt(x - 2.0)\n  = sqrt(x - 2.0)\n", False),
        ("fn f(x: f32) -> f32\n  = x * PI\n  = PI * x\n", True),
        ("fn f(x: f32) -> f32\n  = x\n  = y\n", False),
    ],
)
def test_bodies_are_run(sandbox: Sandbox, bodies: str, agree: bool):
    assert all(bool(v.problem) != agree for v in verdicts(sandbox, bodies))


def test_every_family_has_a_proof():
    assert not [family.id for family in all_families() if not proof(family)]


def test_a_family_that_no_check_can_run_has_no_proof():
    (family,) = table(
        "@compute @workgroup_size(64) fn f()\n  : handle t: texture_2d<f32>;\n"
        "  {\n    workgroupBarrier();\n  }\n  {\n    workgroupBarrier();\n  }\n"
    )
    assert proof(family) == ""


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("domain", "agree"), [("before b", True), ("after b", False), ("b in -1..-1", True)]
)
def test_buffers_of_links_obey_their_domain(sandbox: Sandbox, domain: str, agree: bool):
    text = f"fn f(n: u32) -> bool\n  ~ n in 0..63, {domain}\n  : storage b: array<i32>;\n"
    (found,) = verdicts(sandbox, text + "  = b[n] < i32(n) && b[n] >= -1\n  = true\n")
    assert bool(found.problem) != agree


@pytest.mark.gpu
def test_a_body_that_does_not_validate_leaves_its_neighbours_alone(sandbox: Sandbox):
    good = "fn a(x: f32) -> f32\n  = x + x\n  = 2.0 * x\n\n"
    one, other = verdicts(sandbox, good + "fn b(x: f32) -> f32\n  = x\n  = nothing\n")
    assert not one.problem and "nothing" in other.problem


@pytest.mark.gpu
def test_references_are_asked(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch):
    module = ModuleType("tat.synth.references.trial")
    module.right = lambda m, v, n: m @ v * n  # type: ignore[attr-defined]
    module.wrong = lambda x: x + 0.1  # type: ignore[attr-defined]
    module.partial = lambda x: x if x > 0.3 else float("nan")  # type: ignore[attr-defined]
    module.silent = lambda x: float("nan")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    found = verdicts(sandbox, """\
fn right(m: mat3x2f, v: vec3f, n: i32) -> vec2f
  ! reference
  = m * v * f32(n)

fn wrong(x: f32) -> f32
  ! reference
  = x

fn partial(x: f32) -> f32
  ! reference
  = max(x, 0.3)

fn silent(x: f32) -> f32
  ! reference
  = x
""")  # fmt: skip
    assert not found[0].problem and not found[2].problem
    assert "differs from the reference" in found[1].problem
    assert "knows only 0" in found[3].problem


@pytest.mark.gpu
def test_a_reference_that_is_missing_is_named(sandbox: Sandbox):
    with pytest.raises(FileError, match=r"trial.py has no function f; write it"):
        verdicts(sandbox, "fn f(x: f32) -> f32\n  ! reference\n  = x\n")


def test_each_proof_of_a_family_is_named():
    one, two, three = table(
        "fn a(x: f32) -> f32\n  = x\n\nfn b(x: f32) -> f32\n  = x\n  = x\n\n"
        "fn c(x: f32) -> f32\n  ! reference\n  = x\n"
    )
    assert (proof(one), proof(two), proof(three)) == ("", "alternatives", "reference")


@given(st.integers(1, 64), st.integers(0, 99))
def test_inputs_lie_in_their_domain(rows: int, seed: int):
    (family,) = table(
        "fn f(x: vec2f, n: vec3f, k: u32, lo: T, hi: T, w: f32, b: bool) -> f32\n"
        "  ~ x in [-2, 3.5], unit n, k in 3..4\n  ~ lo < hi, w in 2..5, within 1e-4\n  = x.x\n"
    )
    domain = Domain.of(family)
    names = [p.names[0] for p in family.parameters]
    kinds = ["vec2f", "vec3f", "u32", "vec2f", "vec2f", "f32", "bool"]
    x, n, k, low, high, w, b = domain.draw(names, kinds, rows, np.random.default_rng(seed))
    assert x.shape == (rows, 2) and (x >= -2).all() and (x <= 3.5).all()
    assert np.allclose(np.linalg.norm(n, axis=1), 1, atol=1e-6)
    assert set(k.ravel()) <= {3, 4} and set(w.ravel()) <= {2, 3, 4, 5} and set(b.ravel()) <= {0, 1}
    assert (low <= high).all() and domain.within == 1e-4
    assert all((values == values.astype(np.float32)).all() for values in (x, n, low, high))


@pytest.mark.parametrize("item", ["y in [0, 1]", "x in 1", "unit z", "x < y", "x", "within"])
def test_a_wrong_domain_is_named(item: str):
    (family,) = table(f"fn f(x: f32) -> f32\n  ~ {item}\n  = x\n")
    with pytest.raises(FileError, match=r"trial.txt:1: ~ "):
        Domain.of(family)


def test_every_domain_and_reference_of_the_tables_can_be_read():
    for family in all_families():
        Domain.of(family)


@pytest.mark.gpu
def test_the_command_checks(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]):
    assert run(["synth", "--check", "sdBox"]) == 0
    assert "they are of 1 of 1 families" in capsys.readouterr().err
    assert run(["synth", "--check", "nosuch"]) == 2
