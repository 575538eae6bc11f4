"""Calls of `tat generate` with a run of the bench."""

import json
from pathlib import Path

import pytest
from cli_harness import tat

UNCHECKED = "--no-grammar", "--validate", "0"


@pytest.fixture(name="generate")
def generate_fixture(bench):
    """A call with the bench's run: text as the model writes it, a few tokens of it."""

    def call(*arguments: object, tokens: int = 4, typed: Path | None = None):
        options = "--run", bench / "run", "--max-tokens", tokens, *UNCHECKED
        return tat("generate", *options, *arguments, typed=typed)

    return call


def lines(tmp_path, *records: object):
    path = tmp_path / "prompts.jsonl"
    texts = (r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) for r in records)
    path.write_text("\n".join(texts))
    return path
