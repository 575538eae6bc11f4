"""The arguments of `tat bench`."""

import argparse
from pathlib import Path

from tat.arguments.common import Commands, add_command, add_device, add_settings, examples


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "bench", "time tat, and find what got slower",
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
        help="count a benchmark as slower from this share on (bench.threshold)",
    )  # fmt: skip
    parser.add_argument(
        "--no-history", action="store_true", help="add no line to this machine's history"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_device(parser, default="cpu")
    add_settings(parser)


def _share(text: str) -> float:
    """The value of an argument as a number from 0 up."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 up")
    return value
