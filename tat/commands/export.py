"""`tat export`: a checkpoint without the parts that only training needs, optionally in int8."""

import argparse
import os
import sys

from tat.checkpoint import save
from tat.commands.common.checkpoints import named_checkpoint
from tat.decode.loading import exported
from tat.errors import UsageError
from tat.files import require_place


def run(options: argparse.Namespace) -> int:
    require_place(options.output)
    path, checkpoint = named_checkpoint(options.run, quiet=options.quiet)
    if options.output.exists() and os.path.samefile(path, options.output):
        raise UsageError(f"{options.output} is the checkpoint itself; choose another name for -o")
    save(options.output, exported(path, checkpoint, options.int8))
    if not options.quiet:
        sizes = (f"{os.path.getsize(file) / 1e6:.1f} MB" for file in (options.output, path))
        print("tat: {}: {}, from {}".format(options.output, *sizes), file=sys.stderr)
    return 0
