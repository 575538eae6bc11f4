"""Operations of the copy head: where a target's next token may be taken from its sources."""

from dataclasses import dataclass

from tat.ops.graph import Tensor, current


@dataclass(frozen=True)
class Pointer:
    """The inputs of a copy head: queries [B*T, D] of target positions, keys [B*K*S, D] of source
    positions, and the gate [B*T, 1], the logit of copying.

    ids [B, K, S] are the source tokens, of which those below `first` are never copied, and lengths
    [B, K] say how many of them count.
    """

    q: Tensor
    k: Tensor
    gate: Tensor
    ids: Tensor
    lengths: Tensor
    first: int
    memory: Tensor | None = None  # [B], whose keys a sequence reads, where several have the same

    @property
    def dims(self) -> dict[str, int]:
        """Extents of batch, queries, sources and keys."""
        batch, sources, keys = self.ids.shape
        queries = self.q.shape[0] // batch
        return dict(batch=batch, queries=queries, sources=sources, keys=keys)


def point(pointer: Pointer) -> tuple[Tensor, Tensor]:
    """Shares of the source positions [B*T, K*S], and the log of what they leave [B*T].

    Softmax of q k / sqrt(D) times sigmoid(gate); the gradient is that of copy_cross_entropy.
    """
    rows, width = pointer.q.shape
    outputs = [(rows, pointer.k.shape[0] // pointer.ids.shape[0]), (rows,)]
    inputs = [pointer.q, pointer.k, pointer.gate, pointer.ids, pointer.lengths]
    dims = dict(**pointer.dims, width=width, first=pointer.first)
    if pointer.memory is None:
        shares, log_rest = current().emit("pointer", outputs, inputs, **dims)
    else:
        dims["memories"] = dims.pop("queries") * dims["batch"]  # one query a sequence
        inputs.append(pointer.memory)
        shares, log_rest = current().emit("shared_pointer", outputs, inputs, **dims)
    return shares, log_rest


def copy_mixture(logits: Tensor, pointer: Pointer) -> None:
    """Turns logits [B*T, V] into the log-probabilities of the mixture (See et al. 2017).

    p(v) = rest * softmax(logits)[v] + the shares of the source positions that hold v.
    """
    shares, log_rest = point(pointer)
    dims = dict(**pointer.dims, vocabulary=logits.shape[1])
    current().emit("copy_mixture", [logits], [shares, log_rest, pointer.ids], **dims)
