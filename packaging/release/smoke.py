"""`python -m release.smoke FILE`: the built file at work in four places, without a network.

In each it also runs under every locale that `LOCALES` has, and out of a folder of a foreign name;
and code planted in the validator's child does no harm.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from release.smoke_confined import require_confined
from release.smoke_serve import ask_http, ask_lsp

_SHADER = "fn twice(x: f32) -> f32 {\n  return 2.0 * x;\n}\n"
# A model that a GPU made of software trains in seconds.
_SMALL = ("model.layers=1", "model.width=32", "model.heads=2", "model.feed_forward=64",
          "model.max_length=128", "data.vocabulary=600", "data.buckets=[[128, 128]]",
          "train.batch_tokens=128", "train.micro_batches=1")  # fmt: skip
_BROKEN = "fn twice(x: f32) -> f32 {\n  return y;\n}\n"
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
# Values of locale variables: with files on this system, without, and no name of a locale at all.
LOCALES = ("C.UTF-8", "en_US.UTF-8", "de_DE", "xx_YY", "C", "POSIX", "", "x" * 300)
LOCALE_VARIABLES = ("LANG", "LC_CTYPE", "LC_ALL")
_FOREIGN = "größe-距離"  # a name of files whose letters are in no other encoding together
_ENTER = """\
mkdir -p "$1/proc" "$1/tmp"
mount -t proc proc "$1/proc"
exec env -i $SMOKE "$(command -v chroot)" "$@"
"""


class Place(NamedTuple):
    """Where commands run: how they start, and where their files are."""

    name: str
    start: list[str]  # goes before the arguments of tat
    folder: str  # as the commands see it
    outside: Path  # the same folder as this process sees it
    environment: dict[str, str]
    on_gpu: bool = False  # whether to train on the software GPU too

    def with_variable(self, name: str, value: str) -> "Place":
        """The same place with a variable of the environment set for tat."""
        changed = dict(self.environment)
        if "SMOKE" in changed:
            changed["SMOKE"] += f" {name}={value}"
        else:
            changed[name] = value
        return self._replace(environment=changed)


def main(file: Path) -> int:
    """Runs everything everywhere; prints a line per place and ends at the first failure."""
    with tempfile.TemporaryDirectory(prefix="tat-smoke-") as temporary:
        root = Path(temporary)
        for place in places(file.resolve(), root):
            start = time.monotonic()
            exercise(place)
            print(f"smoke: {place.name:24} {time.monotonic() - start:5.1f} s", flush=True)
    return 0


def places(file: Path, root: Path) -> Iterator[Place]:
    """The host, an empty root, the bundled C library, and the software GPU as the only one."""
    yield _on_host(file, root, "host", {})
    yield _empty_root(file, root / "empty", "empty root", {})
    yield _on_host(file, root, "bundled library", {"TATFILE_LIBC": "bundled"})
    driver = {"VK_DRIVER_FILES": _driver(root / "host")}
    yield _on_host(file, root, "software GPU", driver)._replace(on_gpu=True)


def _on_host(file: Path, root: Path, name: str, environment: dict[str, str]) -> Place:
    folder = root / name.replace(" ", "-")
    home = folder / "home"
    home.mkdir(parents=True)
    environment = {"HOME": str(home), "PATH": PATH, **environment}
    return Place(name, [*_alone(), str(file)], str(folder), folder, environment)


def _empty_root(file: Path, root: Path, name: str, environment: dict[str, str]) -> Place:
    """Nothing but the file, /proc and /tmp; no shell either, so each command enters anew."""
    (root / "tmp").mkdir(parents=True)
    program = root / "tat"
    program.write_bytes(file.read_bytes())
    program.chmod(0o755)
    start = [*_alone("-m"), "sh", "-euc", _ENTER, "sh", str(root), "/tat"]
    given = " ".join(f"{key}={value}" for key, value in environment.items())
    return Place(name, start, "/tmp", root / "tmp", {"SMOKE": given, "PATH": PATH})


def _alone(*options: str) -> list[str]:
    """Starts a command in an empty network namespace; users need one of users besides."""
    return ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-n", *options]


def _driver(folder: Path) -> str:
    (driver,) = folder.glob("home/.cache/tat/tat-*/vulkan/vk_swiftshader_icd.json")
    return str(driver)


def exercise(place: Place) -> None:
    """Every command that needs no other machine; ends the process at the first that fails."""
    run = f"{place.folder}/run"
    assert _tat(place, "--version").startswith("tat ")
    _tat(place, "train", "--quiet", "--preset", "tiny", "--steps", "20", "--run", run)
    _tat(place, "train", "--quiet", "--resume", "--steps", "22", "--run", run)
    assert '"step":22' in _tat(place, "inspect", run, "--json")
    _tat(place, "generate", "box", "--quiet", "--validate", "0", "--max-tokens", "8", "--run", run)
    page = f"{place.folder}/page.html"
    _tat(place, "export", run, "--web", page, "--trainable", "--index", "cookbook", "--quiet")
    assert "Content-Security-Policy" in (place.outside / "page.html").read_text()
    _validate(place)
    for ask in (ask_http, ask_lsp):
        ask(place.start, place.environment, str(place.outside), run)
    if place.name == "host":
        _without_numba(place)
        _over_mpi(place)
    if place.on_gpu:
        values = (word for value in _SMALL for word in ("--set", value))
        _tat(place, "train", "--quiet", "--steps", "2", "--device", "gpu:software",
             "--run", f"{place.folder}/gpu", *values)  # fmt: skip
    doctor = _tat(place, "doctor", "--json")
    require_confined(place.start, place.environment, place.outside, place.folder, doctor)
    assert _tat(place, "man", "train").startswith(".TH")
    assert "tat train" in _tat(place, "completion", "bash")
    assert '"CycloneDX"' in _tat(place, "version", "--sbom")
    _any_locale(place)
    _no_kernels_compiled(place)


def _any_locale(place: Place) -> None:
    """Locale variables change nothing, whatever they say, and names of files are UTF-8."""
    (place.outside / f"{_FOREIGN}.wgsl").write_text(_BROKEN)
    for value in LOCALES:
        for name in LOCALE_VARIABLES:
            assert _tat(place.with_variable(name, value), "--version").startswith("tat ")
        set_so = place.with_variable("LC_ALL", value)
        said = _tat(set_so, "validate", f"{place.folder}/{_FOREIGN}.wgsl", code=8)
        assert f"{_FOREIGN}.wgsl:2:10" in said, (value, said)
    (place.outside / _FOREIGN).mkdir(mode=0o700)
    unpacked = place.with_variable("TATFILE_UNPACK_DIR", f"{place.folder}/{_FOREIGN}")
    assert _tat(unpacked, "--version").startswith("tat ")
    _tat(unpacked, "train", "--quiet", "--preset", "tiny", "--steps", "1",
         "--run", f"{place.folder}/{_FOREIGN}-run")  # fmt: skip


def _without_numba(place: Place) -> None:
    """Generating and validating run on the library of kernels, and load no compiler."""
    logged = place.with_variable("LD_DEBUG", "files")
    logged = logged.with_variable("LD_DEBUG_OUTPUT", str(place.outside / "loaded"))
    _tat(logged, "generate", "luminance", "--signature", "fn luminance(c: vec3f) -> f32", "--quiet")
    loaded = "".join(path.read_text() for path in place.outside.glob("loaded.*"))
    assert "table.so" in loaded and "libwgpu_native" in loaded
    assert "libllvmlite" not in loaded, "generating loads LLVM: it should not import Numba"


def _over_mpi(place: Place) -> None:
    """Two processes have the checkpoint of one, byte for byte; with the host's network, for MPI."""
    launcher = shutil.which("mpirun.openmpi")
    if launcher is None:
        print(
            "smoke: packaging/require-test-tools.sh installs mpirun.openmpi: not over MPI",
            flush=True,
        )
        return
    words = [launcher, "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", "2"]
    several = place._replace(start=[*words, place.start[-1]])
    made = []
    for name, where in (("one", place), ("two", several)):
        run = f"{place.folder}/{name}"
        _tat(where, "train", "--quiet", "--preset", "tiny", "--steps", "4", "--run", run,
             "--set", "train.micro_batches=4")  # fmt: skip
        made.append((place.outside / name / "latest").read_bytes())
    assert made[0] == made[1], "two processes made another checkpoint than one"


def _validate(place: Place) -> None:
    """On any machine: where there is no Vulkan driver, on the bundled one."""
    (place.outside / "good.wgsl").write_text(_SHADER)
    (place.outside / "bad.wgsl").write_text(_BROKEN)
    _tat(place, "validate", f"{place.folder}/good.wgsl")
    said = _tat(place, "validate", f"{place.folder}/bad.wgsl", code=8)
    assert "bad.wgsl:2:10" in said, said


def _no_kernels_compiled(place: Place) -> None:
    """A kernel that was not shipped would have been compiled and kept for the user."""
    kept = [*place.outside.rglob("*.nbi"), *place.outside.rglob("*.nbc")]
    own = [path for path in kept if "kernels" in path.parts and not _shipped(path)]
    assert not own, f"compiled on the spot: {[path.name for path in own]}"


def _shipped(path: Path) -> bool:
    return any(part.startswith("tat-") and len(part) == 36 for part in path.parts[:-3])


def _tat(place: Place, *arguments: str, code: int = 0) -> str:
    """The output of one command, with its messages if it fails; it has to exit with `code`."""
    done = subprocess.run(
        [*place.start, *arguments], env=place.environment, cwd=place.outside, encoding="utf-8",
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    if done.returncode != code:
        raise SystemExit(
            f"{done.stdout}{done.stderr}\nsmoke: {place.name}: tat {' '.join(arguments)}: "
            f"exit code {done.returncode}, expected {code}"
        )
    return done.stdout + (done.stderr if code else "")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
