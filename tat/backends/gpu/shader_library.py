"""Shaders by name: source with its imports, bindings, and pipelines compiled once a device.

A shader is shaders/KERNEL.wgsl, or shaders/KERNEL.PASS.wgsl for a further pass or variant. A line
`// import NAME` stands for shaders/shared/NAME.wgsl, which is put in front, once.
"""

import re
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
    declared = (Binding(int(number), access, arg, kind) for number, access, arg, kind in found)
    return tuple(sorted(declared, key=lambda binding: binding.number))


def params_fields(name: str) -> list[tuple[str, str]]:
    """Names and types of a shader's Params."""
    (body,) = _PARAMS.findall(source(name))
    return _FIELD.findall(body)


class ShaderLibrary:
    """The shaders that a device has been asked for."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._programs: dict[str, Program] = {}

    def program(self, name: str) -> Program:
        """A shader compiled for the device; DeviceError if the driver refuses it."""
        if name not in self._programs:
            self._programs[name] = self._compile(name)
        return self._programs[name]

    def _compile(self, name: str) -> Program:
        handle, declared = self._device.handle, bindings(name)
        entries = [
            {"binding": b.number, "visibility": _COMPUTE, "buffer": {"type": _LAYOUT[b.access]}}
            for b in declared
        ]
        with reported(f"shader {name} on {self._device.name}"):
            if self._device.checked:
                module = handle.create_shader_module(label=name, code=source(name))
            else:
                module = unchecked_module(handle, name, source(name))
            layout = handle.create_bind_group_layout(entries=entries)
            pipeline = handle.create_compute_pipeline(
                label=name,
                layout=handle.create_pipeline_layout(bind_group_layouts=[layout]),
                compute={"module": module, "entry_point": "main"},
            )
        return Program(declared, layout, pipeline)
