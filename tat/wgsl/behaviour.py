"""Whether a function computes what its reference computes: both are run on the same inputs.

numpy's default_rng draws 64 rows (from seed 0 where a result is judged), uniform in [-2, 2),
component by component. In the first half of the rows x becomes |x| / 2. An integer is 10 x without
its fraction, an unsigned one uses |x|, and a bool is x > 0. A result agrees if each component with
a finite reference agrees within 1e-4 + 1e-3 |reference|.
"""

from typing import NamedTuple

import numpy as np

from tat.errors import InvalidShaderError
from tat.wgsl.harness import evaluate
from tat.wgsl.sandbox import Sandbox, SandboxError
from tat.wgsl.signature import Signature

ROWS = 64
RELATIVE, ABSOLUTE = 1e-3, 1e-4
_SECONDS = 5.0  # for one run; a software GPU takes 0.03


class Run(NamedTuple):
    """Results [64, components], or the reason why there are none."""

    results: np.ndarray | None
    problem: str = ""


def inputs(signature: Signature, seed: int = 0) -> np.ndarray:
    """Rows [64, components] of arguments, as the sandbox takes them, drawn from `seed`."""
    kinds = signature.parameters.values()
    scalars = [kind.scalar for kind in kinds for _ in range(int(np.prod(kind.shape)))]
    values = np.random.default_rng(seed).uniform(-2, 2, (ROWS, len(scalars)))
    values[: ROWS // 2] = np.abs(values[: ROWS // 2]) / 2
    convert = {
        "i32": lambda x: np.trunc(10 * x),
        "u32": lambda x: np.trunc(10 * np.abs(x)),
        "bool": lambda x: x > 0,
    }
    for column, scalar in enumerate(scalars):
        if scalar in convert:
            values[:, column] = convert[scalar](values[:, column])
    return values


def run(
    sandbox: Sandbox, module: str, signature: Signature, seed: int = 0, seconds: float | None = None
) -> Run:
    """Run a function of `module`; one that does not end in time has no results."""
    seconds = _SECONDS if seconds is None else seconds
    types = [kind.name for kind in signature.parameters.values()]
    try:
        results = evaluate(
            sandbox,
            module,
            signature.name,
            types,
            signature.result.name,
            inputs(signature, seed),
            seconds,
        )
    except (InvalidShaderError, SandboxError) as error:
        return Run(None, str(error))
    return Run(results)


def disagreement(reference: np.ndarray, results: np.ndarray) -> str:
    """The first row of results that does not agree, in words; "" if all agree."""
    with np.errstate(invalid="ignore"):  # infinities and NaNs of the results never agree
        allowed = ABSOLUTE + RELATIVE * np.abs(reference)
        wrong = np.isfinite(reference) & ~(np.abs(results - reference) <= allowed)
    if not wrong.any():
        return ""
    row, component = np.argwhere(wrong)[0]
    got, expected = results[row, component], reference[row, component]
    return f"computes {got:.6g} and not {expected:.6g} (input {row}, component {component})"


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether results agree where one of both is finite, and are not all without a number."""
    pairs = (one, other), (other, one)
    return any(np.isfinite(a).any() and not disagreement(a, b) for a, b in pairs)
