"""Bodies of a family are run against one another, and against its NumPy reference."""

import importlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from tat.errors import FileError, TatError
from tat.synth.domain import Domain
from tat.synth.draft import CONSTANTS
from tat.synth.draws import Draws
from tat.synth.family import Family, with_type
from tat.synth.groups import Groups, waits
from tat.synth.probes import ROWS, Probe, run_probes
from tat.synth.stand_ins import stand_in
from tat.synth.templates import expanded
from tat.synth.worlds import World, emulable
from tat.wgsl.harness import Type, parse_type
from tat.wgsl.sandbox import Sandbox

TOGETHER = 4  # probes of one kernel: compiling larger ones takes longer than is saved
ODD_ROWS = 2  # of ROWS may differ where an input is f32: it may lie on the edge of a step
_OF_FRAGMENTS = re.compile(r"\b(?:dpd[xy]\w*|fwidth\w*|textureSample)\(")
_CONSTANT = re.compile(rf"\b(?:{'|'.join(CONSTANTS)})\b")


@dataclass(frozen=True)
class Verdict:
    """The outcome for a family and a type: `problem` is "" where all agree."""

    family: str
    origin: str
    kind: str  # what T was, "" for none
    problem: str


def verifiable(family: Family) -> bool:
    """Whether there is something to compare: a reference or several bodies, which can be run."""
    if of_world(family) or waits(family):
        return len(family.bodies) > 1
    return family.plain and (family.reference or len(family.bodies) > 1)


def of_world(family: Family) -> bool:
    """Whether it needs a module or a stage around it, which a world emulates."""
    of_fragments = any(_OF_FRAGMENTS.search(text) for _, text in family.bodies)
    return emulable(family) or (family.plain and of_fragments)


def proof(family: Family) -> str:
    """The kind of proof that it computes what it says: "reference", "alternatives" or ""."""
    if not verifiable(family):
        return ""
    return "reference" if family.reference else "alternatives"


def verify(families: Iterable[Family], sandbox: Sandbox) -> Iterator[Verdict]:
    """A verdict for each family and type that can be compared; the others are passed over."""
    known = [family for family in families if verifiable(family)]
    around = [f for f in known if of_world(f) or waits(f)]
    for family in around:
        yield from (_in_world(family, kind, sandbox) for kind in _kinds(family))
    alone = (f for f in known if not of_world(f) and not waits(f))
    trials = (Trial(f, kind) for f in alone for kind in _kinds(f))
    while together := list(islice(trials, TOGETHER)):
        for trial, results in zip(together, _results(together, sandbox)):
            yield trial.verdict(results)


def _kinds(family: Family) -> tuple[str, ...]:
    return family.types if family.generic else ("",)


def _in_world(family: Family, kind: str, sandbox: Sandbox) -> Verdict:
    """Whether all bodies do the same to one world, emulated or of buffers that they share."""
    domain, problem = Domain.of(family), ""
    world = Groups(family, domain) if waits(family) else World(family, kind, domain)
    try:
        first, *others = world.run(sandbox)
    except TatError as error:
        return Verdict(family.id, family.origin, kind, str(error))
    finite = np.isfinite(first).all(axis=1)
    if finite.sum() < len(first) // 2:
        problem = f"only {finite.sum()} of {len(first)} worlds give finite results; name a domain"
    limit = domain.within * (1 + np.abs(first))
    for number, other in enumerate(others, 2):
        with np.errstate(invalid="ignore"):
            same = (np.abs(first - other) <= limit) | (first == other)
        wrong = ~(same | (np.isnan(first) & np.isnan(other))).all(axis=1)
        if wrong.sum() > 1:  # one may lie on the edge of a step
            row = int(np.argmax(wrong))
            at = int(np.argmax(~same[row]))
            problem = (
                f"body {number} differs from the first: in {wrong.sum()} of {len(first)} worlds, "
                f"value {at} is {first[row, at]:.6g} and {other[row, at]:.6g}"
            )
    return Verdict(family.id, family.origin, kind, problem)


def _results(trials: list["Trial"], sandbox: Sandbox) -> list[np.ndarray | str]:
    """Results of each trial, or why there are none: then they are run one by one."""
    try:
        return list(run_probes(sandbox, [trial.probe(i) for i, trial in enumerate(trials)]))
    except TatError as error:
        if len(trials) == 1:
            return [str(error)]
        return [result for trial in trials for result in _results([trial], sandbox)]


class Trial:
    """A family with a type in place of T."""

    def __init__(self, family: Family, kind: str) -> None:
        self.family, self.kind = family, kind
        self.domain = Domain.of(family)
        self.names = [parameter.names[0] for parameter in family.parameters]
        kept: dict[str, str] = {}
        draws = Draws(0, 0)
        drawn = [expanded(p.template, draws, kept) for p in family.parameters]
        self.types = [with_type(text, kind) for text in drawn]
        self.result = with_type(family.result, kind)
        self.kept = kept
        generator = np.random.default_rng(0)
        self.inputs = self.domain.draw(self.names, self.types, ROWS, generator)

    def probe(self, number: int) -> Probe:
        """Its bodies as functions whose names have `number` in them."""
        listed = ", ".join(f"{name}: {kind}" for name, kind in zip(self.names, self.types))
        names, texts = [], []
        for i, (is_expression, template) in enumerate(self.family.body_templates):
            text = with_type(expanded(template, Draws(0, 1), dict(self.kept)), self.kind)
            text = f"return {text};" if is_expression else text
            text = _CONSTANT.sub(lambda match: CONSTANTS[match[0]][1][0], text)
            for helper in self.family.helpers:
                text = re.sub(rf"\b{helper.name}\b(?= *\()", f"h{number}_{helper.name}", text)
            names.append(f"f{number}_{i}")
            texts.append(f"fn {names[-1]}({listed}) -> {self.result} {{\n{text}\n}}")
        texts += [stand_in(h, self.kind, f"h{number}_{h.name}") for h in self.family.helpers]
        inputs = np.concatenate(self.inputs, axis=1) if self.inputs else np.zeros((ROWS, 0))
        return Probe("\n".join(texts), tuple(names), tuple(self.types), self.result, inputs)

    def verdict(self, results: np.ndarray | str) -> Verdict:
        """Compare the results [bodies, ROWS, components] with one another and the reference."""
        problem = results if isinstance(results, str) else self._problem(results)
        return Verdict(self.family.id, self.family.origin, self.kind, problem)

    def _problem(self, results: np.ndarray) -> str:
        finite = np.isfinite(results[0]).all(axis=1)
        if finite.sum() < ROWS // 2:
            return f"only {finite.sum()} of {ROWS} results are finite; name its domain with `~`"
        whole = parse_type(self.result).scalar != "f32"
        for number, other in enumerate(results[1:], 1):
            if problem := self._difference(results[0], other, whole):
                return f"body {number + 1} differs from the first: {problem}"
        if not self.family.reference:
            return ""
        expected = self._expected()
        known = ~np.isnan(expected).any(axis=1)
        if known.sum() < ROWS // 2:
            return f"the reference knows only {known.sum()} of {ROWS} rows; name its domain"
        expected[~known] = results[0][~known]
        problem = self._difference(expected, results[0], whole)
        return problem and f"the first body differs from the reference: {problem}"

    def _difference(self, expected: np.ndarray, other: np.ndarray, whole: bool) -> str:
        """The difference of two results in words, or ""."""
        if whole:
            wrong = (expected % 2**32 != other % 2**32).any(axis=1)
        else:
            limit = self.domain.within * (1 + np.abs(expected))
            with np.errstate(invalid="ignore"):
                near = np.abs(expected - other) <= limit
            same = (expected == other) | (np.isnan(expected) & np.isnan(other))
            wrong = ~(near | same).all(axis=1)
        if wrong.sum() <= (ODD_ROWS if any("f" in kind for kind in self.types) else 0):
            return ""
        row = int(np.argmax(wrong))
        given = ", ".join(
            f"{name} = {np.round(values[row], 4).tolist()}"
            for name, values in zip(self.names, self.inputs)
        )
        one, two = (np.round(values[row], 5).tolist() for values in (expected, other))
        return f"in {wrong.sum()} of {ROWS} rows, as at {given}: {one} and {two}"

    def _expected(self) -> np.ndarray:
        """Results of the reference, float64 [ROWS, components]; NaN where it does not know."""
        reference = reference_of(self.family)
        kinds = [parse_type(kind) for kind in self.types]
        rows = []
        for row in range(ROWS):
            given = [_value(values[row], kind) for values, kind in zip(self.inputs, kinds)]
            with np.errstate(all="ignore"):
                rows.append(_components(reference(*given), parse_type(self.result)))
        return np.stack(rows)


def reference_of(family: Family) -> Callable[..., Any]:
    """The NumPy function of a family with `! reference`; FileError if there is none."""
    try:
        module = importlib.import_module(f"tat.synth.references.{family.area}")
        return getattr(module, family.names[0])
    except (ImportError, AttributeError):
        where = f"synth/references/{family.area}.py has no function {family.names[0]}"
        raise FileError(f"{family.origin}: {where}; write it, or remove `! reference`") from None


def _value(components: np.ndarray, kind: Type) -> Any:
    """An argument as references take it: a Python number, a vector, or a matrix m for m @ v."""
    as_kind = {"f32": float, "bool": bool}.get(kind.scalar, int)
    if kind.columns:
        return components.reshape(kind.columns, kind.rows).T.copy()
    if kind.rows:
        return components.copy() if kind.scalar == "f32" else components.astype(np.int64)
    return as_kind(components[0])


def _components(value: Any, kind: Type) -> np.ndarray:
    """A result of a reference as components, matrices column by column."""
    values = np.asarray(value, np.float64)
    if kind.columns:
        values = values.T
    values = values.ravel()
    if len(values) != kind.components:
        raise TatError(f"{len(values)} components, {kind.text} has {kind.components}")
    return values
