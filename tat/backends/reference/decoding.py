"""NumPy kernels of decoding without asking: penalties for repetition, and the draw of a token."""

import numpy as np
from numpy import ndarray as Array

from tat.draws import Draw, penalised, scores
from tat.ops.decoding import SETTINGS


def repetition_penalty(
    written: Array, history: Array, logits: Array, token: Array, position: Array, settings: Array,
    *, batch: int, vocabulary: int, length: int, block: int,
) -> None:  # fmt: skip
    """Logits go to history as they are; then those of the tokens up to this one are penalised."""
    rows, last = logits.reshape(batch, vocabulary), position.reshape(batch)
    places = last % block, np.arange(batch)
    history.reshape(block, batch, vocabulary + 1)[*places, :vocabulary] = rows
    tokens = written.reshape(batch, length)
    tokens[np.arange(batch), last] = token.reshape(batch)
    for b, penalty in enumerate(settings.reshape(batch, SETTINGS)[:, -1]):
        rows[b] = penalised(rows[b], tokens[b, : last[b] + 1], penalty)


def sample_token(
    token: Array, position: Array, lengths: Array, history: Array, logits: Array, settings: Array,
    key: Array, *, batch: int, vocabulary: int, block: int, first: int,
) -> None:  # fmt: skip
    """The drawn token, the lowest id of equals, becomes what is fed next, and goes to history."""
    rows, places = logits.reshape(batch, vocabulary), position.reshape(batch)
    for b, bits in enumerate(key.reshape(batch).tolist()):
        temperature, top_k, *others = settings.reshape(batch, SETTINGS)[b].tolist()
        draw, row = Draw(temperature, int(top_k), *others, bits), rows[b].copy()
        row[:first] = -np.inf
        token.reshape(batch)[b] = scores(row, int(places[b]), draw).argmax()
    kept = history.reshape(block, batch, vocabulary + 1)
    kept[places % block, np.arange(batch), vocabulary] = token.reshape(batch)
    goes_on = lengths.reshape(batch) > 0
    places += goes_on
    lengths.reshape(batch)[...] += goes_on


def rank_tokens(
    offers: Array, history: Array, logits: Array, token: Array, position: Array, lengths: Array,
    settings: Array, key: Array, *,
    batch: int, vocabulary: int, length: int, block: int, first: int, ranks: int,
) -> None:  # fmt: skip
    """The drawn token; the best ones, the lowest id of equals first, their scores and their logits
    before any penalty; the highest logit, and the logarithm of the sum of exponentials below it."""
    kept = history.reshape(block, batch, vocabulary + 1)
    found = offers.reshape(block, batch, 3 * ranks + 3)
    goes_on = lengths.reshape(batch) > 0
    places = np.maximum(position.reshape(batch), goes_on) - goes_on
    for b, (place, bits) in enumerate(
        zip(places.tolist(), key.reshape(batch).tolist(), strict=True)
    ):
        draw = Draw(float(settings.reshape(batch, SETTINGS)[b, 0]), key=bits)
        row, raw = logits.reshape(batch, vocabulary)[b].copy(), kept[place % block, b, :-1].copy()
        row[:first] = raw[:first] = -np.inf
        scored = scores(row, place, draw)
        best = np.argsort(-scored, kind="stable")[:ranks]
        highest = raw.max()
        total = np.log(np.exp(raw - highest).sum())
        record = found[place % block, b]
        record[0], record[1:-2] = (
            token.reshape(batch)[b],
            np.stack([best, scored[best], raw[best]]).ravel(),
        )
        record[-2:] = highest, total


def cache_write(
    cache: Array, x: Array, position: Array, *, batch: int, width: int, length: int
) -> None:
    cache.reshape(batch, length, width)[np.arange(batch), position] = x


def cache_gather(
    cache: Array, source: Array, index: Array, counts: Array, *,
    batch: int, length: int, source_batch: int, source_length: int, width: int,
) -> None:  # fmt: skip
    """Sequence b takes counts[b] rows of sequence index[b]; where there is no such, it stays."""
    to = cache.reshape(batch, length, width)
    rows = source.reshape(source_batch, source_length, width)
    for b in np.flatnonzero((index >= 0) & (index < source_batch)):
        to[b, : counts[b]] = rows[index[b], : counts[b]]
