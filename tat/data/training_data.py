"""The input of training: two encoded splits, the tokenizer they are encoded with, and a report."""

from dataclasses import dataclass

from tat.config_tables import DataConfig
from tat.data.corpus import Corpus, Report
from tat.data.dataset import Dataset, encode_samples
from tat.data.tokenizer import Tokenizer


@dataclass(frozen=True)
class TrainingData:
    """A corpus ready to train on, in memory or mapped from a file."""

    fingerprint: str  # of the samples, as Corpus says it
    tokenizer: Tokenizer
    train: Dataset
    valid: Dataset
    report: Report

    @classmethod
    def of(
        cls, corpus: Corpus, config: DataConfig, tokenizer: Tokenizer | None = None
    ) -> "TrainingData":
        """Encode a corpus in memory; without a tokenizer, one learnt from it."""
        tokenizer = tokenizer or Tokenizer.train(corpus.texts(), config.vocabulary)
        train, valid = (
            encode_samples(split, tokenizer, config) for split in (corpus.train, corpus.valid)
        )
        return cls(corpus.fingerprint, tokenizer, train, valid, corpus.report)
