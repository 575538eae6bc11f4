"""The table of kernels: a row defines all properties of an operation; row.py has its grammar.

A kernel is called with its outputs, then its inputs, then its attributes by keyword. Checks of
traced calls, columns of the compiled table, Params of shaders, shared cases and costs are derived
from the row. Tests compare the reference's signatures and the bindings of shaders with it.

Letters: N rows (B*T), B batch, K sources per target, S source length, T target length, D width,
H heads, F feed-forward width, V vocabulary, I and O the inputs and outputs of a linear layer,
M maximal length.
"""

from dataclasses import replace

from tat.ops.row import Extent, Kernel, row


def _fused(parts: str, text: str, *, sloped: bool = False, updates: str = "") -> Kernel:
    """A kernel that no trace has: ops/fusion.py puts it where its parts follow each other.

    Outputs are those of the last part; inputs those of the first, then what the next ones add. Of
    parts that read the same, each adds its outputs.
    """
    names = tuple(parts.split())
    made = row("_".join(names) + "_sloped" * sloped, text, updates=updates)
    flops = next((_PRODUCTS[part] for part in names if part in _PRODUCTS), None)
    return replace(made, parts=names, sloped=sloped, flops=flops)


_ROWS = (
    # Parameter gradients are assigned, or accumulated where the attribute `accumulate` is 1.
    row(
        "embedding",
        "y[rows,width]; ids[rows]:int<vocabulary table[vocabulary,width]@rows*width;"
        " rows width scale:f32",
    ),
    row(
        "embedding_backward",
        "dtable[vocabulary,width]; dy[rows,width] ids[rows]:int<vocabulary;"
        " rows width vocabulary scale:f32 accumulate",
        updates="dtable",
    ),
    row(
        "positional_encoding",
        "y[batch*length,width]; x[batch*length,width] table[positions,width]@batch*length*width"
        " start[batch]:int<positions-length+1; batch length width",
    ),
    row(
        "rotary",
        "y[batch*length,2*heads*pairs+others]; x[batch*length,2*heads*pairs+others]"
        " turns[positions,2*pairs]@batch*length*2*pairs start[batch]:int<positions-length+1;"
        " batch length heads pairs others direction:f32",
    ),
    row("dropout", "y[size]; x[size] counter[3]:int; size rate:f32 key", use="training"),
    row(
        "dropout_add",
        "y[size]; residual[size] x[size] counter[3]:int; size rate:f32 key",
        use="training",
    ),
    row("add", "y[size]; a[size] b[size]; size"),
    row("scale", "y[size]; x[size] factor[1]; size", use="training"),
    row(
        "layer_norm",
        "y[rows,width] mean[rows] rstd[rows]; x[rows,width] gain[width] bias[width];"
        " rows width epsilon:f32",
    ),
    row(
        "layer_norm_backward",
        "dx[rows,width]; dy[rows,width] x[rows,width] gain[width] mean[rows] rstd[rows];"
        " rows width",
    ),
    row(
        "layer_norm_backward_parameters",
        "dgain[width] dbias[width]; dy[rows,width] x[rows,width] mean[rows] rstd[rows];"
        " rows width accumulate",
        updates="dgain dbias",
    ),
    row(
        "rms_norm",
        "y[rows,width] rstd[rows]; x[rows,width] gain[width]; rows width epsilon:f32",
    ),
    row(
        "rms_norm_backward",
        "dx[rows,width]; dy[rows,width] x[rows,width] gain[width] rstd[rows]; rows width",
    ),
    row(
        "rms_norm_backward_gain",
        "dgain[width]; dy[rows,width] x[rows,width] rstd[rows]; rows width accumulate",
        updates="dgain",
    ),
    row(
        "linear",
        "y[rows,outputs]; x[rows,inputs] weight[inputs,outputs] bias[outputs]; rows inputs outputs",
        flops="2*rows*inputs*outputs",
    ),
    row(
        "linear_backward_input",
        "dx[rows,inputs]; dy[rows,outputs] weight[inputs,outputs]; rows inputs outputs",
        flops="2*rows*inputs*outputs",
    ),
    row(
        "linear_backward_parameters",
        "dweight[inputs,outputs] dbias[outputs]; dy[rows,outputs] x[rows,inputs];"
        " rows inputs outputs accumulate",
        updates="dweight dbias",
        flops="2*rows*inputs*outputs",
    ),
    row("gelu", "y[size]; x[size]; size"),
    row("gelu_backward", "dx[size]; dy[size] x[size]; size"),
    row("swiglu", "y[rows,width]; x[rows,2*width]; rows width"),
    row("swiglu_backward", "dx[rows,2*width]; dy[rows,width] x[rows,2*width]; rows width"),
    row(
        "attention",
        "y[batch*queries,width] lse[batch*queries,heads];"
        " q[batch*queries,width] kv[batch*sources*keys,2*width]"
        " lengths[batch,sources]:int<keys+1; batch queries sources keys width heads causal",
        flops="4*batch*queries*sources*keys*width/(1+causal)",
    ),
    row(
        "attention_backward",
        "dq[batch*queries,width] dkv[batch*sources*keys,2*width];"
        " dy[batch*queries,width] y[batch*queries,width] q[batch*queries,width]"
        " kv[batch*sources*keys,2*width] lse[batch*queries,heads]"
        " lengths[batch,sources]:int<keys+1; batch queries sources keys width heads causal",
        flops="10*batch*queries*sources*keys*width/(1+causal)",
    ),
    row(
        "output_projection",
        "logits[rows,vocabulary]; x[rows,width] table[vocabulary,width]; rows width vocabulary",
        flops="2*rows*width*vocabulary",
    ),
    row(
        "output_projection_backward_input",
        "dx[rows,width]; dlogits[rows,vocabulary] table[vocabulary,width]; rows width vocabulary",
        flops="2*rows*width*vocabulary",
    ),
    row(
        "output_projection_backward_table",
        "dtable[vocabulary,width]; dlogits[rows,vocabulary] x[rows,width];"
        " rows width vocabulary accumulate",
        updates="dtable",
        flops="2*rows*width*vocabulary",
    ),
    row(
        "cross_entropy",
        "loss[rows] lse[rows]; logits[rows,vocabulary] targets[rows]:int<vocabulary;"
        " rows vocabulary smoothing:f32",
        use="training",
    ),
    row(
        "cross_entropy_backward",
        "dlogits[rows,vocabulary];"
        " logits[rows,vocabulary] lse[rows] targets[rows]:int<vocabulary;"
        " rows vocabulary smoothing:f32",
    ),
    row(
        "pointer",
        "shares[batch*queries,sources*keys] log_rest[batch*queries];"
        " q[batch*queries,width] k[batch*sources*keys,width] gate[batch*queries,1]"
        " ids[batch,sources,keys]:int<vocabulary lengths[batch,sources]:int<keys+1;"
        " batch queries sources keys width first",
        flops="2*batch*queries*sources*keys*width",
    ),
    row(
        "pointer_backward",
        "dq[batch*queries,width] dk[batch*sources*keys,width] dgate[batch*queries,1];"
        " q[batch*queries,width] k[batch*sources*keys,width]"
        " shares[batch*queries,sources*keys] kept[batch*queries]>0"
        " ids[batch,sources,keys]:int<vocabulary targets[batch*queries]:int<vocabulary;"
        " batch queries sources keys width smoothing:f32",
        flops="4*batch*queries*sources*keys*width",
    ),
    row(
        "copy_cross_entropy",
        "loss[rows] lse[rows] kept[rows]>0;"
        " logits[rows,vocabulary] shares[rows,sources*keys] log_rest[rows]"
        " ids[batch,sources,keys]:int<vocabulary targets[rows]:int<vocabulary;"
        " rows vocabulary start batch queries sources keys smoothing:f32",
        use="training",
    ),
    row(
        "copy_cross_entropy_backward",
        "dlogits[rows,vocabulary];"
        " logits[rows,vocabulary] lse[rows] kept[rows]>0 targets[rows]:int<vocabulary;"
        " rows vocabulary smoothing:f32",
    ),
    row("sum", "total[1]; x[size]; size", use="training"),
    row("fold", "total[size]; x[size]; size accumulate", updates="total", use="training"),
    row(
        "transpose",
        "y[size]; x[size] matrices[count,3]:int; size count",
        updates="y",
        use="inference",
    ),
    row("square_sum", "partials[size/chunk]>0; x[size]; size chunk", use="training"),
    row("clip", "scale[2]>0; partials[count]>0 tokens[1]>0; count clip_norm:f32", use="training"),
    row(
        "adamw",
        "weights[size] m[size] v[size]>0; gradients[size] scale[2]>0 rate[3]>0;"
        " size decayed beta1:f32 beta2:f32 epsilon:f32 weight_decay:f32",
        updates="weights m v",
        use="training",
    ),
    row(
        "moving_average",
        "average[size]; weights[size] scale[2]>0; size decay:f32",
        updates="average",
        use="training",
    ),
)

# Primitives: new operations are composed of them before they have kernels of their own.
_PRIMITIVE_ROWS = (
    row("multiply", "y[size]; a[size] b[size]; size"),
    row("times", "y[size]; x[size]; size factor:f32"),
    row("sigmoid", "y[size]; x[size]; size"),
    row("sigmoid_backward", "dx[size]; dy[size] y[size]; size"),
    row("rsqrt", "y[size]; x[size]>0; size epsilon:f32"),
    row("rsqrt_backward", "dx[size]; dy[size] y[size]; size"),
    row("row_mean", "y[rows]; x[rows,width]; rows width"),
    row("row_mean_backward", "dx[rows,width]; dy[rows]; rows width"),
    row("multiply_rows", "y[rows,width]; x[rows,width] factors[rows]; rows width"),
    row(
        "multiply_rows_backward_factors",
        "dfactors[rows]; dy[rows,width] x[rows,width]; rows width",
    ),
    row("multiply_columns", "y[rows,width]; x[rows,width] gain[width]; rows width"),
    row(
        "multiply_columns_backward_gain",
        "dgain[width]; dy[rows,width] x[rows,width]; rows width accumulate",
        updates="dgain",
    ),
    row("take_columns", "y[rows,count]; x[rows,width]@rows*count; rows width first count"),
    row("take_columns_backward", "dx[rows,width]; dy[rows,count]; rows width first count"),
    row("join_columns", "y[rows,left+right]; a[rows,left] b[rows,right]; rows left right"),
)

# Decoding: caches, and tokens that a device chooses by itself.
_DECODING_ROWS = (
    row(
        "copy_mixture",
        "logits[batch*queries,vocabulary];"
        " shares[batch*queries,sources*keys] log_rest[batch*queries]"
        " ids[batch,sources,keys]:int<vocabulary; batch queries sources keys vocabulary",
        updates="logits",
        use="inference",
    ),
    row(
        "cache_write",
        "cache[batch*length,width]@batch*width; x[batch,width] position[batch]:int<length;"
        " batch width length",
        updates="cache",
        use="inference",
    ),
    row(
        "cache_gather",
        "cache[batch*length,width];"
        " source[source_batch*source_length,width] index[batch]:int<source_batch"
        " counts[batch]:int<length+1; batch length source_batch source_length width",
        updates="cache",
        use="inference",
    ),
    row(
        "shared_attention",
        "y[batch,width] lse[batch,heads]; q[batch,width] kv[memories*sources*keys,2*width]"
        " lengths[batch,sources]:int<keys+1 memory[batch]:int<memories;"
        " batch sources keys width heads memories",
        use="inference",
        flops="4*batch*sources*keys*width",
    ),
    row(
        "shared_pointer",
        "shares[batch,sources*keys] log_rest[batch]; q[batch,width] k[memories*sources*keys,width]"
        " gate[batch,1] ids[batch,sources,keys]:int<vocabulary lengths[batch,sources]:int<keys+1"
        " memory[batch]:int<memories; batch sources keys width first memories",
        use="inference",
        flops="2*batch*sources*keys*width",
    ),
    row(
        "repetition_penalty",
        "written[batch,length]:int<vocabulary"
        " history[block,batch,vocabulary+1]@batch*vocabulary logits[batch,vocabulary];"
        " token[batch]:int<vocabulary position[batch]:int<length settings[batch,5];"
        " batch vocabulary length block",
        updates="written history logits",
        use="inference",
    ),
    row(
        "sample_token",
        "token[batch]:int<vocabulary position[batch]:int<length lengths[batch]:int<keys+1"
        " history[block,batch,vocabulary+1]@batch;"
        " logits[batch,vocabulary] settings[batch,5] key[batch]:int;"
        " batch vocabulary block first",
        updates="token position lengths history",
        use="inference",
    ),
    row(
        "rank_tokens",
        "offers[block,batch,3*ranks+3]@batch*ranks;"
        " history[block,batch,vocabulary+1]@batch*vocabulary logits[batch,vocabulary]"
        " token[batch]:int<vocabulary position[batch]:int<length lengths[batch]:int<length+1"
        " settings[batch,5] key[batch]:int;"
        " batch vocabulary length block first ranks",
        updates="offers",
        use="inference",
    ),
)

# Weights of 8 bits with a scale for each output channel.
_INT8_ROWS = (
    row(
        "embedding_int8",
        "y[rows,width]; ids[rows]:int<vocabulary table[vocabulary,width]:int8@rows*width"
        " scales[vocabulary]>0@rows; rows width scale:f32",
        use="inference",
    ),
    row(
        "linear_int8",
        "y[rows,outputs];"
        " x[rows,inputs] weight[inputs,outputs]:int8 scales[outputs]>0 bias[outputs];"
        " rows inputs outputs",
        use="inference",
        flops="2*rows*inputs*outputs",
    ),
    row(
        "output_projection_int8",
        "logits[rows,vocabulary];"
        " x[rows,width] table[vocabulary,width]:int8 scales[vocabulary]>0; rows width vocabulary",
        use="inference",
        flops="2*rows*width*vocabulary",
    ),
)

_PRODUCTS: dict[str, Extent] = {r.name: r.flops for r in _ROWS if r.flops}

_FUSED_ROWS = (
    _fused(
        "linear gelu",
        "y[rows,outputs]; x[rows,inputs] weight[inputs,outputs] bias[outputs]; rows inputs outputs",
    ),
    _fused(
        "linear gelu",
        "y[rows,outputs] slope[rows,outputs];"
        " x[rows,inputs] weight[inputs,outputs] bias[outputs]; rows inputs outputs",
        sloped=True,
    ),
    _fused(
        "linear add",
        "y[rows,outputs];"
        " x[rows,inputs] weight[inputs,outputs] bias[outputs] addend[rows,outputs];"
        " rows inputs outputs",
    ),
    _fused(
        "linear dropout_add",
        "y[rows,outputs];"
        " x[rows,inputs] weight[inputs,outputs] bias[outputs] residual[rows,outputs]"
        " counter[3]:int; rows inputs outputs rate:f32 key",
    ),
    _fused(
        "layer_norm linear",
        "y[rows,outputs];"
        " x[rows,inputs] gain[inputs] shift[inputs] weight[inputs,outputs] bias[outputs];"
        " rows inputs outputs epsilon:f32",
    ),
    _fused(
        "layer_norm linear gelu",
        "y[rows,outputs];"
        " x[rows,inputs] gain[inputs] shift[inputs] weight[inputs,outputs] bias[outputs];"
        " rows inputs outputs epsilon:f32",
    ),
    _fused(
        "layer_norm linear cache_write",
        "y[rows*length,outputs]@rows*outputs;"
        " x[rows,inputs] gain[inputs] shift[inputs] weight[inputs,outputs] bias[outputs]"
        " position[rows]:int<length; rows inputs outputs epsilon:f32 length",
        updates="y",
    ),
    _fused(
        "linear_backward_input gelu_backward",
        "dx[rows,inputs]; dy[rows,outputs] weight[inputs,outputs] slope[rows,inputs];"
        " rows inputs outputs",
        sloped=True,
    ),
    _fused(
        "linear_backward_input add",
        "dx[rows,inputs]; dy[rows,outputs] weight[inputs,outputs] addend[rows,inputs];"
        " rows inputs outputs",
    ),
    _fused(
        "layer_norm_backward add",
        "dx[rows,width];"
        " dy[rows,width] x[rows,width] gain[width] mean[rows] rstd[rows] addend[rows,width];"
        " rows width",
    ),
    _fused(
        "layer_norm_backward add layer_norm_backward_parameters",
        "dx[rows,width] dgain[width] dbias[width];"
        " dy[rows,width] x[rows,width] gain[width] mean[rows] rstd[rows] addend[rows,width];"
        " rows width accumulate",
        updates="dgain dbias",
    ),
    _fused(  # of weights that have a copy in f16: see backends/gpu/half/weights.py
        "adamw fold",
        "weights[size] m[size] v[size]>0 copy[size]; gradients[size] scale[2]>0 rate[3]>0;"
        " size decayed beta1:f32 beta2:f32 epsilon:f32 weight_decay:f32",
        updates="weights m v copy",
    ),
    _fused(
        "cross_entropy_backward scale",
        "dlogits[rows,vocabulary];"
        " logits[rows,vocabulary] lse[rows] targets[rows]:int<vocabulary factor[1];"
        " rows vocabulary smoothing:f32",
    ),
    _fused(
        "copy_cross_entropy_backward scale",
        "dlogits[rows,vocabulary];"
        " logits[rows,vocabulary] lse[rows] kept[rows]>0 targets[rows]:int<vocabulary factor[1];"
        " rows vocabulary smoothing:f32",
    ),
)

KERNELS: dict[str, Kernel] = {
    r.name: r for r in (*_ROWS, *_PRIMITIVE_ROWS, *_DECODING_ROWS, *_INT8_ROWS, *_FUSED_ROWS)
}
