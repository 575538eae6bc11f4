"""The workgroup memory that a WGSL module declares."""

import ast
import operator

from tat.wgsl.declarations import split_module

_BYTES = {
    "f32": 4, "u32": 4, "atomic<u32>": 4, "vec2f": 8, "vec2u": 8, "vec4<f16>": 8,
    "vec4f": 16, "vec4u": 16,
}  # fmt: skip
_OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.floordiv
}  # fmt: skip


class WorkgroupMemory:
    """Sizes of the types of one module; KeyError for a type or constant that is not known here."""

    def __init__(self, text: str) -> None:
        self._text: dict[tuple[str, str], str] = {}
        self._variables: list[str] = []
        for item in split_module(text):
            declared = text[item.start : item.end].rstrip(";")
            self._text[item.kind, item.name] = declared
            if declared.startswith("var<workgroup>"):
                self._variables.append(declared.partition(": ")[2])

    def bytes(self) -> int:
        """The bytes of all variables together."""
        return sum(map(self.size, self._variables))

    def size(self, kind: str) -> int:
        """Bytes of a type."""
        if kind in _BYTES:
            return _BYTES[kind]
        if kind.startswith("array<"):
            element, _, count = kind.removeprefix("array<").removesuffix(">").rpartition(", ")
            return self.size(element) * self._value(count)
        if ("alias", kind) in self._text:
            return self.size(self._text["alias", kind].partition("= ")[2])
        fields = self._text["struct", kind].partition("{")[2].splitlines()
        named = [line.partition("//")[0].strip().rstrip(",") for line in fields]
        return sum(self.size(field.partition(": ")[2]) for field in named if ": " in field)

    def _value(self, expression: str) -> int:
        return self._evaluated(ast.parse(_without_suffixes(expression), mode="eval").body)

    def _evaluated(self, node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int(number)):
                return number
            case ast.Name(id=name):
                return self._value(self._text["const", name].partition("= ")[2])
            case ast.BinOp(left=left, op=operation, right=right):
                combine = _OPERATORS[type(operation)]
                return combine(self._evaluated(left), self._evaluated(right))
        raise ValueError(f"{ast.unparse(node)}: no constant expression that tests can read")


def _without_suffixes(expression: str) -> str:
    """16u as 16."""
    words = expression.replace("(", " ( ").replace(")", " ) ").split()
    return " ".join(word[:-1] if word[:1].isdigit() and word[-1] == "u" else word for word in words)
