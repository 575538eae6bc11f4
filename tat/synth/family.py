"""A family: functions that say the same. Reads what its lines may name anew."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from tat.synth.templates import Template, compiled
from tat.synth.words import names_for

SOURCE = "synth:"  # before the id of a family, where an index names the file of a function
FLOATS = ("f32", "vec2f", "vec3f", "vec4f")

_HEADER = re.compile(
    r"^(?P<attributes>(?:@.*\s)?)fn (?P<names>[\w/]+)\s*\((?P<parameters>.*)\)"
    r"\s*(?:->\s*(?P<result>.*))?$"
)
_ALTERNATIVES = re.compile(r"\b([A-Za-z_]\w*(?:/[A-Za-z_]\w*)+)(?=\s*[:({;=]|$| )", re.A)
_LOCAL = re.compile(
    r"\b(?:let|var(?:<[^>]*>)?|const|override)\s+([A-Za-z_]\w*(?:/[A-Za-z_]\w*)*)", re.A
)
_PAIRS = (("a", "b"), ("lo", "hi"), ("low", "high"), ("min", "max"), ("start", "end"), ("r0", "r1"))
_NORMALS = ("n", "N", "normal", "nrm")
_LETTERS = {  # names of variables of one letter, by the function that gives their value
    "n": {"normalize": _NORMALS, "cross": _NORMALS}, "c": {"cos": names_for(["c"])},
    "s": {"sin": names_for(["s"])}, "d": {"length": names_for(["d"]), "distance": names_for(["d"])},
    "r": {"length": ("r", "radius")}, "i": {"": names_for(["i"])},
}  # fmt: skip
_CALL = re.compile(r" = (\w+)\(")
_VECTORS = ("vec2f", "vec3f", "vec4f", "T")
_DECLARED_TYPE = re.compile(r"(?:struct|alias)\s+(\w+)", re.A)
_MEMBER = re.compile(r"(?<![@\w<])(\w+)\s*:(?!:)", re.A)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.A)
_BRACKET = re.compile(r"[(<\[«{)>\]»}]")
_T = re.compile(r"\bT\b")
_VALUE = re.compile(r"T|f32|i32|u32|bool|vec[234][fiu]|mat[234]x[234]f")


@dataclass
class Parameter:
    """A parameter: its names, the canonical one first, its type and attributes."""

    names: tuple[str, ...]
    type: str
    attributes: str = ""

    def __post_init__(self) -> None:
        self.template: Template = compiled(self.type)


@dataclass
class Helper:
    """A function that a body calls, of which only the signature is known."""

    name: str
    parameters: list[Parameter]
    result: str

    @property
    def types(self) -> list[str]:
        """The types of its parameters."""
        return [parameter.type for parameter in self.parameters]


@dataclass(eq=False)
class Family:
    """The entry of a table for one function; `finish` makes it ready to draw from.

    A body is an expression or statements, in canonical WGSL; `bodies` tells which.
    """

    area: str
    names: tuple[str, ...]
    parameters: list[Parameter]
    result: str
    attributes: str = ""
    descriptions: list[str] = field(default_factory=list)
    bodies: list[tuple[bool, str]] = field(default_factory=list)  # (is it an expression, text)
    context: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    types: tuple[str, ...] = FLOATS
    weight: float = 1.0
    domain: list[str] = field(default_factory=list)
    reference: bool = False
    origin: str = ""  # file:line
    like: int = 0  # stages of this name before it in its table, which all may be called main

    alternatives: dict[str, tuple[str, ...]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)  # every identifier of the block
    helpers: list[Helper] = field(default_factory=list)
    body_templates: list[tuple[bool, Template]] = field(default_factory=list)
    context_templates: list[Template] = field(default_factory=list)
    description_templates: list[Template] = field(default_factory=list)
    attribute_template: Template = ""

    @property
    def id(self) -> str:
        """area/name, with a number where a stage is not the first of its name."""
        return f"{self.area}/{self.names[0]}" + (f"-{self.like + 1}" if self.like else "")

    @cached_property
    def generic(self) -> bool:
        """Whether a type of its signature is T."""
        return any("T" in kind and _T.search(kind) for kind in self.signature_types)

    @cached_property
    def plain(self) -> bool:
        """Whether it takes values and gives one, and needs nothing else of its module."""
        if self.context or self.attributes or not self.result or not self.parameters:
            return False
        return all(_VALUE.fullmatch(kind) for kind in self.signature_types)

    @property
    def signature_types(self) -> tuple[str, ...]:
        """The types of its parameters, then of its result."""
        return (*(parameter.type for parameter in self.parameters), self.result)

    def finish(self, used: Collection[str] | None = None) -> "Family":
        """Take the alternatives of names out of all texts, and compile their draws.

        `used` are the names that stay as they are, of texts whose other names are known already.
        """
        for parameter in self.parameters:
            self.alternatives[parameter.names[0]] = _parameter_names(parameter)
        context = [self._declaration(line) for line in self.context]
        self.helpers = [self._helper(line) for line in self.calls]
        bodies = self.bodies
        if used is None:
            bodies = [(kind, _LOCAL.sub(self._local, text)) for kind, text in bodies]
            called = (text for h in self.helpers for text in (h.name, h.result, *h.types))
            texts = [*(text for _, text in bodies), *context, *self.signature_types, *called]
            used = _IDENTIFIER.findall(" ".join(texts))
        self.used = set(used)
        self._keep_axes()
        self.body_templates = [(kind, compiled(text)) for kind, text in bodies]
        self.context_templates = [compiled(text) for text in context]
        self.description_templates = [compiled(text) for text in self.descriptions]
        self.attribute_template = compiled(self.attributes)
        return self

    @cached_property
    def siblings(self) -> frozenset[str]:
        """Canonical names of the parameters that share their type with another."""
        kinds = [parameter.type for parameter in self.parameters]
        same = {p.names[0] for p in self.parameters if kinds.count(p.type) > 1}
        for pair in _PAIRS:
            first, second = (len(self.alternatives.get(name, ())) for name in pair)
            same |= set(pair) if first == second else set()
        return frozenset(same)

    def _keep_axes(self) -> None:
        """No synonyms that would be untrue: x beside y is an axis, a vector n is a normal."""
        if "y" in self.alternatives and self.alternatives.get("x") == names_for(["x"]):
            self.alternatives["x"] = ("x",)
        if {"a", "b", "c"} <= self.alternatives.keys():
            for name in "abc":
                if self.alternatives[name] == names_for([name]):
                    self.alternatives[name] = (name,)
        letters = {p.names[0] for p in self.parameters} & {"c", "s"}
        compass = {"n", "s"} if {"n", "e", "s", "w"} <= self.alternatives.keys() else set()
        for name in letters | compass:
            if self.alternatives[name] == names_for([name]):
                self.alternatives[name] = (name,)
        vector = any(p.names == ("n",) and p.type in _VECTORS for p in self.parameters)
        if vector:
            self.alternatives["n"] = _NORMALS

    def _declaration(self, line: str) -> str:
        text, named = _declared(line)
        for name, names in named:
            self.alternatives.setdefault(name, names)
        return text

    def _local(self, match: re.Match[str]) -> str:
        names = match[1].split("/")
        self.alternatives.setdefault(names[0], _local_names(names, match))
        return match[0][: match.start(1) - match.start(0)] + names[0]

    def _helper(self, line: str) -> Helper:
        header = parse_header(line)
        names, parameters, result = header[1:]
        self.alternatives.setdefault(names[0], names)
        return Helper(names[0], parameters, result)


def _parameter_names(parameter: Parameter) -> tuple[str, ...]:
    """Names that a parameter may have; of the letters a vector has, only p stands for others."""
    letter = parameter.names[0] if parameter.names[0] != "p" else ""
    if len(parameter.names) == len(letter) == 1 and parameter.type in _VECTORS:
        return parameter.names
    return names_for(parameter.names)


def _local_names(names: list[str], match: re.Match[str]) -> tuple[str, ...]:
    """Names that a variable may have; synonyms of one letter hold for some values alone."""
    if len(names) > 1 or len(names[0]) > 1:
        return names_for(names)
    call = _CALL.match(match.string, match.end())
    known = _LETTERS.get(names[0], {})
    return known.get("") or known.get(call[1] if call else "", (names[0],))


@lru_cache(maxsize=1 << 12)
def _declared(line: str) -> tuple[str, tuple[tuple[str, tuple[str, ...]], ...]]:
    """A declaration without the alternatives of its names, and these for each name."""
    found: list[tuple[str, tuple[str, ...]]] = []

    def first(match: re.Match[str]) -> str:
        names = tuple(match[1].split("/"))
        found.append((names[0], names_for(names)))
        return match[0][: match.start(1) - match.start(0)] + names[0]

    line = _ALTERNATIVES.sub(first, line)
    found += [(match[1], names_for([match[1]])) for match in _DECLARED_TYPE.finditer(line)]
    line = _LOCAL.sub(first, line)
    for match in _MEMBER.finditer(line):
        name = match[1].removeprefix("m_")  # see `renamed`
        found.append((name, names_for([name])))
    return line, tuple(found)


Header = tuple[str, tuple[str, ...], list[Parameter], str]


@lru_cache(maxsize=1 << 12)
def parse_header(line: str) -> Header:
    """Attributes, names, parameters and result of a signature; ValueError if it is none."""
    match = _HEADER.match(line)
    if not match:
        raise ValueError(f"no signature: {line}")
    names = tuple(match["names"].split("/"))
    parameters = parse_parameters(match["parameters"])
    return match["attributes"].strip(), names, parameters, (match["result"] or "").strip()


@lru_cache(maxsize=1 << 12)
def parse_parameters(text: str) -> list[Parameter]:
    """The parameters of a signature, each `names: type` behind its attributes."""
    parameters = []
    for part in split_list(text):
        left, colon, kind = part.rpartition(": ") if ": " in part else part.rpartition(":")
        *attributes, names = left.split() or [""]
        if not colon or not names:
            raise ValueError(f"no parameter: {part}")
        parameters.append(Parameter(tuple(names.split("/")), kind.strip(), " ".join(attributes)))
    return parameters


@lru_cache(maxsize=1 << 12)
def split_list(text: str) -> tuple[str, ...]:
    """The parts of a list with commas, except for commas in brackets of any kind."""
    if not _BRACKET.search(text):
        *parts, last = map(str.strip, text.split(","))
        return (*parts, last) if last else tuple(parts)
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        if sign in "(<[«{":
            depth += 1
        elif sign in ")>]»}" and not (sign == ">" and text[place - 1 : place] == "-"):
            depth -= 1
        elif sign == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    last = text[start:].strip()
    return (*parts, last) if last else tuple(parts)


def with_type(text: str, kind: str) -> str:
    """`text` with T replaced."""
    return _T.sub(kind, text) if kind and "T" in text else text


def find_families(families: Sequence[Family], wanted: str) -> list[Family]:
    """The families of an area, or the one of this name or id."""
    return [f for f in families if wanted in (f.area, f.names[0], f.id)]
