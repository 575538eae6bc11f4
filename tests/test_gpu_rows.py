"""Products of few rows on the GPU: a row has the same bits among any number of others."""

import numpy as np
import pytest
from cases import Case
from gpu_harness import kernel_functions, shared_backend

from tat.backends.gpu.lowering.table import PASSES
from tat.ops.fusion import FEW_ROWS

pytestmark = pytest.mark.gpu

_SHAPE = dict(inputs=256, outputs=36)
_NORMED = dict(inputs=512, outputs=20, epsilon=1e-5)
PRODUCTS = {
    "linear": dict(inputs=1024, outputs=36),
    "linear_gelu": _SHAPE,
    "linear_add": _SHAPE,
    "layer_norm_linear": _NORMED,
    "layer_norm_linear_gelu": dict(inputs=1100, outputs=36, epsilon=1e-5),
    "layer_norm_linear_cache_write": dict(**_NORMED, length=3),
    "output_projection": dict(width=516, vocabulary=300),
}
COUNTS = (1, 4, 8, 9, 16, 61)


def variants(case: Case) -> list[str]:
    return [
        step.shader.rpartition(".")[2] for step in PASSES[case.kernel](case.kernel, case.attributes)
    ]


@pytest.mark.parametrize("kernel", PRODUCTS)
def test_a_row_has_the_same_bits_in_any_number_of_rows(kernel: str):
    """Drawn rows are those of a case with fewer rows, and then further ones."""
    functions = kernel_functions(shared_backend())
    all_rows = Case(kernel, {"rows": FEW_ROWS, **PRODUCTS[kernel]})
    ((name, whole),) = all_rows.run(functions, np.float32).items()
    whole = whole.reshape(FEW_ROWS, -1)
    assert np.isfinite(whole).all() and variants(all_rows) == ["several"]
    for rows in COUNTS:
        case = Case(kernel, {"rows": rows, **PRODUCTS[kernel]})
        assert variants(case) == ["vector" if rows <= 8 else "several"]
        found = case.run(functions, np.float32)[name].reshape(rows, -1)
        np.testing.assert_array_equal(found, whole[:rows], f"{rows} rows")
