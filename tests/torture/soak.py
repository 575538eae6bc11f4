"""Training, saving, validating, generating and serving in a loop: whether anything grows.

    python tests/torture/soak.py [--minutes N] [--json FILE] [--svg FILE]

One process goes on with a run, exports, indexes, searches, validates and generates, round by round;
a server answers requests beside it. After each round both are measured: memory, descriptors,
threads, children and temporary files. Flat means that the last third is like the second by their
medians: memory within 8 MB, all others within two (a thread may be on its way out). A first third
warms up: caches, arenas, interned texts. Garbage in circles is collected before this process is
measured: it goes by itself, but not by the clock.
"""

import argparse
import contextlib
import gc
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from cli_harness import MODULES, SMALL, child_environment, command, write_shaders
from serving import FUNCTIONS, PREFIX, Client

from tat.cli import run as tat
from tat.reports.svg import Series, line_chart, standalone

MEGABYTES, OTHERS = 8.0, 2  # that a measure may grow
STEPS = 4  # of training a round, with one save


def measured(process: int) -> dict[str, float]:
    """A process as it is now."""
    folder = Path(f"/proc/{process}")
    status = dict(
        line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line
    )
    children = (folder / f"task/{process}/children").read_text().split()
    return {
        "megabytes": int(status["VmRSS"].split()[0]) / 1024,
        "descriptors": len(os.listdir(folder / "fd")),
        "threads": int(status["Threads"]),
        "children": len(children),
    }


@contextmanager
def server(run: Path) -> Iterator[tuple[int, Client]]:
    """`tat serve` on a free port: its process and a client."""
    with subprocess.Popen(
        command("serve", "--port", 0, "--run", run, "--device", "cpu"),
        env=child_environment({}), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as child:  # fmt: skip
        try:
            yield child.pid, Client(child.stdout.readline().strip().removesuffix("/"))
        finally:
            child.terminate()


def call(*words: object) -> None:
    """A command in this process, quietly; RuntimeError if it fails otherwise than by verdict."""
    talk = io.StringIO()
    with contextlib.redirect_stdout(talk), contextlib.redirect_stderr(talk):
        code = tat([str(word) for word in words])
    if code not in (0, 8):
        raise RuntimeError(f"{words}: {code}: {talk.getvalue()[-500:]}")


def work(place: Path, number: int, client: Client) -> None:
    """One round."""
    run, shaders = place / "run", place / "shaders"
    on = ["--device", "cpu", "-q"]
    call("train", "--run", run, "--resume", "--steps", STEPS * (number + 2), *on)
    call("export", run, "-o", place / "x.safetensors", "-q")
    (shaders / "changing.wgsl").write_text([*MODULES.values()][number % len(MODULES)])
    call("index", shaders, "-o", place / "x.idx", "-q")
    call("search", place / "x.idx", "area of a disc")
    call("validate", shaders)
    call("generate", "area of a disc", "--run", run, "--index", place / "x.idx", *on[:2])
    suffix = "\n}\n" + "// a line\n" * (number % 7)
    asked = {"input_prefix": PREFIX, "input_suffix": suffix, "n_predict": 16}
    answers = [
        client.ask("/health"), client.ask("/infill", asked),
        client.ask("/validate", {"code": FUNCTIONS["area.wgsl"]}),
        client.ask("/search", {"query": "circle"}), client.ask("/nothing"),
    ]  # fmt: skip
    if any(answer.status >= 500 for answer in answers):
        raise RuntimeError(str(answers))


def soaked(place: Path, minutes: float) -> list[dict[str, object]]:
    """The measurements of all rounds; TMPDIR lies in `place`."""
    temporary = place / "tmp"
    temporary.mkdir()
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    rounds, began = [], time.monotonic()
    write_shaders(place / "shaders")
    (place / "small.toml").write_text(SMALL)
    on = ["--config", place / "small.toml", "--run", place / "run", "--device", "cpu", "-q"]
    call("train", place / "shaders", *on, "--steps", STEPS)
    with server(place / "run") as (process, client):
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end or len(rounds) < 9:
            work(place, len(rounds), client)
            files = sum(len(names) for _, _, names in os.walk(place))
            gc.collect()
            rounds.append({
                "minutes": (time.monotonic() - began) / 60, "files": files,
                "worker": measured(os.getpid()), "server": measured(process),
            })  # fmt: skip
    return rounds


def growths(rounds: list[dict[str, object]]) -> dict[str, float]:
    """How much the median of the last third is above that of the second, by name."""
    third = len(rounds) // 3
    parts = rounds[third : 2 * third], rounds[2 * third :]
    found = {"files": [median(r["files"] for r in part) for part in parts]}
    for who in ("worker", "server"):
        for what in rounds[0][who]:
            found[f"{who} {what}"] = [median(r[who][what] for r in part) for part in parts]
    return {name: round(after - before, 2) for name, (before, after) in found.items()}


def grown(found: dict[str, float]) -> list[str]:
    """The names of what is not flat."""
    most = {name: MEGABYTES if "megabytes" in name else OTHERS for name in found}
    return [name for name, by in found.items() if by > most[name]]


def picture(rounds: list[dict[str, object]]) -> str:
    """Charts of all that is measured, one below the other."""

    def lines(what: str) -> list[Series]:
        return [
            Series(who, [(r["minutes"], r[who][what]) for r in rounds])
            for who in ("worker", "server")
        ]

    charts = [
        line_chart(what, lines(what), "minutes", what)
        for what in ("megabytes", "descriptors", "threads", "children")
    ]
    files = [Series("files", [(r["minutes"], r["files"]) for r in rounds])]
    charts.append(line_chart("files of the run and temporary ones", files, "minutes", "files"))
    height = 320
    placed = (
        chart.replace("<svg", f'<svg x="0" y="{number * height}" width="600" height="{height}"', 1)
        for number, chart in enumerate(charts)
    )
    size = f'width="600" height="{height * len(charts)}"'
    return standalone(f"<svg {size}>{''.join(placed)}</svg>")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tat-soak-") as folder:
        rounds = soaked(Path(folder), options.minutes)
    found = growths(rounds)
    if options.json:
        kept = {"rounds": len(rounds), "growth": found, "last": rounds[-1], "first": rounds[0]}
        options.json.write_text(json.dumps(kept, indent=1) + "\n")
    if options.svg:
        options.svg.write_text(picture(rounds))
    print(f"{len(rounds)} rounds, grown: {grown(found) or 'nothing'}; {found}")
    return bool(grown(found))


if __name__ == "__main__":
    sys.exit(main())
