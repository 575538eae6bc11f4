"""`tat completion`: scripts for bash, zsh and fish, made from the parser itself."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SHELLS = ("bash", "zsh", "fish")


class Value(NamedTuple):
    """The value of an option or argument: one of `words`, a file, or free text."""

    name: str
    words: tuple[str, ...] = ()
    is_path: bool = False


class Option(NamedTuple):
    """An option with all its spellings; `value` is None for a flag."""

    spellings: tuple[str, ...]
    help: str
    value: Value | None


class Command(NamedTuple):
    """A command as typed, "tat train", and all that may follow it; subcommands with their help."""

    line: str
    options: tuple[Option, ...]
    arguments: tuple[Value, ...]
    subcommands: tuple[tuple[str, str], ...]


def run(options: argparse.Namespace) -> int:
    sys.stdout.write(completion(options.whole_parser, options.shell))
    return 0


def completion(parser: argparse.ArgumentParser, shell: str) -> str:
    """The script for one of SHELLS."""
    write = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]
    return write(list(describe(parser, parser.prog)))


def describe(parser: argparse.ArgumentParser, line: str) -> Iterator[Command]:
    """The command `line` that `parser` reads, then its subcommands, depth first."""
    options, arguments, nested = [], [], None
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            nested = action
        elif action.option_strings:
            value = None if action.nargs == 0 else _value(action)
            options.append(Option(tuple(action.option_strings), _plain(action.help), value))
        else:
            arguments.append(_value(action))
    choices = nested._choices_actions if nested else ()
    helps = {choice.dest: _plain(choice.help) for choice in choices}
    yield Command(line, tuple(options), tuple(arguments), tuple(helps.items()))
    for name in helps:
        yield from describe(nested.choices[name], f"{line} {name}")


def _value(action: argparse.Action) -> Value:
    name = action.metavar if isinstance(action.metavar, str) else action.dest
    words = tuple(str(choice) for choice in action.choices or ())
    return Value(name, words, action.type is Path)


def _plain(text: str | None) -> str:
    return (text or "").replace("%%", "%")


def _walk(commands: list[Command], words: str) -> str:
    """Shell loop that finds the command being typed: the longest of ours, options left out."""
    lines = "|".join(f'"{command.line}"' for command in commands[1:])
    return f"""\
  local line={commands[0].line} word
  for word in {words}; do
    case "$line $word" in {lines}) line="$line $word" ;; esac
  done
"""


def _bash(commands: list[Command]) -> str:
    after, offers = [], []
    for command in commands:
        for option in (o for o in command.options if o.value):
            patterns = "|".join(f'"{command.line} {spelling}"' for spelling in option.spellings)
            after.append(f"    {patterns}) {_bash_offer([option.value], ())}; return ;;\n")
        words = [spelling for option in command.options for spelling in option.spellings]
        names = [name for name, _ in command.subcommands]
        offers.append(
            f'    "{command.line}") case $current in\n'
            f"      -*) {_bash_offer([], words)} ;;\n"
            f"      *) {_bash_offer(command.arguments, names)} ;;\n"
            "    esac ;;\n"
        )
    return f"""\
# bash completion of tat: source this file, or put it into /etc/bash_completion.d
_tat() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
{_walk(commands, '"${COMP_WORDS[@]:1:COMP_CWORD-1}"')}\
  COMPREPLY=()
  case "$line $previous" in
{"".join(after)}\
  esac
  case $line in
{"".join(offers)}\
  esac
}}
complete -o filenames -F _tat tat
"""


def _bash_offer(values: tuple[Value, ...] | list[Value], words: list[str] | tuple[()]) -> str:
    offered = [*words, *(word for value in values for word in value.words)]
    flags = f"-W {_quote(' '.join(offered))}" if offered else ""
    if any(value.is_path for value in values):
        flags += " -f"
    return f'mapfile -t COMPREPLY < <(compgen {flags.strip()} -- "$current")' if flags else ":"


def _zsh(commands: list[Command]) -> str:
    cases = []
    for command in commands:
        specs = [_zsh_option(option) for option in command.options]
        specs += [_quote(f"*:{_zsh_value(value)}") for value in command.arguments]
        if command.subcommands:
            pairs = " ".join(
                f"{name}\\:{_quote(_zsh_text(text))}" for name, text in command.subcommands
            )
            specs.append(_quote(f"1:command:(({pairs}))"))
        body = " \\\n      ".join(specs)
        cases.append(f'    "{command.line}") _arguments -S \\\n      {body} ;;\n')
    return f"""\
#compdef tat
# zsh completion of tat: put this file as _tat into a folder of $fpath
_tat() {{
{_walk(commands, '"${(@)words[2,CURRENT-1]}"')}\
  local depth=${{#${{(z)line}}}}
  words=("$line" "${{(@)words[depth+1,-1]}}")
  (( CURRENT -= depth - 1 ))
  case $line in
{"".join(cases)}\
  esac
}}
_tat "$@"
"""


def _zsh_option(option: Option) -> str:
    value = f":{_zsh_value(option.value)}" if option.value else ""
    text = f"[{_zsh_text(option.help)}]"
    return " ".join(_quote(f"*{spelling}{text}{value}") for spelling in option.spellings)


def _zsh_value(value: Value) -> str:
    action = f"({' '.join(value.words)})" if value.words else "_files" if value.is_path else " "
    return f"{_zsh_text(value.name)}:{action}"


def _zsh_text(text: str) -> str:
    return text.translate({ord(c): f"\\{c}" for c in "[]:\\"})


def _fish(commands: list[Command]) -> str:
    lines = []
    for command in commands:
        here = f"complete -c tat -n {_quote(f'__tat_at {_quote(command.line)}')}"
        for name, text in command.subcommands:
            lines.append(f"{here} -f -a {name} -d {_quote(text)}\n")
        for option in command.options:
            lines.append(f"{here} {_fish_option(option)}\n")
        for value in command.arguments:
            lines.append(f"{here} {_fish_value(value)}\n")
        if not any(value.is_path for value in command.arguments):
            lines.append(f"{here} -f\n")
    known = " ".join(_quote(command.line) for command in commands)
    return f"""\
# fish completion of tat: put this file into ~/.config/fish/completions
function __tat_at
  set -l line {commands[0].line}
  for word in (commandline -opc)[2..-1]
    contains -- "$line $word" {known}; and set line "$line $word"
  end
  test "$line" = "$argv[1]"
end
{"".join(lines)}"""


def _fish_option(option: Option) -> str:
    flags = [
        f"-l {spelling[2:]}" if spelling.startswith("--") else f"-s {spelling[1:]}"
        for spelling in option.spellings
    ]
    value = f" -r {_fish_value(option.value)}" if option.value else ""
    return f"{' '.join(flags)} -d {_quote(option.help)}{value}"


def _fish_value(value: Value) -> str:
    if value.words:
        return f"-f -a {_quote(' '.join(value.words))}"
    return "-F" if value.is_path else "-f"


def _quote(text: str) -> str:
    """One word of any of the three shells; fish alone knows backslashes in single quotes."""
    return "'" + text.replace("'", "’") + "'"
