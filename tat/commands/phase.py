"""`tat phase`: runs the phases and prints their verdicts or manifests."""

import argparse
import sys

import msgspec

from tat.config import resolve
from tat.errors import UsageError
from tat.proofs.phase_run import Context
from tat.proofs.pipeline import run_all, run_one


def run(options: argparse.Namespace) -> int:
    every = options.name == "all"
    if options.agent and not every:
        raise UsageError("--agent: agents follow the four phases; use it with `tat phase all`")
    if options.standalone and every:
        raise UsageError("--standalone is for one phase; `tat phase all` makes all manifests")
    flags = {"preset": options.preset} if options.preset else {}
    config = resolve(files=options.config, assignments=options.set, flags=flags).config
    context = Context(
        config, options.target, options.device, standalone=options.standalone, quiet=options.quiet
    )

    def say(line: str) -> None:
        if not (options.quiet or options.json):
            print(line, flush=True)

    if every:
        manifests = run_all(context, options.agent, say)
    else:
        manifests = [run_one(options.name, context, say)]
    if options.json:
        sys.stdout.write(msgspec.json.encode(manifests).decode() + "\n")
    return 0
