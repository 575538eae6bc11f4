"""The arguments of `tat completion`."""

from tat.arguments.common import Commands, add_command, examples
from tat.commands.completion import SHELLS


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "completion", "print a script for completion of commands and options",
        examples(
            ("eval \"$(tat completion bash)\"", "in ~/.bashrc"),
            ("tat completion zsh > ~/.zsh/_tat", "in a folder of fpath"),
            ("tat completion fish > ~/.config/fish/completions/tat.fish", "once"),
        ),
    )  # fmt: skip
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help="bash, zsh or fish")
