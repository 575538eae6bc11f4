"""The surroundings of a gap of one line: its function, the names in scope, what is missing."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from tat.wgsl.adaptation import short_type
from tat.wgsl.comments import without_comments
from tat.wgsl.lexer import code_of
from tat.wgsl.typed import Typed, TypedModule, TypedSignature, module_of, signature_of, variables_in

_MISSING = re.compile(r"no definition in scope for identifier: `(\w+)`")
_NO_RESULT = "`return` expression None"
_LOCALS = frozenset(("let", "var"))
_BUILT = re.compile(r"\b(?:let|var)\s+(\w+)\s*=\s*(\w+)\(")


class Value(NamedTuple):
    """A name in scope, or a member of one, and its type, "" where the text does not say it."""

    text: str
    type: str

    @property
    def kind(self) -> str:
        """The type in its short spelling, without blanks."""
        return short_type(self.type)

    @property
    def last(self) -> str:
        """The name itself, without what it is a member of."""
        return self.text.rpartition(".")[2]


class Callee(NamedTuple):
    """A function of the module; parameters are names and types."""

    name: str
    parameters: tuple[Value, ...]
    has_result: bool


class Site:
    """A gap of one line between two texts; `problem` is what naga says of them without the line."""

    def __init__(self, prefix: str, suffix: str, problem: str) -> None:
        before = without_comments(prefix)
        functions = (token.start for token in reversed(code_of(before)) if token.text == "fn")
        start = next(functions, 0)
        self.problem, self.module = problem, before[:start]
        self.signature, _, self.body = before[start:].partition("{")
        self.behind = without_comments(suffix)

    @cached_property
    def missing(self) -> str:
        """The variable that the text behind the gap uses and nothing declares; "" for none."""
        found = _MISSING.search(self.problem)
        called = found and re.search(rf"\b{found[1]}\s*\(", self.behind)
        return found[1] if found and not called else ""

    @property
    def lacks_result(self) -> bool:
        """Whether the function has to return a value and does not."""
        return _NO_RESULT in self.problem

    @cached_property
    def is_changed(self) -> bool:
        """Whether the text behind the gap assigns to the missing variable or takes its address."""
        name = rf"(?<![\w.]){self.missing}\b"
        change = rf"{name}(\.\w+|\[[^]]*\])*\s*((<<|>>|[-+*/|&^%])?=[^=]|\+\+|--)|&\s*{name}"
        return bool(self.missing and re.search(change, self.behind))

    @property
    def result(self) -> str:
        """The type that the function returns, "" for none."""
        return self._own.result.type

    @cached_property
    def structs(self) -> Mapping[str, list[Value]]:
        """The members of each struct."""
        return {name: _values(members) for name, members in self._declared.structs.items()}

    @cached_property
    def parameters(self) -> list[Value]:
        """The parameters of the function."""
        return _values(self._own.parameters)

    @property
    def locals(self) -> list[str]:
        """The names that the body declares before the gap."""
        return [local.name for local in self._locals]

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """The type of each name in scope: of the module, parameters, then of the body."""
        built = dict(_BUILT.findall(self.body))
        found = {item.name: item.type for item in self._declared.variables + self._own.parameters}
        return found | {item.name: item.type or built.get(item.name, "") for item in self._locals}

    @cached_property
    def values(self) -> list[Value]:
        """The names in scope and their members."""
        found = []
        for name, kind in self.variables.items():
            found.append(Value(name, kind))
            members = self.structs.get(kind, ())
            found += [Value(f"{name}.{member.text}", member.type) for member in members]
        return found

    @cached_property
    def callees(self) -> list[Callee]:
        """The functions of the module above the gap's."""
        return [
            Callee(item.name, tuple(_values(item.parameters)), bool(item.result.type))
            for item in self._declared.functions
        ]

    @cached_property
    def fresh(self) -> list[str]:
        """The variables of the body, and the parameters, that nothing outside of the gap uses."""
        used, later = words_of(self.body), set(words_of(self.behind))
        names = [name for name in self.locals if used.count(name) < 2]
        names += [value.text for value in self.parameters if value.text not in used]
        return [name for name in names if name not in later]

    @cached_property
    def above(self) -> list[str]:
        """The lines of the body before the gap, without indentation."""
        return [line.strip() for line in self.body.splitlines() if line.strip()]

    @cached_property
    def below(self) -> list[str]:
        """The lines behind it."""
        return [line.strip() for line in self.behind.splitlines() if line.strip()]

    @cached_property
    def _declared(self) -> TypedModule:
        return module_of(self.module)

    @cached_property
    def _own(self) -> TypedSignature:
        return signature_of(self.signature)

    @cached_property
    def _locals(self) -> list[Typed]:
        return list(variables_in(code_of(self.body), _LOCALS))


def _values(items: Iterable[Typed]) -> list[Value]:
    return [Value(item.name, item.type) for item in items]


def words_of(text: str) -> list[str]:
    """The lexical tokens of a text without comments."""
    return [token.text for token in code_of(text)]
