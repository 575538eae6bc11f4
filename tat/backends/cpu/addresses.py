"""Raw addresses as arrays in compiled code."""

from typing import Any

from numba import carray, njit, types
from numba.extending import intrinsic


def _pointer_to(element: Any) -> Any:
    """A function (byte address) -> pointer to elements of that type."""

    @intrinsic
    def pointer(typing_context: Any, address: Any) -> tuple:
        kind = types.CPointer(element)

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(kind))

        return kind(types.int64), code

    return pointer


def _array_at(element: Any) -> Any:
    """A function (byte address, size) -> array of elements of that type."""
    pointer = _pointer_to(element)

    @njit(nogil=True, inline="always")
    def array(address: int, size: int) -> Any:
        return carray(pointer(address), (size,))

    return array


floats, integers = _array_at(types.float32), _array_at(types.int32)
shorts, small = _array_at(types.int16), _array_at(types.int8)
longs = _array_at(types.int64)
_to_floats = _pointer_to(types.float32)


@njit(nogil=True, inline="always")
def matrix(address: int, rows: int, columns: int) -> Any:
    """float32 [rows, columns] at a byte address; reshaping would call Numba's runtime."""
    return carray(_to_floats(address), (rows, columns))
