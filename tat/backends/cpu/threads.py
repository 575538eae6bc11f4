"""Threads that meet at a barrier and wait for work, both by spinning, in compiled code.

A barrier takes 0.1 to 0.3 microseconds and handing work to a thread that spins about 1, where an
executor of Python takes 60. A mailbox is an int64 that says how a thread stands.
"""

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

_i32, _i64 = ir.IntType(32), ir.IntType(64)


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
def _exchange(typing_context: Any, address: Any, value: Any) -> tuple:
    """Stores a value and returns the one before."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        at = builder.inttoptr(arguments[0], _i64.as_pointer())
        return builder.atomic_rmw("xchg", at, arguments[1], "seq_cst")

    return types.int64(types.int64, types.int64), code


@intrinsic
def _replace(typing_context: Any, address: Any, expected: Any, value: Any) -> tuple:
    """Stores a value where the expected one is; returns what was there."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        at = builder.inttoptr(arguments[0], _i64.as_pointer())
        pair = builder.cmpxchg(at, arguments[1], arguments[2], "seq_cst", "seq_cst")
        return builder.extract_value(pair, 0)

    return types.int64(types.int64, types.int64, types.int64), code


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


@intrinsic
def cycles(typing_context: Any) -> tuple:
    """The processor's counter of time, in units of its own that do not change."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_i64, [])
        name = "llvm.readcyclecounter"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])

    return types.int64(), code


_SPINS = 1000  # pauses before the processor is offered to others
_PATIENCE = 20  # times that many without work before a thread leaves: about a millisecond
_GONE, _POSTED, _WAITING = 0, 1, 2  # no thread; its work is there, or still being done; it waits


@njit(nogil=True)
def wait_for_all(counter: int, threads: int, passed: int) -> int:
    """A barrier: returns when `threads` threads have called it `passed` + 1 times; that number.

    counter is the address of an int64 that counts arrivals and never goes back. The cycles that a
    thread waits beyond a few microseconds, as it does for one that has no core, are added to the
    int64 behind it.
    """
    if threads > 1:
        _atomic_add(counter, 1)
        spins, began = 0, 0
        while _atomic_load(counter) < (passed + 1) * threads:
            _pause()
            spins += 1
            if spins == _SPINS:
                if began == 0:
                    began = cycles()
                _yield_processor()
                spins = 0
        if began != 0:
            _atomic_add(counter + 8, cycles() - began)
    return passed + 1


@njit(nogil=True)
def settle(mailbox: int) -> None:
    """Returns when the thread of a mailbox is done with what was posted before."""
    spins = 0
    while _atomic_load(mailbox) == _POSTED:
        _pause()
        spins += 1
        if spins % _SPINS == 0:
            _yield_processor()


@njit(nogil=True)
def post(mailbox: int) -> bool:
    """Posts work; False if no thread waits, and one has to be started for it."""
    return _exchange(mailbox, _POSTED) == _WAITING


@njit(nogil=True)
def next_work(mailbox: int) -> bool:
    """Marks work as done and waits for more; False, for the thread to leave, if none comes."""
    _exchange(mailbox, _WAITING)
    for _ in range(_PATIENCE):
        for _ in range(_SPINS):
            if _atomic_load(mailbox) == _POSTED:
                return True
            _pause()
        _yield_processor()
    return _replace(mailbox, _WAITING, _GONE) == _POSTED
