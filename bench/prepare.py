"""Preparing a corpus and beginning to train on it, over sizes: python bench/prepare.py 10 100 1000

Functions of `tat synth`, of which larger corpora have copies under other names. Of each size in MB:
wall and processor time of `tat prepare`, then the time to the first step of `tat train` and its
memory beside that of the smallest corpus. Writes bench/results/prepare.json.
"""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RESULT = Path(__file__).parent / "results" / "prepare.json"
BASE = 40_000  # functions of which larger corpora are copies
TAT = (sys.executable, "-m", "tat")
SETTINGS = ("--preset", "tiny", "--set", "data.vocabulary=4096", "--set", "threads=0")


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or [10, 100]
    results = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as name:
        folder = Path(name)
        base = folder / "base.jsonl"
        run("synth", "--count", BASE, "-o", base, "-q")
        for size in sizes:
            results.append(measure(write(base, folder / f"{size}.jsonl", size), folder, size))
            print(json.dumps(results[-1]), flush=True)
    RESULT.write_text(json.dumps({"cores": os.cpu_count(), "sizes": results}, indent=1) + "\n")


def write(base: Path, out: Path, megabytes: int) -> Path:
    """Writes so many MB of functions, each copy of the base under names of its own."""
    lines, copy = base.read_text().splitlines(), 0
    with open(out, "w") as file:
        while file.tell() < megabytes * 1e6:
            for line in lines:
                name = json.loads(line)["name"]
                new = re.sub(rf"\b{re.escape(name)}\b", f"{name}{copy or ''}", line)
                file.write(new.replace('"synth-', f'"c{copy}-') + "\n")
                if file.tell() >= megabytes * 1e6:
                    break
            copy += 1
    return out


def measure(corpus: Path, folder: Path, size: int) -> dict:
    out, began, before = folder / f"{size}.tat", time.perf_counter(), processor_s()
    run("prepare", corpus, "-o", out, "-q", *SETTINGS)
    wall, spent = time.perf_counter() - began, processor_s() - before
    megabytes = corpus.stat().st_size / 1e6
    corpus.unlink()
    first_s, rss = first_step(out, folder / f"run-{size}")
    return {
        "megabytes": round(megabytes, 1), "prepared_megabytes": round(out.stat().st_size / 1e6, 1),
        "wall_s": round(wall, 1), "processor_s": round(spent, 1),
        "mb_s_a_core": round(megabytes / spent, 2), "first_step_s": round(first_s, 2),
        "rss_megabytes": round(rss / 1e6),
    }  # fmt: skip


def first_step(prepared: Path, folder: Path) -> tuple[float, int]:
    """Seconds from the start of the program to the end of its first step; bytes after the 300th."""
    began = time.perf_counter()
    words = ["train", prepared, *SETTINGS, "--steps", 300, "--run", folder, "-q"]
    child = subprocess.Popen([*TAT, *map(str, words)])
    metrics = folder / "metrics.jsonl"
    while not metrics.exists():
        time.sleep(0.02)
    first = time.perf_counter() - began
    child.wait()
    return first, json.loads(metrics.read_text().splitlines()[-1])["rss_bytes"]


def run(*words: object) -> None:
    subprocess.run([*TAT, *map(str, words)], check=True)


def processor_s() -> float:
    """Processor seconds of all children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
