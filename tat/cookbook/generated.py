"""Runs the tests of a cookbook entry on generated code."""

from dataclasses import replace

from tat.cookbook.library import Entry
from tat.cookbook.runner import Result, test_entry
from tat.errors import UsageError
from tat.wgsl.declarations import functions
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.signature import parse_signature

_NAME = "tat_entry"  # of the caller of a generated function that has the entry's own name


def test_generated(entry: Entry, code: str, sandbox: Sandbox) -> Result:
    """The result of the entry's tests on `code`, whose last function is the answer.

    The names of that function and of its parameters do not matter, because a request in words does
    not give them. Types matter, and so do other names of the entry that the tests use.
    """
    return test_entry(replace(entry, code=_under_its_names(entry, code)), sandbox)


def _under_its_names(entry: Entry, code: str) -> str:
    """`code`, and a function with the entry's parameters that calls the last one of `code`."""
    found = functions(code)
    try:
        wanted = parse_signature(functions(entry.code)[-1].signature)
    except UsageError:  # for other than plain values tests call a function by name
        return code
    if not found:
        return code
    name = _NAME if found[-1].name == entry.name else entry.name
    parameters = ", ".join(f"{item}: {kind.name}" for item, kind in wanted.parameters.items())
    called = f"{found[-1].name}({', '.join(wanted.parameters)})"
    return f"{code}\nfn {name}({parameters}) -> {wanted.result.name} {{ return {called}; }}\n"
