"""The arguments of `tat tune`."""

from pathlib import Path

from tat.arguments.common import (
    Commands,
    add_command,
    add_ranks,
    add_settings,
    count,
    examples,
    positive,
)


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "tune", "search for training settings by short trainings",
        examples(
            ("tat tune --preset tiny", "rate, warm-up, dropout and width, on the cookbook"),
            ("tat tune shaders/ --preset small --budget 60", "on your own files"),
            ("mpirun -n 4 tat tune --preset tiny", "four trials at once, with the same result"),
            ("tat train shaders/ --preset small --config tuned.toml", "with the best settings"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", type=Path,
        help="folder of .wgsl and .jsonl files, or such a file; none: the bundled cookbook",
    )  # fmt: skip
    parser.add_argument(
        "--budget", metavar="N", type=positive, help="settings to try (tune.trials)"
    )
    parser.add_argument(
        "--seed", metavar="N", type=count, help="seed of the search and the trainings"
    )
    parser.add_argument(
        "--search", metavar="NAME", choices=("annealing", "random"), default="annealing",
        help="annealing: simulated quantum annealing; or random (annealing)",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, default=Path("tuned.toml"),
        help="TOML file to write; trials are stored beside it, so that a killed search can go on"
        " (tuned.toml)",
    )  # fmt: skip
    add_settings(parser)
    add_ranks(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
