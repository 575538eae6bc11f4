"""What tuning the bundled model to a project is worth, on held-out files of the same project.

    python bench/tune_projects.py CORPUS [--project SOURCE]... [--minutes 6] [--limit 40]
                                  [--work FOLDER] [--device cpu] [--results FOLDER]

CORPUS has train.jsonl (modules with `source`) and functions_train.jsonl. A fifth of a project's
modules is held out, by hash. Three models are judged on the functions of these: the bundled one as
it is, tuned to the other modules (`tat train --from bundled`), and one of the same shape trained on
them from scratch. Both trainings get --minutes, and their best checkpoint counts. Behaviour is of
the functions of plain values; bits a byte of bodies, given signature and context.
All parts of the work are kept in --work: killed at any point, the same call goes on; a training
that was killed goes on from its last checkpoint and gets its time again. Results go to
bench/results/tune_projects.md.
"""

import argparse
import json
import math
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from result_file import write

from tat.data.tokenizer import Special
from tat.decode.choice import exactly
from tat.decode.generator import Generator
from tat.decode.loading import load_model
from tat.decode.stream import Stream
from tat.errors import FileError, TatError
from tat.evaluation.functions import ReferenceFunction, read_functions
from tat.evaluation.result_file import read_report
from tat.train.named_checkpoint import load_checkpoint

RESULTS = Path(__file__).with_name("results")
PROJECTS = ("BabylonJS/Babylon.js", "playcanvas/engine", "visgl/luma.gl")
_KINDS = {
    "bodies": ("--validate", "4"),
    "lines": ("--infill", "line", "--validate", "8", "--no-grammar"),
}
_HELD_OUT = 5  # one module of so many


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--project", action="append", default=[], metavar="SOURCE")
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--limit", type=int, default=40)
    parser.add_argument("--work", type=Path, default=Path("build/tune_projects"))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    rows = []
    try:
        for project in options.project or PROJECTS:
            folder = options.work / re.sub(r"\W+", "-", project)
            cut = split(options.corpus, project, folder)
            rows += [(project, cut, *row) for row in judged(folder, options)]
            options.results.mkdir(parents=True, exist_ok=True)
            write(options.results / "tune_projects.md", "\n".join(table(rows, options)) + "\n")
    except (TatError, subprocess.CalledProcessError) as error:
        print(f"tune_projects: {error}", file=sys.stderr)
        return 1
    return 0


def split(corpus: Path, project: str, folder: Path) -> tuple[int, int]:
    """Write the project's functions, and those of held-out modules with these; their numbers."""
    lines = map(json.loads, (corpus / "functions_train.jsonl").read_text().splitlines())
    functions = [line for line in lines if line["source"] == project]
    if not functions:
        raise FileError(f"{corpus}: has no function of {project}")
    held = [f | {"testable": f["pure"]} for f in functions if _is_held_out(f["module_id"])]
    own = [f for f in functions if not _is_held_out(f["module_id"])]
    modules = map(json.loads, (corpus / "train.jsonl").read_text().splitlines())
    needed = [m for m in modules if m["source"] == project and _is_held_out(m["id"])]
    folder.mkdir(parents=True, exist_ok=True)
    for name, records in (("own", own), ("functions_held", held), ("held", needed)):
        write(folder / f"{name}.jsonl", "".join(f"{json.dumps(r)}\n" for r in records))
    return len(own), len(held)


def _is_held_out(module: str) -> bool:
    return sha256(module.encode()).digest()[0] % _HELD_OUT == 0


def judged(folder: Path, options: argparse.Namespace) -> list[tuple[str, dict]]:
    """The figures of each model on the held-out functions."""
    shape = "--preset", "small", "--set", "data.validation_share=0.1"
    scratch = *shape, "--set", "train.validate_every=50", "--set", "train.save_every=100"
    runs = {
        "bundled": lambda: Path("bundled"),
        "tuned": lambda: trained(folder, "tuned", ("--from", "bundled"), options),
        "from scratch": lambda: trained(folder, "scratch", scratch, options),
    }
    return [(name, figures(folder, name, run, options)) for name, run in runs.items()]


def trained(
    folder: Path, name: str, how: Sequence[str], options: argparse.Namespace
) -> Path:  # fmt: skip
    """The best checkpoint of a training that lasts --minutes."""
    run, done = folder / name, folder / f"{name}.done"
    if not done.exists():
        if (run / "latest").exists():
            words = ["--run", run, "--resume"]
        else:
            words = [folder / "own.jsonl", *how, "--run", run]
        command = _command("train", *words, "--device", options.device)
        child = subprocess.Popen(command, stdout=sys.stderr)
        try:
            code = child.wait(60 * options.minutes)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGTERM)  # it finishes its step and saves
            code = child.wait(300)
        except BaseException:
            child.send_signal(signal.SIGTERM)
            raise
        if code not in (0, 128 + signal.SIGTERM):
            raise subprocess.CalledProcessError(code, command)
        write(done, "")
    return run / "best" if (run / "best").exists() else run / "latest"


def figures(
    folder: Path, name: str, run: Callable[[], Path], options: argparse.Namespace
) -> dict:  # fmt: skip
    """Behaviour, lines and bits of a model; each is kept once it is known."""
    kept = folder / f"{name.replace(' ', '_')}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    model, file, found = run(), folder / "functions_held.jsonl", {}
    for kind, how in _KINDS.items():
        result = folder / f"{name.replace(' ', '_')}_{kind}.json"
        if not result.exists():
            command = _command("eval", file, "--run", model, *how, "--limit", options.limit,
                               "--device", options.device, "-o", result)  # fmt: skip
            subprocess.run(command, check=True, stdout=sys.stderr)
        every = read_report(result).figures["all"]
        found[kind] = {m: [e.value, e.low, e.high, e.count] for m, e in every.items()}
    found["bits"] = bits_a_byte(model, read_functions(file)[: options.limit], options.device)
    write(kept, json.dumps(found))
    return found


def bits_a_byte(run: Path, functions: Sequence[ReferenceFunction], device: str) -> float:
    """The model's bits for the bodies, given signature and context, over their bytes."""
    loaded = load_model(*load_checkpoint(run), device)
    longest = loaded.config.model.max_length
    generator = Generator(loaded, longest)
    streams, size = [], 0
    for function in functions:
        tokens = [*loaded.tokenizer.encode(function.body), int(Special.EOS)]
        if len(tokens) <= min(longest, 512) and not generator.refusal(function.prompt):
            source = [generator.source(function.prompt)]
            streams.append(Stream(source, len(tokens), 1, None, exactly(tokens)))
            size += len(function.body.encode())
    for _ in generator.run(deque(streams), 1):
        pass
    return -sum(stream.score for stream in streams) / math.log(2) / max(1, size)


def table(rows: Sequence[tuple], options: argparse.Namespace) -> list[str]:
    """The results so far, as Markdown."""
    lines = [
        "# Tuning to a project", "",
        f"Written by bench/tune_projects.py: {options.minutes:g} minutes of training each, on"
        f" {options.device}, at most {options.limit} functions of held-out files; 95 % confidence"
        " intervals. Behaviour: up to 4 candidates. Lines: up to 8 candidates, no grammar.", "",
        "| project (functions, held out) | model | behaviour | valid | bits a byte | line exact |",
        "|---|---|--:|--:|--:|--:|",
    ]  # fmt: skip
    for project, (own, held), name, found in rows:
        bodies, gaps = found["bodies"], found["lines"]
        lines.append(
            f"| {project} ({own}, {held}) | {name} | {_share(bodies.get('behaviour'))}"
            f" | {_share(bodies.get('valid'))} | {found['bits']:.2f} | {_share(gaps['exact'])} |"
        )
    return lines


def _share(numbers: list[float] | None) -> str:
    if numbers is None:
        return "not measured"
    value, low, high = (100 * number for number in numbers[:3])
    return f"{value:.1f} % [{low:.1f}, {high:.1f}] of {numbers[3]}"


def _command(*words: object) -> list[str]:
    return [sys.executable, "-m", "tat", *map(str, words)]


if __name__ == "__main__":
    sys.exit(main())
