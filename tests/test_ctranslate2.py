"""Greedy tokens and beam scores against CTranslate2, which knows nothing of this code.

The model is written as `tat export --ctranslate2` writes it.
"""

from pathlib import Path

import numpy as np
import pytest
from cli_harness import tat, train
from decoding import PROMPTS, TOKENIZER, new_generator
from exporting import leaving_of

from tat import weights
from tat.data.tokenizer import Special
from tat.decode.beam import beam_search
from tat.decode.generator import Generator, Request
from tat.export.ctranslate2 import write_folder

ctranslate2 = pytest.importorskip("ctranslate2")

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
    folder = tmp_path_factory.mktemp("ctranslate2") / "model"
    write_folder(leaving_of(generator), folder)
    translator = ctranslate2.Translator(str(folder), device="cpu", compute_type="float32",
                                        intra_threads=1)  # fmt: skip
    return generator, translator


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


def test_the_command_writes_a_folder_or_says_why_not(bench: Path, tmp_path: Path):
    folder, plain = tmp_path / "model", tmp_path / "run"
    refused = tat("export", bench / "run", "--ctranslate2", folder).failure()
    assert "copy head" in refused and "model.copy=false" in refused and not folder.exists()
    assert train(bench, plain, "--set", "model.copy=false", "-q").code == 0
    assert tat("export", plain, "--ctranslate2", folder, "-q").code == 0
    assert ctranslate2.contains_model(str(folder))
    assert "exists" in tat("export", plain, "--ctranslate2", folder).failure()
    assert tat("export", plain, "--ctranslate2", folder, "--force", "-q").code == 0
    assert "rounds as it loads" in tat("export", plain, "--ctranslate2", folder, "--int8").failure()
    (folder / "model.bin").unlink()
    refused = tat("export", plain, "--ctranslate2", folder, "--force").failure()
    assert "no folder of CTranslate2" in refused and (folder / "config.json").is_file()
    assert {path.name for path in tmp_path.iterdir()} == {"model", "run"}


@pytest.mark.parametrize("setting", ["norm=rms", "feed_forward_kind=swiglu", "positions=rotary"])
def test_parts_that_it_does_not_know_are_refused(setting, bench: Path, tmp_path: Path):
    options = "--set", "model.copy=false", "--set", f"model.{setting}", "-q"
    assert train(bench, tmp_path / "run", *options).code == 0
    refused = tat("export", tmp_path / "run", "--ctranslate2", tmp_path / "model").failure()
    key, _, value = setting.partition("=")
    assert f"model.{key} = {value}" in refused and not (tmp_path / "model").exists()
