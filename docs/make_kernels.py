"""Writes docs/kernels.md anew: every operation, and where it has code of its own.

    make kernels

A test holds the page against the code.
"""

import sys
from pathlib import Path

PAGE = Path(__file__).parent / "kernels.md"
sys.path.insert(0, str(PAGE.parent.parent))  # this checkout's tat, whichever is installed

from tat.backends.coverage import coverage  # noqa: E402
from tat.ops.kernels import KERNELS  # noqa: E402

_HEAD = """\
# Operations, and where they run

Made by `make kernels` from `tat/ops/kernels.py` and `tat/backends/coverage.py`; do not edit.

Every operation has a function in `tat/backends/reference/`, its definition. Where a column is
empty, nothing else has it:

- training: `numba` compiles it, or `numpy`, the reference, is as fast; else the reference runs, and
  tat says so once. Fused operations are for GPUs: no plan of a CPU has them.
- inference: `table`, replayed by compiled code. A plan with another operation is run call by call,
  tat says so once, and no longer promises that a row has the same bits in any batch.
- GPU: `shaders`. Without them a plan is refused, and the message names the file to write.

"""


def page() -> str:
    """The page as it should be."""
    parts = [_HEAD]
    groups = (("Operations", False), ("Fused operations", True))
    for title, fused in groups:
        rows = [c for c in coverage() if bool(KERNELS[c.kernel].parts) == fused]
        parts += [f"## {title}\n\n| operation | CPU, training | CPU, inference | GPU |\n"]
        parts += ["|---|---|---|---|\n"]
        for c in rows:
            parts += [f"| `{c.kernel}` | {c.training} | {c.inference} | {c.gpu} |\n"]
        parts += ["\n"]
    return "".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
