"""Runs many functions on inputs of their own in one kernel: a workgroup for each probe."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tat.wgsl.harness import Type, parse_type, reading, values_of, words_of, writing
from tat.wgsl.protocol import Binding
from tat.wgsl.sandbox import Sandbox

ROWS = 64  # inputs of a probe, one an invocation


@dataclass(frozen=True)
class Probe:
    """Functions of one signature on the same inputs.

    `declarations` is WGSL that declares `functions` and all they need; no name in it is in
    another probe of the same kernel. `inputs` is float64 [ROWS, components].
    """

    declarations: str
    functions: tuple[str, ...]
    parameters: tuple[str, ...]  # types
    result: str  # type
    inputs: np.ndarray

    @property
    def width(self) -> int:
        """Words of a row of inputs."""
        return sum(parse_type(kind).components for kind in self.parameters)

    @property
    def results(self) -> int:
        """Words of a row of results."""
        return len(self.functions) * parse_type(self.result).components


def run_probes(
    sandbox: Sandbox, probes: Sequence[Probe], seconds: float = 60.0
) -> list[np.ndarray]:
    """Results of each probe, float64 [functions, ROWS, components]. Raises as Sandbox.run does."""
    words = np.concatenate([_input_words(probe) for probe in probes] or [np.zeros(1, np.uint32)])
    sizes = [ROWS * probe.results for probe in probes]
    written = sandbox.run(
        _kernel(probes), "tat_probes",
        [Binding(0, 0, "read", words.tobytes()), Binding(0, 1, "storage", bytes(4 * sum(sizes)))],
        (len(probes), 1, 1), seconds,
    )  # fmt: skip
    flat = np.frombuffer(written[0, 1], np.uint32)
    parts = np.split(flat, np.cumsum(sizes)[:-1])
    return [_results(probe, part) for probe, part in zip(probes, parts)]


def _input_words(probe: Probe) -> np.ndarray:
    scalars = [t.scalar for t in map(parse_type, probe.parameters) for _ in range(t.components)]
    columns = [words_of(probe.inputs[:, i], scalar) for i, scalar in enumerate(scalars)]
    return np.stack(columns, axis=1).ravel() if columns else np.zeros(0, np.uint32)


def _results(probe: Probe, words: np.ndarray) -> np.ndarray:
    kind = parse_type(probe.result)
    values = values_of(words, kind.scalar).reshape(ROWS, len(probe.functions), kind.components)
    return values.transpose(1, 0, 2)


def _kernel(probes: Sequence[Probe]) -> str:
    cases, first_input, first_result = [], 0, 0
    for number, probe in enumerate(probes):
        cases.append(_case(number, probe, first_input, first_result))
        first_input += ROWS * probe.width
        first_result += ROWS * probe.results
    declared = "\n".join(probe.declarations for probe in probes)
    return f"""{declared}

@group(0) @binding(0) var<storage, read> tat_arguments: array<u32>;
@group(0) @binding(1) var<storage, read_write> tat_results: array<u32>;

@compute @workgroup_size({ROWS})
fn tat_probes(
    @builtin(workgroup_id) tat_probe: vec3<u32>,
    @builtin(local_invocation_index) tat_row: u32,
) {{
    switch tat_probe.x {{
{"".join(cases)}        default: {{}}
    }}
}}
"""


def _case(number: int, probe: Probe, first_input: int, first_result: int) -> str:
    arguments, word = [], 0
    for kind in map(parse_type, probe.parameters):
        parts = [reading(kind.scalar, word + i) for i in range(kind.components)]
        word += kind.components
        arguments.append(f"{kind.text}({', '.join(parts)})")
    kind = parse_type(probe.result)
    stores = "\n".join(
        _stores(kind, f"{function}({', '.join(arguments)})", i, probe.results)
        for i, function in enumerate(probe.functions)
    )
    return f"""        case {number}u: {{
            let tat_first = {first_input}u + tat_row * {probe.width}u;
            let tat_to = {first_result}u + tat_row * {probe.results}u;
{stores}
        }}
"""


def _stores(kind: Type, call: str, index: int, width: int) -> str:
    first = index * kind.components
    lines = [f"let tat_result{index} = {call};"]
    for i, path in enumerate(kind.paths):
        value = writing(kind.scalar, f"tat_result{index}{path}")
        lines.append(f"tat_results[tat_to + {first + i}u] = {value}")
    return "\n".join(f"            {line}" for line in lines)
