"""Sums and tiles of vector products, which Numba has no words for.

Vectors are 16 elements wide in LLVM's terms; the compiler splits them for narrower machines, so
one text serves SSE, AVX2 and AVX-512.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from tat.backends.cpu.packing import BLOCK, LANES

ROUNDER = np.float32(1.5 * 2**23)  # added and taken off, it rounds what is under 2^22 to even

_i8, _i16, _i32, _i64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_f32 = ir.FloatType()
FLOATS, INTS = ir.VectorType(_f32, LANES), ir.VectorType(_i32, LANES)  # vectors of 16
_bytes, _shorts = ir.VectorType(_i8, 2 * LANES), ir.VectorType(_i16, 2 * LANES)
_products = ir.VectorType(_i32, 2 * LANES)


def _constant(value: int) -> ir.Constant:
    return ir.Constant(_i64, value)


def pointer(builder: Any, address: Any, offset: Any, kind: Any) -> Any:
    """Pointer to `kind` at a byte address plus an offset in bytes."""
    return builder.inttoptr(builder.add(address, offset), kind.as_pointer())


@dataclass(frozen=True)
class _Format:
    """The arithmetic of a tile: a step over k takes 4 bytes of a row of x and a row of weights."""

    element: ir.Type  # of x, or a pair of such
    sums: ir.VectorType  # accumulators of 16 columns
    weights: ir.VectorType  # of 16 columns, as they lie in memory
    bytes: int  # of these
    widen: Callable[[Any, Any], Any]  # weights to what is multiplied
    spread: Callable[[Any, Any], Any]  # an element, or a pair, of x to all columns
    multiply_add: Callable[[Any, Any, Any, Any], Any]  # sums, weights and x to new sums


def broadcast(builder: Any, scalar: Any) -> Any:
    """A vector with the scalar in all lanes."""
    nothing = ir.Constant(ir.VectorType(scalar.type, LANES), ir.Undefined)
    first = builder.insert_element(nothing, scalar, ir.Constant(_i32, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(INTS, [0] * LANES))


def fused(builder: Any, held: Any, weights: Any, spread: Any) -> Any:
    """weights * spread + held, rounded once where the processor can."""
    kind = ir.FunctionType(FLOATS, [FLOATS] * 3)
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{LANES}f32")
    return builder.call(function, [spread, weights, held])


def _widened(builder: Any, pairs: Any) -> Any:
    return builder.sext(pairs, _products)


def _pairs(builder: Any, scalar: Any) -> Any:
    return _widened(builder, builder.bitcast(broadcast(builder, scalar), _shorts))


def _dotted(builder: Any, held: Any, weights: Any, spread: Any) -> Any:
    """Adds both products of each pair: the form that LLVM makes vpmaddwd or vpdpwssd of."""
    products = builder.mul(weights, spread, flags=["nsw"])
    nothing = ir.Constant(_products, ir.Undefined)
    even, odd = (
        builder.shuffle_vector(products, nothing, ir.Constant(INTS, list(range(i, 2 * LANES, 2))))
        for i in (0, 1)
    )
    return builder.add(held, builder.add(even, odd, flags=["nsw"]))


def _as_they_are(builder: Any, weights: Any) -> Any:
    return weights


FLOAT = _Format(_f32, FLOATS, FLOATS, 4 * LANES, _as_they_are, broadcast, fused)
INT8 = _Format(_i32, INTS, _bytes, 2 * LANES, _widened, _pairs, _dotted)


def tile(
    rows: int, form: _Format, vectors: int = BLOCK // LANES, resume: bool = False, lines: int = 0
) -> Any:
    """A product of `rows` rows of x with 16 * `vectors` columns of weights, into a block of out.

    The made function takes addresses of x, weights and out, the stride of x's rows and the depth K,
    both in steps of 4 bytes, the bytes from one step's weights to the next's, and the address of
    what is needed later: each step asks for `lines` cache lines of that. FLOAT: x and
    weights [K][columns] are float32; an element is one chain of fused multiply-adds over k upwards,
    whatever the tile, from 0 or with `resume` from what out holds. INT8: x is int16 and weights are
    int8 [K/2][columns][2]; sums are int32 and exact. out is [rows][columns].
    """

    @intrinsic
    def product(
        typing_context: Any, x: Any, w: Any, out: Any, stride: Any, depth: Any, pitch: Any,
        later: Any,
    ) -> tuple:  # fmt: skip
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            x, w, out, *rest, later = arguments
            places = [
                pointer(builder, out, _constant(4 * LANES * i), form.sums)
                for i in range(rows * vectors)
            ]
            sums = [cgutils.alloca_once(builder, form.sums) for _ in places]
            for held, place in zip(sums, places, strict=True):
                builder.store(load(builder, place) if resume else form.sums(None), held)
            asked = (later, lines)
            _emit_tile(builder, rows, form, sums, x, w, *rest, asked)
            for held, place in zip(sums, places, strict=True):
                builder.store(builder.load(held), place).align = 4
            return context.get_dummy_value()

        return types.void(*[types.int64] * 7), code

    return product


def _emit_tile(
    builder: Any, rows: int, form: _Format, sums: list, x: Any, w: Any, stride: Any, depth: Any,
    pitch: Any, asked: tuple[Any, int],
) -> None:  # fmt: skip
    """The loop over k, adding to the accumulators, which go row by row."""
    vectors = len(sums) // rows
    with cgutils.for_range(builder, depth, intp=_i64) as loop:
        step = builder.mul(loop.index, pitch)
        _ask_for(builder, *asked, loop.index)
        weights = []
        for i in range(vectors):
            offset = builder.add(step, _constant(i * form.bytes))
            value = load(builder, pointer(builder, w, offset, form.weights))
            weights.append(form.widen(builder, value))
        for row in range(rows):
            place = builder.add(builder.mul(stride, _constant(row)), loop.index)
            at = pointer(builder, x, builder.mul(place, _constant(4)), form.element)
            spread = form.spread(builder, builder.load(at))
            for i, value in enumerate(weights):
                held = sums[row * vectors + i]
                builder.store(form.multiply_add(builder, builder.load(held), value, spread), held)


def _ask_for(builder: Any, later: Any, lines: int, index: Any) -> None:
    """Asks for as many cache lines as a step does, into the second-level cache."""
    byte = _i8.as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, _i32, _i32, _i32])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    reading, second_level, data = _i32(0), _i32(2), _i32(1)
    for i in range(lines):
        offset = builder.add(builder.mul(index, _constant(64 * lines)), _constant(64 * i))
        place = pointer(builder, later, offset, _i8)
        builder.call(function, [place, reading, second_level, data])


def dots(rows: int, keys: int, whole: bool = False) -> Any:
    """Dot products of `rows` queries with `keys` keys, 16 in all, into as many rows of out.

    The made function takes addresses of the queries, keys and out, the bytes from a row to the next
    of each, the width in floats, and how many keys there are: behind the last it comes again, if
    they are not `whole`, all there.
    16 partial sums, lane i over elements i, i + 16 and so on by fused multiply-adds, are then added
    in halves: a dot product has the same bits whatever others are made with it.
    """

    @intrinsic
    def products(
        typing_context: Any, q: Any, k: Any, out: Any, q_pitch: Any, k_pitch: Any, out_pitch: Any,
        width: Any, left: Any,
    ) -> tuple:  # fmt: skip
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            q, k, out, q_pitch, k_pitch, out_pitch, width, left = arguments
            queries = [builder.add(q, builder.mul(q_pitch, _constant(i))) for i in range(rows)]
            places = [_constant(i) for i in range(keys)]
            if not whole:
                last = builder.sub(left, _constant(1))
                below = [builder.icmp_signed("<", place, left) for place in places]
                places = [builder.select(*pair, last) for pair in zip(below, places, strict=True)]
            others = [builder.add(k, builder.mul(k_pitch, place)) for place in places]
            products = _halved(builder, _emit_dots(builder, queries, others, width))
            for row in range(rows):
                chosen = list(range(row * keys, (row + 1) * keys))
                lanes = ir.Constant(ir.VectorType(_i32, keys), chosen)
                part = builder.shuffle_vector(products, products, lanes)
                at = builder.mul(out_pitch, _constant(row))
                builder.store(part, pointer(builder, out, at, part.type)).align = 4
            return context.get_dummy_value()

        return types.void(*[types.int64] * 8), code

    return products


def _emit_dots(builder: Any, queries: list, keys: list, width: Any) -> list:
    """The partial sums of every pair of rows, in a vector each."""
    sums = [cgutils.alloca_once_value(builder, FLOATS(None)) for _ in queries for _ in keys]
    for held in sums:
        builder.store(FLOATS(None), held)

    def step(offset: Any, mask: Any) -> None:
        pointers = [pointer(builder, row, offset, FLOATS) for row in (*queries, *keys)]
        values = [load(builder, place, mask) for place in pointers]
        pairs = [(q, k) for q in values[: len(queries)] for k in values[len(queries) :]]
        for held, (q, k) in zip(sums, pairs, strict=True):
            builder.store(fused(builder, builder.load(held), k, q), held)

    by_lanes(builder, width, step)
    return [builder.load(held) for held in sums]


def by_lanes(builder: Any, size: Any, step: Callable[[Any, Any], None]) -> None:
    """Calls `step` with the byte offset of each 16 floats; for the last, a mask of those there."""
    whole = builder.sdiv(size, _constant(LANES))
    with cgutils.for_range(builder, whole, intp=_i64) as loop:
        step(builder.mul(loop.index, _constant(4 * LANES)), None)
    tail = builder.trunc(builder.srem(size, _constant(LANES)), _i32)
    with builder.if_then(builder.icmp_signed(">", tail, _i32(0))):
        lanes = ir.Constant(INTS, list(range(LANES)))
        mask = builder.icmp_signed("<", lanes, broadcast(builder, tail))
        step(builder.mul(whole, _constant(4 * LANES)), mask)


def load(builder: Any, place: Any, mask: Any = None) -> Any:
    """A vector; with a mask its lanes alone, without touching memory of the others, which are 0."""
    if mask is None:
        value = builder.load(place)
        value.align = 1
        return value
    kind = ir.FunctionType(FLOATS, [FLOATS.as_pointer(), _i32, mask.type, FLOATS])
    name = f"llvm.masked.load.v{LANES}f32.p0"
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.call(function, [place, _i32(4), mask, FLOATS(None)])


def store(builder: Any, value: Any, place: Any, mask: Any = None) -> None:
    """Writes a vector of floats; with a mask its lanes alone."""
    if mask is None:
        builder.store(value, place).align = 4
        return
    kind = ir.FunctionType(ir.VoidType(), [FLOATS, FLOATS.as_pointer(), _i32, mask.type])
    name = f"llvm.masked.store.v{LANES}f32.p0"
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    builder.call(function, [value, place, _i32(4), mask])


def _halved(builder: Any, vectors: list) -> Any:
    """The sums over lanes of 16 vectors: lane i and i + 8, then i + 4 and so on, in pairs."""
    size = LANES  # lanes that still belong to one sum
    while size > 1:
        starts = range(0, 2 * LANES, size)  # of the sums in two vectors side by side
        low = [start + i for start in starts for i in range(size // 2)]
        masks = [ir.Constant(INTS, [lane + shift for lane in low]) for shift in (0, size // 2)]
        paired = zip(vectors[::2], vectors[1::2], strict=True)
        vectors = [
            builder.fadd(*(builder.shuffle_vector(a, b, mask) for mask in masks)) for a, b in paired
        ]
        size //= 2
    return vectors[0]


@intrinsic
def transpose_tile(
    typing_context: Any, out: Any, source: Any, out_pitch: Any, pitch: Any
) -> tuple:  # fmt: skip
    """Transposes 16 rows of 16 floats; both at byte addresses, with bytes from a row to the next.

    Four rounds put rows i and i + 8 side by side, element by element.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, source, out_pitch, pitch = arguments
        places = [builder.mul(pitch, _constant(i)) for i in range(LANES)]
        rows = [load(builder, pointer(builder, source, place, FLOATS)) for place in places]
        half = LANES // 2
        sides = [
            INTS([lane // 2 + LANES * (lane % 2) + part for lane in range(LANES)])
            for part in (0, half)
        ]
        for _ in range(LANES.bit_length() - 1):
            rows = [
                builder.shuffle_vector(rows[i], rows[i + half], side)
                for i in range(half)
                for side in sides
            ]
        for i, row in enumerate(rows):
            store(builder, row, pointer(builder, out, builder.mul(out_pitch, _constant(i)), FLOATS))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), code
