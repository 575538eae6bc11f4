"""The arguments of `tat export`."""

import argparse
from pathlib import Path

from tat.arguments.common import Commands, add_command, examples
from tat.resources import BUNDLED


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "export", "write a model for generating: a checkpoint, or one web page",
        examples(
            ("tat export runs/mine -o mine.safetensors", "a third of the size, or less"),
            ("tat export runs/mine --int8 -o mine.safetensors", "a tenth, and faster on the CPU"),
            ('tat generate "distance to a box" --run mine.safetensors', "generate from it"),
            ("tat export runs/mine --web mine.html", "one page that writes in any browser"),
            ("tat export --web mine.html --trainable", "one that tunes itself on pasted shaders"),
        ),
    )  # fmt: skip
    parser.add_argument("run", metavar="RUN|FILE", type=Path, nargs="?", default=BUNDLED,
                        help="run folder or checkpoint file (bundled)")  # fmt: skip
    _add_ways(parser)
    _add_options(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def _add_ways(parser: argparse.ArgumentParser) -> None:
    ways = parser.add_mutually_exclusive_group(required=True)
    ways.add_argument("-o", "--output", metavar="FILE", type=Path,
                      help="checkpoint to write; it replaces an existing one")  # fmt: skip
    ways.add_argument(
        "--web", metavar="PAGE", type=Path,
        help="page to write: the model, and all that it takes to run in a browser with WebGPU",
    )  # fmt: skip
    ways.add_argument(
        "--onnx", metavar="MODEL.onnx", type=Path,
        help="writes MODEL.encoder.onnx, MODEL.decoder.onnx and MODEL.tokenizer.json",
    )  # fmt: skip
    ways.add_argument(
        "--ctranslate2", metavar="FOLDER", type=Path,
        help="folder to write for CTranslate2; the model must have no copy head",
    )  # fmt: skip


def _add_options(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--int8", action="store_true",
        help="round matrices to 8 bits, with a scale for each output channel",
    )  # fmt: skip
    kinds.add_argument(
        "--weights", choices=("f32", "f16", "int8"),
        help="the type of the weights that leave (of a page f16, else f32)",
    )  # fmt: skip
    parser.add_argument("--tokens", metavar="N", type=int, default=512,
                        help="of --web and --onnx: most tokens of a text (512), as far"
                        " as the model can write them")  # fmt: skip
    parser.add_argument(
        "--trainable", action="store_true",
        help="of --web: the page can tune the model on shaders that are pasted there, in f32",
    )  # fmt: skip
    parser.add_argument(
        "--index", metavar="FILE|cookbook",
        help="of --web: an index whose functions travel along, to be searched in the page",
    )  # fmt: skip
    parser.add_argument(
        "--licence", metavar="TEXT", default="",
        help="of --web: the licence of the weights, which the page tells its reader",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true",
                        help="replace what exists; write a page however large")  # fmt: skip
