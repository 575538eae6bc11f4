"""Fused kernels have no shaders of their own: they are another's with other parts imported."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tat.ops.kernels import KERNELS

_NUMBER = re.compile(r"@binding\((?:[1-9]\d*|_)\) (var<.+> (\w+):)")


@dataclass(frozen=True)
class FusedShader:
    """The kernel whose shaders are taken, and what stands in place of parts that they import."""

    base: str
    instead: Mapping[str, str]


FUSED_SHADERS = {
    "linear_gelu": FusedShader("linear", {"finish": "finish_gelu"}),
    "linear_gelu_sloped": FusedShader("linear", {"finish": "finish_gelu_sloped"}),
    "linear_add": FusedShader("linear", {"finish": "finish_add"}),
    "linear_dropout_add": FusedShader("linear", {"finish": "finish_dropout_add"}),
    "layer_norm_linear": FusedShader("linear", {"operand": "operand_layer_norm"}),
    "layer_norm_linear_gelu": FusedShader(
        "linear", {"operand": "operand_layer_norm", "finish": "finish_gelu"}
    ),
    "layer_norm_linear_cache_write": FusedShader(
        "linear", {"operand": "operand_layer_norm", "place": "place_in_cache"}
    ),
    "linear_backward_input_gelu_backward_sloped": FusedShader(
        "linear_backward_input", {"finish": "finish_slope"}
    ),
    "linear_backward_input_add": FusedShader("linear_backward_input", {"finish": "finish_add"}),
    "layer_norm_backward_add": FusedShader("layer_norm_backward", {"finish": "finish_add"}),
    "adamw_fold": FusedShader("adamw", {"finish": "finish_copy"}),
    "cross_entropy_backward_scale": FusedShader(
        "cross_entropy_backward", {"finish": "finish_scale"}
    ),
    "copy_cross_entropy_backward_scale": FusedShader(
        "copy_cross_entropy_backward", {"finish": "finish_scale"}
    ),
}


def renumbered(text: str, kernel: str) -> str:
    """Source with the numbers of bindings that the kernel's row gives its arguments."""
    numbers = {name: i for i, name in enumerate(KERNELS[kernel].arguments, 1)}
    return _NUMBER.sub(lambda m: f"@binding({numbers[m[2]]}) {m[1]}", text)
