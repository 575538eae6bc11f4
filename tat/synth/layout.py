"""Declarations of a module: numbers of bindings, members of structs, what is there besides."""

import re
from collections.abc import Collection, Sequence

from tat.synth.draws import Draws, Weighted
from tat.synth.family import split_list
from tat.synth.style import Style

_STRUCT = re.compile(r"^struct (\w+) \{(.*)\}$")
_BINDING = re.compile(r"^(uniform|storage|storage_rw|handle) (\w+): (.+);$")
_SPACES = {
    "uniform": "<uniform>", "storage": "<storage, read>", "storage_rw": "<storage, read_write>",
    "handle": "",
}  # fmt: skip
_GROUPS = Weighted((0, 76), (1, 14), (2, 7), (3, 3))
_FIRST = Weighted((0, 75), (1, 12), (2, 6), (3, 4), (5, 3))
_MEMBERS = (  # that nobody uses
    "padding: f32", "pad0: f32", "time: f32", "frame: u32", "resolution: vec2f", "opacity: f32",
    "flags: u32", "tint: vec4f", "enabled: u32", "reserved: vec2f", "exposure: f32",
    "viewport: vec4f", "bias: f32", "seed: u32", "deltaTime: f32", "mouse: vec2f", "layer: u32",
)  # fmt: skip
_PADDING = ("padding: f32", "pad0: f32", "flags: u32", "reserved: vec2f")
_MOST_UNUSED = 2  # of a struct
_OTHERS = (  # declarations that nobody uses
    "const MAX_BONES: u32 = 64u;", "const WORKGROUP_SIZE: u32 = 64u;", "const GAMMA: f32 = 2.2;",
    "const MAX_LIGHTS: u32 = 16u;", "const ZERO: f32 = 0.0;", "const SCALE = 0.5;",
    "const LUMA: vec3f = vec3f(0.2126, 0.7152, 0.0722);",
    "const UP: vec3f = vec3f(0.0, 1.0, 0.0);", "struct Ray { origin: vec3f, direction: vec3f }",
    "struct Light { position: vec3f, intensity: f32, color: vec3f, range: f32 }",
    "const THRESHOLD: f32 = 0.75;", "struct Vertex { position: vec4f, uv: vec2f }",
    "alias float3 = vec3f;", "const N: u32 = 8u;", "const DEBUG: bool = false;",
    "var<private> seedState: u32 = 1u;", "override SAMPLES: u32 = 16u;",
    "struct Particle { pos: vec2f, vel: vec2f }",
)  # fmt: skip
_ORDERED = re.compile("Indirect|Dispatch|DrawArgs")  # the device reads them by their place
_OBJECT = re.compile("Model|Mesh|Object|Light|Lamp|Sun")
_OTHER_NAME = re.compile(r"(?:const|struct|alias|override|var<private>) (\w+)")


class Layout:
    """The layout of one module's declarations, and the next free binding."""

    def __init__(self, draws: Draws, style: Style, *used: Collection[str]) -> None:
        """`used`: names that no further member may have."""
        self.draws, self.style, self.used = draws, style, used
        self._group = draws.weighted(_GROUPS)
        self._next = draws.weighted(_FIRST)
        self._line_break = draws.chance(0.15)
        self._binding_first = draws.chance(0.06)
        self._spaced = draws.chance(0.03)

    def declaration(self, line: str, fixed: Collection[str], uniforms: Collection[str]) -> str:
        """A line of a table as WGSL.

        The structs in `fixed` keep their members; of those in `uniforms` there is one.
        """
        if line.startswith("struct "):
            match = _STRUCT.match(line)
            if match:
                return self._struct(
                    match[1],
                    list(split_list(match[2])),
                    match[1] in fixed,
                    _MEMBERS if match[1] in uniforms and not _OBJECT.search(match[1]) else _PADDING,
                )
        elif match := _BINDING.match(line):
            space = _SPACES[match[1]]
            if match[1] == "storage" and self.draws.chance(0.15):
                space = "<storage>"
            return f"{self._place()}var{space} {match[2]}: {match[3]};"
        return line

    def _place(self) -> str:
        inner = " {} " if self._spaced else "{}"
        binding = f"@binding({inner.format(self._next)})"
        group = f"@group({inner.format(self._group)})"
        self._next += 2 if self.draws.chance(0.05) else 1
        both = f"{binding} {group}" if self._binding_first else f"{group} {binding}"
        return both + ("\n" if self._line_break else " ")

    def _struct(self, name: str, members: list[str], fixed: bool, unused: Sequence[str]) -> str:
        draws, text = self.draws, " ".join(members)
        fixed = fixed or bool(_ORDERED.search(name))
        if not fixed and "@" not in text and "array<" not in text:
            if draws.chance(0.25):
                draws.shuffle(members)
            most = len(members) + _MOST_UNUSED
            while draws.chance(0.22) and len(members) < most:
                extra = draws.pick(unused)
                word = extra.partition(":")[0]
                known = [member.partition(":")[0].strip() for member in members]
                if not any(word in names for names in (known, *self.used)):
                    members.insert(draws.below(len(members) + 1), extra)
        return struct_text(name, members, self.style)


def struct_text(name: str, members: list[str], style: Style) -> str:
    """A struct, a line for each member."""
    comma = "," if style.last_comma else ""
    lines = ",\n".join(f"{style.indent}{member}" for member in members)
    return f"struct {name} {{\n{lines}{comma}\n}}"


def with_another(lines: list[str], draws: Draws, taken: Collection[str]) -> None:
    """Put a declaration among `lines` that nobody uses, unless a name of it is taken."""
    extra = draws.pick(_OTHERS)
    match = _OTHER_NAME.search(extra)
    assert match
    if match[1] not in taken and match[1] not in " ".join(lines):
        lines.insert(draws.below(len(lines) + 1), extra)
