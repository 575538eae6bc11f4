"""Manifests: the sealed result of a phase in TARGET/manifests/<phase>.json.

A manifest has the SHA-256 of each input (the program, its defaults, the manifest before), of each
output, and of itself. An edit, a changed input and a lost output are detected, in it and in the
manifests before it.
"""

import os
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG
from typing import Any, Literal

import msgspec

from tat.checks.validator import Check
from tat.config import Config
from tat.errors import FileError, one_line
from tat.files import READ_AT_ONCE, atomic_file, writing
from tat.flat import flatten
from tat.resources import resource

PHASES = ("architect", "optimizer", "accelerator", "integrator")
VERSION = 1  # of the schema
DEFAULTS, PROGRAM = "config/default.toml", "program"  # inputs that lie outside of TARGET

_MAX_BYTES = 1_000_000  # of a manifest; they take 10,000

Status = Literal["verified", "failed", "skipped"]
Verdict = Literal["met", "missed", "informative"]
Digests = dict[str, str]  # name, most often a path below TARGET -> SHA-256, hexadecimal


class Benchmark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measured value; without a target for this model it only informs."""

    name: str
    value: float
    unit: str
    target: float | None
    verdict: Verdict


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The result of one phase."""

    version: int
    phase: str
    status: Status
    reason: str  # why it failed or was skipped; "" if verified
    standalone: bool  # made without the manifest of the phase before
    started: str  # UTC, ISO 8601
    seconds: float
    commit: str  # of the program, with its version
    machine: dict[str, str | int]
    configuration: dict[str, Any]
    inputs: Digests
    outputs: Digests
    checks: list[Check]
    benchmarks: list[Benchmark]
    seal: str = ""  # SHA-256 of the manifest without it


def manifest_path(target: Path, phase: str) -> Path:
    """The path of a phase's manifest."""
    return target / "manifests" / f"{phase}.json"


def predecessor(phase: str) -> str | None:
    """The phase before; for an agent the last phase."""
    if phase not in PHASES:
        return PHASES[-1]
    index = PHASES.index(phase)
    return PHASES[index - 1] if index else None


def write_manifest(target: Path, manifest: Manifest) -> Manifest:
    """Seal and store a manifest in place of an earlier one; returns it as stored."""
    path = manifest_path(target, manifest.phase)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    sealed = msgspec.structs.replace(manifest, seal=_seal(manifest))
    with atomic_file(path) as file:
        file.write(msgspec.json.format(msgspec.json.encode(sealed), indent=2) + b"\n")
    return sealed


def read_manifest(target: Path, phase: str) -> Manifest:
    """The manifest of a phase; FileError if it is missing, damaged or was edited."""
    path = manifest_path(target, phase)
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            data = file.read(_MAX_BYTES + 1)
        manifest = msgspec.json.decode(data, type=Manifest)
    except FileNotFoundError:
        raise _refusal(path, phase, "there is none") from None
    except OSError as error:
        raise _refusal(path, phase, f"it cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise _refusal(path, phase, f"it is no manifest: {error}") from None
    if manifest.version != VERSION or manifest.phase != phase:
        found = f"phase {manifest.phase}, version {manifest.version}"
        raise _refusal(path, phase, f"it is that of {found}, not of {phase}, version {VERSION}")
    if manifest.seal != _seal(manifest):
        raise _refusal(path, phase, "it was edited after it was written")
    return manifest


def require(target: Path, phase: str, config: Config) -> Manifest:
    """The manifest of a phase that the next may build on; FileError says why it may not.

    It has to be verified (the accelerator's may be skipped) and made with this program, this
    configuration and the manifests of all phases before it. Its outputs must not have changed.
    """
    before = predecessor(phase)
    if before:
        require(target, before, config)
    path, manifest = manifest_path(target, phase), read_manifest(target, phase)
    skipped = manifest.status == "skipped" and phase == "accelerator" and manifest.reason
    if manifest.status != "verified" and not skipped:
        raise _refusal(path, phase, f"the phase {manifest.status}: {manifest.reason}")
    if manifest.standalone and before:
        raise _refusal(path, phase, f"it was made standalone, not on the phase {before}")
    if missing := inputs_of(target, phase, False).keys() - manifest.inputs.keys():
        raise _refusal(path, phase, f"it does not name its input {min(missing)}")
    changed = _changed(target, manifest.inputs | manifest.outputs)
    if changed:
        raise _refusal(path, phase, f"it is stale: {changed} is not what it was then")
    if keys := _differences(manifest.configuration, configuration_of(config)):
        raise _refusal(path, phase, f"it is stale: {'; '.join(keys[:3])}")
    return manifest


def inputs_of(target: Path, phase: str, standalone: bool) -> Digests:
    """The inputs of a phase that is about to run."""
    inputs = dict(_outside())
    before = predecessor(phase)
    if before and not standalone:
        path = manifest_path(target, before)
        inputs[_name(target, path)] = file_digest(path)
    return inputs


def outputs_of(target: Path, files: Iterable[Path]) -> Digests:
    """The outputs of a phase, all below `target`."""
    return {_name(target, path): file_digest(path) for path in files}


def configuration_of(config: Config) -> dict[str, Any]:
    """A configuration as JSON values."""
    return msgspec.json.decode(msgspec.json.encode(config))


@cache
def _outside() -> Mapping[str, str]:
    """The common inputs of all phases, as of this process's first call."""
    defaults = file_digest(resource("config", "default.toml"))
    return {PROGRAM: _program_digest(), DEFAULTS: defaults}


def _program_digest() -> str:
    """SHA-256 of the code that runs: of the released file, or of all modules and shaders."""
    launcher = os.environ.get("TAT_LAUNCHER")
    if launcher:
        return file_digest(Path(launcher))
    folders = {resource("cli.py").parent, resource("shaders")}
    files = (p for folder in folders for kind in ("py", "wgsl") for p in folder.rglob(f"*.{kind}"))
    digest = sha256()
    for path in sorted(files):
        digest.update(f"{path.name} {file_digest(path)}\n".encode())
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal; FileError if it cannot be read."""
    digest = sha256()
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):  # a device might never end
                raise FileError(f"{path}: not a regular file; run the phase again")
            while part := file.read(1 << 20):
                digest.update(part)
    except OSError as error:
        reason = error.strerror or error
        raise FileError(f"{path}: cannot be read: {reason}; run the phase again") from None
    return digest.hexdigest()


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | READ_AT_ONCE)  # a FIFO would wait for a writer


def _seal(manifest: Manifest) -> str:
    return sha256(msgspec.json.encode(msgspec.structs.replace(manifest, seal=""))).hexdigest()


def _name(target: Path, path: Path) -> str:
    return path.relative_to(target).as_posix()


def _changed(target: Path, digests: Mapping[str, str]) -> str | None:
    """The first file that is gone or has another hash than the recorded one."""
    outside = _outside()
    for name, expected in digests.items():
        try:
            found = outside[name] if name in outside else file_digest(target / name)
        except FileError:
            found = ""
        if found != expected:
            return one_line(name, 100)
    return None


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The changed settings in words."""
    a, b = flatten(old), flatten(new)
    keys = [key for key in dict.fromkeys([*a, *b]) if a.get(key) != b.get(key)]
    return [one_line(f"{key} was {a.get(key)}, now {b.get(key)}", 100) for key in keys]


def _refusal(path: Path, phase: str, reason: str) -> FileError:
    again = f"run `tat phase {phase}`, or " if phase in PHASES else ""
    return FileError(one_line(f"{path}: {reason}; {again}go on with `tat phase all`", 1000))
