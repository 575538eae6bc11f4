"""Commands about WGSL."""

import argparse
from pathlib import Path

from tat.arguments.common import (
    Commands,
    add_command,
    examples,
    positive,
)


def add_validate(commands: Commands) -> None:
    parser = add_command(
        commands, "validate", "check WGSL modules with naga, in a process of its own",
        examples(
            ("tat validate shaders/*.wgsl", "names what is wrong, as file:line:column"),
            ("tat validate modules.jsonl --json", "field wgsl of each line; one object a module"),
            ("tat validate - < mine.wgsl", "a module from standard input"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "files", metavar="FILE", nargs="+", type=Path,
        help=".wgsl, a folder of it, .jsonl with a module in the field wgsl of each line, or - for"
        " standard input",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON, valid modules included")


def add_grammar(commands: Commands) -> None:
    parser = add_command(
        commands, "grammar", "print the grammar that generation keeps to, or check modules with it",
        examples(
            ("tat grammar", "the grammar, in Lark's notation"),
            ("tat grammar --check modules.jsonl", "names the modules that it refuses, and where"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "--check", metavar="FILE", nargs="+", type=Path, default=[],
        help=".wgsl, a folder of it, .jsonl with a module in the field wgsl of each line, or - for"
        " standard input",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_cookbook(commands: Commands) -> None:
    parser = add_command(
        commands, "cookbook", "browse and test the bundled WGSL functions",
        examples(
            ("tat cookbook list --area noise", "what there is"),
            ("tat cookbook show gradient_noise >> mine.wgsl", "code to paste"),
            ("tat cookbook test", "run every function against its reference"),
            ("tat cookbook html -o cookbook.html", "one page with pictures"),
        ),
    )  # fmt: skip
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = _cookbook_action(actions, "list", "list the functions with what they do")
    listing.add_argument("--area", metavar="AREA", help="only those of one area, such as noise")
    listing.add_argument("--tag", metavar="TAG", help="only those with this tag")
    listing.add_argument("--json", action="store_true", help="print JSON, the code included")
    show = _cookbook_action(actions, "show", "print the code of a function")
    show.add_argument("name", metavar="NAME")
    test = _cookbook_action(actions, "test", "run functions and compare them with references")
    test.add_argument("names", metavar="NAME", nargs="*", help="which to test (all)")
    test.add_argument("--json", action="store_true", help="print JSON")
    html = _cookbook_action(actions, "html", "write one self-contained page of all functions")
    html.add_argument(
        "-o", "--output", metavar="FILE", type=Path, default=Path("cookbook.html"),
        help="file to write (cookbook.html)",
    )  # fmt: skip
    html.add_argument("--no-pictures", action="store_true", help="draw none: needs no adapter")


def _cookbook_action(actions: Commands, name: str, summary: str) -> argparse.ArgumentParser:
    parser = add_command(actions, name, summary)
    parser.set_defaults(module="cookbook", action=name)
    return parser


def add_index(commands: Commands) -> None:
    parser = add_command(commands, "index", "make or renew an index of WGSL files, to search in",
        examples(("tat index shaders/ -o shaders.index", "a folder; again to renew"),
                  ("tat index -o cookbook.index", "the bundled cookbook")),
    )  # fmt: skip
    parser.add_argument("paths", metavar="PATH", nargs="*", type=Path,
                        help=".wgsl and .jsonl files or folders; none: the cookbook")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="INDEX", type=Path, required=True,
                        help="index to write, of what is in PATH now")  # fmt: skip
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def add_search(commands: Commands) -> None:
    parser = add_command(commands, "search", "find functions, structs and modules by words",
        examples(('tat search shaders.index "rounded box"', "in an index of `tat index`"),
                  ('tat search cookbook "rounded box" --top 1', "in the bundled cookbook")),
    )  # fmt: skip
    parser.add_argument("index", metavar="INDEX",
                        help="index of `tat index`, or `cookbook`: the bundled one")  # fmt: skip
    parser.add_argument("query", metavar="QUERY", help="words or names, in any spelling")
    parser.add_argument("--top", metavar="N", type=positive, default=4, help="at most N hits (4)")
    parser.add_argument("--json", action="store_true", help="print JSON")
