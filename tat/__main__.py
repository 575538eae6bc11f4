"""Entry point: `tat`, `python -m tat`, and the hidden subcommands of child processes."""

import _thread
import signal
import sys
import time
from contextlib import suppress
from types import FrameType

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
    _keep_ctrl_c()
    try:
        from tat.cli import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # while that is imported, or beside another
        print("tat: interrupted", file=sys.stderr)
        return 130


def _keep_ctrl_c() -> None:
    """Let no Ctrl-C be lost where Python can raise no KeyboardInterrupt: in LLVM, which calls back
    while it compiles kernels and is wrong after a failure there, and while an object goes."""
    sys.unraisablehook = _dropped
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # nohup's and &'s stays
        signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    at = frame
    while at is not None:
        if at.f_globals.get("__name__", "").startswith("llvmlite."):
            _again()
            return
        at = at.f_back
    raise KeyboardInterrupt


def _dropped(dropped: "sys.UnraisableHookArgs") -> None:
    if issubclass(dropped.exc_type, KeyboardInterrupt):
        _again()
    else:
        sys.__unraisablehook__(dropped)


def _again() -> None:
    """Ctrl-C once more, a moment later; by a bare thread, for a handler may hold no lock."""

    def later() -> None:
        time.sleep(_AGAIN)
        _thread.interrupt_main()

    with suppress(RuntimeError):  # Python ends
        _thread.start_new_thread(later, ())


def _said(line: str) -> bool:
    """Whether the line was printed; where it cannot be, tat.cli says why."""
    try:
        print(line, flush=True)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
