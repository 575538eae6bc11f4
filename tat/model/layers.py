"""The layers of the Transformer: each declares its weights when made and records calls when called.

Letters: B batch, K sources per target, S source length, T target length, D width, F feed-forward
width, V vocabulary, M maximal length. Activations are [rows, D].
"""

from dataclasses import dataclass
from math import sqrt

from tat.config_tables import TransformerConfig
from tat.model.parameters import Initial, Parameters
from tat.ops import decoding
from tat.ops import vocabulary as ops
from tat.ops.graph import Tensor, current


class TokenEmbedding:
    """A table [V, D] that turns ids into vectors and, tied, vectors into logits."""

    def __init__(self, parameters: Parameters, vocabulary: int, width: int) -> None:
        self.scale = sqrt(width)
        initial = Initial("normal", 1 / self.scale)
        self.table = parameters.declare("embedding.table", (vocabulary, width), initial, channels=0)

    def __call__(self, ids: Tensor) -> Tensor:
        """ids [B, T] -> [B*T, D], scaled by the root of D (Vaswani et al. 2017, section 3.4)."""
        return ops.embedding(ids, self.table, self.scale)


class PositionalEncoding:
    """Sinusoids of the position (Vaswani et al. 2017, section 3.5), a constant table [M, D]."""

    def __init__(self, config: TransformerConfig) -> None:
        size = (config.max_length, config.width)
        self.table = Tensor("positional_encoding", size, "constant")

    def __call__(self, x: Tensor, start: Tensor) -> Tensor:
        """x [B*T, D] plus the encodings from position start[b] on."""
        return ops.positional_encoding(x, self.table, start)

    def turned(self, x: Tensor, start: Tensor) -> Tensor:
        """Queries, or keys and values, as attention takes them: x itself."""
        return x


class RotaryPositions:
    """Queries and keys of self-attention, turned by their position (RoFormer, Su et al. 2021).

    A score then depends on the distance of two positions. The constant table [M, D/H] has the
    sines and cosines of a head.
    """

    def __init__(self, config: TransformerConfig) -> None:
        self.heads = config.heads
        size = (config.max_length, config.width // config.heads)
        self.table = Tensor("rotary", size, "constant")

    def __call__(self, x: Tensor, start: Tensor) -> Tensor:
        """Embeddings x [B*T, D] as they are."""
        return x

    def turned(self, x: Tensor, start: Tensor) -> Tensor:
        """Queries [B*T, D], or keys of keys and values [B*T, 2D], from position start[b] on."""
        return ops.rotary(x, self.table, start, self.heads)


def positions(config: TransformerConfig) -> PositionalEncoding | RotaryPositions:
    """How the model knows positions, as the configuration says."""
    made = {"sinusoidal": PositionalEncoding, "rotary": RotaryPositions}[config.positions]
    return made(config)


class Linear:
    """x @ weight [I, O] + bias [O]."""

    def __init__(self, parameters: Parameters, name: str, inputs: int, outputs: int) -> None:
        self.weight = parameters.matrix(f"{name}.weight", inputs, outputs)
        self.bias = parameters.vector(f"{name}.bias", outputs, 0.0)

    def __call__(self, x: Tensor, into: Tensor | None = None) -> Tensor:
        """x [N, I] -> [N, O], a new tensor or `into`."""
        return ops.linear(x, self.weight, self.bias, into)


class LayerNorm:
    """Row-wise normalisation with gain and bias [D]."""

    def __init__(self, parameters: Parameters, name: str, width: int) -> None:
        self.gain = parameters.vector(f"{name}.gain", width, 1.0)
        self.bias = parameters.vector(f"{name}.bias", width, 0.0)

    def __call__(self, x: Tensor) -> Tensor:
        return ops.layer_norm(x, self.gain, self.bias)


class RmsNorm:
    """Row-wise division by the root mean square, with gain [D]; rows keep their mean."""

    def __init__(self, parameters: Parameters, name: str, width: int) -> None:
        self.gain = parameters.vector(f"{name}.gain", width, 1.0)

    def __call__(self, x: Tensor) -> Tensor:
        return ops.rms_norm(x, self.gain)


def norm(parameters: Parameters, name: str, config: TransformerConfig) -> LayerNorm | RmsNorm:
    """The norm of rows that the configuration names."""
    made = {"layer": LayerNorm, "rms": RmsNorm}[config.norm]
    return made(parameters, name, config.width)


class MultiHeadAttention:
    """H heads with projections; keys and values come from one product, side by side."""

    def __init__(self, parameters: Parameters, name: str, config: TransformerConfig) -> None:
        width, self.heads, self.positions = config.width, config.heads, positions(config)
        self.query = Linear(parameters, f"{name}.query", width, width)
        self.key_value = Linear(parameters, f"{name}.key_value", width, 2 * width)
        self.output = Linear(parameters, f"{name}.output", width, width)

    def __call__(
        self, x: Tensor, start: Tensor, lengths: Tensor, *, causal: bool = False
    ) -> Tensor:
        """x [B*T, D] attends to itself: positions from start [B] on, lengths [B, 1]."""
        kv = self.positions.turned(self.key_value(x), start)
        q = self.positions.turned(self.query(x), start)
        y = ops.attention(q, kv, lengths, heads=self.heads, causal=causal)
        return self.output(y)

    def attend(self, x: Tensor, kv: Tensor, lengths: Tensor, sources: int) -> Tensor:
        """x [B*T, D] attends to keys and values [B*K*S, 2D] of a memory with lengths [B, K]."""
        y = ops.attention(self.query(x), kv, lengths, heads=self.heads, sources=sources)
        return self.output(y)

    def attend_shared(self, x: Tensor, kv: Tensor, feeds: "StepFeeds") -> Tensor:
        """The same of one token a sequence, where several sequences may have one memory."""
        lengths, memory = feeds.memory_lengths, feeds.memory
        y = decoding.shared_attention(self.query(x), kv, lengths, memory, heads=self.heads)
        return self.output(y)

    def extend(self, x: Tensor, cache: Tensor, feeds: "StepFeeds") -> Tensor:
        """Writes keys and values of x [N, D] into cache [B*M, 2D], and attends to the cached rows.

        N is B: a token of each sequence. Or B is 1 and the tokens follow each other: then each
        attends in its own call, and has the same bits as in its own step.
        """
        kv = self.positions.turned(self.key_value(x), feeds.position)
        q = self.positions.turned(self.query(x), feeds.position)
        batch, _ = feeds.memory_lengths.shape
        y = current().temporary("y", x.shape)
        for first in range(0, x.shape[0], batch):
            decoding.cache_write(cache, kv.rows(first, batch), feeds.position.rows(first, batch))
        for first in range(0, x.shape[0], batch):
            parts = (tensor.rows(first, batch) for tensor in (q, feeds.lengths, y))
            q_part, lengths, y_part = parts
            ops.attention(q_part, cache, lengths, heads=self.heads, into=y_part)
        return self.output(y)


class FeedForward:
    """D -> F -> D with GELU between."""

    def __init__(self, parameters: Parameters, name: str, width: int, hidden: int) -> None:
        self.up = Linear(parameters, f"{name}.up", width, hidden)
        self.down = Linear(parameters, f"{name}.down", hidden, width)

    def __call__(self, x: Tensor) -> Tensor:
        return self.down(ops.gelu(self.up(x)))


class GatedFeedForward:
    """D -> 2 x F -> D with SwiGLU between; the gate and what it lets through are one product."""

    def __init__(self, parameters: Parameters, name: str, width: int, hidden: int) -> None:
        self.up = Linear(parameters, f"{name}.up", width, 2 * hidden)
        self.down = Linear(parameters, f"{name}.down", hidden, width)

    def __call__(self, x: Tensor) -> Tensor:
        return self.down(ops.swiglu(self.up(x)))


def feed_forward(
    parameters: Parameters, name: str, config: TransformerConfig
) -> FeedForward | GatedFeedForward:
    """The feed-forward block that the configuration names.

    A gated block has three matrices of F where the other has two. It takes two thirds of the
    configured F, in fours, so that both have about as many weights (Shazeer 2020, section 3.1).
    """
    if config.feed_forward_kind == "gelu":
        return FeedForward(parameters, name, config.width, config.feed_forward)
    hidden = max(4, (2 * config.feed_forward + 6) // 12 * 4)
    return GatedFeedForward(parameters, name, config.width, hidden)


class EncoderLayer:
    """Pre-norm block (Xiong et al. 2020): x + attention(norm(x)), x + feed_forward(norm(x))."""

    def __init__(self, parameters: Parameters, name: str, config: TransformerConfig) -> None:
        self.name, self.dropout = name, config.dropout
        self.norm1 = norm(parameters, f"{name}.norm1", config)
        self.attention = MultiHeadAttention(parameters, f"{name}.attention", config)
        self.norm2 = norm(parameters, f"{name}.norm2", config)
        self.feed_forward = feed_forward(parameters, f"{name}.feed_forward", config)

    def __call__(self, x: Tensor, start: Tensor, lengths: Tensor, counter: Tensor) -> Tensor:
        """x [B*K*S, D], start [B*K] and lengths [B, K] of the sequences -> the same shape."""
        with current().scope(f"{self.name}.attention"):
            y = self.attention(self.norm1(x), start, lengths)
            x = ops.dropout_add(x, y, counter, self.dropout)
        with current().scope(f"{self.name}.feed_forward"):
            return ops.dropout_add(x, self.feed_forward(self.norm2(x)), counter, self.dropout)


@dataclass(frozen=True)
class LayerCaches:
    """Keys and values of one decoder layer: its own [B*M, 2D], the memory's [B*K*S, 2D]."""

    own: Tensor
    memory: Tensor


@dataclass(frozen=True)
class StepFeeds:
    """Positions of one decoding step, and how many cached rows count."""

    position: Tensor  # [N], N = B, or several of one sequence
    lengths: Tensor  # [N, 1], position + 1 where the sequence goes on
    memory_lengths: Tensor  # [B, K]
    memory: Tensor | None = None  # [B], whose memory a sequence reads, if not its own


class DecoderLayer:
    """Pre-norm block with causal self-attention, cross-attention and feed-forward."""

    def __init__(self, parameters: Parameters, name: str, config: TransformerConfig) -> None:
        self.name, self.dropout = name, config.dropout
        self.norm1 = norm(parameters, f"{name}.norm1", config)
        self.attention = MultiHeadAttention(parameters, f"{name}.attention", config)
        self.norm2 = norm(parameters, f"{name}.norm2", config)
        self.cross_attention = MultiHeadAttention(parameters, f"{name}.cross_attention", config)
        self.norm3 = norm(parameters, f"{name}.norm3", config)
        self.feed_forward = feed_forward(parameters, f"{name}.feed_forward", config)

    def __call__(
        self, x: Tensor, start: Tensor, lengths: Tensor, memory: Tensor, memory_lengths: Tensor,
        counter: Tensor,
    ) -> Tensor:  # fmt: skip
        """x [B*T, D] -> [B*T, D]; start [B], lengths [B, 1].

        The memory is [B*K*S, D], its lengths are [B, K].
        """
        with current().scope(f"{self.name}.attention"):
            y = self.attention(self.norm1(x), start, lengths, causal=True)
            x = ops.dropout_add(x, y, counter, self.dropout)
        with current().scope(f"{self.name}.cross_attention"):
            cross, sources = self.cross_attention, memory_lengths.shape[1]
            h = self.norm2(x)
            y = cross.attend(h, cross.key_value(memory), memory_lengths, sources)
            x = ops.dropout_add(x, y, counter, self.dropout)
        with current().scope(f"{self.name}.feed_forward"):
            return ops.dropout_add(x, self.feed_forward(self.norm3(x)), counter, self.dropout)

    def step(self, x: Tensor, caches: LayerCaches, feeds: StepFeeds) -> Tensor:
        """x [N, D], a token of each sequence or several of one; earlier ones are cached."""
        with current().scope(f"{self.name}.attention"):
            x = ops.add(x, self.attention.extend(self.norm1(x), caches.own, feeds))
        with current().scope(f"{self.name}.cross_attention"):
            cross, lengths, h = self.cross_attention, feeds.memory_lengths, self.norm2(x)
            if feeds.memory is not None:
                y = cross.attend_shared(h, caches.memory, feeds)
            else:
                y = cross.attend(h, caches.memory, lengths, sources=lengths.shape[1])
            x = ops.add(x, y)
        with current().scope(f"{self.name}.feed_forward"):
            return ops.add(x, self.feed_forward(self.norm3(x)))
