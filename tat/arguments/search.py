"""The arguments of `tat search`."""

from tat.arguments.common import Commands, add_command, examples, positive


def add(commands: Commands) -> None:
    parser = add_command(commands, "search", "find functions, structs and modules by words",
        examples(('tat search shaders.index "rounded box"', "in an index of `tat index`"),
                  ('tat search cookbook "rounded box" --top 1', "in the bundled cookbook"),
                  ("tat search families smooth minimum", "in the functions of `tat synth`")),
    )  # fmt: skip
    parser.add_argument("index", metavar="INDEX",
                        help="index of `tat index`; or a bundled one: `cookbook`, or `families`:"
                             " what each family of `tat synth` computes")  # fmt: skip
    parser.add_argument("query", metavar="QUERY", nargs="+", help="words or names, in any spelling")
    parser.add_argument("--top", metavar="N", type=positive, default=4, help="at most N hits (4)")
    parser.add_argument("--json", action="store_true", help="print JSON")
