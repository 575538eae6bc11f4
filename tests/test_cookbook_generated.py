"""Generated code under an entry's tests: names do not matter, types and results do."""

import pytest

from tat.cookbook import library, references
from tat.cookbook.generated import test_generated as run_tests
from tat.cookbook.library import Entry
from tat.cookbook.references import Kernel
from tat.wgsl.sandbox import Sandbox

pytestmark = pytest.mark.gpu


def entry(name: str) -> Entry:
    [found] = [entry for entry in library.load() if entry.name == name]
    return found


def failure(name: str, code: str, sandbox: Sandbox) -> str:
    return str(run_tests(entry(name), code, sandbox).failure or "")


ADD = """fn {name}({a}: vec2u, {b}: vec2u) -> vec2u {{
    let low = {a}.x + {b}.x;
    return vec2u(low, {a}.y + {b}.y + u32(low < {a}.x));
}}"""


@pytest.mark.parametrize("name", ["add_u64", "sum", "tat_generated"])
@pytest.mark.parametrize(("a", "b"), [("a", "b"), ("left", "right"), ("b", "a")])
def test_names_do_not_matter(name, a, b, sandbox):
    assert failure("add_u64", ADD.format(name=name, a=a, b=b), sandbox) == ""


def test_entries_pass_their_own_tests(sandbox):
    """One of plain values, one with helpers, one that a harness calls, one with bindings."""
    for name in ("add_u64", "fractal_noise", *_one_of_each_other_kind()):
        assert failure(name, entry(name).code, sandbox) == "", name


def _one_of_each_other_kind() -> list[str]:
    """Names of an entry point, and of a function whose values are not plain."""
    tested = [(e.name, references.reference(e.area, e.name)) for e in library.load()]
    kernel = next(name for name, reference in tested if isinstance(reference, Kernel))
    harnessed = next(name for name, reference in tested if getattr(reference, "harness", ""))
    return [kernel, harnessed]


@pytest.mark.parametrize(
    "code",
    [
        "",
        "not WGSL",
        "const x = 1;",
        "fn add_u64(a: vec2u, b: vec2u) -> vec2u { return a + b; }",
        "fn add_u64(a: vec2u) -> vec2u { return a; }",
        "fn add_u64(a: vec2i, b: vec2i) -> vec2i { return a; }",
        "fn add_u64(a: vec2u, b: vec2u) { }",
        ADD.format(name="add_u64", a="a", b="b") + "\nfn last() -> f32 { return 1.0; }",
        ADD.format(name="add_u64", a="a", b="b") + "\n}",
        "fn add_u64(a: vec2u, b: vec2u) -> vec2u { return " + "(" * 9999,
        "fn tat_entry() {} fn add_u64(a: vec2u, b: vec2u) -> vec2u { return a; }",
    ],
    ids=range(11),
)
def test_wrong_functions_fail(code, sandbox):
    assert failure("add_u64", code, sandbox)
    assert failure("add_u64", entry("add_u64").code, sandbox) == ""
