"""Start of the released program: sets the process up, then hands over to tat."""

import os
import sys
from pathlib import Path

from tat_frozen.processor import level, processor_flags
from tat_frozen.software_gpu import GpuProvider

FOLDER = Path(__file__).resolve().parent  # where the launcher unpacked everything


def set_up() -> None:
    """Environment of this process and its children; before numba and wgpu are imported."""
    os.environ.setdefault("NUMBA_CPU_NAME", f"x86-64-{level(processor_flags())}")
    os.environ["NUMBA_CPU_FEATURES"] = ""  # the level's own; the host's would not match the cache
    os.environ["NUMBA_CACHE_LOCATOR_CLASSES"] = "tat_frozen.kernel_cache.Locator"
    if not os.path.exists(os.devnull):  # an empty root; subprocess opens it by this name
        os.devnull = f"/proc/self/fd/{os.memfd_create('null')}"
    sys.meta_path.insert(0, GpuProvider(FOLDER / "vulkan", sys.argv, os.environ))


def main() -> int:
    set_up()
    if sys.argv[1:2] == ["_kernels"]:
        from tat_frozen.warm import main as compile_kernels

        return compile_kernels(sys.argv[2:])
    from tat.__main__ import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
