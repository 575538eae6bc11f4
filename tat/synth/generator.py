"""The stream of functions: number i of seed S is the same on every machine, whoever asks.

Nothing grows with the length of a stream. Repetitions are known by a table of fingerprints of
fixed size, in which a new one takes the place of an old one: of two million functions hardly any
repetition is missed, of more some are.
"""

from array import array
from collections.abc import Callable, Collection, Iterator, Sequence
from hashlib import blake2b
from itertools import count
from typing import NamedTuple

from tat.errors import UsageError, did_you_mean
from tat.synth.compose.callers import Callables, caller, chain, prepared
from tat.synth.compose.fragment import fragment
from tat.synth.compose.kernels import elementwise, image, particles
from tat.synth.compose.pipeline import pipeline
from tat.synth.compose.vertex import vertex
from tat.synth.draft import COMMENTED, Draft, Written
from tat.synth.draws import Draws, Weighted
from tat.synth.family import Family, find_families
from tat.synth.places import PLACES
from tat.synth.practice.functions import described
from tat.synth.practice.helpers import Names, with_helpers
from tat.synth.tables import all_families

Maker = Callable[[Draws], Draft | None]

FINGERPRINTS = 1 << 21  # 16 MiB
_TRIES = 8  # of a draw that comes to nothing
# Shares of all functions. The rest comes from the tables.
COMPOSED: dict[str, float] = {
    "vertex": 0.10, "fragment": 0.15, "elementwise": 0.03, "image": 0.03, "particles": 0.02,
    "caller": 0.04, "chain": 0.02, "prepared": 0.02, "pipeline": 0.11, "described": 0.04,
    "helpers": 0.11,
}  # fmt: skip
_OF_WAYS = ("chain", "prepared", "pipeline")  # kinds that need ways from value to value
_TOLD = {"described": 1.0}  # shares of comments other than COMMENTED


class Made(NamedTuple):
    """A function of the stream."""

    number: int
    family: str  # area/name, or composed/kind
    written: Written


class Generator:
    """Draws functions of chosen families; none of them is kept."""

    def __init__(
        self,
        only: str = "",
        without: Collection[str] = (),
        seed: int = 0,
        families: Sequence[Family] | None = None,
    ) -> None:
        """`only` is an area, a family or a kind of composed; `without` are families' ids.

        `families` stand in for those of the tables. UsageError if nothing is left.
        """
        self.seed = seed
        known = [
            family for family in (all_families() if families is None else families)
            if family.id not in without
        ]  # fmt: skip
        kinds = {kind: share for kind, share in COMPOSED.items() if _id(kind) not in without}
        callables = Callables(known)
        makers = _composed_makers(callables, Names(known))
        if not callables.ways.all:
            kinds = {kind: share for kind, share in kinds.items() if kind not in _OF_WAYS}
        if only:
            known, kinds = _chosen(known, kinds, only)
        rest = 1 - sum(kinds.values()) if known else 0.0
        whole = sum(map(_weight, known))
        self._choices = Weighted(
            *(((f.id, _maker(f), COMMENTED), rest * _weight(f) / whole) for f in known),
            *(((_id(k), makers[k], _TOLD.get(k, COMMENTED)), share) for k, share in kinds.items()),
        )

    def make(self, number: int) -> Made | None:
        """Function `number` of the stream; None where its draws came to nothing, which is rare."""
        draws = Draws(self.seed, number)
        family, make, commented = draws.weighted(self._choices)
        for _ in range(_TRIES):
            draft = make(draws)
            if draft is not None:
                return Made(number, family, draft.write(commented))
        return None

    def stream(self, start: int = 0) -> Iterator[Made]:
        """Functions from `start` on, without repetitions; for ever, if there are enough."""
        seen = Seen()
        idle = 0
        for number in count(start):
            made = self.make(number)
            if made is not None and seen.add(made.written):
                idle = 0
                yield made
            elif (idle := idle + 1) > 20_000:
                return  # a family that is nearly used up


class Seen:
    """Fingerprints of functions, as many as the table has places."""

    def __init__(self, places: int = FINGERPRINTS) -> None:
        self._table = array("Q", bytes(8 * places))

    def add(self, written: Written) -> bool:
        """Whether it is new: signature, body, context and comment."""
        text = "\0".join((written.signature, written.body, written.context, written.comment))
        value = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
        place = value % len(self._table)
        if self._table[place] == value:
            return False
        self._table[place] = value
        return True


def _id(kind: str) -> str:
    return f"composed/{kind}"


def _weight(family: Family) -> float:
    """Families with more bodies have more to show, stages more than functions of values."""
    return family.weight * (1 + 0.25 * len(family.bodies)) * (2.6 if family.attributes else 1.0)


def _maker(family: Family) -> Maker:
    def make(draws: Draws) -> Draft:
        draft = Draft(family, draws)
        if family.plain:
            place = draws.weighted(PLACES)
            if place is not None:
                place(draft)
        return draft

    return make


def _composed_makers(callables: Callables, names: Names) -> dict[str, Maker]:
    return {
        "vertex": vertex, "fragment": fragment, "elementwise": elementwise, "image": image,
        "particles": particles, "described": described,
        "caller": lambda draws: caller(callables, draws),
        "chain": lambda draws: chain(callables, draws),
        "prepared": lambda draws: prepared(callables, draws),
        "pipeline": lambda draws: pipeline(callables, draws),
        "helpers": lambda draws: with_helpers(names, draws),
    }  # fmt: skip


def _chosen(
    families: Sequence[Family], kinds: dict[str, float], only: str
) -> tuple[list[Family], dict[str, float]]:
    found = find_families(families, only)
    kind = only.removeprefix("composed/")
    some = kinds if only == "composed" else {kind: 1.0} if kind in kinds else {}
    if not found and not some:
        known = {*kinds, "composed", *(f.area for f in families), *(f.names[0] for f in families)}
        hint = did_you_mean(only, known, "; `tat synth --families` names the areas")
        raise UsageError(f"no area or family: {only!r}{hint}")
    return found, {} if found else some
