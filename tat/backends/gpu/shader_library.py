"""Shaders by name: source with its imports, bindings, and pipelines compiled once a device.

A shader is shaders/KERNEL.wgsl, or shaders/KERNEL.PASS.wgsl for a further pass or variant. A line
`// import NAME` stands for shaders/shared/NAME.wgsl, which is put in front, once.

An argument that may be stored in f16 has elements of an alias with its name, as in
`alias Kv = vec4f;` and `kv: array<Kv>`. Where it is, the alias is replaced before compiling.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tat.backends.gpu.device import Device, reported
from tat.backends.gpu.native import unchecked_module
from tat.resources import resource

_IMPORT = re.compile(r"^// import (\w+)$", re.MULTILINE)
_BINDING = re.compile(
    r"^@group\(0\) @binding\((\d+)\) var<(uniform|storage, read|storage, read_write)> (\w+): (.+);",
    re.MULTILINE,
)
_PARAMS = re.compile(r"^struct Params \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"(\w+): (\w+),")
_ALIAS = re.compile(r"^alias (\w+) = (f32|vec4f);$", re.MULTILINE)
_HALF = {"f32": "f16", "vec4f": "vec4<f16>"}

_LAYOUT = {
    "uniform": "uniform",
    "storage, read": "read-only-storage",
    "storage, read_write": "storage",
}
_COMPUTE = 4  # WebGPU's GPUShaderStage.COMPUTE


@dataclass(frozen=True)
class Binding:
    """A declared argument; number 0 is Params, then come the kernel's outputs and inputs."""

    number: int
    access: str  # "uniform", "storage, read" or "storage, read_write"
    name: str
    type: str
    adapts: bool = False  # whether its elements may be stored in f16


@dataclass(frozen=True)
class Program:
    """A compiled shader."""

    bindings: tuple[Binding, ...]
    layout: Any  # of its bind group
    pipeline: Any


def shader_names() -> list[str]:
    """All shaders: "linear", "attention_backward.query", …"""
    return sorted(path.name.removesuffix(".wgsl") for path in resource("shaders").glob("*.wgsl"))


@cache
def source(name: str) -> str:
    """WGSL of a shader, everything that it imports in front."""
    return _expand(resource("shaders") / f"{name}.wgsl", set())


def _expand(path: Path, seen: set[str]) -> str:
    text, parts = path.read_text("utf-8"), []
    for name in _IMPORT.findall(text):
        if name not in seen:
            seen.add(name)
            parts.append(_expand(resource("shaders", "shared", f"{name}.wgsl"), seen))
    return "\n".join([*parts, text])


@cache
def bindings(name: str) -> tuple[Binding, ...]:
    """What a shader declares, in the order of the numbers."""
    found = _BINDING.findall(source(name))
    elements = {f"array<{alias}>" for alias, _ in _ALIAS.findall(source(name))}
    declared = (
        Binding(int(number), access, argument, kind, adapts=kind in elements)
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
