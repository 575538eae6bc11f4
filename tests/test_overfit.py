"""Learning by heart: preset tiny reproduces all twenty starters of the cookbook exactly."""

from pathlib import Path

import numpy as np
import pytest

from tat.cli import run as tat
from tat.config import resolve
from tat.cookbook.library import load
from tat.data.batches import Batches, encode_samples
from tat.data.corpus import cookbook_corpus
from tat.decode.generator import Generator
from tat.decode.loading import load_model
from tat.decode.prompt import Prompt
from tat.model.transformer import Transformer
from tat.train.run_folder import find_checkpoint
from tat.train.trainer import Trainer


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("overfit") / "run"
    assert tat(["train", "--preset", "tiny", "--run", str(folder), "-q"]) == 0
    return folder


@pytest.fixture(scope="module")
def corpus():
    return cookbook_corpus([(e.name, e.request, e.code) for e in load(tag="starter")])


def test_the_loss_in_evaluation_mode_is_under_a_twentieth_nat(run, corpus):
    loaded = load_model(find_checkpoint(run))
    config = resolve(flags={"preset": "tiny"}).config
    data = encode_samples(corpus.train, loaded.tokenizer, config.data.buckets)
    assert len(data) == len(corpus.train)
    batches = Batches(data, config.data.buckets, config.train.batch_tokens, 0)
    model = Transformer(config.model, loaded.tokenizer.size)
    trainer = Trainer(config, model, loaded.backend, batches)
    flat = loaded.backend.view(loaded.model.parameters.flat)
    assert np.isfinite(flat).all()
    assert trainer.evaluate(batches.in_order()) < 0.05


def test_all_starters_are_reproduced_exactly(run, corpus):
    loaded = load_model(find_checkpoint(run))
    generator = Generator(loaded, loaded.config.generate.max_tokens)
    wrong = []
    for sample in corpus.train:
        asked = dict(sample.source)
        prompt = Prompt(
            description=asked["comment"],
            signature=asked.get("signature", ""),
            context=asked.get("context", ""),
        )
        result = generator.generate(prompt)
        if not result.finished or result.text != prompt.lead + sample.target:
            wrong.append(sample.origin)
    assert not wrong
