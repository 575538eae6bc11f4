"""The command line as such: exit codes, two streams, help, and the display on a terminal."""

import argparse
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from cli_harness import child_environment, command, process, tat, train

from tat import __version__
from tat.cli import build_parser
from tat.errors import EXIT_CODES, TatError

ROOT = Path(__file__).parent.parent
# A line of the examples: perhaps a variable or eval, the arguments, then a redirection or what
# two spaces set apart.
EXAMPLE = re.compile(r" +(?:\S+=\S+ |eval \"\$\()?tat (.*?)( [|<>].*|\)\".*|  .*|$)")


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    [actions] = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return actions.choices


@pytest.mark.parametrize("arguments", [
    [], ["nosuch"], ["train", "--nosuch"], ["train", "--stps", "3"], ["train", "--steps", "-1"],
    ["train", "--steps", "0"], ["train", "--steps", "1e3"], ["train", "--steps", "9" * 40],
    ["train", "--device", "tpu"], ["generate", "--top-k", "-1"], ["inspect"], ["version", "extra"],
])  # fmt: skip
def test_a_wrong_command_line_is_exit_2_in_one_line_that_names_the_help(arguments):
    done = tat(*arguments)
    assert done.code == 2 and not done.out and done.err.count("\n") == 1
    assert re.fullmatch(r"tat( \w+)?: .+ \(`tat( \w+)? --help` lists all \w+\)\n", done.err)


@pytest.mark.parametrize(("line", "said"), [
    ("train --stps 3", "no such option: --stps, did you mean --steps?"),
    ("train --stps=3", "no such option: --stps, did you mean --steps?"),
    ("train --xyzzy", "no such option: --xyzzy"),
    ("generate --bogus", "no such option: --bogus"),  # two dashes make no likeness to --verbose
    ("generate -x", "no such option: -x"),
    ("inspect --pln", "no such option: --pln, did you mean --plan?"),
    ("cookbook show a --jsn", "no such option: --jsn"),
    ("cookbook --jsn list", "no such option: --jsn before the action; its options stand behind"
     " it"),
    ("--run a train", "no such option: --run before the command; its options stand behind"
     " it"),
    ("--versio", "no such option: --versio, did you mean --version?"),
    ("trian", "no such command: 'trian', did you mean train?"),
    ("xyzzy", "no such command: 'xyzzy'"),
    ("", "nothing is given for COMMAND"),
    ("inspect", "nothing is given for RUN|FILE"),
    ("generate rounded box", "one argument too many: 'box'; quote what belongs together"),
    ("search cookbook box --top 0", "--top: 0 is too few; give 1 or more"),
    ("synth --count", "--count: a value is missing behind it"),
    ("synth --families --stats", "--stats: not together with --families"),
    ("export --trainable", "give one of -o/--output --web --onnx --ctranslate2"),
    ("generate --json=3", "--json: it takes no value"),
    ("generate --temperature x", "--temperature: 'x' is not a number"),
    ("generate --precision f8", "--precision: 'f8' is none of 'f32', 'f16'"),
])  # fmt: skip
def test_the_subcommand_that_is_wrong_says_so_and_what_was_meant(line, said):
    done = tat(*line.split())
    *_, program, words = re.fullmatch(r"(tat( [a-z]+)*): (.+) \(`.*\)\n", done.err).groups()
    assert (done.code, words) == (2, said) and not done.out, program


def test_the_help_and_the_readme_list_every_exit_code():
    kinds = [TatError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert {kind.exit_code for kind in kinds} <= EXIT_CODES.keys()
    epilog, readme = tat("--help").out, (ROOT / "README.md").read_text()
    for code, meaning in EXIT_CODES.items():
        assert f"{code:3}  {meaning}\n" in epilog and f"| {code} | {meaning} |\n" in readme


def test_exit_codes_say_what_kind_of_failure_it_was(bench, tmp_path):
    run = bench / "run"
    assert tat("version").code == 0
    assert tat("generate", "", "--run", run).code == 2
    assert tat("train", "--resume").code == 2
    assert tat("train", "--allow-change", "train.lr").code == 2
    assert tat("config", "--set", "model.layers=0").code == 3
    assert tat("inspect", tmp_path / "nosuch").code == 4
    assert tat("train", tmp_path / "nosuch", "--run", tmp_path / "a").code == 4
    assert train(bench, tmp_path / "b", "--device", "gpu:99").code == 5
    assert train(bench, tmp_path / "c", "--set", "train.lr=1e37", steps=9).code == 6


@pytest.mark.parametrize("line", [
    "eval --cookbook --run nosuch -o", "bench -o", "tune -o", "report --html",
    "report --baseline", "cookbook html -o",
])  # fmt: skip
def test_a_file_that_has_no_place_is_refused_before_the_work(line, tmp_path):
    done = tat(*line.split(), tmp_path / "nosuch" / "file")
    assert done.code == 4 and "nosuch/file: its folder does not exist" in done.failure()


def test_an_absent_device_is_named_in_one_line(bench, tmp_path):
    message = train(bench, tmp_path / "run", "-q", "--device", "gpu:99").failure()
    assert "gpu" in message and ";" in message
    assert not (tmp_path / "run" / "config.toml").exists()


@pytest.mark.in_process
@pytest.mark.parametrize("error", [ValueError("two\nlines"), KeyError("x"), RecursionError()])
def test_even_a_defect_is_one_line_and_only_debug_shows_a_traceback(monkeypatch, error):
    def fail(options):
        raise error

    monkeypatch.setattr("tat.commands.version.run", fail)
    done = tat("version")
    assert done.code == 1 and "internal error" in done.failure() and "--debug" in done.err
    shown = tat("version", "--debug")
    assert shown.code == 1 and "Traceback" in shown.err and done.err in shown.err


def test_debug_shows_where_an_expected_failure_arose(tmp_path):
    assert "Traceback" in tat("inspect", tmp_path / "nosuch", "--debug").err
    assert "Traceback" not in tat("inspect", tmp_path / "nosuch").err


@pytest.mark.in_process
def test_out_of_memory_names_what_needs_less(monkeypatch):
    def fail(options):
        raise MemoryError

    monkeypatch.setattr("tat.commands.version.run", fail)
    assert "train.batch_tokens" in tat("version").failure()


def test_a_parser_of_one_command_reads_it_as_the_whole_one_does():
    line = ["generate", "a box", "--beam", "4"]
    one, whole = (
        vars(parser.parse_args(line)) for parser in (build_parser(line[:1]), build_parser())
    )
    for options in (one, whole):
        options.pop("whole_parser")
    assert one == whole and subcommands(build_parser(line[:1])).keys() == {"generate"}


@pytest.mark.parametrize("name", subcommands(build_parser()))
def test_every_command_is_in_the_readme_and_has_examples(name):
    help_text = subcommands(build_parser())[name].format_help()
    assert f"tat {name}" in help_text.partition("examples:")[2], "no example in --help"
    assert f"`tat {name}`" in (ROOT / "README.md").read_text(), "not in README.md"


def test_examples_in_the_help_are_command_lines_that_parse():
    parsers = (build_parser(), *subcommands(build_parser()).values())
    examples = [
        words[1]
        for parser in parsers
        for line in parser.format_help().partition("examples:\n")[2].splitlines()
        if (words := EXAMPLE.match(line))
    ]
    assert len(examples) > len(parsers)
    for example in examples:
        build_parser().parse_args(shlex.split(example))


def test_json_is_one_value_a_line_and_nothing_else(bench):
    for arguments in (["version"], ["config"], ["doctor"], ["inspect", bench / "run"],
                      ["inspect", bench / "run", "--plan"], ["cookbook", "list"]):  # fmt: skip
        done = tat(*arguments, "--json")
        assert done.err == "" and done.out.count("\n") == 1
        json.loads(done.out)


def test_versions(bench):
    assert tat("--version").out == f"tat {__version__}\n"
    assert tat("version").out.splitlines()[0] == f"tat {__version__}"
    assert json.loads(tat("version", "--json").out)["tat"] == __version__


def test_training_talks_on_standard_error_alone_and_quiet_says_nothing(bench, tmp_path):
    loud = train(bench, tmp_path / "loud", "-v", steps=2)
    assert loud.code == 0 and loud.out == ""
    for word in ("functions", "weights", "step 2/2", "loss", "tokens/s", "left", "saved", "done"):
        assert word in loud.err
    quiet = train(bench, tmp_path / "quiet", "-q")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    assert "weights" in (tmp_path / "quiet" / "log").read_text()


def test_without_a_path_it_says_that_it_trains_on_the_cookbook(bench, tmp_path):
    small = bench / "small.toml"
    done = tat("train", "--config", small, "--set", "data.buckets=[[256,256]]", "--steps", "1",
               "--run", tmp_path / "run")  # fmt: skip
    assert done.code == 0 and "bundled cookbook" in done.err


def test_standard_output_is_utf_8_in_any_locale():
    done = process("cookbook", "list", "--json", PYTHONIOENCODING="ascii")
    assert done.code == 0 and json.loads(done.out)


@pytest.mark.parametrize(("redirection", "code"), [("> /dev/full", 1), (">&-", 0), ("2>&-", 0)])
def test_outputs_that_cannot_be_written_are_no_traceback(redirection, code):
    line = f"{' '.join(command('version'))} {redirection}"
    done = subprocess.run(line, shell=True, env=child_environment({}), capture_output=True)
    assert done.returncode == code
    assert done.stderr == (b"tat: standard output: No space left on device\n" if code else b"")


def test_a_failure_that_nobody_can_read_has_its_exit_code():
    line = f"{' '.join(command('config', '--set', 'a=b'))} 2> /dev/full"
    done = subprocess.run(line, shell=True, env=child_environment({}), capture_output=True)
    assert done.returncode == 3


def test_a_reader_that_leaves_is_no_failure():
    line = f"{' '.join(command('config'))} | head -c 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], env=child_environment({}), capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
