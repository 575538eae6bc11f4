"""Rows of inputs for functions of plain values: edge cases, and random rows keyed by the name."""

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from tat.cookbook.references import Pure
from tat.errors import FileError
from tat.wgsl.signature import Signature, ValueType

COUNT = 64  # random rows, besides the edge cases
_BATCHES = 100  # of random rows to draw before `keep` counts as refusing nearly all

Row = tuple[Any, ...]  # values in the order of the parameters, as a reference takes them


def seeded(name: str) -> np.random.Generator:
    """The random numbers of the entry `name`: the same in every run."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def input_rows(name: str, reference: Pure, signature: Signature) -> list[Row]:
    """The edges of `reference`, then 64 drawn rows; FileError if its domains do not fit."""
    types = signature.parameters
    if list(types) != list(reference.domains):
        raise FileError(
            f"{name}: the reference takes ({', '.join(reference.domains)}), the function "
            f"({', '.join(types)}); use the function's names in its order"
        )
    try:
        rows = [_edge(edge, list(types.values())) for edge in reference.edges]
        drawn = _drawn(seeded(name), reference, types)
        rows += [row for row, _ in zip(drawn, range(COUNT))]
    except Exception as error:  # domains and `keep` are tested, too
        raise FileError(f"{name}: inputs of its reference: {error!r}") from error
    if len(rows) < COUNT + len(reference.edges):
        raise FileError(f"{name}: `keep` refuses nearly all rows; narrow the domains instead")
    return rows


def _edge(edge: Row, types: list[ValueType]) -> Row:
    values = [kind.read(np.asarray(value)) for value, kind in zip(edge, types)]
    for value, kind in zip(values, types):
        if value.shape != kind.shape:
            raise ValueError(f"the edge {edge} has no {kind.name} where one is needed")
    return tuple(value if kind.shape else value.item() for value, kind in zip(values, types))


def _drawn(rng: np.random.Generator, reference: Pure, types: dict[str, ValueType]) -> Iterator[Row]:
    for _ in range(_BATCHES):
        columns = [
            kind.read(domain.draw(rng, COUNT, kind.shape))
            for domain, kind in zip(reference.domains.values(), types.values())
        ]
        for values in zip(*columns):
            row = tuple(v if np.ndim(v) else v.item() for v in values)
            if reference.keep is None or reference.keep(*row):
                yield row
