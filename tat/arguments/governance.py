"""Commands that measure, compare and report."""

import argparse
from pathlib import Path

from tat.arguments.common import (
    Commands,
    add_command,
    add_device,
    add_settings,
    count,
    examples,
    positive,
)


def add_bench(commands: Commands) -> None:
    parser = add_command(
        commands, "bench", "time what tat does, and find what got slower",
        examples(
            ("tat bench --quick", "everything, in less than two minutes"),
            ("tat bench forward decode", "a pass of the model, and a token of greedy decoding"),
            ("tat bench -o base.json", "keep the timings, as pyperf does"),
            ("tat bench --compare base.json", "exit with 7 if something got slower since"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help="benchmarks, such as step or kernel (all)"
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter timings")
    parser.add_argument("--list", action="store_true", help="list the benchmarks and run none")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="write pyperf's JSON")
    parser.add_argument(
        "--compare", metavar="BASE", type=Path,
        help="compare with this file of `tat bench -o`, by ratios to a reference workload",
    )  # fmt: skip
    parser.add_argument(
        "--threshold", metavar="SHARE", type=_share,
        help="share by which it must be slower to count (bench.threshold)",
    )  # fmt: skip
    parser.add_argument(
        "--no-history", action="store_true", help="add no line to this machine's history"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_device(parser, default="cpu")
    add_settings(parser)


def add_report(commands: Commands) -> None:
    parser = add_command(
        commands, "report", "sum up a run, or how fast tat is beside its targets and peers",
        examples(
            ("tat report runs/mine", "loss, speed and memory of a run"),
            ("tat report runs/mine --html run.html", "one page with its loss curve"),
            ("tat report --baseline FINAL_BASELINE.txt", "every target with a verdict"),
            ("tat report --bench base.json --html report.html", "the same as a page with plots"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "run_folder", metavar="RUN", nargs="?", type=Path,
        help="run folder; none: the figures of tat itself",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write one self-contained page")
    parser.add_argument(
        "--baseline", metavar="FILE", type=Path, help="write the table of targets as text"
    )
    parser.add_argument(
        "--bench", metavar="FILE", type=Path,
        help="timings of `tat bench -o`; none: what is quick is measured now",
    )  # fmt: skip
    parser.add_argument(
        "--results", metavar="DIR", type=Path,
        help="JSON files of peers, devices and growth (those that come with tat)",
    )  # fmt: skip


def add_phase(commands: Commands) -> None:
    parser = add_command(
        commands, "phase", "prove this build in four phases, each on what the one before proved",
        examples(
            ("tat phase all --preset tiny", "all four; again, to go on after a kill"),
            ("tat phase optimizer --standalone", "one by itself"),
            ("tat phase all --preset tiny --agent tune", "and an agent after them"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "name", metavar="PHASE", choices=("architect", "optimizer", "accelerator", "integrator",
                                          "all"),
        help="architect (model, training, checkpoints), optimizer (CPU), accelerator (GPU),"
        " integrator (generating, command line), or all",
    )  # fmt: skip
    parser.add_argument(
        "--standalone", action="store_true", help="without the manifest of the phase before"
    )
    parser.add_argument(
        "--agent", metavar="NAME", action="append", default=[],
        help="an agent to follow the phases, such as tune; repeatable",
    )  # fmt: skip
    parser.add_argument(
        "--target", metavar="DIR", type=Path, default=Path("target"),
        help="folder for manifests, models and the queue (target)",
    )  # fmt: skip
    add_device(parser)
    add_settings(parser)
    parser.add_argument("--json", action="store_true", help="print the manifests as JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def add_tune(commands: Commands) -> None:
    parser = add_command(
        commands, "tune", "search for training settings by short trainings",
        examples(
            ("tat tune --preset tiny", "rate, warm-up, dropout and width, on the cookbook"),
            ("tat tune shaders/ --preset small --budget 60", "on your own files"),
            ("tat train shaders/ --preset small --config tuned.toml", "with what was found"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", type=Path,
        help="folder of .wgsl and .jsonl files, or such a file; none: the bundled cookbook",
    )  # fmt: skip
    parser.add_argument(
        "--budget", metavar="N", type=positive, help="settings to try (tune.trials)"
    )
    parser.add_argument("--seed", metavar="N", type=count, help="of the search and the trainings")
    parser.add_argument(
        "--search", metavar="NAME", choices=("annealing", "random"), default="annealing",
        help="annealing: simulated quantum annealing; or random (annealing)",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, default=Path("tuned.toml"),
        help="TOML file to write; what was tried is kept beside it, so that a killed search goes"
        " on (tuned.toml)",
    )  # fmt: skip
    add_settings(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def _share(text: str) -> float:
    """The number from 0 up that an argument says."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 up")
    return value
