"""Inputs that checks draw: of each parameter's domain, as the `~` lines of its family say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tat.errors import FileError
from tat.synth.family import Family
from tat.wgsl.harness import Type, parse_type

_NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
_INTERVAL = re.compile(rf"(\w+) in \[({_NUMBER}), *({_NUMBER})\]")
_WHOLE = re.compile(rf"(\w+) in ({_NUMBER})\.\.({_NUMBER})")
_ASCENDING = re.compile(r"ascending (\w+)")
_SIDE = re.compile(r"(before|after) (\w+)")
_AFFINE = re.compile(r"affine (\w+)")
_UNIT = re.compile(r"unit (\w+)")
_ORDER = re.compile(r"(\w+) < (\w+)")
_WITHIN = re.compile(rf"within ({_NUMBER})")
_ITEMS = re.compile(r", *(?![^\[]*\])")  # a comma that is in no interval
DEFAULTS = {"f32": (0.05, 0.95), "i32": (-6.0, 12.0), "u32": (1.0, 12.0), "bool": (0.0, 1.0)}
WITHIN = 2e-3


@dataclass
class Domain:
    """The domain of inputs: intervals by name, what is of length 1, what is below what."""

    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    wholes: set[str] = field(default_factory=set)  # names of floats that are whole numbers
    units: list[str] = field(default_factory=list)
    orders: list[tuple[str, str]] = field(default_factory=list)
    ascending: set[str] = field(default_factory=set)  # buffers whose elements grow
    before: set[str] = field(default_factory=set)  # buffers whose elements are below their index
    after: set[str] = field(default_factory=set)  # ... a little above it
    affine: set[str] = field(default_factory=set)  # matrices whose last row is 0, 0, 0, 1
    within: float = WITHIN  # tolerance, relative and absolute

    @classmethod
    def of(cls, family: Family) -> "Domain":
        """That of a family; FileError at an item that is none, or names no parameter."""
        domain = cls()
        for line in family.domain:
            for item in filter(None, _ITEMS.split(line)):
                domain._add(item.strip(), family)
        return domain

    def _add(self, item: str, family: Family) -> None:
        names = [parameter.names[0] for parameter in family.parameters]
        if found := _INTERVAL.fullmatch(item) or _WHOLE.fullmatch(item):
            self.intervals[found[1]] = (float(found[2]), float(found[3]))
            self.wholes |= {found[1]} if ".." in item else set()
            used = [found[1]]
        elif found := _UNIT.fullmatch(item):
            self.units.append(found[1])
            used = [found[1]]
        elif found := _AFFINE.fullmatch(item):
            self.affine.add(found[1])
            used = [found[1]]
        elif found := _ASCENDING.fullmatch(item):
            self.ascending.add(found[1])
            used = [found[1]]
        elif found := _SIDE.fullmatch(item):
            getattr(self, found[1]).add(found[2])
            used = [found[2]]
        elif found := _ORDER.fullmatch(item):
            self.orders.append((found[1], found[2]))
            used = [found[1], found[2]]
        elif found := _WITHIN.fullmatch(item):
            self.within, used = float(found[1]), []
        else:
            raise FileError(f"{family.origin}: ~ {item}: no item of a domain; see synth/README.md")
        for name in used:
            if name not in names and not (family.context and name in family.used):
                raise FileError(f"{family.origin}: ~ {item}: {name} is none of {', '.join(names)}")

    def draw(
        self, names: Sequence[str], kinds: Sequence[str], rows: int, generator: np.random.Generator
    ) -> list[np.ndarray]:
        """Inputs [rows, components] for each parameter, as float32 or whole numbers hold them."""
        drawn = {
            name: self._uniform(name, parse_type(kind), rows, generator)
            for name, kind in zip(names, kinds)
        }
        for low, high in self.orders:
            a, b = drawn[low], drawn[high]
            drawn[low], drawn[high] = np.minimum(a, b), np.maximum(a, b)
        for name in self.units:
            drawn[name] /= np.linalg.norm(drawn[name], axis=1, keepdims=True)
        return [
            values.astype(np.float32).astype(np.float64) if parse_type(kind).scalar == "f32"
            else values
            for values, kind in zip(drawn.values(), kinds)
        ]  # fmt: skip

    def interval(self, name: str, scalar: str) -> tuple[float, float]:
        """The interval of a name, or that of its type."""
        return self.intervals.get(name, DEFAULTS[scalar])

    def draw_one(self, name: str, kind: Type, rows: int, seed: int) -> np.ndarray:
        """Inputs [rows, components] of one name, without any order beside others."""
        values = self._uniform(name, kind, rows, np.random.default_rng(seed))
        if name in self.affine:
            values[:, [3, 7, 11, 15]] = (0, 0, 0, 1)
        if name in self.units:
            values /= np.linalg.norm(values, axis=1, keepdims=True)
        return values

    def _uniform(
        self, name: str, kind: Type, rows: int, generator: np.random.Generator
    ) -> np.ndarray:
        shape = (rows, kind.components)
        if name in self.units:
            return generator.normal(size=shape)
        low, high = self.intervals.get(name, DEFAULTS[kind.scalar])
        if kind.scalar == "f32" and name not in self.wholes:
            return generator.uniform(low, high, shape)
        return np.floor(generator.uniform(low, high + 1, shape))

    def ordered(self, name: str, scalar: str, drawn: str, place: str, unit: str) -> str:
        """WGSL of the element `place` with index tat_j, where elements depend on their index.

        `drawn` is WGSL of an element that does not, `unit` that of a random number in [0, 1).
        """
        if name in self.before:
            return f"{scalar}(floor({unit} * f32(tat_j + 1u))) - {scalar}(1)"
        if name in self.after:
            return f"{scalar}(tat_j) + {scalar}(1 + floor({unit} * 8.0))"
        if name in self.ascending:
            previous = place.replace("[tat_j]", "[max(tat_j, 1u) - 1u]")
            return f"{drawn} + select({scalar}(0), {previous}, tat_j > 0u)"
        return drawn
