"""Types of expressions, as far as completion needs them: "" is one that is not known."""

import re
from collections.abc import Sequence

from tat.serve.language.declared import Symbol, matching
from tat.serve.language.overloads import OVERLOADS
from tat.serve.language.symbols import Analysis
from tat.wgsl.adaptation import short_types
from tat.wgsl.builtins import TYPES
from tat.wgsl.lexer import Token

_VECTOR = re.compile(r"vec([234])([fiuh]?)(?:<(\w+)>)?")
_MATRIX = re.compile(r"mat([234])x([234])([fh]?)(?:<\w+>)?")
_SCALARS = {"f": "f32", "i": "i32", "u": "u32", "h": "f16"}
_SHORT = {scalar: letter for letter, scalar in _SCALARS.items()}
_RELATIONS = frozenset(("==", "!=", "<", ">", "<=", ">=", "&&", "||", "!"))
_DEPTH = 24  # of initialisers that depend on one another


def vector(type_: str) -> tuple[int, str] | None:
    """The size and the scalar of a vector type; None for any other."""
    found = _VECTOR.fullmatch(type_)
    if not found:
        return None
    return int(found[1]), _SCALARS.get(found[2], found[3] or "f32")


def vector_type(size: int, scalar: str) -> str:
    """A vector's type, or the scalar itself for size 1."""
    if size == 1:
        return scalar
    return f"vec{size}{_SHORT[scalar]}" if scalar in _SHORT else f"vec{size}<{scalar}>"


class Types:
    """Types in one text."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._known: dict[int, str] = {}  # of initialised symbols, by their place

    def of_symbol(self, symbol: Symbol, depth: int = 0) -> str:
        """The type of a value: the written one, or that of its initialiser."""
        if symbol.type or depth > _DEPTH or not symbol.value:
            return self._plain(symbol.type)
        if symbol.start not in self._known:
            self._known[symbol.start] = ""  # while it is looked for: it may name itself
            self._known[symbol.start] = self.of_tokens(symbol.value, symbol.start, depth + 1)
        return self._known[symbol.start]

    def before(self, dot: int) -> str:
        """The type of the expression that ends before the token `dot`."""
        code = self._analysis.code
        first = self._chain_start(dot)
        return self.of_tokens(code[first:dot], code[first].start if first < dot else 0)

    def member(self, type_: str, name: str) -> str:
        """The type of `value.name`, for a value of this type."""
        for member in self._analysis.members.get(type_, ()):
            if member.name == name:
                return self._plain(member.type)
        found = vector(type_)
        if found and name and set(name) <= set("xyzwrgba") and len(name) <= 4:
            return vector_type(len(name), found[1])
        return ""

    def of_tokens(self, tokens: Sequence[Token], offset: int, depth: int = 0) -> str:
        """The type of an expression whose names are those seen at `offset`."""
        kinds: list[str] = []
        relation, index = False, 0
        while index < len(tokens):
            text = tokens[index].text
            if tokens[index].kind in ("identifier", "number", "keyword") or text == "(":
                kind, index = self._operand(tokens, index, offset, depth)
                kinds.append(kind)
                continue
            relation = relation or text in _RELATIONS
            index += 1
        return _joined([kind for kind in kinds if kind], relation)

    def _operand(
        self, tokens: Sequence[Token], index: int, offset: int, depth: int
    ) -> tuple[str, int]:
        """The type of the operand at `index`, members and indices included, and what follows."""
        kind, index = self._primary(tokens, index, offset, depth)
        while index < len(tokens):
            if tokens[index].text == "." and index + 1 < len(tokens):
                kind, index = self.member(kind, tokens[index + 1].text), index + 2
            elif tokens[index].text == "[":
                kind, index = self._plain(_element(kind)), matching(tokens, index) + 1
            else:
                break
        return kind, index

    def _primary(
        self, tokens: Sequence[Token], index: int, offset: int, depth: int
    ) -> tuple[str, int]:
        token = tokens[index]
        if token.kind == "number":
            return _number(token.text), index + 1
        if token.kind == "keyword":
            return ("bool" if token.text in ("true", "false") else ""), index + 1
        if token.text == "(":
            close = matching(tokens, index)
            return self.of_tokens(tokens[index + 1 : close], offset, depth + 1), close + 1
        name, index = token.text, index + 1
        if index < len(tokens) and tokens[index].text == "<" and _generates(name):
            close = _template_end(tokens, index)
            name = short_types("".join(item.text for item in tokens[index - 1 : close]))
            index = close
        if index < len(tokens) and tokens[index].text == "(":
            close = matching(tokens, index)
            inside = tokens[index + 1 : close]
            return self._call(name, inside, offset, depth), close + 1
        symbol = self._analysis.visible(offset).get(name)
        return (self.of_symbol(symbol, depth) if symbol else ""), index

    def _call(self, name: str, inside: Sequence[Token], offset: int, depth: int) -> str:
        symbol = self._analysis.module.get(name)
        if symbol and symbol.kind == "fn":
            return self._plain(symbol.type)
        if symbol and symbol.kind in ("struct", "alias"):
            return self._plain(symbol.type) or name
        if name in TYPES or "<" in name:
            if name.startswith("bitcast<"):
                return name[8:-1]
            bare = vector(name)
            return vector_type(*bare) if bare else name
        for overload in OVERLOADS.get(name, ()):
            if overload.concrete:
                return overload.result
            if depth > _DEPTH:
                return ""
            first = self.of_tokens(_first_argument(inside), offset, depth + 1)
            return overload.result_for(first, vector(first))
        return ""

    def _plain(self, type_: str) -> str:
        """The type that an alias stands for, or a pointer points to."""
        for _ in range(8):
            symbol = self._analysis.module.get(type_)
            if symbol and symbol.kind == "alias":
                type_ = symbol.type
            elif type_.startswith("ptr<"):
                type_ = short_types(type_[4:-1].split(",")[1]) if "," in type_ else ""
            else:
                break
        return type_

    def _chain_start(self, end: int) -> int:
        """Where the chain of names, calls and indices that ends before the token `end` starts."""
        code, index = self._analysis.code, end
        while index > 0:
            token = code[index - 1]
            if token.text in (")", "]"):
                index = _opening(code, index - 1)
                if index > 0 and (code[index - 1].kind == "identifier" or code[index - 1].text in
                                  (")", "]", ">")):  # fmt: skip
                    continue
            elif token.text == ">":
                index = _template_start(code, index - 1)
                continue
            elif token.kind in ("identifier", "number"):
                index -= 1
            else:
                return index
            if index == 0 or code[index - 1].text != ".":
                return index
            index -= 1
        return index


def _element(type_: str) -> str:
    """The type of `value[i]`."""
    if found := vector(type_):
        return found[1]
    if found := _MATRIX.fullmatch(type_):
        return f"vec{found[2]}{found[3] or 'f'}"
    if type_.startswith("array<"):
        inside, level = type_[6:-1], 0
        for place, character in enumerate(inside):
            level += (character == "<") - (character == ">")
            if character == "," and level == 0:
                return inside[:place]
        return inside
    return ""


def _joined(kinds: Sequence[str], relation: bool) -> str:
    """The type of operands that operators join: of a vector and a scalar the vector."""
    vectors = [kind for kind in kinds if vector(kind)]
    if relation:
        return f"vec{vector(vectors[0])[0]}<bool>" if vectors else "bool"
    if vectors:
        return vectors[-1]
    matrices = [kind for kind in kinds if _MATRIX.fullmatch(kind)]
    return matrices[0] if matrices else (kinds[0] if kinds else "")


def _number(text: str) -> str:
    if text[-1] in "ui" and not text.startswith("0x"):
        return {"u": "u32", "i": "i32"}[text[-1]]
    return "f32" if any(mark in text for mark in ".ef") and not text.startswith("0x") else "i32"


def _generates(name: str) -> bool:
    return name in ("array", "ptr", "atomic", "bitcast") or name[:3] in ("vec", "mat")


def _template_end(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for index in range(opening, len(tokens)):
        text = tokens[index].text
        depth += (text == "<") - (text.count(">") if text in (">", ">>") else 0)
        if depth <= 0:
            return index + 1
    return len(tokens)


def _template_start(code: Sequence[Token], close: int) -> int:
    depth = 0
    for index in range(close, -1, -1):
        text = code[index].text
        depth += (text.count(">") if text in (">", ">>") else 0) - (text == "<")
        if depth <= 0:
            return index
    return 0


def _opening(code: Sequence[Token], close: int) -> int:
    depth = 0
    for index in range(close, -1, -1):
        depth += (code[index].text in (")", "]")) - (code[index].text in ("(", "["))
        if depth == 0:
            return index
    return 0


def _first_argument(tokens: Sequence[Token]) -> Sequence[Token]:
    depth = 0
    for index, token in enumerate(tokens):
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        if token.text == "," and depth == 0:
            return tokens[:index]
    return tokens
