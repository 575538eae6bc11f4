"""Evaluates a pure WGSL function on many rows of arguments, in a kernel made around it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tat.errors import UsageError
from tat.wgsl.protocol import Binding
from tat.wgsl.sandbox import Sandbox

_TYPE = re.compile(
    r"(?P<scalar>f32|i32|u32|bool)"
    r"|vec(?P<size>[234])(?:<(?P<of>f32|i32|u32|bool)>|(?P<short>[fiu]))"
    r"|mat(?P<columns>[234])x(?P<rows>[234])(?:<f32>|f)"
)
_SHORT = {"f": "f32", "i": "i32", "u": "u32"}
_GROUP_ROWS = 64  # rows of a workgroup, one for each invocation
_BUFFER_BYTES = 128 << 20  # the largest storage buffer that WebGPU guarantees
_MAX_GROUPS = 65535  # workgroups in one dimension that WebGPU guarantees


class Type(NamedTuple):
    """A scalar, vector or matrix type: its text, its scalar, its shape (0 for no extent)."""

    text: str
    scalar: str
    columns: int
    rows: int

    @property
    def components(self) -> int:
        return max(self.columns, 1) * max(self.rows, 1)

    @property
    def paths(self) -> list[str]:
        """The access to each component of a value: "", "[1]" or "[1][0]"."""
        rows = [f"[{row}]" for row in range(self.rows)] or [""]
        columns = [f"[{column}]" for column in range(self.columns)] or [""]
        return [column + row for column in columns for row in rows]


def parse_type(text: str) -> Type:
    """The type that `text` names, in its long or short form; else UsageError."""
    plain = "".join(text.split())
    found = _TYPE.fullmatch(plain)
    if found is None:
        raise UsageError(f"wgsl: {text!r} is no scalar, vector or matrix of f32, i32, u32 or bool")
    if found["scalar"]:
        return Type(plain, plain, 0, 0)
    if found["size"]:
        return Type(plain, found["of"] or _SHORT[found["short"]], 0, int(found["size"]))
    return Type(plain, "f32", int(found["columns"]), int(found["rows"]))


def evaluate(
    sandbox: Sandbox,
    module: str,
    function: str,
    parameter_types: Sequence[str],
    result_type: str,
    rows: np.ndarray | Sequence[Sequence[float]],
    seconds: float = 10.0,
) -> np.ndarray:
    """Results of a pure function of `module` on many inputs: float64 [N, components].

    The types are scalars, vectors and matrices of f32, i32, u32 and bool. A row of `rows` [N,
    components] holds the components of all arguments, matrices column by column, bools as 0
    or 1. Raises as `Sandbox.run` does, and UsageError for other types and shapes.
    """
    return Harness(module, function, parameter_types, result_type).evaluate(sandbox, rows, seconds)


class Harness:
    """The kernel for one function. Every component is one word of a flat array.

    The kernel builds vectors and matrices from words, so no rule of memory layout applies.
    """

    def __init__(
        self, module: str, function: str, parameter_types: Sequence[str], result_type: str
    ) -> None:
        self._parameters = [parse_type(text) for text in parameter_types]
        self._result = parse_type(result_type)
        self._width = sum(parameter.components for parameter in self._parameters)
        self.source = self._kernel(module, function)

    def evaluate(
        self, sandbox: Sandbox, rows: np.ndarray | Sequence[Sequence[float]], seconds: float
    ) -> np.ndarray:
        """Results [N, components] of `rows` [N, components], both float64."""
        values = np.asarray(rows, dtype=np.float64)
        if values.shape != (len(values), self._width):
            shape = f"{values.shape}, expected [N, {self._width}]"
            raise UsageError(f"wgsl: the rows of arguments have the shape {shape}")
        most = _BUFFER_BYTES // (4 * max(self._width, self._result.components, 1))
        step = min(most, _GROUP_ROWS * _MAX_GROUPS)
        parts = [
            self._run(sandbox, values[first : first + step], seconds)
            for first in range(0, len(values), step)
        ]
        return np.concatenate(parts) if parts else np.empty((0, self._result.components))

    def _run(self, sandbox: Sandbox, values: np.ndarray, seconds: float) -> np.ndarray:
        scalars = [p.scalar for p in self._parameters for _ in range(p.components)]
        words = np.zeros((len(values), max(self._width, 1)), np.uint32)
        for column, scalar in enumerate(scalars):
            words[:, column] = words_of(values[:, column], scalar)
        size = len(values) * self._result.components * 4
        written = sandbox.run(
            self.source,
            "tat_evaluate",
            [
                Binding(0, 0, "read", words.tobytes()),
                Binding(0, 1, "storage", bytes(size)),
                Binding(0, 2, "uniform", np.array([len(values)], np.uint32).tobytes()),
            ],
            (-(-len(values) // _GROUP_ROWS), 1, 1),
            seconds,
        )
        results = np.frombuffer(written[0, 1], np.uint32).reshape(len(values), -1)
        return values_of(results, self._result.scalar)

    def _kernel(self, module: str, function: str) -> str:
        arguments, word = [], 0
        for parameter in self._parameters:
            words = range(word, word + parameter.components)
            word += parameter.components
            parts = ", ".join(reading(parameter.scalar, index) for index in words)
            arguments.append(f"{parameter.text}({parts})")
        stores = "\n".join(
            f"    tat_results[tat_row * {self._result.components}u + {index}u] = "
            + writing(self._result.scalar, f"tat_result{path}")
            for index, path in enumerate(self._result.paths)
        )
        return f"""{module}

@group(0) @binding(0) var<storage, read> tat_arguments: array<u32>;
@group(0) @binding(1) var<storage, read_write> tat_results: array<u32>;
@group(0) @binding(2) var<uniform> tat_rows: u32;

@compute @workgroup_size({_GROUP_ROWS})
fn tat_evaluate(@builtin(global_invocation_id) tat_id: vec3<u32>) {{
    let tat_row = tat_id.x;
    if tat_row >= tat_rows {{ return; }}
    let tat_first = tat_row * {max(self._width, 1)}u;
    let tat_result = {function}({", ".join(arguments)});
{stores}
}}
"""


def reading(scalar: str, index: int) -> str:
    """WGSL of an argument's component, word `index` of a row that begins at `tat_first`."""
    word = f"tat_arguments[tat_first + {index}u]"
    return {"u32": word, "bool": f"{word} != 0u"}.get(scalar, f"bitcast<{scalar}>({word})")


def writing(scalar: str, value: str) -> str:
    """WGSL of a component as a word, with its semicolon."""
    converted = {"u32": value, "bool": f"select(0u, 1u, {value})"}
    return converted.get(scalar, f"bitcast<u32>({value})") + ";"


def words_of(values: np.ndarray, scalar: str) -> np.ndarray:
    """Words [N] of one column: floats rounded to float32, integers modulo 2^32."""
    if scalar == "f32":
        with np.errstate(over="ignore", invalid="ignore"):  # infinities and NaNs are values too
            return values.astype(np.float32).view(np.uint32)
    if scalar == "bool":
        return (values != 0).astype(np.uint32)
    return values.astype(np.int64).astype(np.uint32)


def values_of(words: np.ndarray, scalar: str) -> np.ndarray:
    """The values that words of any shape hold, float64."""
    kind = {"f32": np.float32, "i32": np.int32}.get(scalar, np.uint32)
    with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet one
        return words.view(kind).astype(np.float64)
