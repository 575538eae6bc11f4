"""Generated code under the tests of a cookbook entry, in place of the entry's own."""

from dataclasses import replace

from tat.cookbook.library import Entry
from tat.cookbook.runner import Result, test_entry
from tat.errors import UsageError
from tat.wgsl.declarations import functions
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.signature import parse_signature

_NAME = "tat_entry"  # of what calls a generated function that is named as the entry is


def test_generated(entry: Entry, code: str, sandbox: Sandbox) -> Result:
    """How `code`, whose last function is the answer, does in the tests of the entry.

    How that function and its parameters are called does not matter, for nobody who asks in words
    says so. Types do, and so does all else that the tests use of the entry by name.
    """
    return test_entry(replace(entry, code=_under_its_names(entry, code)), sandbox)


def _under_its_names(entry: Entry, code: str) -> str:
    """`code` and behind it a function with the entry's parameters that calls the last of it."""
    found = functions(code)
    try:
        wanted = parse_signature(functions(entry.code)[-1].signature)
    except UsageError:  # tests of what takes other than plain values call it by its name
        return code
    if not found:
        return code
    name = _NAME if found[-1].name == entry.name else entry.name
    parameters = ", ".join(f"{item}: {kind.name}" for item, kind in wanted.parameters.items())
    called = f"{found[-1].name}({', '.join(wanted.parameters)})"
    return f"{code}\nfn {name}({parameters}) -> {wanted.result.name} {{ return {called}; }}\n"
