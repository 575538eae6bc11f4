"""The arguments of `tat synth`."""

import argparse
from pathlib import Path

from tat.arguments.common import Commands, add_command, count, examples, positive


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "synth", "write WGSL functions by rules, to train on: as many as you like",
        examples(
            ("tat synth --count 300000 --seed 1 -o synth.jsonl", "JSON Lines for `tat train`"),
            ("tat synth --only sdf --count 5", "of one area, on standard output"),
            ("tat synth --families", "the families to draw from"),
            ("tat synth --check noise", "run the bodies of an area against each other"),
            ("tat synth --near valid.jsonl -o near.json", "ids that the generator nearly has"),
            ("tat synth --stats --against mine.jsonl", "distributions side by side"),
        ),
    )  # fmt: skip
    parser.add_argument("--count", metavar="N", type=positive, help="functions to write or count")
    parser.add_argument("--seed", metavar="N", type=count, default=0, help="seed of all draws (0)")
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, default=Path("-"),
        help="JSON Lines file to write, whole or not at all (-: standard output)",
    )  # fmt: skip
    parser.add_argument(
        "--only", metavar="NAME", default="", help="an area, a family, or a kind of composed ones"
    )
    modes = parser.add_argument_group("instead of writing functions").add_mutually_exclusive_group()
    modes.add_argument(
        "--families", action="store_true",
        help="count the families and what proves them; with --only, list them",
    )  # fmt: skip
    modes.add_argument(
        "--check", metavar="NAME", nargs="?", const="",
        help="run alternatives against each other and references, of an area or family (all)",
    )  # fmt: skip
    modes.add_argument(
        "--stats", action="store_true", help="show how N functions are distributed (10000)"
    )
    modes.add_argument(
        "--near", metavar="FILE", type=Path,
        help="name the functions of JSON Lines that are near a drawn one, or `cookbook`: those of"
        " its test split; -o writes them as JSON",
    )  # fmt: skip
    parser.add_argument(
        "--threshold", metavar="T", type=_similarity,
        help="with --near: Jaccard index of runs of five tokens, names abstracted (0.7)",
    )  # fmt: skip
    parser.add_argument(
        "--without", metavar="IDS", default="",
        help="leave these families out: ids with commas, or a file of --near",
    )  # fmt: skip
    parser.add_argument(
        "--against", metavar="FILE", type=Path, help="with --stats: functions in JSON Lines"
    )
    parser.add_argument("--json", action="store_true", help="print lists and tables as JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def _similarity(text: str) -> float:
    """The value of an argument as a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return value
