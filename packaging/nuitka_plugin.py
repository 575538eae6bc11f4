"""Nuitka plugin: what tat's libraries need that Nuitka cannot see by itself."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nuitka.plugins.PluginBase import NuitkaPluginBase

# Extensions that numba's C code imports by name.
_IMPORTED_FROM_C = {
    "numba": (
        "numba._devicearray", "numba._dynfunc", "numba._dispatcher", "numba._helperlib",
        "numba.mviewbuf", "numba.core.typeconv._typeconv", "numba.core.runtime._nrt_python",
        "numba.np.ufunc._internal", "numba.np.ufunc._num_threads", "numba.np.ufunc.workqueue",
        "numba.experimental.jitclass._box",
    ),
    "wgpu": ("wgpu.backends.wgpu_native", "wgpu.backends.auto"),
    "cffi": ("_cffi_backend",),
}  # fmt: skip
_WGPU_LIBRARY = "libwgpu_native-release.so"
# wgpu parses its C header when it is imported, and each type where it is first used: 0.3 s for a
# process that validates one module. freeze.py has parsed it at build time.
_PARSED = """\
ffi = FFI()
ffi.cdef(get_wgpu_header())
ffi.set_source("wgpu.h", None)
"""
_PREPARED = "from tat_frozen.wgpu_header import ffi\n"
_UTF8 = Path(__file__).with_name("nuitka_utf8.c")


class TatPlugin(NuitkaPluginBase):
    """Always on: the build names this file with --user-plugin."""

    plugin_name = "tat"
    plugin_desc = "bytecode for everything, hidden extensions, wgpu's library and header, UTF-8"

    @staticmethod
    def isAlwaysEnabled() -> bool:
        return True

    def decideCompilation(self, module_name: Any) -> str | None:
        """All but the start and Nuitka's own hooks stays bytecode.

        numba compiles from bytecode, which functions compiled by Nuitka lack, and the rest then is
        what the tests ran.
        """
        return None if _is_compiled(str(module_name)) else "bytecode"

    def onModuleSourceCode(self, module_name: Any, source_filename: Any, source_code: str) -> str:
        """wgpu takes its header as prepared; a wgpu that no longer asks for it ends the build."""
        if str(module_name) != "wgpu.backends.wgpu_native._ffi":
            return source_code
        if source_code.count(_PARSED) != 1:
            raise SystemExit(f"{source_filename}: no longer as packaging/nuitka_plugin.py expects")
        return source_code.replace(_PARSED, _PREPARED)

    def onCompilationStartChecks(self) -> None:
        """A module that stays bytecode is read once, for its imports.

        Nuitka optimizes it until nothing changes, and then throws that away: 40 % of a build.
        """
        # Nuitka reads its options first: its nodes cannot be imported before.
        from nuitka.optimizations import Optimization
        from nuitka.optimizations.TraceCollections import withChangeIndicationsTo

        optimize = Optimization.optimizeCompiledPythonModule

        def once_if_bytecode(module: Any) -> tuple[bool, int]:
            if _is_compiled(str(module.getFullName())):
                return optimize(module)
            with withChangeIndicationsTo(lambda *_: None):
                module.computeModule()
            Optimization.considerUsedModules(module=module, pass_count=Optimization.pass_count)
            Optimization.considerImplicitImports(module=module)
            return False, 1

        Optimization.optimizeCompiledPythonModule = once_if_bytecode

    @staticmethod
    def getPreprocessorSymbols(onefile: bool) -> dict[str, str]:
        """The start of the program asks for no locale: see nuitka_utf8.c."""
        return {name: f"tat_{name}" for name in ("newlocale", "mbstowcs")}

    def getExtraCodeFiles(self) -> dict[str, str]:
        return {_UTF8.name: _UTF8.read_text("utf-8")}

    def getImplicitImports(self, module: Any) -> Iterator[str]:
        yield from _IMPORTED_FROM_C.get(module.getFullName(), ())

    def getExtraDlls(self, module: Any) -> Iterator[Any]:
        if module.getFullName() == "wgpu":
            package = Path(importlib.util.find_spec("wgpu").origin).parent
            yield self.makeDllEntryPoint(
                source_path=str(package / "resources" / _WGPU_LIBRARY),
                dest_path=f"wgpu/resources/{_WGPU_LIBRARY}",
                module_name="wgpu.resources",
                package_name="wgpu",
                reason="loaded through cffi",
            )


def _is_compiled(name: str) -> bool:
    return name.startswith("__") or name.endswith(("-preLoad", "-postLoad"))
