"""Corpora that are prepared in tests, and whether two are the same."""

from dataclasses import replace
from pathlib import Path

from tat.config import resolve
from tat.data import prepare
from tat.data.corpus_file import CorpusFile
from tat.data.training_data import TrainingData

CONFIG = replace(
    resolve(environment={}).config.data, vocabulary=300, buckets=((96, 64), (128, 256)),
    validation_share=0.2,
)  # fmt: skip


def same(one: TrainingData, other: TrainingData) -> bool:
    """Whether two corpora have the same ids in the same order, and the same properties."""

    def told(data: TrainingData) -> list:
        rows = [
            [of[i].tolist() for i in range(len(of))]
            for split in (data.train, data.valid)
            for of in (split.sources, split.targets, split.texts)
        ]
        left = [(s.too_long, s.first_too_long, s.neighbours.tolist())
                for s in (data.train, data.valid)]  # fmt: skip
        return [rows, left, data.fingerprint, data.tokenizer.to_bytes(), data.report]

    return told(one) == told(other)


def prepared(paths: list[Path], out: Path, config=CONFIG, **how) -> TrainingData:
    prepare.prepare(paths, out, config, 3, **how)
    return CorpusFile(out).training_data()
