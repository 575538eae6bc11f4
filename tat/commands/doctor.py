"""`tat doctor`: looks at this machine and says how to get missing parts."""

import argparse
import importlib
import os
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import msgspec

from tat import __version__
from tat.backends.cpu.executable import CpuBackend
from tat.backends.opening.adapters import AdapterInfo, list_adapters
from tat.backends.opening.automatic import choose
from tat.commands.version import part_versions
from tat.errors import DeviceError, TatError
from tat.machine import memory_bytes
from tat.provenance import processor
from tat.resources import resource
from tat.train.mpi_library import find_library, launched
from tat.wgsl.sandbox import Sandbox

_FEATURES = {"shader-f16": "f16", "timestamp-query": "timestamps", "subgroup": "subgroups"}
_SMALL_MEMORY = 4e9  # bytes; the default model trains in about 2
_SMALL_DISK = 5e9  # bytes; a run of the default model keeps four checkpoints of 0.6


@dataclass(frozen=True)
class Finding:
    """One result: ok, a warning (tat works without it) or a failure (it does not)."""

    name: str
    status: Literal["ok", "warning", "failure"]
    detail: str


def run(options: argparse.Namespace) -> int:
    findings = examine()
    if options.json:
        sys.stdout.write(msgspec.json.encode(findings).decode() + "\n")
    else:
        for finding in findings:
            print(f"{finding.status:8} {finding.name:10} {finding.detail}")
    return 1 if any(f.status == "failure" for f in findings) else 0


def examine() -> list[Finding]:
    """All findings, in the order a person would ask."""
    versions = part_versions()
    libraries = ", ".join(f"{name} {version}" for name, version in versions.items())
    missing = any(version == "missing" for version in versions.values())
    return [
        Finding("tat", "ok", f"{__version__}, Python {platform.python_version()}"),
        Finding("libraries", "warning" if missing else "ok", libraries),
        _resources(),
        Finding("cpu", "ok", f"{processor()}; {CpuBackend().name}"),
        _kernels(),
        _memory(),
        _disk(),
        *_validator(),
        *_adapters(),
        _mpi(),
        Finding("auto", "ok", f"--device auto trains on {choose('training', 0).reason}"),
    ]


def _resources() -> Finding:
    wanted = resource("config", "default.toml"), resource("cookbook", "entries")
    missing = [str(path) for path in wanted if not path.exists()]
    if missing:
        return Finding("files", "failure", f"missing {', '.join(missing)}; install tat again")
    return Finding("files", "ok", "defaults and cookbook found")


def _kernels() -> Finding:
    """Where compiled kernels are kept: by what Numba asks, in a checkout as in the binary."""
    kernels = CpuBackend().kernel_folder
    if kernels is None:
        return Finding("kernels", "warning", "Numba is missing; NumPy is several times slower")
    place = os.environ["NUMBA_CACHE_LOCATOR_CLASSES"].rpartition(",")[2].rpartition(".")[0]
    kept, words = importlib.import_module(place).described(kernels)
    return Finding("kernels", "ok" if kept else "warning", words)


def _memory() -> Finding:
    total = memory_bytes()
    if total is None:
        return Finding("memory", "ok", "this system does not say")
    small = total < _SMALL_MEMORY
    advice = "; train preset tiny or small" if small else ""
    return Finding("memory", "warning" if small else "ok", f"{total / 1e9:.1f} GB{advice}")


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    small = free < _SMALL_DISK
    advice = "; little for checkpoints of the default model" if small else ""
    return Finding("disk", "warning" if small else "ok", f"{free / 1e9:.1f} GB free here{advice}")


def _adapters() -> list[Finding]:
    """Every GPU under the name that --device has for it."""
    try:
        found = list_adapters()
    except DeviceError as error:
        return [Finding("gpu", "warning", str(error))]
    if not found:
        return [Finding("gpu", "warning", "no adapter found; install a Vulkan driver")]
    return [Finding(a.selector or "unnamed", "ok", described(a)) for a in found]


def described(adapter: AdapterInfo) -> str:
    """Name, driver, optional features and limits."""
    offered = [word for feature, word in _FEATURES.items() if feature in adapter.features]
    lacks = [word for feature, word in _FEATURES.items() if feature not in adapter.features]
    limit = adapter.limits
    return (
        f"{adapter.name}, {adapter.interface}{', software' * adapter.software};"
        f" {adapter.driver or 'driver unknown'}; has {', '.join(offered) or 'nothing special'}"
        f"{'; lacks ' * bool(lacks)}{', '.join(lacks)};"
        f" buffers to {limit['max-buffer-size'] / 1e9:.2g} GB, bindings to"
        f" {limit['max-storage-buffer-binding-size'] / 1e9:.2g} GB"
        f" ({limit['max-storage-buffers-per-shader-stage']} a shader), workgroups to"
        f" {limit['max-compute-invocations-per-workgroup']} threads and"
        f" {limit['max-compute-workgroup-storage-size'] // 1024} KiB"
    )


def _mpi() -> Finding:
    """The library that training over several processes would use."""
    try:
        library = find_library(launched().kind)
    except TatError as error:
        return Finding("mpi", "warning", str(error))
    if library is None:
        return Finding("mpi", "ok", "no MPI library; only needed to train over several machines")
    if find_spec("mpi4py") is None:
        advice = "pip install 'tiny-agent-trainer[mpi]'"
        return Finding("mpi", "warning", f"{library.product}: {library.name}; no mpi4py: {advice}")
    return Finding("mpi", "ok", f"{library.product}: {library.name}")


def _validator() -> list[Finding]:
    """Whether WGSL can be validated and run, by one module through the child, and its bounds."""
    try:
        with Sandbox() as sandbox:
            problem = sandbox.validate("fn one() -> f32 { return 1.0; }")
    except TatError as error:
        return [Finding("vulkan", "warning", str(error))]
    if problem is not None:
        said = f"the validator refuses valid WGSL: {problem.message}"
        return [Finding("vulkan", "failure", said)]
    return [Finding("vulkan", "ok", "WGSL can be validated and run"), _sandbox(sandbox.confinement)]


def _sandbox(held: Sequence[str]) -> Finding:
    """Bounds of the validator's child, by the parts of the kernel that hold it."""
    if "seccomp" in held:
        said = "the validator's child cannot write files, open sockets or start programs"
        return Finding("sandbox", "ok", f"{said} ({', '.join(held)})")
    if held:
        said = f"{', '.join(held)} alone holds the validator's child: it cannot write files"
        return Finding("sandbox", "warning", f"{said}; seccomp needs Linux on x86-64")
    said = "only its memory, time and crashes are bounded: no Landlock and no seccomp here"
    return Finding("sandbox", "warning", f"{said}; do not validate WGSL of strangers as yourself")
