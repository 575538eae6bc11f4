"""Scores to powers of e, in vectors: what attention and a softmax take most of their time for.

Elements are computed alike in whole vectors and in the rest, and sums have an order that no
optimizer may change: a row has the same bits wherever this code is inlined.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from tat.backends.cpu.packing import LANES
from tat.backends.cpu.vectors import (
    FLOATS,
    INTS,
    ROUNDER,
    broadcast,
    by_lanes,
    fused,
    load,
    pointer,
    store,
)

_LOG2_E = np.float32(1.4426950408889634)
_LOWEST = -126.0  # exponent of the smallest number with all its bits
# 2^x from -1/2 to 1/2: a minimax polynomial, the highest power first.
_POLYNOMIAL = 1.326472734e-3, 9.671512860e-3, 5.550733745e-2, 2.402224208e-1, 6.931469776e-1, 1.0
_EXPONENT, _BIAS = 23, 127  # of a float32: its lowest bit, and what stands for 0


@intrinsic
def largest(typing_context: Any, address: Any, size: Any) -> tuple:
    """The largest of `size` floats at a byte address; which one, if there is a NaN, is open."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, size = arguments
        lowest = _constant(-np.inf)
        held = cgutils.alloca_once(builder, FLOATS)
        builder.store(lowest, held)

        def step(offset: Any, mask: Any) -> None:
            values = load(builder, pointer(builder, address, offset, FLOATS), mask)
            if mask is not None:
                values = builder.select(mask, values, lowest)
            builder.store(_greater(builder, values, builder.load(held)), held)

        by_lanes(builder, size, step)
        return _joined(builder, builder.load(held), _greater)

    return types.float32(types.int64, types.int64), code


@intrinsic
def exponentials(
    typing_context: Any, out: Any, scores: Any, size: Any, top: Any, scale: Any
) -> tuple:  # fmt: skip
    """Writes exp(scale * (score - top)) for `size` scores to `out`, both addresses; their sum.

    Scores are at most `top`. 16 partial sums, lane i over elements i, i + 16 and so on, are added
    in halves.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _emit(builder, *arguments)

    kinds = [types.int64, types.int64, types.int64, types.float32, types.float32]
    return types.float32(*kinds), code


@intrinsic
def sum_of_exponentials(typing_context: Any, scores: Any, size: Any, top: Any) -> tuple:
    """The sum of exp(score - top), as `exponentials` has it, and nothing written."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _emit(builder, None, *arguments, ir.Constant(ir.FloatType(), 1.0))

    return types.float32(types.int64, types.int64, types.float32), code


def _emit(builder: Any, out: Any, scores: Any, size: Any, top: Any, scale: Any) -> Any:
    factor = builder.fmul(scale, ir.Constant(ir.FloatType(), float(_LOG2_E)))
    top, factor = broadcast(builder, top), broadcast(builder, factor)
    held = cgutils.alloca_once(builder, FLOATS)
    builder.store(FLOATS(None), held)

    def step(offset: Any, mask: Any) -> None:
        values = load(builder, pointer(builder, scores, offset, FLOATS), mask)
        values = _power(builder, builder.fmul(builder.fsub(values, top), factor))
        if out is not None:
            store(builder, values, pointer(builder, out, offset, FLOATS), mask)
        if mask is not None:
            values = builder.select(mask, values, FLOATS(None))
        builder.store(builder.fadd(builder.load(held), values), held)

    by_lanes(builder, size, step)
    return _joined(builder, builder.load(held), lambda builder, a, b: builder.fadd(a, b))


def _power(builder: Any, x: Any) -> Any:
    """2^x for x up to 0, within 2e-7 of it; 2^-126 under that, NaN for NaN.

    The whole part goes into the exponent, the polynomial does for the rest, -1/2 to 1/2.
    """
    low, rounder = _constant(_LOWEST), _constant(ROUNDER)
    bounded = builder.select(builder.fcmp_ordered("<", x, low), low, x)
    shifted = builder.fadd(bounded, rounder)
    rest = builder.fsub(bounded, builder.fsub(shifted, rounder))
    first, *others = map(_constant, _POLYNOMIAL)
    value = first
    for coefficient in others:
        value = fused(builder, coefficient, value, rest)
    whole = builder.add(builder.bitcast(shifted, INTS), INTS([_BIAS] * LANES))
    exponent = builder.shl(whole, INTS([_EXPONENT] * LANES))
    return builder.fmul(value, builder.bitcast(exponent, FLOATS))


def _constant(value: float) -> ir.Constant:
    return ir.Constant(FLOATS, [float(np.float32(value))] * LANES)


def _greater(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def _joined(builder: Any, vector: Any, join: Callable[[Any, Any, Any], Any]) -> Any:
    """All lanes joined to one number: lane i and i + 8, then i + 4 and so on."""
    half = LANES // 2
    while half:
        lanes = [(lane + half) % LANES for lane in range(LANES)]
        nothing = ir.Constant(FLOATS, ir.Undefined)
        other = builder.shuffle_vector(vector, nothing, INTS(lanes))
        vector = join(builder, vector, other)
        half //= 2
    return builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))
