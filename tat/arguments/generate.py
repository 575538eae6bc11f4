"""The arguments of `tat generate`."""

import argparse
from pathlib import Path

from tat.arguments.common import (
    Commands,
    add_adapt,
    add_command,
    add_device,
    add_library,
    add_precision,
    add_run,
    add_talk,
    count,
    examples,
    positive,
)


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "generate", "write a WGSL function from a description, or fill a gap",
        examples(
            ('tat generate "signed distance to a box" --run runs/mine', "from a description"),
            ('tat generate "its area" --signature "fn area(r: f32) -> f32" --run runs/mine',
             "with a given signature"),
            ("tat generate --prefix head.txt --suffix tail.txt --run runs/mine", "fill a gap"),
            ("tat generate --input prompts.jsonl --run runs/mine", "many, one JSON object a line"),
            ('tat generate "luminance" --run runs/mine --beam 4 --n-best 2', "the likeliest two"),
            ('tat generate "luminance" --run runs/mine --index cookbook', "with an index"),
            ('tat generate "smooth minimum" --json', "for programs: text, source, licence"),
        ),
    )  # fmt: skip
    parser.add_argument("description", metavar="DESCRIPTION", nargs="?", default="",
                        help="description of the function, or its head")  # fmt: skip
    add_run(parser)
    parser.add_argument(
        "--signature", metavar="TEXT", default="", help="its head: fn name(…) -> type"
    )
    parser.add_argument("--context", metavar="FILE", type=Path, help="WGSL declarations it may use")
    _add_gap(parser)
    parser.add_argument(
        "--input", metavar="FILE", type=Path,
        help="JSON lines of description, signature, context, prefix, suffix, line (- is standard"
        " input); answers come likewise, a bad line alone is refused",
    )  # fmt: skip
    parser.add_argument(
        "--grammar", action=argparse.BooleanOptionalAction, default=True,
        help="write only what WGSL's grammar and the names in scope allow (on)",
    )  # fmt: skip
    parser.add_argument(
        "--validate", metavar="N", type=count,
        help="try up to N candidates until one validates, a gap's in its place (4)",
    )  # fmt: skip
    parser.add_argument("--stream", dest="validate", action="store_const", const=0,
                        help="print text as it comes, unchecked: --validate 0")  # fmt: skip
    parser.add_argument("--json", action="store_true",
                        help="print an object as --input does: text, source, valid …")  # fmt: skip
    _add_choice(parser)
    parser.add_argument(
        "--index", metavar="INDEX",
        help="use similar functions of this index (`cookbook`, `families`: bundled ones)",
    )  # fmt: skip
    parser.add_argument("--top", metavar="N", type=count,
                        help="use at most N of its functions (as many as in training)")  # fmt: skip
    add_adapt(parser)
    add_library(parser, "with the bundled model and those tuned from it")
    parser.add_argument("--explain", action="store_true",
                        help="name files and licences of what was found")  # fmt: skip
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[],
        help="set one value, as in generate.redraws=0; repeatable (`tat config` lists the keys)",
    )  # fmt: skip
    parser.add_argument(
        "--int8", action="store_true", help="round matrices to 8 bits: faster on the CPU"
    )
    add_device(parser)
    add_precision(parser)
    add_talk(parser)


def _add_gap(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prefix", metavar="FILE", type=Path, help="text before a gap; within a"
                        " line the text ends where the suffix goes on")  # fmt: skip
    parser.add_argument(
        "--suffix", metavar="FILE", type=Path, help="text after a gap; needs --prefix"
    )
    parser.add_argument(
        "--line", action="store_true",
        help="the gap is one line, or within one: the best that validates of the model's and of"
        " common ones",
    )  # fmt: skip


def _add_choice(parser: argparse.ArgumentParser) -> None:
    """The choice of tokens and texts; defaults are in [generate] of the configuration."""
    group = parser.add_argument_group("choice of tokens and texts")
    group.add_argument("--max-tokens", metavar="N", type=count, help="write at most N tokens (512)")
    group.add_argument("--temperature", metavar="T", type=float,
                       help="draw tokens, likely ones if low (0, or without it: the"
                       " likeliest; further candidates: 0.7)")  # fmt: skip
    group.add_argument("--top-k", metavar="K", type=count, help="draw from the K likeliest (all)")
    group.add_argument("--top-p", metavar="P", type=float,
                       help="draw from the fewest tokens of probability P together (1)",
                       )  # fmt: skip
    group.add_argument("--min-p", metavar="P", type=float,
                       help="draw from tokens with P times the best one's probability (0)",
                       )  # fmt: skip
    group.add_argument("--repetition-penalty", metavar="X", type=float,
                       help="above 1: avoid tokens that were written already (1)")  # fmt: skip
    group.add_argument(
        "--seed", metavar="N", type=count, help="seed of draws; the same one repeats them (0)"
    )
    group.add_argument("--beam", metavar="N", type=positive, default=1,
                       help="beam search with the N likeliest texts (1)")  # fmt: skip
    group.add_argument("--length-penalty", metavar="X", type=float,
                       help="rank by log-probability / length^X (1)")  # fmt: skip
    group.add_argument("--n-best", metavar="N", type=positive, default=1,
                       help="print N texts, from beams or draws (1)")  # fmt: skip
    group.add_argument(
        "--batch", metavar="N", type=positive, help="decode N texts together (4; on a GPU 64)"
    )
