"""Searches among points of some bits: simulated quantum annealing and random search.

Quantum-inspired: path-integral Monte Carlo of an Ising model in a transverse field that is turned
off slowly, on an ordinary computer (Kadowaki and Nishimori, Phys. Rev. E 58, 5355, 1998; Martonak,
Santoro and Tosatti, Phys. Rev. B 66, 094203, 2002).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import exp, log, tanh

import numpy as np

Point = tuple[int, ...]  # bits, each 0 or 1
Energy = Callable[[Point], float]  # to minimise; costly to compute

_FINAL_FIELD = 0.1  # multiples of the temperature
_PATIENCE = 50  # proposals for a trial, before the remaining trials are random


@dataclass(frozen=True)
class Schedule:
    """The schedule of the annealing."""

    replicas: int  # P, Trotter slices: copies of the point that are coupled in a ring
    temperature: float  # of each copy, P T in the papers; in units of the energy
    field: float  # transverse field at the start, in multiples of the temperature


def quantum_annealing(
    bits: int, energy: Energy, trials: int, schedule: Schedule, seed: int
) -> Iterator[tuple[Point, float]]:
    """Different points in the order of trials, with their energies.

    Each copy flips one bit at a time by Metropolis' rule, for its energy and its agreement with its
    two neighbours. As the field weakens, the coupling grows, until all copies agree.
    """
    random, known = np.random.default_rng(seed), {}
    trials = min(trials, 2**bits)

    def tried(point: Point) -> Iterator[tuple[Point, float]]:
        if point not in known:
            known[point] = energy(point)
            yield point, known[point]

    copies = [_draw(bits, random) for _ in range(schedule.replicas)]
    for point in copies[:trials]:
        yield from tried(point)
    proposals = _PATIENCE * trials
    while len(known) < trials and proposals:
        proposals -= 1
        coupling = _coupling(schedule.field, len(known) / trials)
        k, i = proposals % len(copies), int(random.integers(bits))
        flipped = _flipped(copies[k], i)
        yield from tried(flipped)
        agreement = sum(_spin(copies[n % len(copies)], i) for n in (k - 1, k + 1))
        cost = (known[flipped] - known[copies[k]]) / schedule.temperature
        cost += 2 * coupling * _spin(copies[k], i) * agreement
        if cost <= 0 or random.random() < exp(-cost):
            copies[k] = flipped
    while len(known) < trials:
        yield from tried(_draw(bits, random))


def random_search(
    bits: int, energy: Energy, trials: int, seed: int
) -> Iterator[tuple[Point, float]]:
    """Different points drawn evenly, with their energies."""
    random, known = np.random.default_rng(seed), set()
    while len(known) < min(trials, 2**bits):
        point = _draw(bits, random)
        if point not in known:
            known.add(point)
            yield point, energy(point)


def gray_level(bits: Point) -> int:
    """The number of a Gray code; codes of consecutive numbers differ in one bit."""
    level = 0
    for bit in bits:
        level = 2 * level + (bit ^ (level & 1))
    return level


def _coupling(field: float, done: float) -> float:
    """The coupling of copies in units of temperature, ln coth(field) / 2, as the field falls."""
    now = field + (_FINAL_FIELD - field) * done
    return -0.5 * log(tanh(now))


def _draw(bits: int, random: np.random.Generator) -> Point:
    return tuple(int(bit) for bit in random.integers(0, 2, bits))


def _flipped(point: Point, index: int) -> Point:
    return (*point[:index], 1 - point[index], *point[index + 1 :])


def _spin(point: Point, index: int) -> int:
    return 2 * point[index] - 1
