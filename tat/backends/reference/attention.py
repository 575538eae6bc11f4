"""NumPy kernels of attention; letters and conventions are those of kernels.py."""

import numpy as np
from numpy import ndarray as Array


def attention(
    y: Array, lse: Array, q: Array, kv: Array, lengths: Array, *,
    batch: int, queries: int, sources: int, keys: int, width: int, heads: int, causal: int,
) -> None:  # fmt: skip
    keys = _reach(lengths, sources, keys)
    k, v = _keys_values(kv, batch, sources * keys, heads)
    scores = _scores(_heads(q, batch, heads), k, lengths.reshape(batch, sources), keys, causal)
    top = scores.max(axis=-1, keepdims=True, initial=-np.inf)
    top[np.isneginf(top)] = 0  # no keys: the sum below is 0
    scores -= top
    np.exp(scores, out=scores)
    sums = scores.sum(axis=-1, keepdims=True)
    sums[sums == 0] = 1
    lse[:] = _merge(top + np.log(sums))
    scores /= sums
    y[:] = _merge(scores @ v)


def shared_attention(
    y: Array, lse: Array, q: Array, kv: Array, lengths: Array, memory: Array, *,
    batch: int, sources: int, keys: int, width: int, heads: int, memories: int,
) -> None:  # fmt: skip
    """One query a sequence, over keys and values that several sequences may have in common."""
    reach = max(1, int(lengths.max(initial=0)))
    own = kv.reshape(memories, sources, keys, 2 * width)[memory.reshape(batch), :, :reach]
    attention(
        y, lse, q, own.reshape(-1, 2 * width), lengths,
        batch=batch, queries=1, sources=sources, keys=reach, width=width, heads=heads, causal=0,
    )  # fmt: skip


def attention_backward(
    dq: Array, dkv: Array, dy: Array, y: Array, q: Array, kv: Array, lse: Array, lengths: Array, *,
    batch: int, queries: int, sources: int, keys: int, width: int, heads: int, causal: int,
) -> None:  # fmt: skip
    reach = _reach(lengths, sources, keys)
    k, v = _keys_values(kv, batch, sources * reach, heads)
    qh, dyh = _heads(q, batch, heads), _heads(dy, batch, heads)
    p = _scores(qh, k, lengths.reshape(batch, sources), reach, causal)
    p -= _heads(lse, batch, heads)
    np.exp(p, out=p)
    ds = dyh @ v.swapaxes(2, 3)
    ds -= np.einsum("bhte,bhte->bht", dyh, _heads(y, batch, heads))[..., None]
    ds *= p
    ds *= (width // heads) ** -0.5
    dq[:] = _merge(ds @ k)
    dkv_rows = dkv.reshape(batch, sources * keys, 2, heads, width // heads)
    dkv_rows[:, sources * reach :] = 0
    dkv_rows[:, : sources * reach, 0] = (ds.swapaxes(2, 3) @ qh).transpose(0, 2, 1, 3)
    dkv_rows[:, : sources * reach, 1] = (p.swapaxes(2, 3) @ dyh).transpose(0, 2, 1, 3)


def _reach(lengths: Array, sources: int, keys: int) -> int:
    """Keys up to the longest length: those behind it count nowhere. Several sources stay whole."""
    return int(lengths.max(initial=0)) if sources == 1 else keys


def _scores(q: Array, k: Array, lengths: Array, keys: int, causal: int) -> Array:
    """Scaled products [B, H, T, K*S], -inf where a key does not count."""
    scores = q @ k.swapaxes(2, 3)
    scores *= q.shape[-1] ** -0.5
    if lengths.min(initial=keys) < keys:
        masked = np.arange(keys) >= lengths[..., None]  # [B, K, S]
        np.copyto(scores, -np.inf, where=masked.reshape(len(lengths), 1, 1, -1))
    if causal:
        queries = q.shape[2]
        np.copyto(scores, -np.inf, where=np.arange(keys) > np.arange(queries)[:, None])
    return scores


def _heads(x: Array, batch: int, heads: int) -> Array:
    """[B*T, D] -> [B, H, T, D/H], a view."""
    return x.reshape(batch, -1, heads, x.shape[1] // heads).transpose(0, 2, 1, 3)


def _keys_values(kv: Array, batch: int, count: int, heads: int) -> tuple[Array, Array]:
    """[B*K*S, 2D] -> the first `count` keys and values of each row [B, H, count, D/H], views."""
    split = kv.reshape(batch, -1, 2, heads, kv.shape[1] // (2 * heads))[:, :count]
    k, v = split.transpose(2, 0, 3, 1, 4)
    return k, v


def _merge(x: Array) -> Array:
    """[B, H, T, E] -> [B*T, H*E]."""
    batch, heads, queries, size = x.shape
    return x.transpose(0, 2, 1, 3).reshape(batch * queries, heads * size)
