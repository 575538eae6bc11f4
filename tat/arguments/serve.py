"""The arguments of `tat serve`."""

import argparse
from pathlib import Path

from tat.arguments.common import (
    Commands,
    add_command,
    add_device,
    add_precision,
    add_talk,
    examples,
    positive,
)
from tat.resources import BUNDLED
from tat.serve import PORT

_EDITORS = """
Neovim 0.12 (tried), in init.lua:
  vim.lsp.config("tat", { cmd = { "tat", "serve", "--lsp" }, filetypes = { "wgsl" } })
  vim.lsp.enable("tat")
  vim.lsp.inline_completion.enable()

Helix (not tried: no package of it was found), in languages.toml:
  [language-server.tat]
  command = "tat"
  args = ["serve", "--lsp"]         # then: language-servers = ["tat"] at the language wgsl

VS Code with llama.vscode (not tried), beside a running `tat serve`, in settings.json:
  "llama-vscode.endpoint": "http://127.0.0.1:8012",
  "llama-vscode.auto": true,
  "llama-vscode.languageSettings": { "*": false, "wgsl": true }
"""


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "serve", "serve editors and browsers: completion, validation, search, a page",
        examples(
            ("tat serve", "HTTP and a page on http://127.0.0.1:8012/"),
            ("tat serve --run runs/mine --index shaders.index", "your own model and library"),
            ("tat serve --lsp", "a language server on standard input and output"),
            ("tat serve --lsp --tcp 127.0.0.1:8013", "the same over TCP"),
        ) + _EDITORS,
    )  # fmt: skip
    parser.add_argument("--lsp", action="store_true", help="speak LSP instead of HTTP")
    parser.add_argument("--tcp", metavar="HOST:PORT", type=_address,
                        help="with --lsp: listen there, for one client")  # fmt: skip
    parser.add_argument("--port", metavar="N", type=_port, default=None,
                        help=f"port of HTTP ({PORT}; 0: any that is free)")  # fmt: skip
    parser.add_argument("--host", metavar="ADDRESS",
                        help="listen there, too, beyond this machine; needs --token")  # fmt: skip
    parser.add_argument(
        "--token", metavar="TEXT",
        help="what clients have to say: Authorization: Bearer TEXT (`env`: from $TAT_TOKEN)",
    )  # fmt: skip
    parser.add_argument(
        "--run", metavar="RUN", type=Path, default=BUNDLED,
        help="run folder or checkpoint file (bundled: the model that ships with tat; none: no"
        " model, only the library and the validator)",
    )  # fmt: skip
    parser.add_argument(
        "--index", metavar="INDEX", default="cookbook",
        help="functions to answer with and to search in (cookbook: the bundled; none: no index)",
    )  # fmt: skip
    parser.add_argument(
        "--int8", action="store_true", help="round matrices to 8 bits: faster on the CPU"
    )
    parser.add_argument("--queue", metavar="N", type=positive, default=32,
                        help="texts that may wait; others are refused with 503 (32)")  # fmt: skip
    add_device(parser)
    add_precision(parser)
    add_talk(parser)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port, a number of 0 to 65535")
    return int(text)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:8013")
    return host.strip("[]"), _port(port)
