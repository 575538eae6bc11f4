"""docs/adding-an-operation.md against the tree: its paths, its names, its code, its commands."""

import re

import pytest

from tat.config import resolve
from tat.config_tables import model_variants
from tat.resources import resource

ROOT = resource("config").parent
PAGE = (ROOT / "docs" / "adding-an-operation.md").read_text("utf-8")
PROSE = re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
QUOTED = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", PROSE.partition("## If something is missing")[0])
PATHS = sorted({q for q in QUOTED if re.fullmatch(r"[\w.-]+(/[\w.-]*)+|[A-Z]+\.md", q)})
NAMES = sorted({q for q in QUOTED if re.fullmatch(r"\w+", q)})
BLOCKS = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FILES = [ROOT / path for path in PATHS if (ROOT / path).is_file()]
TEXT = "\n".join(path.read_text("utf-8") for path in FILES)


@pytest.mark.parametrize("path", PATHS)
def test_paths_are_in_the_tree(path: str):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("name", NAMES)
def test_names_are_in_the_files_that_the_page_names(name: str):
    assert re.search(rf"\b{name}\b", TEXT), name


@pytest.mark.parametrize("block", BLOCKS)
def test_code_is_that_of_a_file(block: str):
    assert any(block in path.read_text("utf-8") for path in FILES)


def test_the_page_names_something_of_each_kind():
    assert len(PATHS) > 15 and len(NAMES) > 15 and len(BLOCKS) > 4


def test_commands_are_targets_and_tests():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"\bmake ([a-z-]+)", PAGE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for path in re.findall(r"\b(?:tests|bench)/\w+\.py", PAGE):
        assert (ROOT / path).is_file(), path


def test_messages_are_those_of_the_code():
    """The words of a message that are the same for any operation are in some source."""
    table = PAGE.partition("## If something is missing")[2]
    sources = [*(ROOT / "tat").rglob("*.py"), *(ROOT / "tests").glob("*.py")]
    text = re.sub(r'"\s*\n\s*f?"', "", "\n".join(path.read_text("utf-8") for path in sources))
    for said in (
        "has no such row", "and not in tat/backends/reference", "no row in tat/ops/kernels.py for",
        "an operation has the name of its kernel in the table", "takes attributes",
        "run `make kernels`", "runs on the reference alone, slowly",
        "not in the compiled table of inference", "has no passes on a GPU",
        "test_the_passes_of_a_kernel_bind_all_its_arguments",
        "test_traces_call_kernels_with_the_shapes_of_the_table",
    ):  # fmt: skip
        assert said in table and said in text, said


def test_the_setting_of_the_page_is_one():
    assert resolve(assignments=["model.norm=rms"], environment={}).config.model.norm == "rms"
    assert "rms" in {parts["model.norm"] for parts in model_variants()}
