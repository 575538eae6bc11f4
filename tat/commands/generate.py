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
    """Whether a text is likely to be validated. One of a gap is so by default, but where nothing
    is said of it."""
    if options.validate is not None:
        return options.validate > 0
    gap = options.prefix or options.suffix
    return options.line or options.json or not (gap and options.quiet)
