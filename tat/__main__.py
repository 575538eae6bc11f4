"""Entry point: `tat`, `python -m tat`, and the hidden subcommands of child processes."""

import _thread
import sys
import threading
from contextlib import suppress

from tat import __version__

_AGAIN = 0.05  # seconds


def main() -> int:
    if sys.argv[1:2] == ["_wgsl-child"]:  # before anything heavy: a child has its own limits
        from tat.wgsl.sandbox_child import main as child

        return child()
    if sys.argv[1:2] == ["_prepare-child"]:
        from tat.data.prepare_child import main as child

        return child()
    if sys.argv[1:2] == ["_eval-child"]:
        from tat.commands.common.eval_child import main as child

        return child()
    if sys.argv[1:2] == ["_watch-ranks"]:
        from tat.train.watcher import main as child

        return child()
    if sys.argv[1:2] == ["_gpu-child"]:
        from tat.backends.gpu.probe import main as child

        return child(sys.argv[2:])
    if sys.argv[1:] == ["--version"] and _said(f"tat {__version__}"):
        return 0  # scripts ask for it, and building the parser is half of the time
    sys.unraisablehook = _ctrl_c_again
    try:
        from tat.cli import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # while that is imported, or beside another
        print("tat: interrupted", file=sys.stderr)
        return 130


def _ctrl_c_again(dropped: "sys.UnraisableHookArgs") -> None:
    """Raise a KeyboardInterrupt anew that came where Python can raise none: in a callback of LLVM,
    which compiles kernels, or while an object goes. A timer does so when the callback is over."""
    if not issubclass(dropped.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)
        return
    with suppress(RuntimeError):  # Python ends
        timer = threading.Timer(_AGAIN, _thread.interrupt_main)
        timer.daemon = True
        timer.start()


def _said(line: str) -> bool:
    """Whether the line was printed; where it cannot be, tat.cli says why."""
    try:
        print(line, flush=True)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
