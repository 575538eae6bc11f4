"""The text of shaders: files, what they import, and Params as the table of kernels has them.

A shader is shaders/FAMILY/KERNEL.wgsl, or KERNEL.PASS.wgsl for a further pass or variant. Its file
may say, one a line:

    // import NAME             NAME.wgsl of a folder `parts` is put in front, once
    // also SHADER: A for B    there is another shader of this text, with part A in place of B
    // transposed NAME         an argument, a matrix of the weights, is taken transposed

`params` is declared by the library: the attributes of the kernel's row, and what follows from
them. An argument that may be stored in f16 has elements of an alias with its name, as in
`alias Kv = vec4f;` and `kv: array<Kv>`; where it is, the alias is replaced before compiling.

A fused kernel has no file: it is another's with other parts (fused_shaders.py). Parts that serve
single numbers and quads work on `Element`, which their importer declares.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tat.backends.gpu.fused_shaders import FUSED_SHADERS, FusedShader, renumbered
from tat.backends.gpu.lowering.params import fields
from tat.errors import DeviceError
from tat.resources import resource

_ELEMENT = re.compile(r"^alias Element = (f32|vec4f);$", re.MULTILINE)
_OF_ELEMENTS = re.compile(r"(^alias \w+ = |array<)Element\b", re.MULTILINE)
_IMPORT = re.compile(r"^// import (\w+)$", re.MULTILINE)
_ALSO = re.compile(r"^// also ([\w.]+): (\w+) for (\w+)$", re.MULTILINE)
_BINDING = re.compile(
    r"^@group\(0\) @binding\((\d+)\) var<(uniform|storage, read|storage, read_write)> (\w+): (.+);",
    re.MULTILINE,
)
_PARAMS = re.compile(r"^struct Params \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"(\w+): (\w+),")
_TRANSPOSED = re.compile(r"^// transposed (\w+)$", re.MULTILINE)
_ALIAS = re.compile(r"^alias (\w+) = (f32|vec4f);$", re.MULTILINE)
_HALF = {"f32": "f16", "vec4f": "vec4<f16>"}
_BUFFER_TYPES = {
    "uniform": "uniform",
    "storage, read": "read-only-storage",
    "storage, read_write": "storage",
}
_PARTS = "parts"  # the folder of what is imported


@dataclass(frozen=True)
class Binding:
    """A declared argument; number 0 is Params, then come the kernel's outputs and inputs."""

    number: int
    access: str  # "uniform", "storage, read" or "storage, read_write"
    name: str
    type: str
    adapts: bool = False  # whether its elements may be stored in f16
    transposed: bool = False  # whether it is a weight whose columns are read as rows

    @property
    def buffer_type(self) -> str:
        """Its type in a layout, by WebGPU's name."""
        return _BUFFER_TYPES[self.access]


@dataclass(frozen=True)
class ShaderFile:
    """Where a shader's text is, and which other parts stand in for those that it imports."""

    path: Path
    instead: Mapping[str, str]


@cache
def shader_files() -> dict[str, ShaderFile]:
    """The file of each shader by its name, whichever family's folder it is in."""
    found: dict[str, ShaderFile] = {}
    for path in resource("shaders").glob("*/*.wgsl"):
        if path.parent.name != _PARTS:
            found[path.stem] = ShaderFile(path, {})
            for name, other, part in _ALSO.findall(path.read_text("utf-8")):
                found[name] = ShaderFile(path, {part: other})
    return found


@cache
def part_files() -> dict[str, Path]:
    """The file of each part by the name that it is imported by: of one family, or of several."""
    return {p.stem: p for p in resource("shaders").rglob(f"{_PARTS}/*.wgsl")}


def shader_names() -> list[str]:
    """All shaders: "linear", "attention_backward.query", …, and those that fused kernels take."""
    named = sorted(shader_files())
    fused = [
        kernel + name.removeprefix(fused.base)
        for kernel, fused in FUSED_SHADERS.items()
        for name in named
        if name.partition(".")[0] == fused.base and fused.instead.keys() <= _imported(name)
    ]
    return sorted([*named, *fused])


@cache
def source(name: str) -> str:
    """WGSL of a shader, everything that it imports in front."""
    kernel, dot, variant = name.partition(".")
    fused = FUSED_SHADERS.get(kernel, FusedShader(kernel, {}))
    named = f"{fused.base}{dot}{variant}"
    if named not in shader_files():
        raise DeviceError(
            f"{kernel}: its passes on a GPU run a shader that is not there; write"
            f" shaders/FAMILY/{named}.wgsl"
        )
    file = shader_files()[named]
    text = _expand(file.path, {**file.instead, **fused.instead}, set())
    if element := _ELEMENT.search(text):
        text = _OF_ELEMENTS.sub(rf"\g<1>{element[1]}", text)
    text = f"{_params(kernel)}\n{text}"
    return renumbered(text, kernel) if kernel in FUSED_SHADERS else text


def _params(kernel: str) -> str:
    """The uniform of a kernel's attributes and of what follows from them."""
    body = "".join(f"    {name}: {kind},\n" for name, kind in fields(kernel))
    return f"struct Params {{\n{body}}}\n\n@group(0) @binding(0) var<uniform> params: Params;\n"


def _imported(name: str) -> set[str]:
    """The parts that a shader's file is made of."""
    seen: set[str] = set()
    file = shader_files()[name]
    _expand(file.path, file.instead, seen)
    return seen


def _expand(path: Path, instead: Mapping[str, str], seen: set[str]) -> str:
    text, parts = path.read_text("utf-8"), []
    for name in _IMPORT.findall(text):
        name = instead.get(name, name)
        if name not in part_files():
            raise DeviceError(
                f"{path.name} imports {name}, which is not there; write"
                f" shaders/FAMILY/parts/{name}.wgsl"
            )
        if name not in seen:
            seen.add(name)
            parts.append(_expand(part_files()[name], instead, seen))
    return "\n".join([*parts, text])


@cache
def bindings(name: str) -> tuple[Binding, ...]:
    """The bindings that a shader declares, by number."""
    found = _BINDING.findall(source(name))
    elements = {f"array<{alias}>" for alias, _ in _ALIAS.findall(source(name))}
    turned = _TRANSPOSED.findall(source(name))
    declared = (
        Binding(int(number), access, argument, kind, kind in elements, argument in turned)
        for number, access, argument, kind in found
    )
    return tuple(sorted(declared, key=lambda binding: binding.number))


def params_fields(name: str) -> list[tuple[str, str]]:
    """Names and types of a shader's Params."""
    (body,) = _PARAMS.findall(source(name))
    return _FIELD.findall(body)


def specialised(name: str, halves: Collection[str] = ()) -> str:
    """Source of a shader of which these arguments are stored in f16."""
    names = {f"{argument[0].upper()}{argument[1:]}" for argument in halves}
    text = _ALIAS.sub(
        lambda m: f"alias {m[1]} = {_HALF[m[2]]};" if m[1] in names else m[0], source(name)
    )
    return f"enable f16;\n{text}" if "f16" in text else text
