"""shaders/README.md against the folder: every pass and variant has its row, and no other."""

import re

import pytest

from tat.backends.gpu.fused_shaders import FUSED_SHADERS
from tat.backends.gpu.shader_text import part_files, shader_files
from tat.resources import resource

PAGE = resource("shaders", "README.md").read_text("utf-8")


def rows(title: str) -> dict[str, set[str]]:
    """Kernels by the suffix that a table tells of."""
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|", section, re.MULTILINE)
    return {suffix: set(kernels.split(", ")) for suffix, kernels in found}


def suffixes() -> dict[str, set[str]]:
    """Kernels by the names behind a dot of their shaders."""
    found: dict[str, set[str]] = {}
    for name in shader_files():
        kernel, *more = name.split(".")
        for suffix in more:
            found.setdefault(suffix, set()).add(kernel)
    return found


def test_every_pass_and_variant_has_its_row_with_its_kernels():
    passes, variants = rows("Passes"), rows("Variants")
    described = {s: passes.get(s, set()) | variants.get(s, set()) for s in passes | variants}
    found = suffixes()
    for suffix in sorted(described | found):
        there, named = found.get(suffix, set()), described.get(suffix, set())
        lacks, gone = there - named, named - there
        assert not lacks, f"shaders/README.md: add {', '.join(sorted(lacks))} to the row `{suffix}`"
        assert not gone, f"shaders/README.md: the row `{suffix}` has {', '.join(sorted(gone))}"


def test_every_family_is_named():
    folders = {p.name for p in resource("shaders").iterdir() if p.is_dir()} - {"parts"}
    assert {name for name in folders if f"`{name}`" in PAGE} == folders


FUSED_PARTS = {part for fused in FUSED_SHADERS.values() for part in fused.instead.values()}


@pytest.mark.parametrize("name", sorted(set(part_files()) - FUSED_PARTS))
def test_a_part_lies_in_a_family_that_imports_it_or_serves_several(name: str):
    place = part_files()[name].parent.parent.name
    users = {
        path.parent.parent.name if path.parent.name == "parts" else path.parent.name
        for path in resource("shaders").rglob("*.wgsl")
        if re.search(rf"^// (import|also \S+:) {name}\b", path.read_text("utf-8"), re.MULTILINE)
    }
    assert place in users or (place == "shaders" and len(users) > 1)


def test_names_of_parts_are_of_one_file():
    files = [*resource("shaders").rglob("parts/*.wgsl")]
    assert len({path.stem for path in files}) == len(files)
