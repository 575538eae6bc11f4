"""Operations of decoding alone: caches, and tokens that a device draws. They have no gradient.

Letters are those of vocabulary.py.
"""

from tat.ops.graph import Tensor, current


def cache_write(cache: Tensor, x: Tensor, position: Tensor) -> None:
    """Puts row b of x [B, D] at row position[b] of sequence b of cache [B*M, D]."""
    batch, width = x.shape
    dims = dict(batch=batch, width=width, length=cache.shape[0] // batch)
    current().emit("cache_write", [cache], [x, position], **dims)


def cache_gather(cache: Tensor, source: Tensor, index: Tensor, counts: Tensor, held: int) -> None:
    """Copies the first counts[b] rows of source's sequence index[b] to sequence b of cache.

    cache [B*M, 2D]; source [held*L, 2D], `held` sequences; index [B], counts [B], at most M and L.
    Where there is no sequence of that index, sequence b stays as it is.
    """
    batch, (rows, width) = index.size, source.shape
    dims = dict(
        batch=batch,
        length=cache.shape[0] // batch,
        source_batch=held,
        source_length=rows // held,
        width=width,
    )
    current().emit("cache_gather", [cache], [source, index, counts], **dims)


def shared_attention(
    q: Tensor, kv: Tensor, lengths: Tensor, memory: Tensor, *, heads: int
) -> Tensor:
    """`attention` of one query a sequence, over the keys and values of memory[b] for sequence b.

    q [B, D], kv [B*K*S, 2D], lengths [B, K], memory [B] -> [B, D]. Several sequences may have one
    memory.
    """
    (batch, width), sources = q.shape, lengths.size // memory.size
    dims = dict(batch=batch, sources=sources, keys=kv.shape[0] // lengths.size, width=width)
    inputs, outputs = [q, kv, lengths, memory], [q.shape, (batch, heads)]
    dims |= dict(heads=heads, memories=batch)
    return current().emit("shared_attention", outputs, inputs, **dims)[0]


SETTINGS = 5  # of a draw: temperature, top-k, top-p, min-p, repetition penalty


def repetition_penalty(
    written: Tensor, history: Tensor, logits: Tensor, token: Tensor, position: Tensor,
    settings: Tensor,
) -> None:  # fmt: skip
    """Keeps logits [B, V] in history [block, B, V + 1], and penalises written tokens in place.

    Written are token [B, 1], at position p of row b of written [B, M], and those before it. The
    row's logits go to history[p % block, b]; its penalty is the last of settings [B, 5].
    """
    (batch, length), block, vocabulary = written.shape, history.shape[0], logits.shape[1]
    dims = dict(batch=batch, vocabulary=vocabulary, length=length, block=block)
    outputs, inputs = [written, history, logits], [token, position, settings]
    current().emit("repetition_penalty", outputs, inputs, **dims)


def sample_token(
    token: Tensor, position: Tensor, lengths: Tensor, history: Tensor, logits: Tensor,
    settings: Tensor, key: Tensor, first: int,
) -> None:  # fmt: skip
    """Draws a token of id `first` or above in each row, and makes it the next step's feed.

    logits [B, V] are penalised; settings [B, 5] and key [B] say how a row draws. The token goes to
    token [B, 1], and position [B] and lengths [B, 1] grow by 1; a row of length 0 is idle. History
    [block, B, V + 1] keeps it behind the logits that it was drawn from, those behind position p at
    p % block.
    """
    block, (batch, vocabulary) = history.shape[0], logits.shape
    dims = dict(batch=batch, vocabulary=vocabulary, block=block, first=first)
    outputs = [token, position, lengths, history]
    current().emit("sample_token", outputs, [logits, settings, key], **dims)


def rank_tokens(
    offers: Tensor, history: Tensor, logits: Tensor, token: Tensor, position: Tensor,
    lengths: Tensor, settings: Tensor, key: Tensor, length: int, first: int,
) -> None:  # fmt: skip
    """Tells the best tokens of id `first` or above in each row, whatever filters say of them.

    It follows `sample_token`, and has its letters; positions are below `length`. offers [block, B,
    3R + 3] has, where history has the row's logits: the drawn token; R tokens, their scores as
    `sample_token` computes them, and their logits in history; the highest of these, h, and
    log(sum(exp(logit - h))). The last two make a log-probability of a logit.
    """
    (block, _, width), (batch, vocabulary) = offers.shape, logits.shape
    dims = dict(batch=batch, vocabulary=vocabulary, length=length, block=block)
    inputs = [history, logits, token, position, lengths, settings, key]
    dims |= dict(first=first, ranks=width // 3 - 1)
    current().emit("rank_tokens", [offers], inputs, **dims)
