"""The encoder-decoder Transformer."""

from tat.config_tables import TransformerConfig
from tat.model.copy_head import CopyHead
from tat.model.layers import (
    DecoderLayer,
    EncoderLayer,
    LayerCaches,
    StepFeeds,
    TokenEmbedding,
    norm,
    positions,
)
from tat.model.parameters import Parameters
from tat.ops import vocabulary as ops
from tat.ops.graph import Tensor, current


class Transformer:
    """Pre-norm encoder and decoder with one embedding table for sources, targets and output."""

    def __init__(self, config: TransformerConfig, vocabulary: int, int8: bool = False) -> None:
        self.config, self.vocabulary = config, vocabulary
        self.parameters = Parameters(int8)
        self.embedding = TokenEmbedding(self.parameters, vocabulary, config.width)
        self.positions = positions(config)
        self.encoder = [
            EncoderLayer(self.parameters, f"encoder.{i}", config) for i in range(config.layers)
        ]
        self.encoder_norm = norm(self.parameters, "encoder.norm", config)
        self.decoder = [
            DecoderLayer(self.parameters, f"decoder.{i}", config) for i in range(config.layers)
        ]
        self.decoder_norm = norm(self.parameters, "decoder.norm", config)
        self.copy_head = CopyHead(self.parameters, config.width) if config.copy else None
        self.parameters.freeze()

    def embed(self, ids: Tensor, start: Tensor, counter: Tensor, name: str) -> Tensor:
        """ids [B, T] -> [B*T, D], positions counted from start [B]."""
        with current().scope(f"{name}.embedding"):
            x = self.positions(self.embedding(ids), start)
            return ops.dropout(x, counter, self.config.dropout)

    def encode(self, ids: Tensor, start: Tensor, lengths: Tensor, counter: Tensor) -> Tensor:
        """Sources [B, K, S] with lengths [B, K], each encoded alone -> memory [B*K*S, D]."""
        x = self.embed(ids, start, counter, "encoder")
        for layer in self.encoder:
            x = layer(x, start, lengths, counter)
        with current().scope("encoder.norm"):
            return self.encoder_norm(x)

    def decode(
        self, x: Tensor, start: Tensor, lengths: Tensor, memory: Tensor, memory_lengths: Tensor,
        counter: Tensor,
    ) -> Tensor:  # fmt: skip
        """Embedded targets [B*T, D] -> hidden states [B*T, D], each seeing those before it."""
        for layer in self.decoder:
            x = layer(x, start, lengths, memory, memory_lengths, counter)
        with current().scope("decoder.norm"):
            return self.decoder_norm(x)

    def write_memory_caches(self, memory: Tensor, caches: list[Tensor]) -> None:
        """Each decoder layer's keys and values [B*K*S, 2D] of the memory, into its cache."""
        for layer, cache in zip(self.decoder, caches, strict=True):
            with current().scope(f"{layer.name}.cross_attention"):
                layer.cross_attention.key_value(memory, into=cache)

    def step(
        self, token: Tensor, caches: list[LayerCaches], feeds: StepFeeds, counter: Tensor
    ) -> Tensor:
        """Hidden states [N, D] of tokens [N, 1], earlier ones in the caches: see StepFeeds."""
        x = self.embed(token, feeds.position, counter, "decoder")
        for layer, cache in zip(self.decoder, caches, strict=True):
            x = layer.step(x, cache, feeds)
        with current().scope("decoder.norm"):
            return self.decoder_norm(x)
