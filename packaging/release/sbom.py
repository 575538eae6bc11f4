"""The bill of materials (CycloneDX), made from what is in the staged folder, and NOTICE."""

import hashlib
import json
import platform
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from release.debian import installed_version, read_table
from release.sources import ROOT, pinned
from release.stage import C_LIBRARY, LOADER, system_library
from tat import __version__

# Debian's names of packages whose libraries are bundled, and the names that people and NOTICE use.
_DEBIAN_NAMES = {
    "libc6": "glibc", "libgcc-s1": "libgcc", "libstdc++6": "libstdc++", "zlib1g": "zlib",
    "libbz2-1.0": "bzip2", "libffi8": "libffi", "liblzma5": "liblzma", "libssl3": "OpenSSL",
    "libuuid1": "libuuid", "libexpat1": "expat", "libsqlite3-0": "SQLite", "musl": "musl",
}  # fmt: skip
# Libraries that a wheel brings along, by the start of their names.
_INSIDE_WHEELS = {
    "libscipy_openblas": "OpenBLAS", "libgfortran": "libgfortran", "libquadmath": "libquadmath",
    "libwgpu_native": "wgpu-native", "libllvmlite": "LLVM",
}  # fmt: skip
_OWN = (
    "config/", "cookbook/", "shaders/", "man/", "kernels/", "wgsl/", "reports/", "bench/",
    "licences/", "serve/", "synth/", "models/", "export/",
)  # fmt: skip
_OWN_FILES = ("LICENSE", "NOTICE", "sbom.json", "tat", "probe")


class Part(NamedTuple):
    """Something with a name, a version and a licence of its own."""

    name: str
    version: str
    purl: str  # package URL

    @classmethod
    def of_pypi(cls, name: str, version: str) -> "Part":
        return cls(name, version, f"pkg:pypi/{name}@{version}")

    @classmethod
    def of_debian(cls, package: str, version: str) -> "Part":
        name = _DEBIAN_NAMES.get(package, package)
        return cls(name, version, f"pkg:deb/debian/{package}@{quote(version)}?arch=amd64")


def read_notice(path: Path = ROOT / "NOTICE") -> dict[str, str]:
    """Licence of each part that NOTICE lists, in columns: name, SPDX licence, what it is."""
    row = re.compile(r"^  (\S(?:.*?\S)?) {2,}(\S(?:.*?\S)?) {2,}\S", re.MULTILINE)
    return dict(row.findall(path.read_text()))


def make(folder: Path, report: Path, debian: dict[str, str]) -> dict[str, Any]:
    """The document; `debian` has the version of each package of debian.toml.

    The build ends at a file of unknown origin or a part that NOTICE leaves out.
    """
    parts = _collect(folder, ElementTree.parse(report).getroot(), debian)
    licences = read_notice()
    missing = sorted({part.name for part in parts} - licences.keys())
    if missing:
        raise SystemExit(f"release: NOTICE does not name these bundled parts: {', '.join(missing)}")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {
            "type": "application", "name": "tiny-agent-trainer", "version": __version__,
            "licenses": [{"license": {"id": "MIT"}}],
        }},
        "components": [
            _component(part, licences[part.name], parts[part], folder)
            for part in sorted(parts, key=lambda part: (part.name.lower(), part.purl))
        ],
    }  # fmt: skip


def _component(part: Part, licence: str, files: list[str], folder: Path) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library", "name": part.name, "version": part.version, "purl": part.purl,
        "licenses": [{"expression": licence}],
    }  # fmt: skip
    if files:
        component["components"] = [_file(folder, name) for name in sorted(files)]
    return component


def _file(folder: Path, name: str) -> dict[str, Any]:
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    return {"type": "file", "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}


def _collect(
    folder: Path, report: ElementTree.Element, debian: dict[str, str]
) -> dict[Part, list[str]]:
    """Every part with the files that are of it alone; modules are all inside the program."""
    parts: dict[Part, list[str]] = {part: [] for part in _in_programs(report)}
    origins = dict(_origins(report))
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith(_OWN) and name not in _OWN_FILES:
            vulkan = name.startswith("vulkan/")
            part = _vulkan_part(path.name, debian) if vulkan else _part_of(name, origins, report)
            parts.setdefault(part, []).append(name)
    return parts


def _in_programs(report: ElementTree.Element) -> Iterator[Part]:
    """The parts of the launcher and the program besides tat."""
    yield _python()
    yield Part.of_pypi("nuitka", pinned("nuitka")[0])
    yield Part.of_debian("musl", installed_version(Path("/usr/lib/x86_64-linux-musl/libc.a"))[1])
    zstandard = pinned("zstandard")[0]
    yield Part("zstd", f"of zstandard {zstandard}", f"pkg:pypi/zstandard@{zstandard}")
    for distribution in report.iter("distribution"):
        yield Part.of_pypi(distribution.attrib["name"].lower(), distribution.attrib["version"])


def _python() -> Part:
    version = platform.python_version()
    return Part("CPython", version, f"pkg:generic/python@{version}")


def _origins(report: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Path in the folder and where Nuitka took it from."""
    for kind in ("included_dll", "included_extension"):
        for item in report.iter(kind):
            yield item.attrib["dest_path"], item.attrib["source_path"]


def _part_of(name: str, origins: dict[str, str], report: ElementTree.Element) -> Part:
    """The part that a staged file belongs to."""
    base = Path(name).name
    if name.startswith("glibc/") and base in C_LIBRARY:
        return Part.of_debian(*installed_version(system_library(base)))
    if name == "ld-tat.so":
        return Part.of_debian(*installed_version(LOADER))
    origin = origins.get(name, "")
    wheel = next((d.attrib for d in report.iter("distribution")
                  if _belongs(name, origin, d.attrib["name"].lower())), None)  # fmt: skip
    if wheel:
        part = Part.of_pypi(wheel["name"].lower(), wheel["version"])
        for start, name in _INSIDE_WHEELS.items():
            if base.startswith(start):
                return part._replace(name=name, version=f"of {part.name} {part.version}")
        return part
    if "/lib-dynload/" in origin:
        return _python()
    if origin.startswith(("/lib/", "/usr/lib/")):
        return Part.of_debian(*installed_version(Path(origin)))
    raise SystemExit(f"release: nobody knows where {name} comes from (release/sbom.py)")


def _belongs(name: str, origin: str, distribution: str) -> bool:
    inside = origin.partition("/site-packages/")[2] or name
    first = inside.split("/")[0].lower()
    return first.removesuffix(".libs") == distribution or first.startswith(f"_{distribution}_")


def _vulkan_part(base: str, debian: dict[str, str]) -> Part:
    for package in read_table():
        if base in {Path(file).name for file in package.files}:
            return Part.of_debian(package.name, debian[package.name])._replace(name=package.part)
    raise SystemExit(f"release: {base} is in no package of packaging/debian.toml")


def write(folder: Path, report: Path, debian: dict[str, str]) -> None:
    """`folder`/sbom.json, which `tat version --sbom` prints."""
    text = json.dumps(make(folder, report, debian), indent=1, ensure_ascii=False) + "\n"
    (folder / "sbom.json").write_text(text, encoding="utf-8")
