"""The text around a body to be judged: its declarations, its module, or stubs."""

from collections.abc import Mapping
from typing import NamedTuple

from tat.evaluation.functions import ReferenceFunction
from tat.wgsl.declarations import split_module
from tat.wgsl.lexer import code_of
from tat.wgsl.stubs import with_stubs


class Placement(NamedTuple):
    """The text before and after a body; `runs` if all called functions are there."""

    before: str
    after: str
    runs: bool

    def module(self, body: str) -> str:
        """The whole module; a comment at the end of the body ends with it."""
        return f"{self.before}{body}\n{self.after}"


def placement(function: ReferenceFunction, modules: Mapping[str, str]) -> Placement:
    """Alone if it can stand alone, else in its module; without a known module beside stubs."""
    if function.standalone:
        return Placement(f"{function.context}\n{function.signature} ", "", True)
    module = modules.get(function.module_id)
    if module is not None:
        found = _span(module, function)
        if found:
            return Placement(module[: found[0]], module[found[1] :], True)
    return Placement(f"{with_stubs(function.given)}\n{function.signature} ", "", False)


def _span(module: str, function: ReferenceFunction) -> tuple[int, int] | None:
    """Start and end of the body of `function` in its module."""
    for item in split_module(module):
        text = module[item.start : item.end]
        whole = text.startswith(function.signature) and text.endswith(function.body)
        if item.kind == "fn" and whole:
            return item.end - len(function.body), item.end
    return None


def is_one_block(body: str) -> bool:
    """Whether it is one compound statement, which cannot end the function and declare another."""
    depth, texts = 0, [token.text for token in code_of(body)]
    for index, text in enumerate(texts):
        depth += {"{": 1, "}": -1}.get(text, 0)
        if depth <= 0:
            return index == len(texts) - 1 > 0
    return False
