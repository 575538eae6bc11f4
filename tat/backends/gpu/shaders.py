"""Shaders by name: source with its imports, bindings, and pipelines compiled once a device.

A shader is shaders/FAMILY/KERNEL.wgsl, or KERNEL.PASS.wgsl for a further pass or variant. A line
`// import NAME` stands for NAME.wgsl of a folder `parts`, which is put in front, once.

An argument that may be stored in f16 has elements of an alias with its name, as in
`alias Kv = vec4f;` and `kv: array<Kv>`. Where it is, the alias is replaced before compiling. A line
`// transposed NAME` says that such an argument, a matrix of the weights, is taken transposed.

What several kernels do to an operand or a result is a part that others may stand in for: see
fused_shaders.py. Such parts work on what their importer calls Element.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tat.backends.gpu.device import Device, reported
from tat.backends.gpu.fused_shaders import FUSED_SHADERS, FusedShader, as_row
from tat.backends.gpu.native import unchecked_module
from tat.resources import resource

_ELEMENT = re.compile(r"^alias Element = (f32|vec4f);$", re.MULTILINE)
_OF_ELEMENTS = re.compile(r"(^alias \w+ = |array<)Element\b", re.MULTILINE)
_IMPORT = re.compile(r"^// import (\w+)$", re.MULTILINE)
_BINDING = re.compile(
    r"^@group\(0\) @binding\((\d+)\) var<(uniform|storage, read|storage, read_write)> (\w+): (.+);",
    re.MULTILINE,
)
_PARAMS = re.compile(r"^struct Params \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"(\w+): (\w+),")
_TRANSPOSED = re.compile(r"^// transposed (\w+)$", re.MULTILINE)
_ALIAS = re.compile(r"^alias (\w+) = (f32|vec4f);$", re.MULTILINE)
_HALF = {"f32": "f16", "vec4f": "vec4<f16>"}

_LAYOUT = {
    "uniform": "uniform",
    "storage, read": "read-only-storage",
    "storage, read_write": "storage",
}
_PARTS = "parts"  # the folder of what is imported
_COMPUTE = 4  # WebGPU's GPUShaderStage.COMPUTE


@dataclass(frozen=True)
class Binding:
    """A declared argument; number 0 is Params, then come the kernel's outputs and inputs."""

    number: int
    access: str  # "uniform", "storage, read" or "storage, read_write"
    name: str
    type: str
    adapts: bool = False  # whether its elements may be stored in f16
    transposed: bool = False  # whether it is a weight whose columns are read as rows


@dataclass(frozen=True)
class Program:
    """A compiled shader."""

    bindings: tuple[Binding, ...]
    layout: Any  # of its bind group
    pipeline: Any


@cache
def shader_files() -> dict[str, Path]:
    """The file of each shader by its name, whichever family's folder it is in."""
    return {p.stem: p for p in resource("shaders").glob("*/*.wgsl") if p.parent.name != _PARTS}


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
    path = shader_files()[f"{fused.base}{dot}{variant}"]
    text = _expand(path, fused.instead, set())
    if element := _ELEMENT.search(text):
        text = _OF_ELEMENTS.sub(rf"\g<1>{element[1]}", text)
    return as_row(text, kernel) if kernel in FUSED_SHADERS else text


def _imported(name: str) -> set[str]:
    """The parts that a shader's file is made of."""
    seen: set[str] = set()
    _expand(shader_files()[name], {}, seen)
    return seen


def _expand(path: Path, instead: Mapping[str, str], seen: set[str]) -> str:
    text, parts = path.read_text("utf-8"), []
    for name in _IMPORT.findall(text):
        name = instead.get(name, name)
        if name not in seen:
            seen.add(name)
            parts.append(_expand(part_files()[name], instead, seen))
    return "\n".join([*parts, text])


@cache
def bindings(name: str) -> tuple[Binding, ...]:
    """The bindings of a shader, in the order of their numbers."""
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


class ShaderLibrary:
    """The shaders that a device has been asked for."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._programs: dict[tuple[str, frozenset[str]], Program] = {}

    def program(self, name: str, halves: frozenset[str] = frozenset()) -> Program:
        """A shader compiled for arguments in f16; DeviceError if the driver refuses it."""
        if (name, halves) not in self._programs:
            self._programs[name, halves] = self._compile(name, halves)
        return self._programs[name, halves]

    def _compile(self, name: str, halves: frozenset[str]) -> Program:
        handle, declared, code = self._device.handle, bindings(name), specialised(name, halves)
        entries = [
            {"binding": b.number, "visibility": _COMPUTE, "buffer": {"type": _LAYOUT[b.access]}}
            for b in declared
        ]
        with reported(f"shader {name} on {self._device.name}"):
            if self._device.checked:
                module = handle.create_shader_module(label=name, code=code)
            else:
                module = unchecked_module(handle, name, code)
            layout = handle.create_bind_group_layout(entries=entries)
            pipeline = handle.create_compute_pipeline(
                label=name,
                layout=handle.create_pipeline_layout(bind_group_layouts=[layout]),
                compute={"module": module, "entry_point": "main"},
            )
        return Program(declared, layout, pipeline)
