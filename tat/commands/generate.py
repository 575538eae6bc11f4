"""`tat generate`: prints a function or a gap's text for each prompt."""

import argparse

from tat.wgsl.sandbox import Sandbox


def run(options: argparse.Namespace) -> int:
    """naga's driver takes as long to load as the model, so it loads beside all else."""
    with Sandbox() as sandbox:
        if _expects_to_validate(options):
            sandbox.begin()
        from tat.commands.common.generation import answer

        return answer(options, sandbox)


def _expects_to_validate(options: argparse.Namespace) -> bool:
    """Whether a text is likely to be validated. That of a gap without a prefix or a suffix is not
    where nothing is said of it."""
    if options.validate is not None:
        return options.validate > 0
    open_gap = bool(options.prefix) != bool(options.suffix)
    return options.line or options.json or not (open_gap and options.quiet)
