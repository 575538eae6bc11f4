"""Kernels whose invocations wait for one another: they are run as they are, group by group.

A world calls a kernel once for each invocation, in turn, which barriers forbid. So such a kernel
gets buffers of its own here, filled by the domain, and all that its bodies write is compared.
"""

import re
from dataclasses import dataclass, field

import numpy as np

from tat.errors import TatError
from tat.synth.domain import Domain
from tat.synth.draft import CONSTANTS
from tat.synth.draws import Draws
from tat.synth.family import Family, split_list
from tat.synth.stand_ins import stand_in
from tat.synth.templates import expanded
from tat.wgsl.harness import Type, parse_type, values_of, words_of
from tat.wgsl.protocol import Binding
from tat.wgsl.sandbox import Sandbox

ROWS = 4  # runs with other inputs
ELEMENTS = 256  # of a buffer without a size
_WIDTHS = {1: 128, 2: 16, 3: 4}  # invocations along each axis of a grid
_PARALLEL = re.compile(r"var<workgroup>|workgroupBarrier|storageBarrier")
_BINDING = re.compile(r"(uniform|storage|storage_rw) (\w+): (.*);$")
_STRUCT = re.compile(r"struct (\w+) \{(.*)\}$")
_ARRAY = re.compile(r"array<(.+?)(?:, *(\d+))?>$")
_CONSTANT = re.compile(rf"\b(?:{'|'.join(CONSTANTS)})\b")
_SPACES = {"uniform": "uniform", "storage": "storage, read", "storage_rw": "storage, read_write"}
_KINDS = {"uniform": "uniform", "storage": "read", "storage_rw": "storage"}


def waits(family: Family) -> bool:
    """Whether it is a kernel whose invocations wait for one another, with buffers alone."""
    texts = [*family.context, *(text for _, text in family.bodies)]
    handles = any(line.startswith("handle") for line in family.context)
    stage = family.attributes.startswith("@compute")
    return stage and not handles and any(map(_PARALLEL.search, texts))


@dataclass
class Groups:
    """The module around a kernel; its buffers hold scalars and vectors, its uniform scalars."""

    family: Family
    domain: Domain
    kept: dict[str, str] = field(default_factory=dict)
    members: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    declarations: list[str] = field(default_factory=list)
    resources: list[tuple[str, str, str]] = field(default_factory=list)  # space, name, type

    def run(self, sandbox: Sandbox, seconds: float = 60.0) -> np.ndarray:
        """All that the bodies write, float64 [bodies, ROWS, scalars]; raises as Sandbox.run."""
        attributes = expanded(self.family.attribute_template, Draws(0, 0), self.kept)
        listed = ", ".join(
            f"{p.attributes} {p.names[0]}: {expanded(p.template, Draws(0, 0), self.kept)}"
            for p in self.family.parameters
        )
        for template in self.family.context_templates:
            self._declare(expanded(template, Draws(0, 0), self.kept))
        self.declarations += [stand_in(h, "", h.name) for h in self.family.helpers]
        counts = _group_counts(attributes)
        rows = [self._bindings(row) for row in range(ROWS)]
        results = []
        for _, template in self.family.body_templates:
            text = expanded(template, Draws(0, 1), dict(self.kept))
            source = "\n".join(
                (*self.declarations, f"{attributes} fn tat_it({listed}) {{", text, "}")
            )
            source = _CONSTANT.sub(lambda match: CONSTANTS[match[0]][1][0], source)
            runs = [sandbox.run(source, "tat_it", row, counts, seconds) for row in rows]
            results.append([self._values(written) for written in runs])
        return np.array(results)

    def _declare(self, line: str) -> None:
        if match := _STRUCT.match(line):
            parts = [part.replace(" ", "").split(":", 1) for part in split_list(match[2])]
            self.members[match[1]] = [(name, kind) for name, kind in parts]
        if match := _BINDING.match(line):
            place = f"@group(0) @binding({len(self.resources)})"
            line = f"{place} var<{_SPACES[match[1]]}> {match[2]}: {match[3]};"
            self.resources.append((match[1], match[2], match[3]))
        self.declarations.append(line.replace("override ", "const "))

    def _bindings(self, row: int) -> list[Binding]:
        return [
            Binding(0, number, _KINDS[space], self._words(name, kind, 97 * row + number).tobytes())
            for number, (space, name, kind) in enumerate(self.resources)
        ]

    def _words(self, name: str, kind: str, seed: int) -> np.ndarray:
        """The words of a resource, by the domain."""
        if kind in self.members:
            parts = [
                self._words(member, of, seed + 11 * (1 + place))
                for place, (member, of) in enumerate(self.members[kind])
            ]
            return np.concatenate(parts)
        element, count = _element(kind)
        values = self.domain.draw_one(name, element, count, seed)
        if name in self.domain.ascending:
            values = np.cumsum(values, axis=0)
        return np.stack(
            [words_of(values[:, i], element.scalar) for i in range(values.shape[1])], 1
        ).ravel()

    def _values(self, written: dict[tuple[int, int], bytes]) -> np.ndarray:
        parts = []
        for number, (_, _, kind) in enumerate(self.resources):
            if (0, number) in written:
                words = np.frombuffer(written[0, number], np.uint32)
                parts.append(np.asarray(values_of(words, _element(kind)[0].scalar), np.float64))
        return np.concatenate(parts)


def _element(kind: str) -> tuple[Type, int]:
    array = _ARRAY.match(kind)
    element = parse_type((array[1] if array else kind).removeprefix("atomic<").removesuffix(">")
                         if "atomic" in kind else array[1] if array else kind)  # fmt: skip
    if element.components == 3 or element.columns:
        raise TatError(f"a buffer of {kind}: only scalars, vec2 and vec4 are filled here")
    return element, (int(array[2] or ELEMENTS) if array else 1)


def _group_counts(attributes: str) -> tuple[int, int, int]:
    """Workgroups along each axis, so that small buffers are covered."""
    size = re.search(r"@workgroup_size\(([^)]*)\)", attributes)
    assert size
    sizes = [int(part) for part in size[1].split(",")]
    axes = max(i for i, n in enumerate(sizes, 1) if n > 1 or i == 1)
    counts = [max(1, _WIDTHS[axes] // n) if i < axes else 1 for i, n in enumerate(sizes)]
    counts += [1] * (3 - len(counts))
    return counts[0], counts[1], counts[2]
