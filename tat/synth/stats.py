"""Distributions of functions: lengths, calls, stages, control flow, results, comments.

Of generated functions and of a file beside one another, so that gaps can be seen and closed.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tat.wgsl.comments import without_comments
from tat.wgsl.lexer import code_of

_WORDS = 3  # of a comment that says something
_STAGE = re.compile(r"@(vertex|fragment|compute)\b")
_RESULT = re.compile(r"->(.*)$", re.S)
_VALUE = re.compile(
    r"(?:@\w+(?:\([^)]*\))?\s*)*(?:f32|i32|u32|bool|f16|vec\d\w?|mat\dx\d\w?|array|ptr|atomic)\b"
)
_SHARES: dict[str, Callable[["Text"], bool]] = {
    "calls a helper": lambda f: f.calls,
    "vertex stage": lambda f: f.stage == "vertex",
    "fragment stage": lambda f: f.stage == "fragment",
    "compute stage": lambda f: f.stage == "compute",
    "returns a struct": lambda f: f.returns_struct,
    "returns nothing": lambda f: not f.result,
    "comment of 3 words": lambda f: f.comment_words >= _WORDS,
    "has a context": lambda f: bool(f.context.strip()),
    "binds a resource": lambda f: "@group" in f.context or "@binding" in f.context,
    "binds a texture": lambda f: bool(re.search(r":\s*texture_", f.context)),
    "if": lambda f: "if" in f.words,
    "for": lambda f: "for" in f.words,
    "loop or while": lambda f: bool({"loop", "while"} & f.words),
    "switch": lambda f: "switch" in f.words,
    "let or const": lambda f: bool({"let", "const"} & f.words),
    "var": lambda f: "var" in f.words,
    "one statement": lambda f: f.statements <= 1,
    "long types, vec3<f32>": lambda f: bool(re.search(r"\bvec\d<", f.signature + f.body)),
    "snake_case function": lambda f: "_" in f.name.strip("_"),
}


@dataclass
class Text:
    """A function, with all that is counted of it."""

    signature: str
    body: str
    context: str
    calls: bool
    comment_words: int
    words: set[str] = field(default_factory=set)
    tokens: int = 0
    statements: int = 0
    lines: int = 0

    def __post_init__(self) -> None:
        found = code_of(f"{self.signature} {self.body}")
        self.tokens = len(found)
        self.words = {t.text for t in found if t.kind == "keyword"}
        self.statements = sum(t.text == ";" for t in found)
        self.lines = without_comments(self.body).count("\n") + 1

    @property
    def stage(self) -> str:
        match = _STAGE.search(self.signature)
        return match[1] if match else ""

    @property
    def result(self) -> str:
        match = _RESULT.search(self.signature)
        return match[1].strip() if match else ""

    @property
    def returns_struct(self) -> bool:
        return bool(self.result) and not _VALUE.match(self.result)

    @property
    def name(self) -> str:
        match = re.search(r"\bfn\s+(\w+)", self.signature)
        return match[1] if match else ""


class Distribution:
    """Shares and quantiles of functions that were added."""

    def __init__(self, texts: Iterable[Text]) -> None:
        self.functions = 0
        self._shares = dict.fromkeys(_SHARES, 0)
        tokens, lines = [], []
        for text in texts:
            self.functions += 1
            tokens.append(text.tokens)
            lines.append(text.lines)
            for name, holds in _SHARES.items():
                self._shares[name] += holds(text)
        self._tokens, self._lines = np.array(tokens), np.array(lines)

    def rows(self) -> dict[str, float]:
        """Each quantity with its value: quantiles of lengths, then shares in percent."""
        if not self.functions:
            return {}
        quantiles = {
            f"{name}, {q} %": float(np.percentile(values, q))
            for name, values in (("tokens", self._tokens), ("lines", self._lines))
            for q in (10, 50, 90, 99)
        }
        shares = {name: 100 * n / self.functions for name, n in self._shares.items()}
        return {"functions": float(self.functions), **quantiles, **shares}


def table(named: Sequence[tuple[str, Distribution]]) -> str:
    """The distributions side by side, as text."""
    columns = [(name, distribution.rows()) for name, distribution in named]
    quantities = list(columns[0][1])
    width = max(map(len, quantities), default=0)
    lines = [" " * width + "".join(f"{name:>14}" for name, _ in columns)]
    for quantity in quantities:
        counted = quantity == "functions" or quantity.endswith(" %")
        form = "{:14,.0f}" if counted else "{:13.1f}%"
        values = "".join(form.format(rows.get(quantity, float("nan"))) for _, rows in columns)
        lines.append(f"{quantity:{width}}{values}")
    return "\n".join(lines)
