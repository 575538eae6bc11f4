"""The arguments of `tat eval`."""

import argparse
from pathlib import Path

from tat.arguments.common import (
    Commands,
    add_adapt,
    add_command,
    add_define,
    add_device,
    add_library,
    add_precision,
    add_ranks,
    add_run,
    count,
    examples,
    positive,
)


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "eval", "judge a model's functions, or predictions of them",
        examples(
            ("tat eval functions.jsonl --run runs/mine -o mine.json", "a model on functions"),
            ("tat eval functions.jsonl --predictions p.jsonl", "anyone's bodies (id, body a line)"),
            ("tat eval functions.jsonl --run runs/b --compare mine.json", "and the difference"),
            ("tat eval src/ lib/ --run runs/mine --validate 8", "the functions of your own files"),
            ("tat eval --cookbook --run runs/mine", "functions for the cookbook's requests"),
            ("tat eval functions.jsonl --infill line", "one line of each, written again"),
            ("tat eval functions.jsonl --without near.json", "figures without these ids, too"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "files", metavar="FILE", type=Path, nargs="*",
        help="JSON lines of id, signature, body, comment, context, calls, standalone, testable;"
        " or folders and files that hold WGSL",
    )  # fmt: skip
    add_define(parser)
    add_run(parser, default=None)
    parser.add_argument("--predictions", metavar="FILE", type=Path,
                        help="JSON lines of id and body, instead of a model")  # fmt: skip
    parser.add_argument("--cookbook", action="store_true",
                        help="judge by the tests of the cookbook's test split")  # fmt: skip
    parser.add_argument("--infill", choices=("line", "block", "within"),
                        help="leave a gap in each function (a line, some lines, a value within"
                             " one) and judge the text for it")  # fmt: skip
    parser.add_argument("--limit", metavar="N", type=positive,
                        help="judge only N, evenly spread over all")  # fmt: skip
    parser.add_argument("--without", metavar="FILE", type=Path,
                        help="show the figures without these ids, too, and of them alone: one a"
                             " line, or a file of `tat synth --near`")  # fmt: skip
    parser.add_argument("--modules", metavar="FILE", type=Path,
                        help="JSON lines of id and wgsl (NAME beside functions_NAME)")  # fmt: skip
    parser.add_argument("--samples", metavar="N", type=positive,
                        help="texts drawn for each request of the cookbook (10)")  # fmt: skip
    parser.add_argument("--with-signature", action="store_true",
                        help="give the cookbook's signatures, not only its requests")  # fmt: skip
    _add_answering(parser)
    parser.add_argument("--compare", metavar="RESULT", type=Path,
                        help="show paired differences to a result of -o")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="RESULT", type=Path,
                        help="write figures and all outcomes as JSON")  # fmt: skip
    parser.add_argument("--answers", metavar="FILE", type=Path,
                        help="write the bodies, as --predictions reads them")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def _add_answering(parser: argparse.ArgumentParser) -> None:
    """Settings of the judged model, under the names of `tat generate`."""
    group = parser.add_argument_group("of the model")
    group.add_argument("--index", metavar="INDEX",
                       help="read functions of it (`families`; `cookbook`: its train split)",
                       )  # fmt: skip
    group.add_argument("--top", metavar="N", type=count, help="at most N of them (as trained)")
    add_adapt(group)
    add_library(group, "no: the model alone is judged")
    group.add_argument(
        "--grammar", action=argparse.BooleanOptionalAction, default=True,
        help="write only what WGSL's grammar and the names in scope allow (on)",
    )  # fmt: skip
    group.add_argument("--validate", metavar="N", type=count,
                       help="try up to N candidates until one validates, or abstain")  # fmt: skip
    group.add_argument("--temperature", metavar="T", type=float, help="draw the first text, too")
    group.add_argument("--seed", metavar="N", type=count, help="seed of draws (0)")
    group.add_argument(
        "--batch", metavar="N", type=positive, help="decode N texts together (4; on a GPU 64)"
    )
    group.add_argument("--processes", metavar="N", type=positive,
                       help="share out the work to N processes of this machine and one GPU (1);"
                            " pays where the GPU waits for the host")  # fmt: skip
    group.add_argument("--int8", action="store_true", help="round matrices to 8 bits")
    add_ranks(parser)
    add_device(parser)
    add_precision(parser)
