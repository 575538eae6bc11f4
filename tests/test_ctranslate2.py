"""Greedy tokens and beam scores against CTranslate2, which knows nothing of this code.

Its TransformerSpec has all that the model has: pre-norm blocks, one table for sources, targets and
output, embeddings scaled by the root of the width, sinusoids as given encodings, GELU in its tanh
form. That padding and the start token are never written is said by a bias of the output.
"""

import numpy as np
import pytest
from decoding import PROMPTS, TOKENIZER, new_generator

from tat import weights
from tat.data.tokenizer import Special
from tat.decode.beam import beam_search
from tat.decode.generator import Generator, Request

ctranslate2 = pytest.importorskip("ctranslate2")
from ctranslate2.specs import common_spec, transformer_spec  # noqa: E402

NEVER = -1e9  # a bias that nothing makes up for
LENGTH = 60


@pytest.fixture(scope="module", params=[0, 1, 2])
def pair(request, tmp_path_factory) -> "tuple[Generator, ctranslate2.Translator]":
    """The same model in both; its last states are pushed towards the end token, so texts end."""
    generator = new_generator(LENGTH, seed=request.param, model__layers=2, model__copy=False)
    model, backend = generator.loaded.model, generator.loaded.backend
    random = np.random.default_rng(request.param)
    values = weights.unpack(model.parameters, backend.read(model.parameters.flat))
    values = {name: v + 0.1 * random.standard_normal(v.shape) for name, v in values.items()}
    values["decoder.norm.bias"] += 4 * values["embedding.table"][Special.EOS]
    values = {name: v.astype(np.float32) for name, v in values.items()}
    weights.install(backend, model, values)
    folder = tmp_path_factory.mktemp("ctranslate2")
    save(generator, values, str(folder))
    translator = ctranslate2.Translator(str(folder), device="cpu", compute_type="float32",
                                        intra_threads=1)  # fmt: skip
    return generator, translator


def save(generator: Generator, values: dict[str, np.ndarray], folder: str) -> None:
    """The model as CTranslate2 has it."""
    config = generator.loaded.config.model
    spec = transformer_spec.TransformerSpec.from_config(
        (config.layers, config.layers), config.heads, pre_norm=True,
        activation=common_spec.Activation.GELUTanh,
    )  # fmt: skip
    model = generator.loaded.model
    positions = generator.loaded.backend.read(model.positions.table)
    for half in (spec.encoder, spec.decoder):
        half.position_encodings.encodings = positions
        half.scale_embeddings = True
    spec.encoder.embeddings[0].weight = values["embedding.table"]
    spec.decoder.embeddings.weight = values["embedding.table"]
    spec.decoder.projection.weight = values["embedding.table"]
    spec.decoder.projection.bias = np.zeros(TOKENIZER.size, np.float32)
    spec.decoder.projection.bias[[Special.PAD, Special.BOS]] = NEVER
    for name, half in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        norm(half.layer_norm, values, f"{name}.norm")
        for i, layer in enumerate(half.layer):
            block(layer, values, f"{name}.{i}")
    names = ["<unk>", "<s>", "</s>", *(f"t{i}" for i in range(3, TOKENIZER.size))]
    spec.register_source_vocabulary(names)
    spec.register_target_vocabulary(names)
    spec.validate()
    spec.save(folder)


def block(layer: object, values: dict[str, np.ndarray], name: str) -> None:
    """One layer: self-attention, in a decoder cross-attention, and the feed-forward part."""
    together = [f"{name}.attention.query", f"{name}.attention.key_value"]
    linear(layer.self_attention.linear[0], values, *together)
    linear(layer.self_attention.linear[1], values, f"{name}.attention.output")
    norm(layer.self_attention.layer_norm, values, f"{name}.norm1")
    last = 2
    if name.startswith("decoder"):
        for i, part in enumerate(("query", "key_value", "output")):
            linear(layer.attention.linear[i], values, f"{name}.cross_attention.{part}")
        norm(layer.attention.layer_norm, values, f"{name}.norm2")
        last = 3
    linear(layer.ffn.linear_0, values, f"{name}.feed_forward.up")
    linear(layer.ffn.linear_1, values, f"{name}.feed_forward.down")
    norm(layer.ffn.layer_norm, values, f"{name}.norm{last}")


def linear(spec: object, values: dict[str, np.ndarray], *names: str) -> None:
    spec.weight = np.concatenate([values[f"{name}.weight"].T for name in names])
    spec.bias = np.concatenate([values[f"{name}.bias"] for name in names])


def norm(spec: object, values: dict[str, np.ndarray], name: str) -> None:
    spec.gamma, spec.beta = values[f"{name}.gain"], values[f"{name}.bias"]


def translated(
    translator: object, source: list[int], **how: object
) -> list[tuple[list[int], float]]:
    """Tokens and scores of the hypotheses for a source of ids."""
    words = [f"t{token}" for token in source]
    [result] = translator.translate_batch(
        [words], min_decoding_length=0, max_decoding_length=LENGTH, return_scores=True, **how
    )
    ids = [[int(word[1:]) for word in words] for words in result.hypotheses]
    return list(zip(ids, result.scores, strict=True))


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
def test_greedy_tokens_are_those_of_ctranslate2(pair, prompt):
    generator, translator = pair
    source = generator.source(prompt)
    [(expected, _)] = translated(translator, source, beam_size=1)
    tokens = [token for token in generator.tokens(source) if token != Special.EOS]
    assert tokens == expected


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
@pytest.mark.parametrize("width", [2, 5])
def test_beams_and_their_scores_are_those_of_ctranslate2(pair, prompt, width):
    generator, translator = pair
    expected = translated(translator, generator.source(prompt), beam_size=width,
                          num_hypotheses=width, length_penalty=1.0)  # fmt: skip
    found = beam_search(generator, Request(prompt), width)
    assert all(text.finished for text in found)  # texts that are cut off are ranked otherwise there
    for text, (ids, score) in zip(found, expected, strict=True):
        written = TOKENIZER.decode(ids).decode("utf-8", "replace")
        assert text.text == prompt.lead + written
        assert text.score == pytest.approx(score, rel=1e-4)
