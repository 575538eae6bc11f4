"""The arguments of `tat wgsl`."""

from pathlib import Path

from tat.arguments.common import Commands, add_command, add_define, examples


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "wgsl", "find the WGSL of a project, in whatever files it lives",
        examples(
            ("tat wgsl extract src/", "a table of all shaders in it, with their places"),
            ("tat wgsl extract src/ -o shaders/", "each as a .wgsl file, resolved and linked"),
        ),
    )  # fmt: skip
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    extract = add_command(
        actions, "extract", "print what WGSL is in files and folders, and whether it is valid",
        examples(
            ("tat wgsl extract src/ --define SHADOWS --define LIGHTS=4", "with definitions"),
            ("tat wgsl extract shader.ts --json", "one object a region, the text included"),
        ),
    )  # fmt: skip
    extract.set_defaults(module="wgsl", action="extract")
    extract.add_argument(
        "paths", metavar="PATH", nargs="+", type=Path,
        help="folders, or files: .wgsl, .wesl, .ts, .js, .rs, .py, .html, .md and their like",
    )  # fmt: skip
    extract.add_argument(
        "-o", "--output", metavar="DIR", type=Path,
        help="write each valid module (and each kept region) into this folder, as a .wgsl file",
    )  # fmt: skip
    extract.add_argument("--json", action="store_true", help="print JSON, one object a region")
    extract.add_argument(
        "--no-validate", action="store_true", help="do not ask naga, only the grammar"
    )
    add_define(extract)
    extract.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
