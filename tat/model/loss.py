"""The training loss."""

from tat.ops import losses
from tat.ops.copying import Pointer
from tat.ops.graph import Tensor


class CrossEntropyLoss:
    """Cross-entropy in nats with label smoothing (Szegedy et al. 2016); padding counts nothing.

    The target distribution is 1 - smoothing on the target plus smoothing / V on every token.
    """

    def __init__(self, smoothing: float, chunk_bytes: int) -> None:
        self.smoothing, self.chunk_bytes = smoothing, chunk_bytes

    def __call__(
        self, x: Tensor, table: Tensor, targets: Tensor, pointer: Pointer | None = None
    ) -> Tensor:
        """Hidden states x [B*T, D], tied table [V, D], targets [B, T] -> losses [B*T]."""
        how = dict(smoothing=self.smoothing, chunk_bytes=self.chunk_bytes)
        if pointer is None:
            return losses.cross_entropy(x, table, targets, **how)
        return losses.copy_cross_entropy(x, table, pointer, targets, **how)
