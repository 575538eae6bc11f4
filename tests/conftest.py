"""Set up before any test module is imported."""

import subprocess
from pathlib import Path

import cli_harness
import pytest
from cli_harness import bench  # noqa: F401  a fixture of several modules
from hypothesis import settings

import tat  # noqa: F401  it sets the number of BLAS threads, which numpy reads when first imported
from tat.backends.opening import automatic

automatic.any_hardware = lambda: False  # tests do the same work where there is a GPU
settings.register_profile("tat", deadline=None)  # a slow machine is no failure
settings.load_profile("tat")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--program", type=Path, help="run the tests of the command line on this file")


def pytest_configure(config: pytest.Config) -> None:
    if program := config.getoption("--program"):
        cli_harness.PROGRAM[:] = [str(program.resolve())]
        # The first start says that it unpacks.
        subprocess.run([*cli_harness.PROGRAM, "--version"], check=True, capture_output=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--program"):
        reason = pytest.mark.skip(reason="reaches into the process that it tests")
        for item in items:
            if item.get_closest_marker("in_process"):
                item.add_marker(reason)
