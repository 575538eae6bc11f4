"""`python -m release LEVEL`: from a checkout to dist/tat, in order."""

import hashlib
import json
import shutil
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from release import debian, documents, freeze, kernels, licences, sbom, stage
from release.commands import run
from release.compile_launcher import compile_launcher, compile_probe
from release.pack import pack
from release.sources import ROOT, zstd_folder
from tat import __version__

BUILD = ROOT / "build" / "release"
DIST = ROOT / "dist"
_DEVELOPMENT = 9  # the highest level of builds that are not released
_MOST = 110_000_000  # bytes of the file that people download, at any level


class Timer:
    """Seconds that each step took, said as they end."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, name: str, step: Callable[..., Any], *arguments: Any) -> Any:
        start = time.monotonic()
        result = step(*arguments)
        self.seconds[name] = round(time.monotonic() - start, 1)
        print(f"{name:12} {self.seconds[name]:6.1f} s", flush=True)
        return result


def main(level: int) -> int:
    timed = Timer()
    recorded = BUILD / "recorded"
    with ThreadPoolExecutor(1) as beside:  # freezing takes one core
        started = beside.submit(compile_start, timed, recorded)
        frozen = timed("freeze", freeze.freeze, BUILD)
        launcher, probe = started.result()
    report = BUILD / "frozen" / "report.xml"
    staged = timed("stage", stage.stage, frozen, probe, BUILD / "staged")
    versions = timed("vulkan", software_gpu, staged / "vulkan")
    timed("documents", documents.write_man_pages, staged / "man")
    timed("kernels", kernels.fill, staged, recorded)
    timed("libraries", stage.check_libraries, staged)
    timed("licences", write_licences, staged, report)
    timed("sbom", sbom.write, staged, report, versions)
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    entries = timed("pack", pack, staged, launcher.read_bytes(), DIST / "tat", __version__, level)
    if level > _DEVELOPMENT:
        timed("baseline", measure_baseline)
    timed("dist", complete_dist, staged)
    write_manifest(level, versions, sum(entry.size for entry in entries), timed.seconds)
    size = (DIST / "tat").stat().st_size
    print(f"dist/tat: {size / 1e6:.1f} MB, {len(entries)} files")
    if size > _MOST:
        most = f"{_MOST / 1e6:.0f} MB"
        print(f"dist/tat: larger than {most}; leave something out in stage.py", file=sys.stderr)
    return int(size > _MOST)


def compile_start(timed: Timer, recorded: Path) -> tuple[Path, Path]:
    """Launcher and probe; and `recorded`, which kernels are to be compiled."""
    launcher = timed("launcher", compile_launcher, zstd_folder(), BUILD)
    probe = timed("probe", compile_probe, BUILD)
    timed("recorded", kernels.record, recorded)
    return launcher, probe


def software_gpu(out: Path) -> dict[str, str]:
    """SwiftShader and the Vulkan loader; returns the versions of their packages."""
    return {package.name: debian.extract(package, out).version for package in debian.read_table()}


def write_licences(staged: Path, report: Path) -> None:
    root = ElementTree.parse(report).getroot()
    wheels = [item.attrib["name"] for item in root.iter("distribution")]
    owned = [stage.system_library(name) for name in stage.C_LIBRARY]
    owned += [Path(item.attrib["source_path"]) for item in root.iter("included_dll")
              if item.attrib["source_path"].startswith(("/lib/", "/usr/lib/"))]  # fmt: skip
    packages = sorted({debian.installed_version(path)[0] for path in owned} | {"musl"})
    licences.write(staged / "licences", wheels, packages)


def measure_baseline() -> None:
    """dist/FINAL_BASELINE.txt: what the built file measures of itself on this machine."""
    run([DIST / "tat", "report", "--baseline", DIST / "FINAL_BASELINE.txt"], folder=BUILD)


def complete_dist(staged: Path) -> None:
    """Write the files beside the program: bill of materials, manual, completions, checksums."""
    shutil.copy(staged / "sbom.json", DIST / "tat.cdx.json")
    shutil.copytree(staged / "man", DIST / "man")
    shutil.copy(ROOT / "NOTICE", DIST)
    shutil.copy(ROOT / "LICENSE", DIST)
    documents.write_completions(DIST / "completions")
    files = sorted(path for path in DIST.rglob("*") if path.is_file())
    lines = [f"{_digest(path)}  {path.relative_to(DIST)}\n" for path in files]
    (DIST / "SHA256SUMS").write_text("".join(lines))


def write_manifest(
    level: int, versions: dict[str, str], unpacked: int, seconds: dict[str, float]
) -> None:
    """dist/manifest.json: what this build was made of and how long it took."""
    manifest = {
        "version": __version__,
        "sha256": _digest(DIST / "tat"),
        "bytes": (DIST / "tat").stat().st_size,
        "unpacked_bytes": unpacked,
        "zstd_level": level,
        "python": sys.version,
        "debian": versions,
        "seconds": seconds,
    }
    (DIST / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
