"""Runs entries of the cookbook on a GPU and compares them with their references."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tat.cookbook import references
from tat.cookbook.bindings import read_output, sandbox_binding
from tat.cookbook.library import Entry
from tat.cookbook.references import Kernel, Pure, Run, Tolerance
from tat.cookbook.rows import Row, input_rows, seeded
from tat.errors import DeviceError, FileError, InvalidShaderError, TatError, UsageError
from tat.wgsl.declarations import Function, functions
from tat.wgsl.harness import evaluate
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.signature import Signature, parse_signature

_SECONDS = 20.0  # for one run; a software GPU needs well under one


@dataclass(frozen=True)
class Failure:
    """Why an entry failed; the other fields are "" where no values were compared."""

    reason: str
    input: str = ""
    got: str = ""
    expected: str = ""

    def __str__(self) -> str:
        if not self.input:
            return self.reason
        return f"{self.reason} for {self.input}: got {self.got}, expected {self.expected}"


@dataclass(frozen=True)
class Result:
    """How the test of an entry ended: `checks` results (or outputs of kernels) were compared."""

    name: str
    checks: int
    failure: Failure | None = None


def test_entry(entry: Entry, sandbox: Sandbox, reference: Pure | Kernel | None = None) -> Result:
    """Runs `entry` and compares it with `reference`, by default the bundled one of its name.

    Only a missing device raises; any error of the entry or the reference is a failure.
    """
    try:
        if reference is None:
            reference = references.reference(entry.area, entry.name)
        if isinstance(reference, Pure):
            return _test_pure(entry, reference, sandbox)
        return _test_kernel(entry, reference, sandbox)
    except DeviceError:
        raise
    except TatError as error:
        return Result(entry.name, 0, Failure(str(error)))


def _test_pure(entry: Entry, reference: Pure, sandbox: Sandbox) -> Result:
    module, function = _module(entry, reference.harness, sandbox)
    try:
        signature = parse_signature(function.signature)
    except UsageError as error:
        raise FileError(f"{error}; give its reference a harness") from error
    types = [kind.name for kind in signature.parameters.values()]
    rows = input_rows(entry.name, reference, signature)
    words = np.array([np.concatenate([np.ravel(value) for value in row]) for row in rows], float)
    results = evaluate(
        sandbox, module, signature.name, types, signature.result.name, words, _SECONDS
    )
    for row, components in zip(rows, results):
        got = components.reshape(signature.result.shape)
        expected = _expected(entry.name, reference, signature, row)
        if not agree(got, expected, reference.tolerance).all():
            show = signature.result.show
            failure = Failure("wrong result", _show(signature, row), show(got), show(expected))
            return Result(entry.name, len(rows), failure)
    return Result(entry.name, len(rows))


def _expected(name: str, reference: Pure, signature: Signature, row: Row) -> np.ndarray:
    """The reference's value for one row; FileError if it is not finite and of the type."""
    result = signature.result
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(reference(*row))
    except Exception as error:  # references are tested, too: their faults are reported
        shown = _show(signature, row)
        raise FileError(f"{name}: the reference fails for {shown}: {error!r}") from error
    if not result.holds(value):
        shown = _show(signature, row)
        raise FileError(f"{name}: the reference gives {value!r} for {shown}, no {result.name}")
    return value.astype(np.float64) if result.scalar == "f32" else value


def _show(signature: Signature, row: Row) -> str:
    parameters = signature.parameters.items()
    return ", ".join(f"{name} = {kind.show(v)}" for (name, kind), v in zip(parameters, row))


def _test_kernel(entry: Entry, reference: Kernel, sandbox: Sandbox) -> Result:
    checks = 0
    for number, run in enumerate(_runs(entry.name, reference), start=1):
        where = f"run {number}"
        module, function = _module(entry, run.harness, sandbox)
        try:
            bound = [sandbox_binding(binding) for binding in run.bindings]
        except ValueError as error:
            raise FileError(f"{entry.name}: {where}: {error}") from error
        outputs = sandbox.run(module, function.name, bound, run.workgroups, _SECONDS)
        for place, expected in run.expected.items():
            failure = _compare_output(where, run, place, outputs, reference.tolerance)
            checks += expected.size
            if failure:
                return Result(entry.name, checks, failure)
    if not checks:
        return Result(entry.name, 0, Failure("the reference expects nothing; give it runs"))
    return Result(entry.name, checks)


def _runs(name: str, reference: Kernel) -> Iterable[Run]:
    try:
        with np.errstate(all="ignore"):
            return list(reference.runs(seeded(name)))
    except Exception as error:  # as above
        raise FileError(f"{name}: the reference fails: {error!r}") from error


def _compare_output(
    where: str,
    run: Run,
    place: tuple[int, int],
    outputs: dict[tuple[int, int], bytes],
    tolerance: Tolerance,
) -> Failure | None:
    where = f"{where}, @group({place[0]}) @binding({place[1]})"
    expected = run.expected[place]
    if place not in outputs:
        return Failure(f"{where}: expected, but no Storage or Image is bound there")
    [binding] = [b for b in run.bindings if (b.group, b.binding) == place]
    try:
        got = read_output(binding, outputs[place], expected)
    except ValueError as error:
        return Failure(f"{where}: {error}")
    for field in expected.dtype.names or (None,):
        one, other = (got, expected) if field is None else (got[field], expected[field])
        wrong = np.argwhere(~(agree(one, other, tolerance) | _free(other)))
        if len(wrong):
            at = tuple(wrong[0].tolist())
            label = f"{where} {field or ''}{list(at)}"
            return Failure("wrong value", label, _plain(one[at]), _plain(other[at]))
    return None


def _plain(value: np.generic) -> str:
    return f"{value:.9g}" if isinstance(value, np.floating) else f"{value}"


def _free(expected: np.ndarray) -> np.ndarray:
    """The positions at which any value will do."""
    return np.isnan(expected) if expected.dtype.kind == "f" else np.zeros(expected.shape, bool)


def agree(got: np.ndarray, expected: np.ndarray, tolerance: Tolerance) -> np.ndarray:
    """Whether each value of `got` is right: floats within the tolerance, others exactly."""
    if expected.dtype.kind != "f":
        return got == expected
    allowed = tolerance.absolute + tolerance.relative * np.abs(expected)
    return np.abs(got - expected) <= allowed


def _module(entry: Entry, harness: str, sandbox: Sandbox) -> tuple[str, Function]:
    """The entry's code with the harness, and the function to call: the last one."""
    module = f"{entry.code}\n{harness}"
    found = functions(module)
    if not found:
        raise InvalidShaderError(f"{entry.name}: {sandbox.validate(module) or 'no function'}")
    return module, found[-1]
