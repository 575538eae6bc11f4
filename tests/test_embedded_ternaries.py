"""Holes that choose between texts of the host: declarations and statements, with their places."""

import pytest

from tat.wgsl.embedded.judging import judged
from tat.wgsl.embedded.placed import Host
from tat.wgsl.embedded.project import Project
from tat.wgsl.embedded.regions import regions
from tat.wgsl.sandbox import Sandbox

pytestmark = pytest.mark.gpu

FUNCTION = "fn f(x: u32) -> u32 { return x * N; }"


@pytest.mark.parametrize(("hole", "wanted"), [
    ('wide ? "const N = 4u;" : "const N = 2u;"', "const N = 4u;"),
    ("wide ? `const N = 4u;` : ''", "const N = 4u;"),
    ('mode === "a" ? "" : mode === "b" ? "" : "const N = 2u;"', "const N = 2u;"),
    ("(wide?\n  /* wgsl */ `const N = ${size};`\n  : ``)", "const N = 1 ;"),
    ('a ?? "const N = 4u;"', "const N = 4u;"),
    ("table?.wide ? 'const N =\\n 4u;' : ''", "const N =\n 4u;"),
])  # fmt: skip
def test_a_choice_of_declarations_is_one_of_them(sandbox: Sandbox, hole: str, wanted: str):
    host = Host("a.ts", f"const s = `\n${{{hole}}}\n{FUNCTION}`;")
    [found] = judged(Project(regions(host), {}), sandbox.validate)
    assert found.problem is None and found.text.text == f"\n{wanted}\n{FUNCTION}"
    offset = found.text.text.index("const")
    assert found.text.origin(offset) == (host, host.text.index(wanted[:9]))


def test_text_added_between_strings_may_be_a_choice(sandbox: Sandbox):
    text = f"s = '' + (wide ? 'const N = 4u;' : 'const N = 2u;') + '\\n{FUNCTION}'"
    found = list(judged(Project(regions(Host("a.js", text)), {}), sandbox.validate))
    assert [f.problem for f in found] == [None] and "const N = 4u;" in found[0].text.text


@pytest.mark.parametrize("hole", [
    'a || "const N = 4u;"', 'names["N"]', "`const N = 4u;`", 'wide ? first : "const N = 4u;"',
])  # fmt: skip
def test_a_hole_without_a_choice_of_texts_is_guessed_as_ever(sandbox: Sandbox, hole: str):
    host = Host("a.ts", f"const s = `\n${{{hole}}}\n{FUNCTION}`;")
    assert all(f.problem for f in judged(Project(regions(host), {}), sandbox.validate))
