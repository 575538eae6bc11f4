"""Learning by heart: preset tiny reproduces all twenty starters of the cookbook exactly."""

from pathlib import Path

import pytest

from tat.cli import run as tat
from tat.config import resolve
from tat.cookbook.library import load
from tat.data.batches import Batches
from tat.data.corpus import cookbook_corpus
from tat.data.dataset import encode_samples
from tat.data.samples import Sample
from tat.decode.generator import Generator
from tat.decode.loading import load_model
from tat.decode.prompt import Prompt
from tat.train.named_checkpoint import load_checkpoint
from tat.train.trainer import Trainer


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("overfit") / "run"
    assert tat(["train", "--preset", "tiny", "--run", str(folder), "-q"]) == 0
    return folder


@pytest.fixture(scope="module")
def samples() -> tuple[Sample, ...]:
    entries = [(e.name, e.request, e.code) for e in load(tag="starter")]
    return cookbook_corpus(entries, resolve(flags={"preset": "tiny"}).config.data).train


def test_the_loss_in_evaluation_mode_is_under_a_twentieth_nat(run, samples):
    loaded = load_model(*load_checkpoint(run))
    config = loaded.config
    data = encode_samples(samples, loaded.tokenizer, config.data)
    assert len(data) == len(samples)
    batches = Batches(data, config.data.buckets, config.train.batch_tokens, 0)
    trainer = Trainer(config, loaded.model, loaded.backend, batches)
    assert trainer.evaluate(batches.in_order()) < 0.05


def test_all_starters_are_reproduced_exactly(run, samples):
    loaded = load_model(*load_checkpoint(run))
    generator = Generator(loaded, loaded.config.generate.max_tokens)
    bodies = [sample for sample in samples if sample.kind == "completion"]
    assert len(bodies) == 20
    wrong = []
    for sample in bodies:
        asked = dict(sample.source)
        prompt = Prompt(asked["comment"], asked["signature"], asked.get("context", ""))
        result = generator.generate(prompt)
        if not result.finished or result.text != prompt.lead + sample.target:
            wrong.append(sample.origin)
    assert not wrong
