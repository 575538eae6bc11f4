"""Selects some of many cases to judge."""

from collections.abc import Sequence
from typing import TypeVar

Case = TypeVar("Case")


def spread(cases: Sequence[Case], limit: int | None) -> Sequence[Case]:
    """`limit` of the cases at even distances, or all of them."""
    if limit is None or limit >= len(cases):
        return cases
    return [cases[number * len(cases) // limit] for number in range(limit)]
