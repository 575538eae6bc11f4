"""The arguments of `tat report`."""

from pathlib import Path

from tat.arguments.common import Commands, add_command, examples


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "report", "sum up a run, or compare tat's speed with targets and peers",
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
        help="timings of `tat bench -o`; none: quick benchmarks are timed now",
    )  # fmt: skip
    parser.add_argument(
        "--results", metavar="DIR", type=Path,
        help="JSON files of peers, devices and growth (those that come with tat)",
    )  # fmt: skip
