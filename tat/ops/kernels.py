"""The table of kernels: what every backend has to offer, and in which order arguments come.

A kernel is called with its outputs, then its inputs, then its attributes by keyword. Functions of
backends/reference/, shaders and their bindings follow this table; tests hold them against it.

Letters: N rows (B*T), B batch, K sources per target, S source length, T target length, D width,
H heads, F feed-forward width, V vocabulary, I and O the inputs and outputs of a linear layer,
M maximal length.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Kernel:
    """A row: argument names in order; attributes with their type, "u32" or "f32"."""

    name: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]
    updates: tuple[str, ...] = ()  # outputs that are also read: accumulated or changed in place
    inference_only: bool = False
    cpu_only: bool = False
    parts: tuple[str, ...] = ()  # of a fused kernel: those that it stands for, in their order
    keeps: bool = False  # whether it also writes, last, what the last of its parts takes


def _row(
    name: str, arguments: str, *, updates: str = "", inference_only: bool = False,
    cpu_only: bool = False,
) -> Kernel:  # fmt: skip
    """Parses "y, z; x, w; rows, rate:f32": outputs; inputs; attributes (u32 unless said)."""
    outputs, inputs, attributes = (
        tuple(word.strip() for word in part.split(",") if word.strip())
        for part in arguments.split(";")
    )
    typed = tuple((a.partition(":")[0], a.partition(":")[2] or "u32") for a in attributes)
    return Kernel(name, outputs, inputs, typed, tuple(updates.split()), inference_only, cpu_only)


def _fused(parts: str, arguments: str, *, keeps: bool = False, updates: str = "") -> Kernel:
    """A kernel that no trace has: ops/fusion.py puts it where its parts follow each other.

    Outputs are those of the last part; inputs those of the first, then what the next ones add.
    """
    name = parts.replace(" ", "_") + "_kept" * keeps
    row = _row(name, arguments, updates=updates)
    return replace(row, parts=tuple(parts.split()), keeps=keeps)


# Weights of 8 bits with a scale for each output channel.
_INT8_ROWS = tuple(
    _row(name, arguments, inference_only=True, cpu_only=True)
    for name, arguments in (
        ("embedding_int8", "y; ids, table, scales; rows, width, scale:f32"),
        ("linear_int8", "y; x, weight, scales, bias; rows, inputs, outputs"),
        ("output_projection_int8", "logits; x, table, scales; rows, width, vocabulary"),
    )
)

_FUSED_ROWS = (
    _fused("linear gelu", "y; x, weight, bias; rows, inputs, outputs"),
    _fused("linear gelu", "y, inner; x, weight, bias; rows, inputs, outputs", keeps=True),
    _fused("linear add", "y; x, weight, bias, addend; rows, inputs, outputs"),
    _fused(
        "linear dropout_add",
        "y; x, weight, bias, residual, counter; rows, inputs, outputs, rate:f32, key",
    ),
    # Of few rows, whose mean and variance each workgroup of the product finds by itself.
    _fused(
        "layer_norm linear", "y; x, gain, shift, weight, bias; rows, inputs, outputs, epsilon:f32"
    ),
    _fused(
        "layer_norm linear gelu",
        "y; x, gain, shift, weight, bias; rows, inputs, outputs, epsilon:f32",
    ),
    _fused(
        "layer_norm linear cache_write",
        "y; x, gain, shift, weight, bias, position; rows, inputs, outputs, epsilon:f32, length",
        updates="y",
    ),
    _fused("linear_backward_input gelu_backward", "dx; dy, weight, inner; rows, inputs, outputs"),
    _fused("linear_backward_input add", "dx; dy, weight, addend; rows, inputs, outputs"),
    _fused("layer_norm_backward add", "dx; dy, x, gain, mean, rstd, addend; rows, width"),
    _fused(
        "cross_entropy_backward scale",
        "dlogits; logits, lse, targets, factor; rows, vocabulary, smoothing:f32",
    ),
    _fused(
        "copy_cross_entropy_backward scale",
        "dlogits; logits, lse, kept, targets, factor; rows, vocabulary, smoothing:f32",
    ),
)

_ROWS = (
    # Parameter gradients are assigned, or accumulated where the attribute `accumulate` is 1.
    _row("embedding", "y; ids, table; rows, width, scale:f32"),
    _row(
        "embedding_backward",
        "dtable; dy, ids; rows, width, vocabulary, scale:f32, accumulate",
        updates="dtable",
    ),
    _row("positional_encoding", "y; x, table, start; batch, length, width"),
    _row("dropout", "y; x, counter; size, rate:f32, key"),
    _row("dropout_add", "y; residual, x, counter; size, rate:f32, key"),
    _row("add", "y; a, b; size"),
    _row("scale", "y; x, factor; size"),
    _row("layer_norm", "y, mean, rstd; x, gain, bias; rows, width, epsilon:f32"),
    _row("layer_norm_backward", "dx; dy, x, gain, mean, rstd; rows, width"),
    _row(
        "layer_norm_backward_parameters",
        "dgain, dbias; dy, x, mean, rstd; rows, width, accumulate",
        updates="dgain dbias",
    ),
    _row("linear", "y; x, weight, bias; rows, inputs, outputs"),
    _row("linear_backward_input", "dx; dy, weight; rows, inputs, outputs"),
    _row(
        "linear_backward_parameters",
        "dweight, dbias; dy, x; rows, inputs, outputs, accumulate",
        updates="dweight dbias",
    ),
    _row("gelu", "y; x; size"),
    _row("gelu_backward", "dx; dy, x; size"),
    _row(
        "attention", "y, lse; q, kv, lengths; batch, queries, sources, keys, width, heads, causal"
    ),
    _row(
        "attention_backward",
        "dq, dkv; dy, y, q, kv, lse, lengths; batch, queries, sources, keys, width, heads, causal",
    ),
    _row("output_projection", "logits; x, table; rows, width, vocabulary"),
    _row("output_projection_backward_input", "dx; dlogits, table; rows, width, vocabulary"),
    _row(
        "output_projection_backward_table",
        "dtable; dlogits, x; rows, width, vocabulary, accumulate",
        updates="dtable",
    ),
    _row("cross_entropy", "loss, lse; logits, targets; rows, vocabulary, smoothing:f32"),
    _row(
        "cross_entropy_backward", "dlogits; logits, lse, targets; rows, vocabulary, smoothing:f32"
    ),
    _row(
        "pointer",
        "shares, log_rest; q, k, gate, ids, lengths; batch, queries, sources, keys, width, first",
    ),
    _row(
        "pointer_backward",
        "dq, dk, dgate; q, k, shares, kept, ids, targets;"
        " batch, queries, sources, keys, width, smoothing:f32",
    ),
    _row(
        "copy_cross_entropy",
        "loss, lse, kept; logits, shares, log_rest, ids, targets;"
        " rows, vocabulary, start, batch, queries, sources, keys, smoothing:f32",
    ),
    _row(
        "copy_cross_entropy_backward",
        "dlogits; logits, lse, kept, targets; rows, vocabulary, smoothing:f32",
    ),
    _row(
        "copy_mixture",
        "logits; shares, log_rest, ids; batch, queries, sources, keys, vocabulary",
        updates="logits",
        inference_only=True,
    ),
    _row("sum", "total; x; size"),
    _row("fold", "total; x; size, accumulate", updates="total"),
    _row("transpose", "y; x, matrices; size, count", updates="y", inference_only=True),
    _row("square_sum", "partials; x; size, chunk"),
    _row("clip", "scale; partials, tokens; count, clip_norm:f32"),
    _row(
        "adamw",
        "weights, m, v; gradients, scale, rate; "
        "size, decayed, beta1:f32, beta2:f32, epsilon:f32, weight_decay:f32",
        updates="weights m v",
    ),
    _row("moving_average", "average; weights, scale; size, decay:f32", updates="average"),
    _row(
        "cache_write",
        "cache; x, position; batch, width, length",
        updates="cache",
        inference_only=True,
    ),
    _row(
        "cache_gather",
        "cache; source, index, counts; batch, length, source_batch, source_length, width",
        updates="cache",
        inference_only=True,
    ),
    _row(
        "repetition_penalty",
        "written, history, logits; token, position, settings; batch, vocabulary, length, block",
        updates="written history logits",
        inference_only=True,
    ),
    _row(
        "sample_token",
        "token, position, lengths, history; logits, settings, key; batch, vocabulary, block, first",
        updates="token position lengths history",
        inference_only=True,
    ),
    *_INT8_ROWS,
    *_FUSED_ROWS,
)

KERNELS: dict[str, Kernel] = {row.name: row for row in _ROWS}
