"""The arguments of `tat phase`."""

from pathlib import Path

from tat.arguments.common import Commands, add_command, add_device, add_settings, examples


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "phase", "prove this build in four phases, each on the manifest before it",
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
