"""Fetches Debian packages whose hashes packaging/debian.toml accepts; takes files from them."""

import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

from release.commands import run
from release.sources import ROOT, build_cache

TABLE = ROOT / "packaging" / "debian.toml"


class Accepted(NamedTuple):
    """One vetted version of a package."""

    version: str
    sha256: str  # of the .deb


class Package(NamedTuple):
    """A row of the table."""

    name: str
    part: str  # what of it is bundled, as NOTICE names it
    files: tuple[str, ...]  # paths in the package
    accepted: tuple[Accepted, ...]


def read_table(path: Path = TABLE) -> list[Package]:
    """The packages that the release needs."""
    rows = tomllib.loads(path.read_text())["package"]
    return [
        Package(row["name"], row["part"], tuple(row["files"]),
                tuple(Accepted(**accepted) for accepted in row["accepted"]))
        for row in rows
    ]  # fmt: skip


def extract(package: Package, out: Path) -> Accepted:
    """Put the package's files into `out`, links followed; returns the version they are of."""
    accepted, archive = _find(package)
    command = ["dpkg-deb", "--fsys-tarfile", archive]
    tar = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    out.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(tar)) as files:
        for name in package.files:
            content = files.extractfile(f"./{name}")  # of a link: what it leads to
            if content is None:
                raise SystemExit(f"release: {archive.name} has no file {name}")
            (out / Path(name).name).write_bytes(content.read())
    return accepted


def _find(package: Package) -> tuple[Accepted, Path]:
    """The first accepted version that the cache has, or else that the archive has."""
    cache = build_cache() / "debian"
    for accepted in package.accepted:
        cached = cache / f"{accepted.sha256}.deb"
        if cached.exists() and _digest(cached) == accepted.sha256:
            return accepted, cached
    for accepted in package.accepted:
        archive = _download(package.name, accepted, cache)
        if archive:
            return accepted, archive
    versions = ", ".join(accepted.version for accepted in package.accepted)
    raise SystemExit(
        f"release: the archive has none of the accepted versions of {package.name} ({versions}); "
        f"run apt-get update, or vet a newer version and add it as {TABLE} says"
    )


def _download(name: str, accepted: Accepted, cache: Path) -> Path | None:
    with tempfile.TemporaryDirectory() as folder:
        command = ["apt-get", "download", "-q", f"{name}={accepted.version}"]
        if subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode:
            return None
        (archive,) = Path(folder).glob("*.deb")
        if (found := _digest(archive)) != accepted.sha256:
            raise SystemExit(
                f"release: {name} {accepted.version} has SHA-256 {found}, accepted is "
                f"{accepted.sha256}; {TABLE} says how to vet a package"
            )
        cache.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(archive, cache / f"{accepted.sha256}.deb"))


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def installed_version(path: Path) -> tuple[str, str]:
    """Package and version that own a file of this system."""
    for name in (path, path.resolve(), Path("/usr") / path.relative_to("/")):
        done = subprocess.run(["dpkg", "-S", name], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            package = done.stdout.partition(":")[0]
            return package, run(["dpkg-query", "-W", "-f", "${Version}", package])
    raise SystemExit(f"release: no package owns {path}; the release is built on Debian 12")
