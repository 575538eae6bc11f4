"""Writes the generated parts of ARCHITECTURE.md anew: the order of the rooms, and the tree.

    python docs/make_tree.py

The order is that of ROOMS in tests/test_structure.py. The tree has a line for each module, with
the first line of its docstring.
"""

import ast
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "ARCHITECTURE.md"
MADE = "made by `python docs/make_tree.py` -->\n"
END = "<!-- end -->\n"
_COLUMN = 28  # at which descriptions begin
_WIDTH = 110  # of the lines of the order


def tree() -> str:
    """A line for each module and folder of tat/, as they are now."""
    return "\n".join(["```", *_lines(ROOT / "tat", 0), "```", ""])


def order() -> str:
    """The rooms, with bars between those of which the right one may import the left one."""
    for node in ast.parse((ROOT / "tests/test_structure.py").read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ROOMS":
            rooms = " | ".join(" ".join(names) for names in ast.literal_eval(node.value))
            return textwrap.indent(textwrap.fill(rooms, _WIDTH), "    ") + "\n"
    raise ValueError("tests/test_structure.py has no ROOMS")


def up_to_date(page: str) -> str:
    """The page with both parts as they should be; ValueError where the marks are missing."""
    return _replaced(_replaced(page, "rooms", f"\n{order()}\n"), "tree", tree())


def _replaced(page: str, name: str, content: str) -> str:
    before, start, rest = page.partition(f"<!-- {name}: {MADE}")
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{PAGE.name} has no marks around its {name}")
    return before + start + content + end + after


def _lines(folder: Path, depth: int) -> Iterator[str]:
    yield _line(f"{folder.name}/", folder / "__init__.py", depth)
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    folders = [path for path in folder.iterdir() if any(path.rglob("*.py"))]
    for path in (*sorted(modules), *sorted(folders)):
        if path.is_dir():
            yield from _lines(path, depth + 1)
        else:
            yield _line(path.name, path, depth + 1)


def _line(name: str, module: Path, depth: int) -> str:
    text = module.read_text("utf-8") if module.exists() else ""
    docstring = ast.get_docstring(ast.parse(text)) or ""
    return f"{'  ' * depth + name:{_COLUMN}} {docstring.partition(chr(10))[0]}".rstrip()


if __name__ == "__main__":
    PAGE.write_text(up_to_date(PAGE.read_text("utf-8")), "utf-8")
