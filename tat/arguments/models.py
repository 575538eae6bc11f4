"""Commands that make and use models."""

import argparse
from pathlib import Path

from tat.arguments.common import (
    Commands,
    add_command,
    add_device,
    add_precision,
    add_settings,
    add_talk,
    count,
    examples,
    positive,
)
from tat.resources import BUNDLED


def add_train(commands: Commands) -> None:
    parser = add_command(
        commands, "train", "train a model on a folder of WGSL, or go on with a run",
        examples(
            ("tat train", "on the bundled cookbook"),
            ("tat train shaders/ --preset small --steps 5000", "on your own files"),
            ("tat train shaders/ --from bundled", "tune tat's own model to them"),
            ("tat train --run runs/mine --resume --steps 9000", "go on, up to step 9000"),
            ("tat train shaders/ --set train.lr=3e-4 --set model.layers=4", "with other settings"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", type=Path,
        help="folder of .wgsl and .jsonl files, or such a file; none: the bundled cookbook",
    )  # fmt: skip
    parser.add_argument("--run", metavar="DIR", type=Path, help="run folder (runs/DATE-TIME)")
    parser.add_argument(
        "--from", metavar="RUN", dest="pretrained", type=Path,
        help="start from the weights of a run, a checkpoint file, or `bundled`, tat's own model",
    )  # fmt: skip
    parser.add_argument("--resume", action="store_true", help="go on with the run in --run")
    parser.add_argument(
        "--allow-change", metavar="KEY", action="append", default=[],
        help="resume although this key (or `corpus`) changed; repeatable",
    )  # fmt: skip
    parser.add_argument("--steps", metavar="N", type=positive, help="step at which this call stops")
    parser.add_argument(
        "--seed", metavar="N", type=count, help="of weights, data order and dropout"
    )
    add_device(parser)
    add_precision(parser)
    add_settings(parser)
    add_talk(parser)


def add_generate(commands: Commands) -> None:
    parser = add_command(
        commands, "generate", "write a WGSL function from a description, or fill a gap",
        examples(
            ('tat generate "signed distance to a box" --run runs/mine', "from a description"),
            ('tat generate "its area" --signature "fn area(r: f32) -> f32" --run runs/mine',
             "with a given signature"),
            ("tat generate --prefix head.txt --suffix tail.txt --run runs/mine", "fill a gap"),
            ("tat generate --input prompts.jsonl --run runs/mine", "many, one JSON object a line"),
            ('tat generate "luminance" --run runs/mine --beam 4 --n-best 2', "the likeliest two"),
            ('tat generate "luminance" --run runs/mine --index cookbook', "with what an index has"),
        ),
    )  # fmt: skip
    parser.add_argument("description", metavar="DESCRIPTION", nargs="?", default="",
                        help="what the function is to do")  # fmt: skip
    add_run(parser)
    parser.add_argument("--signature", metavar="TEXT", default="", help="fn name(…) -> type")
    parser.add_argument("--context", metavar="FILE", type=Path, help="declarations it may use")
    parser.add_argument("--prefix", metavar="FILE", type=Path, help="text before a gap")
    parser.add_argument("--suffix", metavar="FILE", type=Path, help="text after a gap")
    parser.add_argument(
        "--input", metavar="FILE", type=Path,
        help="JSON lines of description, signature, context, prefix, suffix (- is standard input);"
        " answers likewise",
    )  # fmt: skip
    parser.add_argument(
        "--grammar", action=argparse.BooleanOptionalAction, default=True,
        help="write only what WGSL's grammar and the names in scope allow (on)",
    )  # fmt: skip
    parser.add_argument(
        "--validate", metavar="N", type=count,
        help="try up to N candidates until one validates (4, gaps 0: validate nothing)",
    )  # fmt: skip
    parser.add_argument("--stream", dest="validate", action="store_const", const=0,
                        help="print text as it comes, unchecked: --validate 0")  # fmt: skip
    _add_choice(parser)
    parser.add_argument(
        "--index", metavar="INDEX",
        help="use similar functions of this index (`cookbook`: the bundled)",
    )  # fmt: skip
    parser.add_argument("--top", metavar="N", type=count,
                        help="N of them at most (as many as in training)")  # fmt: skip
    add_adapt(parser)
    parser.add_argument("--explain", action="store_true",
                        help="say where they are from, and their licence")  # fmt: skip
    parser.add_argument(
        "--int8", action="store_true", help="round matrices to 8 bits: faster on the CPU"
    )
    add_device(parser)
    add_precision(parser)
    add_talk(parser)


def add_run(parser: argparse.ArgumentParser, default: Path | None = BUNDLED) -> None:
    """--run, the model to use."""
    parser.add_argument(
        "--run", metavar="RUN", type=Path, default=default,
        help="run folder or checkpoint file (bundled: the model that ships with tat)",
    )  # fmt: skip


def add_adapt(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--adapt", metavar="N", type=count,
        help="answer with a function of the index if one of N validates with the names of the"
        " signature (32; 0 leaves it to the model)",
    )  # fmt: skip


def _add_choice(parser: argparse.ArgumentParser) -> None:
    """How tokens and texts are chosen; defaults are those of [generate] in the configuration."""
    group = parser.add_argument_group("choice of tokens and texts")
    group.add_argument("--max-tokens", metavar="N", type=count, help="generate at most N tokens")
    group.add_argument("--temperature", metavar="T", type=float,
                       help="draw tokens, likely ones if low (0: the likeliest)")  # fmt: skip
    group.add_argument("--top-k", metavar="K", type=count, help="draw from the K likeliest tokens")
    group.add_argument("--top-p", metavar="P", type=float,
                       help="draw from the fewest tokens of probability P together")  # fmt: skip
    group.add_argument("--min-p", metavar="P", type=float,
                       help="draw from tokens with P times the best one's probability")  # fmt: skip
    group.add_argument("--repetition-penalty", metavar="X", type=float,
                       help="above 1: avoid tokens that were written already")  # fmt: skip
    group.add_argument("--seed", metavar="N", type=count, help="of draws; the same gives the same")
    group.add_argument("--beam", metavar="N", type=positive, default=1,
                       help="beam search: go on with the N likeliest texts (1)")  # fmt: skip
    group.add_argument("--length-penalty", metavar="X", type=float,
                       help="rank by log-probability / length^X (1)")  # fmt: skip
    group.add_argument("--n-best", metavar="N", type=positive, default=1,
                       help="print N texts, of the beams or drawn (1)")  # fmt: skip
    group.add_argument("--batch", metavar="N", type=positive, help="decode N texts together (4)")


def add_export(commands: Commands) -> None:
    parser = add_command(
        commands, "export", "write a checkpoint to generate from, without what only training needs",
        examples(
            ("tat export runs/mine -o mine.safetensors", "a third of the size, or less"),
            ("tat export runs/mine --int8 -o mine.safetensors", "a tenth, and faster on the CPU"),
            ('tat generate "distance to a box" --run mine.safetensors', "what it is for"),
        ),
    )  # fmt: skip
    parser.add_argument("run", metavar="RUN|FILE", type=Path, nargs="?", default=BUNDLED,
                        help="run folder or checkpoint file (bundled)")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True,
                        help="file to write; one that is there is replaced")  # fmt: skip
    parser.add_argument(
        "--int8", action="store_true",
        help="round matrices to 8 bits, with a scale for each output channel",
    )  # fmt: skip
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def add_eval(commands: Commands) -> None:
    parser = add_command(
        commands, "eval", "measure what a model's functions, or predictions of them, are worth",
        examples(
            ("tat eval functions.jsonl --run runs/mine -o mine.json", "a model on functions"),
            ("tat eval functions.jsonl --predictions p.jsonl", "anyone's bodies (id, body a line)"),
            ("tat eval functions.jsonl --run runs/b --compare mine.json", "and the difference"),
            ("tat eval --cookbook --run runs/mine", "functions for the cookbook's requests"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "file", metavar="FILE", type=Path, nargs="?",
        help="JSON lines of id, signature, body, comment, context, calls, standalone, testable",
    )  # fmt: skip
    add_run(parser, default=None)
    parser.add_argument("--predictions", metavar="FILE", type=Path,
                        help="JSON lines of id and body, instead of a model")  # fmt: skip
    parser.add_argument("--cookbook", action="store_true",
                        help="judge by the tests of the cookbook's test split")  # fmt: skip
    parser.add_argument("--limit", metavar="N", type=positive,
                        help="judge only N, evenly spread over all")  # fmt: skip
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
    """How the model that is judged answers; the names are those of `tat generate`."""
    group = parser.add_argument_group("of the model")
    group.add_argument("--index", metavar="INDEX",
                       help="read what it finds; `cookbook` is its train split")  # fmt: skip
    group.add_argument("--top", metavar="N", type=count, help="so many of the index (as trained)")
    add_adapt(group)
    group.add_argument(
        "--grammar", action=argparse.BooleanOptionalAction, default=True,
        help="write only what WGSL's grammar and the names in scope allow (on)",
    )  # fmt: skip
    group.add_argument("--validate", metavar="N", type=count,
                       help="try up to N candidates until one validates, or abstain")  # fmt: skip
    group.add_argument("--temperature", metavar="T", type=float, help="draw the first text, too")
    group.add_argument("--seed", metavar="N", type=count, help="of draws")
    group.add_argument("--batch", metavar="N", type=positive, help="decode N texts together")
    group.add_argument("--int8", action="store_true", help="round matrices to 8 bits")
    add_device(parser)
    add_precision(parser)


def add_inspect(commands: Commands) -> None:
    parser = add_command(
        commands, "inspect", "show what a run or a checkpoint holds",
        examples(
            ("tat inspect runs/mine", "its newest checkpoint"),
            ("tat inspect runs/mine --plan", "memory of a training step and what lives in it"),
            ("tat inspect model.safetensors --json", "for a program"),
        ),
    )  # fmt: skip
    parser.add_argument("path", metavar="RUN|FILE", type=Path,
                        help="run folder, checkpoint file, or `bundled`, tat's own")  # fmt: skip
    parser.add_argument("--plan", action="store_true", help="the memory plan of a training step")
    parser.add_argument("--json", action="store_true", help="print JSON")
