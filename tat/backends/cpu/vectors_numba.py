"""What Numba has no words for: raw addresses, tiles of vector products, a barrier that spins.

Vectors are 16 floats wide in LLVM's terms; the compiler splits them for narrower machines, so one
text serves SSE, AVX2 and AVX-512.
"""

from typing import Any

from llvmlite import ir
from numba import carray, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16  # floats of a vector, and columns of a panel of packed weights

_i32, _i64, _f32 = ir.IntType(32), ir.IntType(64), ir.FloatType()
_vector = ir.VectorType(_f32, LANES)


def _constant(value: int) -> ir.Constant:
    return ir.Constant(_i64, value)


def _pointer(builder: Any, address: Any, offset: Any, kind: Any) -> Any:
    """Pointer to `kind` at a byte address plus an offset in floats."""
    return builder.inttoptr(
        builder.add(address, builder.mul(offset, _constant(4))), kind.as_pointer()
    )


@intrinsic
def _float_pointer(typing_context: Any, address: Any) -> tuple:
    kind = types.CPointer(types.float32)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(kind))

    return kind(types.int64), code


@intrinsic
def _int_pointer(typing_context: Any, address: Any) -> tuple:
    kind = types.CPointer(types.int32)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(kind))

    return kind(types.int64), code


@njit(nogil=True, inline="always")
def floats(address: int, size: int) -> Any:
    """The float32 array of `size` elements at a byte address."""
    return carray(_float_pointer(address), (size,))


@njit(nogil=True, inline="always")
def integers(address: int, size: int) -> Any:
    """The int32 array of `size` elements at a byte address."""
    return carray(_int_pointer(address), (size,))


def tile(rows: int, panels: int) -> Any:
    """A product of `rows` rows of x with `panels` panels of packed weights, into a block.

    The made function takes addresses of x, weights and results, the stride of x's rows in floats
    and the depth K. Weights are [panel][K][16], results [rows][panels * 16]. An element is one
    chain of fused multiply-adds over k upwards, whatever the tile: bits do not depend on others.
    """

    @intrinsic
    def product(typing_context: Any, x: Any, w: Any, out: Any, stride: Any, depth: Any) -> tuple:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            sums = _emit_tile(builder, rows, panels, *arguments[:2], *arguments[3:])
            for i, value in enumerate(sums):
                at = _pointer(builder, arguments[2], _constant(i * LANES), _vector)
                builder.store(builder.load(value), at).align = 4
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, types.int64, types.int64, types.int64), code

    return product


def _emit_tile(
    builder: Any, rows: int, panels: int, x: Any, w: Any, stride: Any, depth: Any
) -> list:
    """The loop over k; returns the accumulators, row by row."""
    zero = ir.Constant(_vector, [0.0] * LANES)
    sums = [cgutils.alloca_once_value(builder, zero) for _ in range(rows * panels)]
    for value in sums:
        builder.store(zero, value)
    kind = ir.FunctionType(_vector, [_vector] * 3)
    fma = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{LANES}f32")
    panel_size = builder.mul(depth, _constant(LANES))
    with cgutils.for_range(builder, depth, intp=_i64) as loop:
        k = loop.index
        weights = []
        for panel in range(panels):
            start = builder.mul(panel_size, _constant(panel))
            offset = builder.add(start, builder.mul(k, _constant(LANES)))
            value = builder.load(_pointer(builder, w, offset, _vector))
            value.align = 4
            weights.append(value)
        for row in range(rows):
            offset = builder.add(builder.mul(stride, _constant(row)), k)
            scalar = builder.load(_pointer(builder, x, offset, _f32))
            spread = _broadcast(builder, scalar)
            for panel, value in enumerate(weights):
                held = sums[row * panels + panel]
                builder.store(builder.call(fma, [spread, value, builder.load(held)]), held)
    return sums


def _broadcast(builder: Any, scalar: Any) -> Any:
    nothing = ir.Constant(_vector, ir.Undefined)
    first = builder.insert_element(nothing, scalar, ir.Constant(_i32, 0))
    indices = ir.Constant(ir.VectorType(_i32, LANES), [0] * LANES)
    return builder.shuffle_vector(first, nothing, indices)


@intrinsic
def _atomic_add(typing_context: Any, address: Any, value: Any) -> tuple:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        at = builder.inttoptr(arguments[0], _i64.as_pointer())
        return builder.atomic_rmw("add", at, arguments[1], "seq_cst")

    return types.int64(types.int64, types.int64), code


@intrinsic
def _atomic_load(typing_context: Any, address: Any) -> tuple:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        at = builder.inttoptr(arguments[0], _i64.as_pointer())
        return builder.load_atomic(at, "acquire", 8)

    return types.int64(types.int64), code


@intrinsic
def _pause(typing_context: Any) -> tuple:
    """Tells the processor that this is a spinning loop."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [])
        name = "llvm.x86.sse2.pause"
        builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])
        return context.get_dummy_value()

    return types.void(), code


@intrinsic
def _yield_processor(typing_context: Any) -> tuple:
    """Lets another thread of this processor run: sched_yield of the C library."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_i32, [])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "sched_yield"), [])
        return context.get_dummy_value()

    return types.void(), code


_SPINS = 1000  # pauses before the processor is offered to others


@njit(nogil=True)
def wait_for_all(counter: int, threads: int, passed: int) -> int:
    """A barrier: returns when `threads` threads have called it `passed` + 1 times; that number.

    counter is the address of an int64 that counts arrivals and never goes back.
    """
    if threads > 1:
        _atomic_add(counter, 1)
        spins = 0
        while _atomic_load(counter) < (passed + 1) * threads:
            _pause()
            spins += 1
            if spins == _SPINS:
                _yield_processor()
                spins = 0
    return passed + 1
