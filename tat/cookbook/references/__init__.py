"""References: every entry of the cookbook again, in NumPy float64 and independent of its WGSL.

One module per area, one function per entry, named as the entry is. A function of plain values:

    @pure(edge=Interval(-1, 1), x=Interval(-2, 2), edges=[(0, 0)], absolute=1e-6)
    def step_up(edge, x):
        return 1.0 if x >= edge else 0.0

is called for one row of inputs at a time, with the parameters of the WGSL signature: f32 comes as
float, vecN as an array [N], matCxR as an array [C, R] of columns, i32 and u32 as int, bool as bool;
it returns the same kinds. Floats are rounded to f32 before it sees them. A kernel, or a function
that takes textures, is described by the runs to make of it:

    @kernel(relative=1e-5)
    def doubled(rng):
        numbers = rng.uniform(-1, 1, 100)
        yield Run([Read(0, numbers), Storage(1, np.zeros(100))], (2, 1, 1), {(0, 1): 2 * numbers})
"""

import importlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tat.errors import FileError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """Evenly spread floats from `low` to `high` for each component; both may be arrays."""

    low: ArrayLike
    high: ArrayLike

    def draw(self, rng: np.random.Generator, count: int, shape: tuple[int, ...]) -> np.ndarray:
        return rng.uniform(self.low, self.high, (count, *shape))


@dataclass(frozen=True)
class Unit:
    """Random unit vectors (or quaternions) of `size` components, all directions alike."""

    size: int

    def draw(self, rng: np.random.Generator, count: int, shape: tuple[int, ...]) -> np.ndarray:
        if shape != (self.size,):
            raise ValueError(f"Unit({self.size}) is for a vector of {self.size} components")
        vectors = rng.normal(size=(count, self.size))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@dataclass(frozen=True)
class Rotation:
    """Random rotation matrices of `size` rows and columns."""

    size: int

    def draw(self, rng: np.random.Generator, count: int, shape: tuple[int, ...]) -> np.ndarray:
        if shape != (self.size, self.size):
            raise ValueError(f"Rotation({self.size}) is for a {self.size} x {self.size} matrix")
        turned, upper = np.linalg.qr(rng.normal(size=(count, *shape)))
        turned = turned * np.sign(np.einsum("...ii->...i", upper))[:, None, :]
        turned[:, :, 0] *= np.sign(np.linalg.det(turned))[:, None]
        return turned


@dataclass(frozen=True)
class Integers:
    """Whole numbers from `low` to `high`, both included, for each component."""

    low: int
    high: int

    def draw(self, rng: np.random.Generator, count: int, shape: tuple[int, ...]) -> np.ndarray:
        return rng.integers(self.low, self.high, (count, *shape), endpoint=True)


@dataclass(frozen=True)
class Bits:
    """Any 32 bits, for each component; as i32 they are read in two's complement."""

    def draw(self, rng: np.random.Generator, count: int, shape: tuple[int, ...]) -> np.ndarray:
        return rng.integers(0, 2**32, (count, *shape))


@dataclass(frozen=True)
class Choice:
    """One of a few whole values, such as [False, True] or a list of vectors."""

    values: Sequence[Any]

    def draw(self, rng: np.random.Generator, count: int, shape: tuple[int, ...]) -> np.ndarray:
        picked = rng.integers(len(self.values), size=count)
        return np.stack([np.asarray(self.values[i]) for i in picked])


Domain = Interval | Unit | Rotation | Integers | Bits | Choice


@dataclass(frozen=True)
class Tolerance:
    """A float may differ from the expected one `e` by `absolute + relative * |e|`."""

    absolute: float
    relative: float


@dataclass(frozen=True)
class Pure:
    """Reference of a function from plain values to a plain value."""

    function: Callable[..., Any]  # one row of inputs to one result
    domains: dict[str, Domain]  # what to draw for each parameter
    edges: tuple[tuple[Any, ...], ...]  # rows of inputs to try besides
    keep: Callable[..., bool] | None  # which drawn rows to keep; None for all of them
    harness: str  # WGSL whose last function is called in place of the entry
    tolerance: Tolerance

    def __call__(self, *values: Any) -> Any:
        return self.function(*values)


def pure(
    *,
    edges: Sequence[tuple[Any, ...]] = (),
    absolute: float = 1e-6,
    relative: float = 1e-5,
    keep: Callable[..., bool] | None = None,
    harness: str = "",
    **domains: Domain,
) -> Callable[[Callable[..., Any]], Pure]:
    """Makes a function of one row of inputs the reference of the entry of its name.

    `keep` says by the same parameters which drawn rows make sense (those with low < high, say) or
    are clear of a jump. `harness` is WGSL put after the entry's code; its last function, of plain
    values, is then the one that is called: for entries with structs, pointers or arrays.
    """

    def decorate(function: Callable[..., Any]) -> Pure:
        names = list(inspect.signature(function).parameters)
        if set(names) != set(domains):
            raise TypeError(f"{function.__name__}: domains for {set(domains)}, not {set(names)}")
        if any(not isinstance(edge, tuple) or len(edge) != len(names) for edge in edges):
            raise TypeError(f"{function.__name__}: an edge is a tuple of {len(names)} values")
        ordered = {name: domains[name] for name in names}
        return Pure(function, ordered, tuple(edges), keep, harness, Tolerance(absolute, relative))

    return decorate


@dataclass(frozen=True)
class Storage:
    """A storage buffer that the kernel may write: `data` as f32, i32 or u32 by its kind.

    An array of a structured type is taken byte for byte.
    """

    binding: int
    data: np.ndarray
    group: int = 0


@dataclass(frozen=True)
class Read:
    """A storage buffer that the kernel only reads; `data` as for Storage."""

    binding: int
    data: np.ndarray
    group: int = 0


@dataclass(frozen=True)
class Uniform:
    """A uniform buffer; `data` as for Storage, padded with zeros to a multiple of 16 bytes."""

    binding: int
    data: np.ndarray
    group: int = 0


@dataclass(frozen=True)
class Texture:
    """A 2D f32 texture to read: `data` is [height, width, 4], or [height, width] for red alone."""

    binding: int
    data: np.ndarray
    group: int = 0


@dataclass(frozen=True)
class Image:
    """A 2D storage texture to write, such as Image(1, "rgba16float", width, height)."""

    binding: int
    format: str  # rgba8unorm, rgba16float, rgba32float or r32float
    width: int
    height: int
    group: int = 0


@dataclass(frozen=True)
class Sampler:
    """A sampler that filters linearly and clamps to the edge."""

    binding: int
    group: int = 0


Binding = Storage | Read | Uniform | Texture | Image | Sampler


@dataclass(frozen=True)
class Run:
    """One run of a kernel: what is bound to it, and what its outputs hold afterwards.

    An expected array has the shape of the Storage's data, or [height, width, channels] of an Image;
    its kind says how to read the buffer, and integers must be met exactly. Where it is NaN any
    value will do.
    """

    bindings: Sequence[Binding]
    workgroups: tuple[int, int, int]
    expected: dict[tuple[int, int], np.ndarray]  # by (group, binding)
    harness: str = ""  # WGSL put after the entry's code; its last entry point is the one run


@dataclass(frozen=True)
class Kernel:
    """Reference of an entry that works on bindings: a few runs of it."""

    runs: Callable[[np.random.Generator], Iterator[Run]]
    tolerance: Tolerance


def kernel(
    *, absolute: float = 1e-6, relative: float = 1e-5
) -> Callable[[Callable[[np.random.Generator], Iterator[Run]]], Kernel]:
    """Makes a generator of runs the reference of the entry of its name."""
    return lambda runs: Kernel(runs, Tolerance(absolute, relative))


def reference(area: str, name: str) -> Pure | Kernel:
    """The reference of the entry `name` of `area`; FileError if it has none."""
    try:
        module = importlib.import_module(f"{__name__}.{area}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{area}":
            raise
        raise FileError(f"cookbook area {area}: no module of references; add {area}.py") from error
    found = getattr(module, name, None)
    if not isinstance(found, Pure | Kernel):
        raise FileError(f"cookbook references {area}.py: nothing for {name}; add a function")
    return found
