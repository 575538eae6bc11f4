"""Primitives: an idea is composed of them and runs, with its gradient, before it is fast.

They are on the reference alone (docs/kernels.md): slow, and on no GPU. A composition that proves
useful gets a row and kernels of its own. RMSNorm, for example, is

    mean = row_mean(multiply(x, x))
    y = multiply_columns(multiply_rows(x, rsqrt(mean, 1e-5)), gain)
"""

from tat.ops.graph import Gradient, Tensor, current


def multiply(a: Tensor, b: Tensor) -> Tensor:
    """a * b of equal shapes, element by element."""
    graph, size = current(), a.size
    (y,) = graph.emit("multiply", [a.shape], [a, b], size=size)

    def backward(dy: Tensor) -> list[Gradient]:
        (da,) = graph.emit("multiply", [a.shape], [dy, b], size=size)
        (db,) = graph.emit("multiply", [a.shape], [dy, a], size=size)
        return [(a, da), (b, db)]

    return graph.record(y, backward)


def times(x: Tensor, factor: float) -> Tensor:
    """x times a constant; -1 negates."""
    graph, attributes = current(), dict(size=x.size, factor=float(factor))
    (y,) = graph.emit("times", [x.shape], [x], **attributes)
    return graph.record(y, lambda dy: [(x, graph.emit("times", [x.shape], [dy], **attributes)[0])])


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    graph = current()
    (y,) = graph.emit("sigmoid", [x.shape], [x], size=x.size)

    def backward(dy: Tensor) -> list[Gradient]:
        return [(x, graph.emit("sigmoid_backward", [x.shape], [dy, y], size=x.size)[0])]

    return graph.record(y, backward)


def rsqrt(x: Tensor, epsilon: float = 0.0) -> Tensor:
    """1 / sqrt(x + epsilon) of numbers that are not negative."""
    graph = current()
    (y,) = graph.emit("rsqrt", [x.shape], [x], size=x.size, epsilon=float(epsilon))

    def backward(dy: Tensor) -> list[Gradient]:
        return [(x, graph.emit("rsqrt_backward", [x.shape], [dy, y], size=x.size)[0])]

    return graph.record(y, backward)


def row_mean(x: Tensor) -> Tensor:
    """Means of rows: x [N, D] -> [N]."""
    graph, (rows, width) = current(), x.shape
    dims = dict(rows=rows, width=width)
    (y,) = graph.emit("row_mean", [(rows,)], [x], **dims)
    return graph.record(
        y, lambda dy: [(x, graph.emit("row_mean_backward", [x.shape], [dy], **dims)[0])]
    )


def multiply_rows(x: Tensor, factors: Tensor) -> Tensor:
    """Each row of x [N, D] times its factor of factors [N]."""
    graph, (rows, width) = current(), x.shape
    dims = dict(rows=rows, width=width)
    (y,) = graph.emit("multiply_rows", [x.shape], [x, factors], **dims)

    def backward(dy: Tensor) -> list[Gradient]:
        (dx,) = graph.emit("multiply_rows", [x.shape], [dy, factors], **dims)
        kernel = "multiply_rows_backward_factors"
        (dfactors,) = graph.emit(kernel, [factors.shape], [dy, x], **dims)
        return [(x, dx), (factors, dfactors)]

    return graph.record(y, backward)


def multiply_columns(x: Tensor, gain: Tensor) -> Tensor:
    """Each column of x [N, D] times its weight of gain [D]."""
    graph, (rows, width) = current(), x.shape
    dims = dict(rows=rows, width=width)
    (y,) = graph.emit("multiply_columns", [x.shape], [x, gain], **dims)

    def backward(dy: Tensor) -> list[Gradient]:
        (dx,) = graph.emit("multiply_columns", [x.shape], [dy, gain], **dims)
        dgain, accumulate = graph.parameter_gradient(gain)
        kernel = "multiply_columns_backward_gain"
        graph.emit(kernel, [dgain], [dy, x], **dims, accumulate=accumulate)
        return [(x, dx)]

    return graph.record(y, backward)


def take_columns(x: Tensor, first: int, count: int) -> Tensor:
    """Columns first to first + count of x [N, D] -> [N, count]."""
    graph, (rows, width) = current(), x.shape
    if not 0 <= first <= first + count <= width:
        raise ValueError(f"{graph.path}: columns {first} to {first + count} of {width}")
    dims = dict(rows=rows, width=width, first=first, count=count)
    (y,) = graph.emit("take_columns", [(rows, count)], [x], **dims)
    return graph.record(
        y, lambda dy: [(x, graph.emit("take_columns_backward", [x.shape], [dy], **dims)[0])]
    )


def join_columns(a: Tensor, b: Tensor) -> Tensor:
    """a [N, I] and b [N, O] side by side -> [N, I + O]."""
    graph, (rows, left), right = current(), a.shape, b.shape[1]
    (y,) = graph.emit(
        "join_columns", [(rows, left + right)], [a, b], rows=rows, left=left, right=right
    )

    def backward(dy: Tensor) -> list[Gradient]:
        dims = dict(rows=rows, width=left + right)
        (da,) = graph.emit("take_columns", [a.shape], [dy], **dims, first=0, count=left)
        (db,) = graph.emit("take_columns", [b.shape], [dy], **dims, first=left, count=right)
        return [(a, da), (b, db)]

    return graph.record(y, backward)
