"""Rates training settings by the validation loss after a short training."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from itertools import accumulate
from math import log2
from pathlib import Path

import msgspec

from tat import weights
from tat.backends.opening import open_backend
from tat.config import Config
from tat.cookbook.library import load as cookbook
from tat.data.batches import Batches
from tat.data.corpus import Corpus, cookbook_corpus, load_corpus
from tat.data.dataset import encode_samples
from tat.data.tokenizer import Tokenizer
from tat.errors import CorpusError, DivergedError
from tat.flat import Flat
from tat.model.transformer import Transformer
from tat.train.trainer import Trainer
from tat.tuning.annealing import Point, gray_level

# Grids of a power of two each. Rates are multiples of the configured one, warm-ups shares of the
# schedule, widths shares of the configured one, which is the budget.
_RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_WARMUPS = (0.0, 0.05, 0.1, 0.2)
_DROPOUTS = (0.0, 0.05, 0.1, 0.2)
_WIDTHS = (0.25, 0.5, 0.75, 1.0)
_GRIDS = (_RATES, _WARMUPS, _DROPOUTS, _WIDTHS)
_BITS = tuple(int(log2(len(grid))) for grid in _GRIDS)

BITS = sum(_BITS)  # of a point of the search


@dataclass(frozen=True)
class Settings:
    """The settings that the search varies."""

    rate: float  # multiple of train.lr
    warmup: float  # share of train.schedule_steps
    dropout: float
    width: float  # share of model.width

    def __str__(self) -> str:
        return (
            f"rate x{self.rate:g}, warm-up {self.warmup:.0%}, dropout {self.dropout:g},"
            f" width x{self.width:g}"
        )

    @classmethod
    def of(cls, point: Point) -> "Settings":
        """The settings of a point, which has the Gray code of each one's place on its grid."""
        ends = (*accumulate(_BITS),)
        parts = [point[end - bits : end] for bits, end in zip(_BITS, ends, strict=True)]
        return cls(*(grid[gray_level(part)] for grid, part in zip(_GRIDS, parts, strict=True)))

    def applied(self, config: Config) -> Config:
        """A configuration with these settings; heads stay, and feed_forward scales with width."""
        model, train = config.model, config.train
        unit = 2 * model.heads  # the width is even and a multiple of heads
        width = max(unit, int(self.width * model.width) // unit * unit)
        feed_forward = max(1, model.feed_forward * width // model.width)
        warmup = int(self.warmup * train.schedule_steps)
        return replace(
            config,
            model=replace(model, width=width, feed_forward=feed_forward, dropout=self.dropout),
            train=replace(train, lr=self.rate * train.lr, warmup_steps=warmup),
        )

    def changes(self, config: Config) -> Flat:
        """The values that `applied` sets, by dotted key."""
        tuned = self.applied(config)
        keys = ("model.width", "model.feed_forward", "model.dropout", "train.lr",
                "train.warmup_steps")  # fmt: skip
        sections = {"model": tuned.model, "train": tuned.train}
        return {key: getattr(sections[key.split(".")[0]], key.split(".")[1]) for key in keys}


class Objective:
    """Trains for some steps on one corpus, with the whole schedule compressed into them."""

    def __init__(self, config: Config, paths: Sequence[Path] = ()) -> None:
        """Without paths it uses the cookbook: its training split, judged by its test split."""
        self.config = config
        corpus = load_corpus(paths, config.data, config.seed) if paths else _cookbook(config)
        if not corpus.valid:
            raise CorpusError("corpus: nothing to validate with; set data.validation_share above 0")
        self._tokenizer = Tokenizer.train(corpus.texts(), config.data.vocabulary)
        splits = corpus.train, corpus.valid
        sets = [encode_samples(split, self._tokenizer, config.data) for split in splits]
        buckets, tokens = config.data.buckets, config.train.batch_tokens
        share = config.data.neighbour_share
        self._train, valid = (Batches(s, buckets, tokens, config.seed, share) for s in sets)
        self._valid = list(valid.in_order(config.train.validation_batches))
        if not (len(sets[0]) and self._valid):
            raise CorpusError("corpus: no sample is short enough for data.buckets; enlarge them")
        self.fingerprint = _fingerprint(config, corpus)
        self.vocabulary = self._tokenizer.size

    def loss(self, settings: Settings | None = None) -> float:
        """Validation loss in nats a token, with these settings or the configured ones.

        Infinite where training diverges.
        """
        config = settings.applied(self.config) if settings else self.config
        config = _short(config)
        model = Transformer(config.model, self._tokenizer.size)
        backend = open_backend("cpu", config.threads, config.memory.alignment)
        trainer = Trainer(config, model, backend, self._train)
        try:
            trainer.start(weights.draw(model.parameters, config.seed))
            for _ in range(config.train.steps):
                trainer.step()
            return trainer.evaluate(self._valid)
        except DivergedError:
            return float("inf")
        finally:
            trainer.close()


def _short(config: Config) -> Config:
    """The configuration of a trial: all lengths of the schedule in proportion."""
    train, steps = config.train, config.tune.steps
    warmup = min(steps - 1, round(train.warmup_steps * steps / train.schedule_steps))
    short = replace(train, steps=steps, schedule_steps=steps, warmup_steps=warmup, ema_decay=0.0)
    return replace(config, train=short)


def _cookbook(config: Config) -> Corpus:
    """The cookbook's two splits; no family is in both."""
    train, test = (
        cookbook_corpus(
            [(e.name, e.request, e.code) for e in cookbook() if e.split == split], config.data
        )
        for split in ("train", "test")
    )
    return replace(train, valid=test.train)


def _fingerprint(config: Config, corpus: Corpus) -> str:
    """A hash of all inputs of a loss but the settings."""
    parts = {name: asdict(getattr(config, name)) for name in ("model", "data", "train")}
    inputs = msgspec.json.encode([parts, config.seed, config.tune.steps, corpus.fingerprint])
    return sha256(inputs).hexdigest()
