"""Entries of a cookbook made in tests, and what running their tests says."""

from tat.cookbook import runner
from tat.cookbook.library import Entry
from tat.cookbook.references import (
    Kernel,
    Pure,
)
from tat.wgsl.sandbox import Sandbox


def entry(code: str, name: str = "f", area: str = "nowhere") -> Entry:
    return Entry(name, area, "family", (), 1, "train", "request", (), "", "", code)


def outcome(code: str, reference: Pure | Kernel, sandbox: Sandbox) -> str:
    """The failure as printed, "" if the entry passes."""
    result = runner.test_entry(entry(code), sandbox, reference)
    assert result.name == "f" and (result.checks > 0 or result.failure)
    return str(result.failure or "")
