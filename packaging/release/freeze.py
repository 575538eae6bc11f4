"""Makes a folder that runs without Python, with Nuitka's standalone mode."""

import importlib.util
import os
import re
import shutil
import sys
import tomllib
from pathlib import Path

import cffi

from release.commands import run
from release.sources import ROOT, build_cache

# Reached by an import somewhere, never by tat: test suites, other people's shells, CUDA, networks.
_LEFT_OUT = (
    "pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils", "numba.tests",
    "numba.cuda", "numba.pycc", "numba.testing", "rendercanvas", "numpy.f2py",
    "numpy.testing", "numpy.distutils", "wgpu.utils.imgui", "llvmlite.tests", "doctest", "unittest",
    "pdb", "tkinter", "IPython", "pygments", "jinja2", "scipy", "yaml", "tbb", "zstandard",
    "argparse_manpage", "ssl", "_ssl", "cgi", "cgitb", "chunk", "crypt", "ftplib", "http",
    "imaplib", "imghdr", "mailcap", "modulefinder", "netrc", "nturl2path", "pickletools", "pipes",
    "poplib", "pyclbr", "pydoc", "rlcompleter", "sched", "smtplib", "sndhdr", "socketserver",
    "trace", "uu", "webbrowser", "xdrlib", "xml", "xmlrpc", "pyexpat", "rich.__main__",
    "rich.markdown", "rich._win32_console", "ctypes._aix", "pty", "readline", "curses", "_curses",
)  # fmt: skip
_NOT_SEEN = ("_bisect", "_json")  # C halves of modules that Nuitka keeps as bytecode
_EXTRAS = ("mpi4py",)  # of pyproject.toml's extras, what is inside the file all the same
_WGPU_DATA = ("*.h", "*.idl")


def dependencies() -> list[str]:
    """Names of the libraries that pyproject.toml says tat runs on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [text.split(">=")[0].split("==")[0] for text in project["dependencies"]]


def _imported(names: list[str]) -> list[str]:
    """Those that a module of tat imports: only their metadata can be included."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tat").rglob("*.py")]
    return [name for name in names if any(_imports(text, name) for text in texts)]


def _imports(text: str, name: str) -> bool:
    return re.search(rf"^\s*(?:import|from) {name}\b", text, re.MULTILINE) is not None


def copy_sources(out: Path) -> Path:
    """tat and its start, and nothing that a checkout has besides."""
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc", "*.nbi", "*.nbc")
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(ROOT / "packaging" / "frozen", out, ignore=ignore)
    shutil.copytree(ROOT / "tat", out / "tat", ignore=ignore)
    prepare_wgpu_header(out / "tat_frozen" / "wgpu_header.py")
    return out


def prepare_wgpu_header(out: Path) -> None:
    """wgpu's C header as cffi would parse it at every start; nuitka_plugin.py says more."""
    resources = Path(importlib.util.find_spec("wgpu").origin).parent / "resources"
    ffi = cffi.FFI()
    ffi.cdef((resources / "combined_header.h").read_text(encoding="utf-8"))
    ffi.set_source(f"tat_frozen.{out.stem}", None)
    ffi.emit_python_code(str(out))


def freeze(build: Path) -> Path:
    """Folder with the program `tat`, its modules and shared libraries."""
    sources = copy_sources(build / "sources")
    cache = build_cache()
    environment = {
        "PYTHONPATH": str(sources),
        "PYTHONHASHSEED": "0",
        "CCACHE_DIR": str(cache / "ccache"),
        "NUITKA_CACHE_DIR": str(cache / "nuitka"),
        "SOURCE_DATE_EPOCH": "0",
    }
    shutil.rmtree(build / "frozen", ignore_errors=True)
    # The program takes the UTF-8 mode of this Python over: all text is UTF-8, whatever the locale.
    run(["nice", sys.executable, "-X", "utf8", "-m", "nuitka", *_options(build / "frozen"),
         "tat_main.py"], folder=sources, environment=environment)  # fmt: skip
    return build / "frozen" / "tat_main.dist"


def _options(out: Path) -> list[str]:
    libraries = _imported([*dependencies(), *_EXTRAS])
    return [
        "--mode=standalone", f"--jobs={os.cpu_count()}", f"--output-dir={out}",
        "--output-filename=tat", f"--report={out / 'report.xml'}",
        f"--user-plugin={ROOT / 'packaging' / 'nuitka_plugin.py'}",
        "--module-parameter=numba-disable-jit=no", "--noinclude-numba-mode=allow",
        "--assume-yes-for-downloads", "--python-flag=no_docstrings",
        *(f"--include-package={name}" for name in ("tat", "tat_frozen")),
        *(f"--include-module={name}" for name in _NOT_SEEN),
        "--include-module=mpi4py._mpiabi",
        *(f"--include-package-data=wgpu.resources:{pattern}" for pattern in _WGPU_DATA),
        *(f"--include-distribution-metadata={name}" for name in libraries),
        f"--nofollow-import-to={','.join(_LEFT_OUT)}",
    ]  # fmt: skip
