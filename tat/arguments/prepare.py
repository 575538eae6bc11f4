"""The arguments of `tat prepare`."""

from pathlib import Path

from tat.arguments.common import (
    Commands,
    add_command,
    add_define,
    add_settings,
    add_synth,
    count,
    examples,
)


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "prepare", "prepare a corpus once, to train on it many times",
        examples(
            ("tat prepare shaders/ -o corpus.tat", "then: tat train corpus.tat"),
            ("tat prepare *.jsonl -o corpus.tat --preset tiny", "for `tat train --preset tiny`"),
            ("tat prepare shaders/ --synth 1000000 -o corpus.tat", "with functions by rules"),
            ("tat prepare corpus.tat --check", "every checksum of a prepared one"),
        ),
    )  # fmt: skip
    parser.add_argument("paths", metavar="PATH", nargs="*", type=Path,
                        help="folder or file with WGSL (see `tat train`) or .jsonl")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="FILE", type=Path,
                        help="file to write, named .tat; an old one is replaced")  # fmt: skip
    add_synth(parser, "without PATH, prepare them alone")
    parser.add_argument("--from", metavar="RUN", dest="pretrained", type=Path,
                        help="with the tokenizer of a model that training starts from")  # fmt: skip
    parser.add_argument("--check", action="store_true",
                        help="read a prepared file whole and check it")  # fmt: skip
    parser.add_argument("--seed", metavar="N", type=count,
                        help="seed of the gaps to fill and the functions by rules (0)")  # fmt: skip
    add_define(parser)
    add_settings(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
