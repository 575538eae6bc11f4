"""The copy head: the next token of a target may be copied from its sources."""

from tat.model.layers import Linear
from tat.model.parameters import Initial, Parameters
from tat.ops import vocabulary as ops
from tat.ops.copying import Pointer
from tat.ops.graph import Tensor, current
from tat.tokens import FIRST_BYTE

_RELUCTANCE = -2.0  # logit of copying at the start: 12 % of the probability goes to the sources


class CopyHead:
    """A pointer with a gate on the last hidden states (pointer-generator, See et al. 2017)."""

    def __init__(self, parameters: Parameters, width: int) -> None:
        self.query = Linear(parameters, "copy.query", width, width)
        self.key = Linear(parameters, "copy.key", width, width)
        self.gate_weight = parameters.declare(
            "copy.gate.weight", (width, 1), Initial("constant", 0.0)
        )
        self.gate_bias = parameters.vector("copy.gate.bias", 1, _RELUCTANCE)

    def keys(self, memory: Tensor, into: Tensor | None = None) -> Tensor:
        """The keys of source positions, from memory [B*K*S, D] to [B*K*S, D], new or in `into`."""
        with current().scope("copy.key"):
            return self.key(memory, into)

    def point(
        self, hidden: Tensor, keys: Tensor, ids: Tensor, lengths: Tensor,
        memory: Tensor | None = None,
    ) -> Pointer:  # fmt: skip
        """A pointer from hidden states [B*T, D] to the sources, ids [B, K, S] with lengths [B, K].

        Markers are never copied. `memory` [B] says whose keys a row reads, if not its own.
        """
        with current().scope("copy"):
            gate = ops.linear(hidden, self.gate_weight, self.gate_bias)
            return Pointer(self.query(hidden), keys, gate, ids, lengths, FIRST_BYTE, memory)
