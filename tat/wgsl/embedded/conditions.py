"""Conditions of preprocessors: `defined(A) && B > 2`, evaluated for a set of definitions."""

import re
from collections.abc import Mapping

_TOKEN = re.compile(
    r"\s*(?:(\d[\d.]*)[uif]?|([A-Za-z_$][\w$]*(?:::\w+)*)|(&&|\|\||==|!=|<=|>=|<<|>>|[!<>()+\-*/%&|^]))"
)
_BINARY = (
    ("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", ">", "<=", ">="), ("<<", ">>"),
    ("+", "-"), ("*", "/", "%"),
)  # fmt: skip
_DEEPEST = 40  # parentheses and signs within one another
_LARGEST = 1 << 64

Definitions = Mapping[str, str]


class ConditionError(ValueError):
    """A condition that cannot be read."""


def holds(condition: str, definitions: Definitions) -> bool:
    """Whether a condition holds; names that are not defined are 0.

    >>> holds("defined(A) && N >= 2", {"A": "", "N": "3"})
    True
    """
    reader = _Reader(condition, definitions)
    value = reader.read(0, 0)
    if reader.tokens:
        raise ConditionError(f"unexpected {reader.tokens[-1]!r}")
    return bool(value)


class _Reader:
    def __init__(self, text: str, definitions: Definitions) -> None:
        self.definitions = definitions
        tokens, position = [], 0
        text = text.strip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if not found:
                raise ConditionError(f"unexpected {text[position : position + 20]!r}")
            tokens.append(found[1] or found[2] or found[3])
            position = found.end()
        self.tokens = tokens[::-1]

    def _take(self) -> str:
        if not self.tokens:
            raise ConditionError("a condition ends too early")
        return self.tokens.pop()

    def read(self, level: int, depth: int) -> int:
        """A chain of operators of a level of precedence."""
        if depth > _DEEPEST:
            raise ConditionError("too deep")
        if level == len(_BINARY):
            return self._unary(depth)
        left = self.read(level + 1, depth)
        while self.tokens and self.tokens[-1] in _BINARY[level]:
            sign = self.tokens.pop()
            left = _computed(sign, left, self.read(level + 1, depth))
        return left

    def _unary(self, depth: int) -> int:
        word = self._take()
        if word in ("!", "-", "+"):
            if depth > _DEEPEST:
                raise ConditionError("too deep")
            value = self._unary(depth + 1)
            return int(not value) if word == "!" else -value if word == "-" else value
        if word == "(":
            value = self.read(0, depth + 1)
            if self._take() != ")":
                raise ConditionError("a parenthesis does not close")
            return value
        if word == "defined":
            name = self._take()
            if name == "(":
                name = self._take()
                if self._take() != ")":
                    raise ConditionError("a parenthesis does not close")
            return int(name in self.definitions)
        return self._value(word)

    def _value(self, word: str) -> int:
        for _ in range(8):  # a name may stand for another
            said = self.definitions.get(word)
            if said is None or said == word:
                break
            word = said.strip()
            if not word:
                return 1
        if word in ("true", "false"):
            return int(word == "true")
        digits = word.rstrip("uif")
        if digits.isdecimal() and len(digits) < 18:
            return int(digits)
        try:
            return int(float(digits)) if digits[:1].isdigit() else 0
        except (ValueError, OverflowError):
            return 0


def _computed(sign: str, left: int, right: int) -> int:
    if sign in ("/", "%"):
        if not right:
            raise ConditionError("division by zero")
        value = left // right if sign == "/" else left % right
    elif sign in ("<<", ">>"):
        right = max(0, min(right, 63))
        value = left << right if sign == "<<" else left >> right
    else:
        value = _PLAIN[sign](left, right)
    return max(-_LARGEST, min(value, _LARGEST))


_PLAIN = {
    "||": lambda a, b: int(bool(a) or bool(b)), "&&": lambda a, b: int(bool(a) and bool(b)),
    "|": int.__or__, "^": int.__xor__, "&": int.__and__, "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b), "<": lambda a, b: int(a < b), ">": lambda a, b: int(a > b),
    "<=": lambda a, b: int(a <= b), ">=": lambda a, b: int(a >= b), "+": int.__add__,
    "-": int.__sub__, "*": int.__mul__,
}  # fmt: skip
