"""The tables of concepts: concepts/AREA.txt. README.md beside this has their language."""

from functools import cache
from pathlib import Path

from tat.errors import FileError
from tat.resources import resource
from tat.synth.family import Family, parse_header


@cache
def all_families() -> tuple[Family, ...]:
    """The families of every bundled table, by area and then as the table has them."""
    families: list[Family] = []
    for path in sorted(resource("synth", "concepts").glob("*.txt")):
        families += read_table(path)
    return tuple(families)


def read_table(path: Path) -> list[Family]:
    """The families of a table; FileError, with the line, at the first that is wrong."""
    return parse_table(path.read_text("utf-8"), path.stem, path.name)


def parse_table(text: str, area: str, name: str) -> list[Family]:
    """The families that a table's text declares; `name` is the file that errors name."""
    families = _read(text, _Reader(area, name))
    for family in families:
        try:
            family.finish()
        except ValueError as error:
            raise FileError(f"{family.origin}: {error}") from None
    return families


def parse_patterns(text: str, area: str, name: str) -> list[Family]:
    """Families that are not finished, for their texts have places to fill; several may have one
    name."""
    return _read(text, _Reader(area, name, distinct=False))


def _read(text: str, reader: "_Reader") -> list[Family]:
    for number, line in enumerate(text.split("\n"), 1):
        try:
            reader.read(number, line)
        except ValueError as error:
            raise FileError(f"{reader.name}:{number}: {error}") from None
    return reader.whole()


class _Reader:
    def __init__(self, area: str, name: str, distinct: bool = True) -> None:
        self.area, self.name, self.distinct = area, name, distinct
        self.families: list[Family] = []
        self.block: list[str] | None = None

    def read(self, number: int, line: str) -> None:
        if self.block is not None:
            self._statement(line)
        elif not line.strip() or line.startswith(("--", "//")):
            pass
        elif line.startswith(" "):
            if not self.families:
                raise ValueError("a line of no block; begin with `fn name(...) -> type`")
            self._property(line.strip())
        else:
            self._begin(number, line)

    def _begin(self, number: int, line: str) -> None:
        attributes, names, parameters, result = parse_header(line)
        like = sum(names[0] == known.names[0] for known in self.families)
        if like and not attributes and self.distinct:
            raise ValueError(f"{names[0]} is there twice; give one of both another name")
        origin = f"{self.name}:{number}"
        family = Family(self.area, names, parameters, result, attributes, origin=origin)
        family.like = like
        self.families.append(family)

    def _statement(self, line: str) -> None:
        assert self.block is not None
        if line == "  }":
            self.families[-1].bodies.append((False, "\n".join(self.block)))
            self.block = None
        else:
            self.block.append(line[4:] if line.startswith("    ") else line.strip())

    def _property(self, line: str) -> None:
        family = self.families[-1]
        mark, rest = line[0], line[1:].strip()
        if line == "{":
            self.block = []
        elif mark == "#":
            family.descriptions.append(rest)
        elif mark == "=":
            family.bodies.append((True, rest))
        elif mark == ":":
            family.context.append(rest)
        elif mark == "&":
            family.calls.append(rest)
        elif mark == "~":
            family.domain.append(rest)
        elif line == "! reference":
            family.reference = True
        elif line.startswith("T "):
            family.types = tuple(rest.split())
        elif line.startswith("w "):
            family.weight = float(rest)
        else:
            raise ValueError(f"no line of a table: {line}")

    def whole(self) -> list[Family]:
        """The families, each with a body that ends."""
        if self.block is not None:
            raise FileError(f"{self.families[-1].origin}: its body does not end; write `  }}`")
        for family in self.families:
            if not family.bodies:
                raise FileError(f"{family.origin}: {family.names[0]} has no body; write `= ...`")
        return self.families
