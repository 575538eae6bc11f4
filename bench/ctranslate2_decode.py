"""Greedy decoding in CTranslate2: a child process that times a request for each line it reads.

Arguments: vocabulary layers width heads hidden. A line "int8_float32 1 64 16 4" decodes 16 tokens
in each of 4 rows, from sources of 64, with that compute type and one thread; no number of rows is
one row. Weights are random, and nothing ends early. The answer: seconds, and those of processors.
"""

import sys
import tempfile
import time

import ctranslate2
import numpy as np
from ctranslate2.specs import common_spec, transformer_spec


def build(vocabulary: int, layers: int, width: int, heads: int, hidden: int, folder: str) -> None:
    """A model of tat's shape: pre-norm, GELU by tanh, one table of embeddings."""
    random = np.random.default_rng(0)

    def drawn(*shape: int) -> np.ndarray:
        return (random.standard_normal(shape) * 0.02).astype(np.float32)

    def linear(layer: common_spec.LinearSpec, outputs: int, inputs: int) -> None:
        layer.weight, layer.bias = drawn(outputs, inputs), np.zeros(outputs, np.float32)

    def norm(layer: common_spec.LayerNormSpec) -> None:
        layer.gamma, layer.beta = np.ones(width, np.float32), np.zeros(width, np.float32)

    def attention(layer: object, outputs: tuple[int, ...]) -> None:
        for part, size in zip(layer.linear, outputs, strict=True):
            linear(part, size * width, width)
        norm(layer.layer_norm)

    spec = transformer_spec.TransformerSpec.from_config(
        (layers, layers), heads, pre_norm=True, activation=common_spec.Activation.GELUTanh
    )
    table = drawn(vocabulary, width)
    spec.encoder.embeddings[0].weight = spec.decoder.embeddings.weight = table
    for layer in (*spec.encoder.layer, *spec.decoder.layer):
        attention(layer.self_attention, (3, 1))
        linear(layer.ffn.linear_0, hidden, width)
        linear(layer.ffn.linear_1, width, hidden)
        norm(layer.ffn.layer_norm)
    for layer in spec.decoder.layer:
        attention(layer.attention, (1, 2, 1))
    for half in (spec.encoder, spec.decoder):
        norm(half.layer_norm)
        half.position_encodings.encodings = drawn(1024, width)
    spec.decoder.projection.weight = table
    spec.decoder.projection.bias = np.zeros(vocabulary, np.float32)
    words = ["<unk>", "<s>", "</s>", *(f"t{i}" for i in range(vocabulary - 3))]
    spec.register_source_vocabulary(words)
    spec.register_target_vocabulary(words)
    spec.config.bos_token = spec.config.decoder_start_token = "<s>"
    spec.config.eos_token, spec.config.unk_token = "</s>", "<unk>"
    spec.validate()
    spec.save(folder)


def main() -> None:
    translators: dict[tuple[str, int], ctranslate2.Translator] = {}
    with tempfile.TemporaryDirectory() as folder:
        build(*map(int, sys.argv[1:]), folder)
        for line in sys.stdin:
            kind, *numbers = line.split()
            threads, source, tokens, rows = map(int, [*numbers, 1][:4])
            if (kind, threads) not in translators:
                translators[kind, threads] = ctranslate2.Translator(
                    folder, device="cpu", compute_type=kind, intra_threads=threads, inter_threads=1
                )
            texts = [[f"t{row + i}" for i in range(source)] for row in range(rows)]
            began = time.perf_counter(), time.process_time()
            translators[kind, threads].translate_batch(
                texts, beam_size=1, max_decoding_length=tokens, min_decoding_length=tokens
            )
            print(time.perf_counter() - began[0], time.process_time() - began[1], flush=True)


if __name__ == "__main__":
    main()
