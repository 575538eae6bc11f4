"""Entry point: `tat`, `python -m tat`, and the hidden subcommands of child processes."""

import sys


def main() -> int:
    if sys.argv[1:2] == ["_wgsl-child"]:  # before anything heavy: a child has its own limits
        from tat.wgsl.child import main as child

        return child()
    if sys.argv[1:2] == ["_gpu-child"]:
        from tat.backends.gpu.child import main as child

        return child(sys.argv[2:])
    from tat.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
