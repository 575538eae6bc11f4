"""The signatures of built-in functions and attributes, with what they do."""

import re
from collections.abc import Callable
from typing import NamedTuple

from tat.resources import resource

_LINE = re.compile(r"(?P<name>\w+)\((?P<inside>.*?)\)(?: -> (?P<result>\S+))? \| (?P<words>.+)")
_GENERIC = re.compile(r"\b[TSFIBAN]\b|vecN|mat[NCR]x|vec[234]<S>")


class Overload(NamedTuple):
    """One overload: its parameters as written, its result ("" for none), and what it does."""

    name: str
    inside: str
    result: str
    words: str

    @property
    def signature(self) -> str:
        """The overload as a declaration would be written."""
        arrow = f" -> {self.result}" if self.result else ""
        return f"{self.name}({self.inside}){arrow}"

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters."""
        return re.findall(r"(\w+):", self.inside)

    @property
    def concrete(self) -> bool:
        """Whether the result is the same for all arguments."""
        return not _GENERIC.search(self.result)

    def result_for(self, first: str, parts: tuple[int, str] | None) -> str:
        """The result for a first argument of this type, a vector of `parts` where it is one."""
        if self.result == "S":
            return parts[1] if parts else first
        return first


def _read() -> dict[str, tuple[Overload, ...]]:
    found: dict[str, list[Overload]] = {}
    text = resource("serve", "language", "builtins.txt").read_text("utf-8")
    for line in text.splitlines():
        if not line.startswith("#") and (match := _LINE.fullmatch(line)):
            overload = Overload(match["name"], match["inside"], match["result"] or "",
                                match["words"])  # fmt: skip
            found.setdefault(overload.name, []).append(overload)
    return {name: tuple(overloads) for name, overloads in found.items()}


OVERLOADS = _read()

ATTRIBUTES = {
    "align": ("align(${1:16})", "bytes that a member's offset is a multiple of"),
    "binding": ("binding(${1:0})", "the number of a resource in its group"),
    "blend_src": ("blend_src(${1:0})", "the source of a blend"),
    "builtin": ("builtin(${1:position})", "a value that the pipeline gives or takes"),
    "compute": ("compute", "an entry point of a compute pipeline"),
    "const": ("const", "a function that may be evaluated early"),
    "diagnostic": ("diagnostic(${1:off}, ${2:derivative_uniformity})", "how severe a finding is"),
    "fragment": ("fragment", "an entry point for pixels"),
    "group": ("group(${1:0})", "the bind group of a resource"),
    "id": ("id(${1:0})", "the number of an override"),
    "interpolate": ("interpolate(${1:flat})", "how a value is interpolated"),
    "invariant": ("invariant", "the same position in every pipeline"),
    "location": ("location(${1:0})", "the number of an input or output"),
    "must_use": ("must_use", "a result that may not be dropped"),
    "size": ("size(${1:16})", "bytes that a member takes"),
    "vertex": ("vertex", "an entry point for vertices"),
    "workgroup_size": ("workgroup_size(${1:64})", "invocations of a workgroup"),
}
"""A snippet and an explanation of each attribute, by name."""

BUILTIN_VALUES = (
    "position", "vertex_index", "instance_index", "front_facing", "frag_depth", "sample_index",
    "sample_mask", "local_invocation_id", "local_invocation_index", "global_invocation_id",
    "workgroup_id", "num_workgroups", "subgroup_invocation_id", "subgroup_size",
    "primitive_index", "clip_distances",
)  # fmt: skip
ADDRESS_SPACES = ("function", "private", "workgroup", "uniform", "storage")
ACCESS_MODES = ("read", "write", "read_write")


def snippet(name: str, parameters: list[str], escape: Callable[[str], str] = str) -> str:
    """A call with a place to fill in for each parameter, in the notation of LSP."""
    places = (f"${{{number}:{escape(word)}}}" for number, word in enumerate(parameters, 1))
    return f"{name}({', '.join(places)})"
