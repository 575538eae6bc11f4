"""The command line: arguments, help and exit codes; tat/commands does the work."""

import argparse
import importlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from tat import __version__
from tat.commands.completion import SHELLS
from tat.commands.streams import drop_unwritable_output, prepare_output
from tat.errors import TatError, one_line

_EXIT_CODES = """\
exit codes:
  0 ok   1 failure   2 usage   3 configuration   4 bad or unsafe file   5 no device   6 diverged
  7 regression found   8 invalid shader   125 cannot unpack or start   130, 143 interrupted
"""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line, from which help, man pages and completions are made."""
    parser = argparse.ArgumentParser(
        prog="tat",
        description="Train a Transformer on your WGSL shaders and generate WGSL with it.",
        epilog=_examples(
            ("tat train shaders/ --preset small", "train on a folder of .wgsl files"),
            ("tat train --run runs/mine --resume", "go on where that run stopped"),
            ('tat generate "distance to a box" --run runs/mine', "print a function"),
            ("tat inspect runs/mine --plan", "what is in a run, and its memory"),
        )
        + "\n" + _EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"tat {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_train(commands)
    _add_generate(commands)
    _add_validate(commands)
    _add_grammar(commands)
    _add_inspect(commands)
    _add_config(commands)
    _add_cookbook(commands)
    _add_index(commands)
    _add_search(commands)
    _add_doctor(commands)
    _add_check(commands)
    _add_completion(commands)
    _add_version(commands)
    _add_man(commands)
    return parser


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; every failure is one line."""
    prepare_output()
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        module = importlib.import_module(f"tat.commands.{options.module}")
        code = module.run(options)
        sys.stdout.flush()
        return code
    except TatError as error:
        return _fail(str(error), error.exit_code, options)
    except KeyboardInterrupt:
        return _fail("interrupted", 130, options)
    except BrokenPipeError:
        drop_unwritable_output()
        return 0
    except MemoryError:
        reason = "out of memory; a smaller model, train.batch_tokens or bucket needs less"
        return _fail(reason, 1, options)
    except OSError as error:
        drop_unwritable_output()
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}", 1, options)
    except Exception as error:
        reason = f"internal error: {type(error).__name__}: {error}"
        return _fail(f"{reason}; please report it with what --debug prints", 1, options)


def _fail(message: str, code: int, options: argparse.Namespace) -> int:
    if options.debug:
        traceback.print_exc()
    print(f"tat: {one_line(message, 2000)}", file=sys.stderr)
    return code


def _examples(*pairs: tuple[str, str]) -> str:
    width = max(len(command) for command, _ in pairs)
    return "examples:\n" + "".join(f"  {c:{width}}  {what}\n" for c, what in pairs)


Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _command(
    commands: Commands, name: str, summary: str, examples: str = ""
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=summary, description=summary[:1].upper() + summary[1:] + ".", epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    parser.set_defaults(module=name)
    parser.add_argument(
        "--debug", action="store_true", help="show a traceback when something fails"
    )
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("configuration")
    group.add_argument("--preset", metavar="NAME", help="tiny, small, base, or one of your own")
    group.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[],
        help="set one value, as in model.layers=4; repeatable (`tat config` lists the keys)",
    )  # fmt: skip
    group.add_argument(
        "--config", metavar="FILE", type=Path, action="append", default=[],
        help="read a TOML file over tat.toml; repeatable",
    )  # fmt: skip


def _add_talk(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("-v", "--verbose", action="store_true", help="say more")


def _add_device(parser: argparse.ArgumentParser, default: str = "auto") -> None:
    parser.add_argument(
        "--device",
        metavar="DEVICE",
        default=default,
        type=_device,
        help=f"auto, cpu, gpu[:N] or gpu:software ({default})",
    )


def _device(text: str) -> str:
    kind, colon, number = text.partition(":")
    if text in ("auto", "cpu", "gpu", "gpu:software") or (
        kind == "gpu" and colon and number.isdecimal()
    ):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is none of auto, cpu, gpu, gpu:N, gpu:software")


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def _add_train(commands: Commands) -> None:
    parser = _command(
        commands, "train", "train a model on a folder of WGSL, or go on with a run",
        _examples(
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
    parser.add_argument("--steps", metavar="N", type=_count, help="step at which this call stops")
    parser.add_argument(
        "--seed", metavar="N", type=_count, help="of weights, data order and dropout"
    )
    _add_device(parser)
    _add_settings(parser)
    _add_talk(parser)


def _add_generate(commands: Commands) -> None:
    parser = _command(
        commands, "generate", "write a WGSL function from a description, or fill a gap",
        _examples(
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
    parser.add_argument("--max-tokens", metavar="N", type=_count, help="generate at most N tokens")
    parser.add_argument(
        "--grammar", action=argparse.BooleanOptionalAction, default=True,
        help="write only what WGSL's grammar and the names in scope allow (on)",
    )  # fmt: skip
    parser.add_argument(
        "--validate", metavar="N", type=_count,
        help="try up to N candidates until one validates (0: print unchecked text as it comes)",
    )  # fmt: skip
    _add_device(parser)
    _add_talk(parser)


def _add_validate(commands: Commands) -> None:
    parser = _command(
        commands, "validate", "check WGSL modules with naga, in a process of its own",
        _examples(
            ("tat validate shaders/*.wgsl", "names what is wrong, as file:line:column"),
            ("tat validate modules.jsonl --json", "field wgsl of each line; one object a module"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "files", metavar="FILE", nargs="+", type=Path,
        help=".wgsl, or .jsonl with a module in the field wgsl of each line",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON, valid modules included")


def _add_grammar(commands: Commands) -> None:
    parser = _command(
        commands, "grammar", "print the grammar that generation keeps to, or check modules with it",
        _examples(
            ("tat grammar", "the grammar, in Lark's notation"),
            ("tat grammar --check modules.jsonl", "names the modules that it refuses, and where"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "--check", metavar="FILE", nargs="+", type=Path, default=[],
        help=".wgsl, or .jsonl with a module in the field wgsl of each line",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_inspect(commands: Commands) -> None:
    parser = _command(
        commands, "inspect", "show what a run or a checkpoint holds",
        _examples(
            ("tat inspect runs/mine", "its newest checkpoint"),
            ("tat inspect runs/mine --plan", "memory of a training step and what lives in it"),
            ("tat inspect model.safetensors --json", "for a program"),
        ),
    )  # fmt: skip
    parser.add_argument("path", metavar="RUN|FILE", type=Path, help="run folder or checkpoint file")
    parser.add_argument("--plan", action="store_true", help="the memory plan of a training step")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_config(commands: Commands) -> None:
    parser = _command(
        commands, "config", "print the configuration in force and where each value came from",
        _examples(
            ("tat config --preset tiny", "the values of a preset"),
            ("TAT_TRAIN_LR=1e-4 tat config --json", "for a program"),
        ),
    )  # fmt: skip
    _add_settings(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_cookbook(commands: Commands) -> None:
    parser = _command(
        commands, "cookbook", "browse and test the bundled WGSL functions",
        _examples(
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
    parser = _command(actions, name, summary)
    parser.set_defaults(module="cookbook", action=name)
    return parser


def _add_index(commands: Commands) -> None:
    parser = _command(commands, "index", "make or renew an index of WGSL files, to search in",
        _examples(("tat index shaders/ -o shaders.index", "a folder; again to renew"),
                  ("tat index -o cookbook.index", "the bundled cookbook")),
    )  # fmt: skip
    parser.add_argument("paths", metavar="PATH", nargs="*", type=Path,
                        help=".wgsl and .jsonl files or folders; none: the cookbook")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="INDEX", type=Path, required=True,
                        help="index to write, of what is in PATH now")  # fmt: skip
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def _add_search(commands: Commands) -> None:
    parser = _command(commands, "search", "find functions, structs and modules by words",
        _examples(('tat search shaders.index "rounded box"', "in an index of `tat index`"),
                  ('tat search cookbook "rounded box" --top 1', "in the bundled cookbook")),
    )  # fmt: skip
    parser.add_argument("index", metavar="INDEX",
                        help="index of `tat index`, or `cookbook`: the bundled one")  # fmt: skip
    parser.add_argument("query", metavar="QUERY", help="words or names, in any spelling")
    parser.add_argument("--top", metavar="N", type=_count, default=4, help="at most N hits (4)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_doctor(commands: Commands) -> None:
    parser = _command(commands, "doctor", "check what this machine offers tat",
        _examples(("tat doctor", "what is there, what is missing and what to do")),
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_completion(commands: Commands) -> None:
    parser = _command(
        commands, "completion", "print what makes a shell complete tat's commands and options",
        _examples(
            ("eval \"$(tat completion bash)\"", "in ~/.bashrc"),
            ("tat completion zsh > ~/.zsh/_tat", "in a folder of fpath"),
            ("tat completion fish > ~/.config/fish/completions/tat.fish", "once"),
        ),
    )  # fmt: skip
    parser.set_defaults(build_parser=build_parser)
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help="bash, zsh or fish")


def _add_check(commands: Commands) -> None:
    parser = _command(
        commands,
        "check",
        "check that tat computes on this machine what it should",
        _examples(
            ("tat check", "configuration, tokenizer, kernels, decoding, resuming"),
            ("tat check --lockstep --device gpu", "each kernel call of a step beside float64"),
        ),
    )
    _add_device(parser, default="cpu")
    parser.add_argument("--lockstep", action="store_true", help="only a training step, by calls")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_version(commands: Commands) -> None:
    parser = _command(commands, "version", "print the versions of tat and of what it is built on",
        _examples(("tat version --json", "for a program")),
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--sbom", action="store_true",
        help="print the released file's bill of materials, CycloneDX in JSON",
    )  # fmt: skip


def _add_man(commands: Commands) -> None:
    """Added last: there is a page for every command."""
    parser = _command(
        commands, "man", "print a page of the manual",
        _examples(("tat man train", "the page of `tat train`"),),
    )  # fmt: skip
    parser.add_argument(
        "topic", metavar="COMMAND", nargs="?", choices=list(commands.choices),
        help="the page of this command (of tat itself)",
    )  # fmt: skip
