"""Commands that make and use models."""

import argparse
from pathlib import Path

from tat.arguments.common import (
    Commands,
    add_command,
    add_device,
    add_settings,
    add_talk,
    count,
    examples,
)


def add_train(commands: Commands) -> None:
    parser = add_command(
        commands, "train", "train a model on a folder of WGSL, or go on with a run",
        examples(
            ("tat train", "on the bundled cookbook"),
            ("tat train shaders/ --preset small --steps 5000", "on your own files"),
            ("tat train --run runs/mine --resume --steps 9000", "go on, up to step 9000"),
            ("tat train shaders/ --set train.lr=3e-4 --set model.layers=4", "with other settings"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", type=Path,
        help="folder of .wgsl and .jsonl files, or such a file; none: the bundled cookbook",
    )  # fmt: skip
    parser.add_argument("--run", metavar="DIR", type=Path, help="run folder (runs/DATE-TIME)")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --run")
    parser.add_argument(
        "--allow-change", metavar="KEY", action="append", default=[],
        help="resume although this key (or `corpus`) changed; repeatable",
    )  # fmt: skip
    parser.add_argument("--steps", metavar="N", type=count, help="step at which this call stops")
    parser.add_argument(
        "--seed", metavar="N", type=count, help="of weights, data order and dropout"
    )
    add_device(parser)
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
        ),
    )  # fmt: skip
    parser.add_argument("description", metavar="DESCRIPTION", nargs="?", default="",
                        help="what the function is to do")  # fmt: skip
    parser.add_argument("--run", metavar="RUN", type=Path, required=True,
                        help="run folder, or a checkpoint file")  # fmt: skip
    parser.add_argument("--signature", metavar="TEXT", default="", help="fn name(…) -> type")
    parser.add_argument("--context", metavar="FILE", type=Path, help="declarations it may use")
    parser.add_argument("--prefix", metavar="FILE", type=Path, help="text before a gap")
    parser.add_argument("--suffix", metavar="FILE", type=Path, help="text after a gap")
    parser.add_argument(
        "--input", metavar="FILE", type=Path,
        help="JSON lines of description, signature, context, prefix, suffix; answers likewise",
    )  # fmt: skip
    parser.add_argument("--max-tokens", metavar="N", type=count, help="generate at most N tokens")
    parser.add_argument(
        "--grammar", action=argparse.BooleanOptionalAction, default=True,
        help="write only what WGSL's grammar and the names in scope allow (on)",
    )  # fmt: skip
    parser.add_argument(
        "--validate", metavar="N", type=count,
        help="try up to N candidates until one validates (0: print unchecked text as it comes)",
    )  # fmt: skip
    add_device(parser)
    add_talk(parser)


def add_inspect(commands: Commands) -> None:
    parser = add_command(
        commands, "inspect", "show what a run or a checkpoint holds",
        examples(
            ("tat inspect runs/mine", "its newest checkpoint"),
            ("tat inspect runs/mine --plan", "memory of a training step and what lives in it"),
            ("tat inspect model.safetensors --json", "for a program"),
        ),
    )  # fmt: skip
    parser.add_argument("path", metavar="RUN|FILE", type=Path, help="run folder or checkpoint file")
    parser.add_argument("--plan", action="store_true", help="the memory plan of a training step")
    parser.add_argument("--json", action="store_true", help="print JSON")
