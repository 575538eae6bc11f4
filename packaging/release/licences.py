"""The licence texts that come with the file: of Python libraries and of what Debian provides."""

import shutil
import sysconfig
from importlib import metadata
from pathlib import Path

from release.sources import zstd_folder

_SHARED = Path("/usr/share/common-licenses")
_REFERRED = ("Apache-2.0", "GPL-2", "GPL-3", "LGPL-2.1", "LGPL-3")  # by copyright files
_NAMES = ("LICEN", "COPYING", "NOTICE", "AUTHORS")


def write(out: Path, distributions: list[str], debian_packages: list[str]) -> None:
    """A folder for each Python library; one file for each Debian package."""
    out.mkdir(parents=True, exist_ok=True)
    for name in distributions:
        _copy_distribution(name, out / name.lower())
    for package in debian_packages:
        shutil.copy(f"/usr/share/doc/{package}/copyright", out / f"debian-{package}.txt")
    for name in _REFERRED:
        shutil.copy(_SHARED / name, out / f"{name}.txt")
    shutil.copy(Path(sysconfig.get_path("stdlib")) / "LICENSE.txt", out / "CPython.txt")
    shutil.copy(zstd_folder() / "LICENSE", out / "zstd.txt")


def _copy_distribution(name: str, out: Path) -> None:
    files = metadata.files(name) or []
    texts = [f for f in files if ".dist-info/" in str(f) and f.name.upper().startswith(_NAMES)]
    if not texts:
        raise SystemExit(f"release: {name} comes without the text of its licence")
    for file in texts:
        out.mkdir(exist_ok=True)
        target = out / "-".join(file.parts[1:]).removeprefix("licenses-").replace(" ", "-")
        shutil.copy(file.locate(), target)
