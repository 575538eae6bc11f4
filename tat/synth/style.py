"""The style of a module, the same in its context, signature and body."""

import re
from dataclasses import dataclass

from tat.synth.draws import Draws, Weighted

_INDENTS = Weighted(("    ", 70), ("  ", 29), ("        ", 1))
_LITERALS = Weighted(("", 90), ("f", 4), (".", 4), ("short", 2))  # 1.0, 1.0f, 1., .5
_INCREMENTS = Weighted(("i++", 60), ("i += 1", 15), ("i = i + 1", 25))
_INCREMENTED = {"i += 1": r"\1 += 1", "i = i + 1": r"\1 = \1 + 1"}
_COLONS = Weighted((": ", 77), (" : ", 19), (":", 4))

_CONDITION = re.compile(r"^(\s*(?:\} else )?if|\s*while) \((.*)\) \{", re.A | re.M)
_ANNOTATED = re.compile(r"\b(let|var) (\w+): ([^=;]+?) = ([^;]*);", re.A)
_INCREMENT = re.compile(r"\b(\w+)\+\+", re.A)
_COMPOUND = re.compile(r"^(\s*)([\w.\[\]]+) ([-+*])= ([^;]+);", re.A | re.M)
_SIMPLE = re.compile(r"[\w.]+(?:\([^()]*\))?")
_OPENING = re.compile(r"^(\s*)((?:for|while|if|loop|switch)\b[^\n]*?) \{$", re.A | re.M)
_COMMENT_LINE = re.compile(r"^\s*//[^\n]*\n", re.M)
_COMMENT_END = re.compile(r"[ \t]*//[^\n]*")
_DECLARED = re.compile(r"\b((?:let|var) \w+): ", re.A)
_OF_A_VECTOR = re.compile(r"\bvec([34])f\((?=[a-z]\w*\.(?:xyz|xy|rgb)\b)", re.A)
_NUMBER = re.compile(r"-?\d+\.\d+")
_CONSTANT = re.compile(r"^[-\d.\s+*/()]*$")


@dataclass
class Style:
    """Choices of form. Canonical text is 4 spaces a level, `vec3f`, `x: f32`, `if (...) {`."""

    long_types: bool  # vec3<f32>
    snake: bool
    colon: str
    indent: str
    parentheses: bool  # around conditions
    literal: str  # form of floats
    increment: str
    brace_below: bool
    compact_arrow: bool
    comments: bool  # in bodies, where the table has some
    annotated: bool  # let x: f32 = ...
    padded: bool  # f( x )
    one_line: bool
    inferred: bool  # vec3(...) where the arguments tell the type
    last_comma: bool  # behind the last member of a struct


def drawn_style(draws: Draws) -> Style:
    """A style, in about the shares that public code has."""
    random = draws.random
    return Style(
        long_types=random() < 0.55,
        snake=random() < 0.48,
        colon=_COLONS.at(random()),
        indent=_INDENTS.at(random()),
        parentheses=random() < 0.72,
        literal=_LITERALS.at(random()),
        increment=_INCREMENTS.at(random()),
        brace_below=random() < 0.03,
        compact_arrow=random() < 0.06,
        comments=random() < 0.4,
        annotated=random() < 0.3,
        padded=random() < 0.04,
        one_line=random() < 0.06,
        inferred=random() < 0.07,
        last_comma=random() < 0.9,
    )


def styled(body: str, style: Style) -> str:
    """Canonical statements in the style, but for names, types and literals (see `renamed`)."""
    if "//" in body and not style.comments:
        body = _COMMENT_END.sub("", _COMMENT_LINE.sub("", body))
    if not style.annotated and ": " in body:
        body = _ANNOTATED.sub(_without_annotation, body)
    if not style.parentheses and ("if (" in body or "while (" in body):
        body = _CONDITION.sub(_without_parentheses, body)
    if style.increment != "i++" and "++" in body:
        body = _INCREMENT.sub(_INCREMENTED[style.increment], body)
    if style.increment == "i = i + 1" and "= " in body:
        body = _COMPOUND.sub(_written_out, body)
    if style.brace_below and "{" in body:
        body = _OPENING.sub(r"\1\2\n\1{", body)
    if style.inferred and "f(" in body:
        body = _OF_A_VECTOR.sub(r"vec\1(", body)
    if style.colon != ": " and ": " in body:
        body = _DECLARED.sub(rf"\1{style.colon}", body)
    return body


def indented(text: str, style: Style) -> str:
    """Statements one level deeper, each level as the style has it."""
    if style.indent != "    ":
        unit = style.indent
        text = "\n".join([
            unit * ((len(line) - len(code := line.lstrip(" "))) // 4) + code
            for line in text.split("\n")
        ])  # fmt: skip
    return style.indent + text.replace("\n", "\n" + style.indent)


def _balanced(text: str) -> bool:
    depth = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return False
    return depth == 0


def _without_parentheses(match: re.Match[str]) -> str:
    return f"{match[1]} {match[2]} {{" if _balanced(match[2]) else match[0]


def _without_annotation(match: re.Match[str]) -> str:
    """`let x = value;` where the value alone has the same type."""
    kind, value = match[3], match[4]
    short = f"{match[1]} {match[2]} = {value};"
    if kind == "f32" and _NUMBER.fullmatch(value):
        return short
    if _CONSTANT.match(value) and not (kind == "i32" and value.lstrip("-").isdecimal()):
        return match[0]
    return short


def _written_out(match: re.Match[str]) -> str:
    """`a = a + b;` for `a += b;`, where no brackets are needed."""
    pad, left, operator, right = match.groups()
    sum_of_any = operator == "+" and not re.search(r"[&|^<>%]", right)
    if sum_of_any or _SIMPLE.fullmatch(right):
        return f"{pad}{left} = {left} {operator} {right};"
    return match[0]
