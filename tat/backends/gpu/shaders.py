"""Shaders compiled for a device, each when it is first asked for."""

from dataclasses import dataclass
from typing import Any

from tat.backends.gpu.device import Device, reported
from tat.backends.gpu.native import unchecked_module
from tat.backends.gpu.shader_text import Binding, bindings, specialised

_COMPUTE = 4  # WebGPU's GPUShaderStage.COMPUTE


@dataclass(frozen=True)
class Program:
    """A compiled shader."""

    bindings: tuple[Binding, ...]
    layout: Any  # of its bind group
    pipeline: Any


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
            {"binding": b.number, "visibility": _COMPUTE, "buffer": {"type": b.buffer_type}}
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
