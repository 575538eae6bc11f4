"""Weights between those that training started from and those of now (`train.origin_share`).

They keep more of what the first ones knew than training alone does (Wortsman et al., "Robust
fine-tuning of zero-shot models", 2022). Training goes on from its own weights; these are validated,
and a checkpoint generates with them.
"""

from collections.abc import Mapping

from numpy import ndarray as Array

from tat import weights
from tat.backends.backend import Backend
from tat.model.parameters import Parameters
from tat.train.ranks import Ranks

STATE = "origin"  # the name of the first weights in a checkpoint's state


class Between:
    """The first weights of a run, flat, and their share; without a share nothing is kept."""

    def __init__(
        self, share: float, parameters: Parameters, backend: Backend, ranks: Ranks
    ) -> None:
        self.share, self._parameters = share, parameters
        self._backend, self._ranks = backend, ranks
        self._first: Array | None = None

    def start(self) -> None:
        """Training starts from the weights on the device."""
        if self.share:
            self._first = self._backend.read(self._parameters.flat)

    def of(self, flat: Array) -> Array:
        """The weights between the first ones and these."""
        return flat if self._first is None else weights.mixed(flat, self._first, self.share)

    def state(self) -> dict[str, Array]:
        """The first weights for a checkpoint, by "origin/NAME"; at rank 0."""
        if self._first is None or self._ranks.rank:
            return {}
        named = weights.unpack(self._parameters, self._first)
        return {f"{STATE}/{name}": values for name, values in named.items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Takes the first weights of the state that rank 0 has; one without any changes nothing."""
        if not self.share:
            return
        named = {name: state.get(f"{STATE}/{name}") for name in self._parameters.tensors}
        there = all(values is not None for values in named.values())
        if self._ranks.tell(there):
            first = weights.pack(self._parameters, named) if there else None
            self._first = self._ranks.spread(first, self._parameters.flat.size)
