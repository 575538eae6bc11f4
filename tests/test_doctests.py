"""The examples in docstrings, where a reader meets a concept for the first time."""

import doctest
import importlib

import pytest

EXAMPLES = (
    "tat.ops.graph.Graph",
    "tat.ops.plan.Plan",
    "tat.wgsl.lexer.tokenize",
    "tat.decode.prompt.Prompt",
    "tat.backends.reference.cases.Case",
)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of(name: str):
    module = importlib.import_module(name.rpartition(".")[0])
    tests = [test for test in doctest.DocTestFinder().find(module) if test.name == name]
    assert any(test.examples for test in tests), "no example in its docstring"
    said: list[str] = []
    for test in tests:
        doctest.DocTestRunner().run(test, out=said.append)
    assert not said, "".join(said)
