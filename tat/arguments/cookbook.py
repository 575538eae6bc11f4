"""The arguments of `tat cookbook`."""

import argparse
from pathlib import Path

from tat.arguments.common import Commands, add_command, examples


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "cookbook", "browse and test the bundled WGSL functions",
        examples(
            ("tat cookbook list --area noise", "the functions of one area"),
            ("tat cookbook show gradient_noise >> mine.wgsl", "code to paste"),
            ("tat cookbook test", "run every function against its reference"),
            ("tat cookbook html -o cookbook.html", "one page with pictures"),
        ),
    )  # fmt: skip
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = _cookbook_action(actions, "list", "list the functions with their requests")
    listing.add_argument("--area", metavar="AREA", help="only those of one area, such as noise")
    listing.add_argument("--tag", metavar="TAG", help="only those with this tag")
    listing.add_argument("--json", action="store_true", help="print JSON, the code included")
    show = _cookbook_action(actions, "show", "print the code of a function")
    show.add_argument("name", metavar="NAME")
    test = _cookbook_action(actions, "test", "run functions and compare them with references")
    test.add_argument("names", metavar="NAME", nargs="*", help="functions to test (all)")
    test.add_argument("--json", action="store_true", help="print JSON")
    html = _cookbook_action(actions, "html", "write one self-contained page of all functions")
    html.add_argument(
        "-o", "--output", metavar="FILE", type=Path, default=Path("cookbook.html"),
        help="file to write (cookbook.html)",
    )  # fmt: skip
    html.add_argument(
        "--no-pictures", action="store_true", help="draw no pictures, which need an adapter"
    )


def _cookbook_action(actions: Commands, name: str, summary: str) -> argparse.ArgumentParser:
    parser = add_command(actions, name, summary)
    parser.set_defaults(module="cookbook", action=name)
    return parser
