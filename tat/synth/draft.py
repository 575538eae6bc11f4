"""A function of a family on its way: canonical texts, then names, style, comment and layout."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tat.synth.comments import comment_of
from tat.synth.draws import Draws
from tat.synth.dress import (
    PLAIN,
    Dress,
    about,
    drawn_dress,
    dressed,
    finished,
    with_parameters_dressed,
)
from tat.synth.family import Family, Helper, with_type
from tat.synth.layout import Layout, with_another
from tat.synth.longer import with_longer_names
from tat.synth.remarks import Told, facts_of, with_remarks
from tat.synth.renaming import chosen_names, renamed, token_table
from tat.synth.style import Style, drawn_style, indented, styled
from tat.synth.templates import expanded
from tat.synth.words import RESERVED, in_case

COMMENTED = 0.42  # share of functions that have a comment: 12 % in public code; requests teach more
CONSTANTS = {  # name: (what it may be called, its digits)
    "PI": (("PI", "PI", "M_PI", "pi", "kPi", "Pi"),
           ("3.14159265359", "3.141592653589793", "3.14159265", "3.1415926", "3.14159")),
    "TAU": (("TAU", "TWO_PI", "PI2", "tau", "kTwoPi"),
            ("6.28318530718", "6.283185307179586", "6.2831853", "6.28318")),
    "HALF_PI": (("HALF_PI", "PI_2", "PI_HALF", "kHalfPi"),
                ("1.57079632679", "1.5707963267948966", "1.5707963")),
    "INV_PI": (("INV_PI", "RECIPROCAL_PI", "ONE_OVER_PI", "INV_PI_"),
               ("0.31830988618", "0.3183098861837907")),
    "EPS": (("EPSILON", "EPS", "epsilon", "TINY"), ("0.0001", "0.00001", "1e-6", "1e-5", "1e-4")),
    "FLT_MAX": (("FLT_MAX", "MAX_FLOAT", "INF", "FAR"),
                ("3.402823466e38", "3.4e38", "1e30", "1e20")),
}  # fmt: skip
_CONSTANT = re.compile(r"\b(?:PI|TAU|HALF_PI|INV_PI|EPS|FLT_MAX)\b")
_WORD = re.compile(r"[A-Za-z_]\w*", re.A)
_KEPT = re.compile(r"«(\w+)»")
_FLOAT_OF_LITERAL = re.compile(r"\bf32\((-?\d+\.\d+)\)")


class Written(NamedTuple):
    """A function as text; every field is as functions_train.jsonl has it."""

    name: str
    signature: str
    body: str
    context: str
    comment: str
    calls: tuple[str, ...]  # signatures


@dataclass
class Argument:
    """A parameter of a draft, with its canonical name and the type that was drawn."""

    name: str
    type: str
    attributes: str = ""


def plain_floats(text: str) -> str:
    """`text` with f32(1.0), as T(1.0) comes out, as 1.0."""
    return _FLOAT_OF_LITERAL.sub(r"\1", text) if "f32(" in text else text


class Draft:
    """One draw of a family: which type, which body, which alternatives of its texts."""

    def __init__(
        self, family: Family, draws: Draws, style: Style | None = None, kind: str = ""
    ) -> None:
        """`kind` stands in for T; without it, one of the family's types is drawn."""
        self.family, self.draws = family, draws
        self.style = style or drawn_style(draws)
        self._kept: dict[str, str] = {}
        self.type = kind or (draws.pick(family.types) if family.generic else "")
        self.attributes = expanded(family.attribute_template, draws, self._kept)
        types = [
            t if isinstance(t := p.template, str) else expanded(t, draws, self._kept)
            for p in family.parameters
        ]
        self.is_expression, template = draws.pick(family.body_templates)
        context = [expanded(line, draws, self._kept) for line in family.context_templates]
        self.body = plain_floats(self.typed(expanded(template, draws, self._kept)))
        self.context = [self.typed(line) for line in context]
        self.arguments = [
            Argument(p.names[0], self.typed(kind), p.attributes)
            for p, kind in zip(family.parameters, types)
        ]
        self.result = self.typed(family.result)
        self.names: tuple[str, ...] = ()  # of a stage, in place of the family's
        self.alternatives: dict[str, tuple[str, ...]] = {}  # besides the family's
        self.notes: tuple[str, ...] = ()  # that a comment may end with
        self.descriptions = family.description_templates
        self.constants: list[str] = []  # declarations before the context
        self.helpers = list(family.helpers)
        self.subject: Family | None = family  # which it is about

    def word(self, name: str) -> str:
        """A name to make others of: a private one, which ends in _, stands for its first other."""
        known = self.alternatives.get(name) or self.family.alternatives.get(name) or (name,)
        return known[0] if name.endswith("_") else name

    def typed(self, text: str) -> str:
        """`text` with the type of this draw, and what was kept by its templates."""
        if "«" in text:
            text = _KEPT.sub(lambda match: self._kept[match[1]], text)
        return with_type(text, self.type) if self.type else text

    def write(self, commented: float = COMMENTED) -> Written:
        """The draft as text; a comment in this share of draws."""
        family, draws, style = self.family, self.draws, self.style
        if self.is_expression:
            self._return_it()
        self._declare_constants()
        mapping = chosen_names(
            family.alternatives | self.alternatives,
            family.used,
            draws,
            style.snake,
            family.siblings,
        )
        dress = self._dress(mapping)
        if not self.attributes:
            formal = [argument.name for argument in self.arguments]
            with_longer_names(mapping, self._roles(), family.area, family.used, style.snake, draws)
            with_parameters_dressed(mapping, formal, family.used, style.snake, draws)
        table = token_table(mapping, style.long_types)
        taken = {*mapping.values(), *family.used}
        name = self._name(dress, taken)
        body = renamed(indented(styled(self.body.rstrip(), style), style), table, style.literal)
        if style.one_line and "\n" not in body and len(body) < 100:
            body = f"{{ {body.strip()} }}"
        else:
            body = f"{{\n{body}\n}}"
        context = self._context_text(name, taken, mapping, table)
        used = set(_WORD.findall(self.body)) if self.helpers else ()
        calls = tuple(self._call(h, mapping, table) for h in self.helpers if h.name in used)
        kind = "scalar" if self.type == "f32" else "vector"
        comment = comment_of(self.descriptions, mapping, kind, self.notes, draws, commented)
        if comment:
            comment = with_remarks(comment, self._told(name, table), draws)
        return Written(name, self._signature(name, table), body, context, comment, calls)

    def _told(self, name: str, table: dict[str, str]) -> Told:
        """All that remarks around the comment may speak of."""
        family, parameters = self.family, [(renamed(a.name, table), a.type) for a in self.arguments]
        formal = {a.name for a in self.arguments}
        facts = [
            (renamed(x, table), low) for x, low in facts_of(tuple(family.domain)) if x in formal
        ]
        area = family.area if self.subject is family and family.origin else ""
        return Told(name, area, self.attributes, parameters, self.result, facts)

    def _roles(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """The parameters with their types, and with the names that tell what a lone one is."""
        family = self.family
        known = family.alternatives | self.alternatives
        for argument in self.arguments:
            alone = argument.name not in family.siblings
            yield argument.name, argument.type, tuple(known.get(argument.name, ())) if alone else ()

    def _return_it(self) -> None:
        """`return E;`, at times by a variable."""
        text, share = self.body, self.draws.random()
        self.is_expression = False
        if share < 0.86 or self.result == "bool" or self.result[:1] in ("", "@") or "\n" in text:
            self.body = f"return {text};"
            return
        self.alternatives["value_"] = ("result", "res", "ret", "r_", "out", "value_", "v_", "tmp")
        kind = f": {self.result}"
        if share < 0.94:
            typed = kind if self.draws.chance(0.3) else ""
            self.body = f"let value_{typed} = {text};\nreturn value_;"
        elif share < 0.97:
            self.body = f"var value_{kind};\nvalue_ = {text};\nreturn value_;"
        else:
            self.body = f"var value_{kind} = {text};\nreturn value_;"

    def _declare_constants(self) -> None:
        """Pi and the like: a constant of the module or of the function, or its digits."""
        context = "\n".join(self.context)
        text = f"{self.body}\n{context}"
        if not ("PI" in text or "TAU" in text or "EPS" in text or "FLT_MAX" in text):
            return
        for name in sorted(set(_CONSTANT.findall(text))):
            names, digits = CONSTANTS[name]
            value, share = self.draws.pick(digits), self.draws.random()
            if share < 0.6 or name in context:
                self.alternatives[name] = names
                kind = ": f32" if self.draws.chance(0.5) else ""
                self.constants.insert(0, f"const {name}{kind} = {value};")
            elif share < 0.85:
                self.body = re.sub(rf"\b{name}\b", value, self.body)
            else:
                low = tuple(in_case(n.lower(), self.style.snake) for n in names if n.isupper())
                self.alternatives[name] = (*low, name)
                word = self.draws.pick(("let", "const"))
                self.body = f"{word} {name} = {value};\n{self.body}"

    def _name(self, dress: Dress, taken: set[str]) -> str:
        draws, snake = self.draws, self.style.snake
        name = draws.pick(self.names or self.family.names)
        if self.attributes:
            name = in_case(name, snake)
        elif self.names:
            name = dress.on(in_case(name, snake), snake)
        else:
            first = self.family.parameters[:1]
            moved = not any(a.name == p.names[0] for p in first for a in self.arguments)
            facts = about(self.family, self.type, moved)
            name = dressed(name, facts, dress, snake, draws)
        if not self.result and name.startswith("get") and not name[3:4].islower():
            name = "compute" + name[3:]
        if not self.attributes:
            name = finished(name, snake, draws)
        while name in taken or name in RESERVED:
            name = (name + draws.pick(("2", "_", "Fn", "1", "F"))).replace("__", "_f")
        return name

    def _dress(self, mapping: dict[str, str]) -> Dress:
        """Draw what stands before the names of the module; mostly give it to its helpers, too."""
        if self.attributes:
            return PLAIN
        dress = drawn_dress(self.draws, self.family.area, self.family.names[0])
        if dress.prefix and self.helpers and self.draws.chance(0.7):
            for helper in self.helpers:
                name = dress.on(mapping[helper.name], self.style.snake)
                if not (name in self.family.used or name in RESERVED or name in mapping.values()):
                    mapping[helper.name] = name
        return dress

    def _context_text(
        self, name: str, taken: set[str], mapping: dict[str, str], table: dict[str, str]
    ) -> str:
        lines = self.constants + self.context
        if self.draws.chance(0.08) and not self.attributes:
            with_another(lines, self.draws, taken | {name})
        if not lines:
            return ""
        declared = [line.split(None, 2)[1] for line in self.context if line.startswith("struct ")]
        built = {s for s in declared if f"{s}(" in self.body or f": {s};" in self.body}
        uniforms = {s for s in declared if f": {s};" in " ".join(self.context)}
        layout = Layout(self.draws, self.style, taken, mapping)
        text = "\n".join(layout.declaration(line, built, uniforms) for line in lines)
        text = renamed(text, table, self.style.literal)
        return _with_colons(text, self.style.colon)

    def _signature(self, name: str, table: dict[str, str]) -> str:
        draws, style = self.draws, self.style
        pad = " " if style.padded and self.arguments else ""
        parts = [
            f"{a.attributes}{' ' if a.attributes else ''}{renamed(a.name, table)}{style.colon}"
            f"{renamed(a.type, table)}"
            for a in self.arguments
        ]
        arrow = "->" if style.compact_arrow else " -> "
        result = f"{arrow}{renamed(self.result, table)}" if self.result else ""
        text = f"fn {name}({pad}{', '.join(parts)}{pad})"
        long = len(text + result) > 90 and draws.chance(0.8)
        if parts and (long or (len(parts) > 3 and draws.chance(0.15))):
            comma = "," if draws.chance(0.6) else ""
            lines = ",\n".join(style.indent + part for part in parts)
            text = f"fn {name}(\n{lines}{comma}\n)"
        gap = draws.pick((" ", "\n", "\n", "\n")) if self.attributes else ""
        return f"{self.attributes}{gap}{text}{result}"

    def _call(self, helper: Helper, mapping: dict[str, str], table: dict[str, str]) -> str:
        """The signature of a function that is called, with parameter names of its own."""
        parts: dict[str, str] = {}
        share = self.draws.random()
        for place, parameter in enumerate(helper.parameters):
            name = in_case(parameter.names[int(share * len(parameter.names))], self.style.snake)
            if name in parts or name in RESERVED:
                name += str(place)
            parts[name] = renamed(self.typed(parameter.type), table)
        listed = ", ".join(f"{name}{self.style.colon}{kind}" for name, kind in parts.items())
        result = self.typed(helper.result)
        arrow = f" -> {renamed(result, table)}" if result else ""
        return f"fn {mapping[helper.name]}({listed}){arrow}"


_COLON = re.compile(r"(?<=[\w)]): (?=[\w@])", re.A)


def _with_colons(text: str, colon: str) -> str:
    return text if colon == ": " else _COLON.sub(colon, text)
