"""Methods whose results their object keeps as long as it lives, and no longer."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any
from weakref import proxy


def remembered(most: int | None = None) -> Callable[[Callable[..., Any]], "_Remembered"]:
    """Makes a method compute once for the same arguments; of each object `most` results are kept.

    An object that holds `functools.cache(self.method)` holds itself: its weights and threads wait
    for the garbage collector. Here they go with the last reference to it.

    >>> class Disc:
    ...     @remembered()
    ...     def area(self, radius):
    ...         print("computed")
    ...         return 3 * radius**2
    >>> disc = Disc()
    >>> disc.area(2), disc.area(2)
    computed
    (12, 12)
    """
    return partial(_Remembered, most)


class _Remembered:
    """A method until it is first asked for; then the object has the remembering one itself."""

    def __init__(self, most: int | None, method: Callable[..., Any]) -> None:
        self._most, self._method, self.__doc__ = most, method, method.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is None:
            return self
        made = lru_cache(self._most)(partial(self._method, proxy(instance)))
        return vars(instance).setdefault(self._name, made)
