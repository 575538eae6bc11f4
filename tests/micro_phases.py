"""A configuration of which all phases together take seconds."""

from pathlib import Path

import pytest

from tat.config import Config, resolve

# A model of which all phases together take seconds.
MICRO = """\
[model]
layers = 1
width = 32
heads = 2
feed_forward = 48
max_length = 512
[data]
vocabulary = 300
[train]
steps = 6
save_every = 2
warmup_steps = 2
lr = 0.01
[bench]
quick_samples = 2
quick_sample_ms = 0.1
[phases]
standalone_steps = 2
prompts = 2
answer_tokens = 12
valid_share = 0.0
"""


@pytest.fixture(name="micro", scope="module")
def micro_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("micro") / "micro.toml"
    path.write_text(MICRO)
    return path


@pytest.fixture(name="config", scope="module")
def config_fixture(micro: Path) -> Config:
    return resolve(files=[micro], flags={"preset": "tiny"}, environment={}).config


def quiet(line: str) -> None:
    pass
