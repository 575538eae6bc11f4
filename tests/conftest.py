"""Set up before any test module is imported."""

import subprocess
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

import cli_harness
import gpu_harness  # noqa: F401  it takes its variable from the environment
import pytest
from cli_harness import bench  # noqa: F401  a fixture of several modules
from hypothesis import settings

import tat  # noqa: F401  it sets the number of BLAS threads, which numpy reads when first imported
from tat import kernel_cache
from tat.backends.opening import automatic
from tat.backends.opening.adapters import list_adapters
from tat.backends.reference.functions import functions
from tat.data import corpus_cache
from tat.errors import DeviceError, TatError
from tat.ops.kernels import KERNELS
from tat.wgsl.sandbox import Sandbox

# A test that looks at what is said may be the first that compiles.
compiling_is_said, kernel_cache.say_that_it_compiles = (
    kernel_cache.say_that_it_compiles, lambda: None,
)  # fmt: skip
automatic.any_hardware = lambda: False  # tests do the same work where there is a GPU
# A slow machine is no failure. A change is judged by the inputs of the change before it;
# `make test-all` and --hypothesis-profile=new draw new ones.
settings.register_profile("new", deadline=None)
settings.register_profile("same", settings.get_profile("new"), derandomize=True)
settings.load_profile("same")

# Tests that --op keeps beside those that name an operation: they find missing parts of it.
_OF_THE_TABLE = (
    "test_kernel_rows", "test_kernel_docs", "test_shader_docs", "test_every_operation_is_checked",
    "test_cases_cover_the_table_under_distinct_names", "test_numpy_kernels_are_the_table",
    "test_numba_kernels_are_some_of_the_table_with_equal_parameters",
    "test_shaders_are_of_the_kernels_of_the_table",
)  # fmt: skip


@pytest.fixture(autouse=True, scope="session")
def own_corpora(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Corpora that are prepared in this process go into a folder of this session."""
    corpora = tmp_path_factory.mktemp("cache")
    corpus_cache.user_folder = lambda kind: corpora


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A child process that validates and runs WGSL; its tests are skipped without an adapter."""
    with Sandbox() as shared:
        try:
            shared.validate("")
        except DeviceError as error:
            pytest.skip(str(error))
        yield shared


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--op", help="run what is about one operation of the table of kernels alone")
    parser.addoption("--program", type=Path, help="run the tests of the command line on this file")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--op"):
        try:
            functions()
        except TatError as error:  # else each module that needs them says so, with its traceback
            raise pytest.UsageError(str(error)) from None
    if program := config.getoption("--program"):
        cli_harness.PROGRAM[:] = [str(program.resolve())]
        # The first start says that it unpacks.
        subprocess.run([*cli_harness.PROGRAM, "--version"], check=True, capture_output=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if operation := config.getoption("--op"):
        _choose_operation(operation, config, items)
    if config.getoption("--program"):
        reason = pytest.mark.skip(reason="reaches into the process that it tests")
        for item in items:
            if item.get_closest_marker("in_process"):
                item.add_marker(reason)


def _choose_operation(name: str, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the tests of an operation and its gradient, and those of the table as a whole."""
    if name not in KERNELS:
        close = ", ".join(get_close_matches(name, KERNELS))
        advice = f"is it {close}?" if close else "docs/adding-an-operation.md begins with it"
        raise pytest.UsageError(f"--op {name}: tat/ops/kernels.py has no such row; {advice}")
    family = {kernel for kernel in KERNELS if kernel == name or kernel.startswith(f"{name}_back")}

    def wanted(item: pytest.Item) -> bool:
        given = getattr(item, "callspec", None)
        values = given.params.values() if given else ()
        named = [getattr(v, "kernel", None) or getattr(v, "name", v) for v in values]
        kernels = {n.partition(".")[0] for n in named if isinstance(n, str)} & KERNELS.keys()
        return bool(kernels & family if kernels else {item.path.stem, item.name} & {*_OF_THE_TABLE})

    kept = [item for item in items if wanted(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept
    if any(item.get_closest_marker("gpu") for item in kept) and not _any_adapter():
        for item in kept:
            if item.get_closest_marker("gpu"):
                item.add_marker(pytest.mark.skip(reason="no adapter; `make vulkan` installs one"))


def _any_adapter() -> bool:
    try:
        return bool(list_adapters())
    except DeviceError:
        return False
