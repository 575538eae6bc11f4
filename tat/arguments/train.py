"""The arguments of `tat train`."""

from pathlib import Path

from tat.arguments.common import (
    Commands,
    add_command,
    add_define,
    add_device,
    add_precision,
    add_ranks,
    add_settings,
    add_synth,
    add_talk,
    count,
    examples,
    positive,
)


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "train", "train a model on a folder of WGSL, or go on with a run",
        examples(
            ("tat train", "on the bundled cookbook"),
            ("tat train shaders/ --preset small --steps 5000", "on your own files"),
            ("tat train shaders/ --from bundled", "tune tat's own model to them"),
            ("tat train shaders/ --synth 100000", "with functions by rules besides"),
            ("tat train --run runs/mine --resume --steps 9000", "go on, up to step 9000"),
            ("tat train shaders/ --set train.lr=3e-4 --set model.layers=4", "with other settings"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", type=Path,
        help="folder or file with WGSL (shaders, strings, scripts, fences) or .jsonl; none: the"
        " bundled cookbook",
    )  # fmt: skip
    parser.add_argument("--run", metavar="DIR", type=Path, help="run folder (runs/DATE-TIME)")
    parser.add_argument(
        "--from", metavar="RUN", dest="pretrained", type=Path,
        help="start from the weights of a run, a checkpoint file, or `bundled`, tat's own model",
    )  # fmt: skip
    add_synth(parser, "without PATH, train on them")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --run")
    parser.add_argument(
        "--allow-change", metavar="KEY", action="append", default=[],
        help="resume although this key (or `corpus`) changed; repeatable (`bits`: ranks on"
        " processors that round otherwise)",
    )  # fmt: skip
    parser.add_argument("--steps", metavar="N", type=positive,
                        help="step at which this call stops (train.steps: 10000)")  # fmt: skip
    parser.add_argument(
        "--seed", metavar="N", type=count, help="seed of weights, data order and dropout (0)"
    )
    add_define(parser)
    add_ranks(parser)
    add_device(parser)
    add_precision(parser)
    add_settings(parser)
    add_talk(parser)
