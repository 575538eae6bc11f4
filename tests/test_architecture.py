"""The pages about the code: a short map, a tree of the modules that are there, paths that exist."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs"))

from make_tree import END, MADE, PAGE, order, tree, up_to_date  # noqa: E402

PAGES = (PAGE, ROOT / "docs" / "decisions.md")
MOST_WORDS = 1500  # of the map, without its tree
TREE = re.compile(f"<!-- tree: {re.escape(MADE)}.*?{END}", re.DOTALL)


def test_every_module_has_a_line():
    modules = {path.name for path in (ROOT / "tat").rglob("*.py")} - {"__init__.py"}
    lines = tree().splitlines()
    assert modules <= {line.split()[0] for line in lines if line.strip() != "```"}
    bare = [line for line in lines[1:-1] if len(line.split()) == 1 and line.endswith(".py")]
    assert not bare, "a module without a docstring"


def test_the_order_has_every_room_once():
    rooms = order().replace("|", "").split()
    assert len(rooms) == len(set(rooms)) and {"ops", "wgsl", "cli"} <= set(rooms)


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="no marks around its rooms"):
        up_to_date("no marks\n")


def test_the_map_is_short():
    words = len(TREE.sub("", PAGE.read_text("utf-8")).split())
    assert words <= MOST_WORDS, f"{words} words; reasons belong in docs/decisions.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_in_the_pages_exist(page: Path):
    """A path in backquotes is one of the repository, or the end of one in tat/."""
    ends = [f"/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "tat").rglob("*")]
    for name in re.findall(
        r"`([\w/.-]+(?:\.py|\.md|\.toml|/))`", TREE.sub("", page.read_text("utf-8"))
    ):
        if "NAME" not in name and not name.startswith("__pycache__"):
            inside = any(end.endswith(f"/{name.rstrip('/')}") for end in ends)
            assert inside or (ROOT / name).exists(), f"{page.name}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    text = page.read_text("utf-8")
    anchors = {
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    }
    for link in re.findall(r"\]\(([^)]+)\)", text):
        file, _, anchor = link.partition("#")
        assert not file or (page.parent / file).exists(), link
        assert file or anchor in anchors, link
