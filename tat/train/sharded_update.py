"""The update by many processes, of which each owns a slice of weights and optimizer state."""

import numpy as np
from numpy import ndarray as Array

from tat.backends.backend import Backend, Executable
from tat.errors import RanksError
from tat.ops.graph import Graph, Tensor
from tat.ops.plan import plan
from tat.train.adamw import CHUNK, AdamW, rate_feed
from tat.train.exchange import Exchange, Sums
from tat.train.ranks import Ranks
from tat.train.tree import Node, fold_tree, shares, slices
from tat.train.update import Applied, Folding, Metric, Update, WholeUpdate, read_losses


class ShardedUpdate:
    """An update by many: sums go to the owners of slices, and new weights come back to all."""

    def __init__(
        self, optimizer: AdamW, backend: Backend, lanes: int, count: int, ranks: Ranks
    ) -> None:
        self._optimizer, self._backend, self._ranks = optimizer, backend, ranks
        self._count, self._flat = count, optimizer.parameters.flat
        self.own = own_share(count, ranks)
        self._folding = Folding(optimizer, backend, lanes, self.own)
        self._parts = slices(self._flat.size, ranks.size, CHUNK)
        self._part = self._parts[ranks.rank]
        self._size = self._part.stop - self._part.start
        self._slices = {t.name: Tensor(t.name, (self._size,), "state") for t in optimizer.state}
        self._total = Tensor("gradient_slice", (self._size,), "state")
        self._norm = self._compiled(self._norm_program()) if self._size else None
        self._apply = self._compiled(self._apply_program())
        self._host = np.zeros(self._flat.size, np.float32)  # the weights, on their way
        self._step, self._factor, self._tokens = 0, 1.0, [0]  # of the step that is underway
        self._exchange: Exchange = ranks.exchange(count, self._parts)
        # Where a device puts the sums of its own roots, kept from step to step.
        self._folded = [np.empty(self._flat.size, np.float32) for _ in self._folding.roots]
        self._leaving: list[tuple[Node, Metric]] = []  # sums that the device is still to give

    def _compiled(self, graph: Graph) -> Executable:
        return self._backend.compile(plan(graph, self._backend.memory))

    def _norm_program(self) -> Graph:
        """Metric "partials": the sums of squares of the slice's chunks."""
        partials = Tensor("partials", (-(-self._size // CHUNK),), "metric")
        with Graph() as graph:
            graph.emit("square_sum", [partials], [self._total], size=self._size, chunk=CHUNK)
        return graph

    def _apply_program(self) -> Graph:
        """The optimizer's update of the slice alone, from the partial sums of all ranks."""
        config, start, size = self._optimizer.config, self._part.start, self._size
        chunks = -(-self._flat.size // CHUNK)
        partials, tokens = Tensor("partials", (chunks,), "feed"), Tensor("tokens", (1,), "feed")
        rate, scale = Tensor("rate", (3,), "feed"), Tensor("scale", (2,), "metric")
        with Graph() as graph:
            graph.emit(
                "clip", [scale], [partials, tokens], count=chunks, clip_norm=config.clip_norm
            )
            if size:
                mine = self._flat.view("weights.slice", (size,), start)
                decayed = min(size, max(0, self._optimizer.parameters.decayed - start))
                graph.emit(
                    "adamw", [mine, self._slices["adamw.m"], self._slices["adamw.v"]],
                    [self._total, scale, rate], size=size, decayed=decayed, beta1=config.beta1,
                    beta2=config.beta2, epsilon=config.epsilon, weight_decay=config.weight_decay,
                )  # fmt: skip
            if size and self._optimizer.average:
                graph.emit("moving_average", [self._slices["ema"]], [mine, scale], size=size,
                           decay=config.ema_decay)  # fmt: skip
        return graph

    def begin(self, step: int, factor: float, tokens: list[int]) -> None:
        self._step, self._factor, self._tokens = step, factor, tokens
        self._exchange.begin()

    def fold(self, lane: int, index: int) -> None:
        self._folding.fold(lane, index)
        self._send()  # what was complete before this micro-batch was begun
        for depth, node in self._folding.done_after(index):
            level, into = self._folding.level(depth), self._folded[depth]
            self._leaving.append((node, self._backend.fetch(level, into=into)))

    def _send(self) -> None:
        for node, values in self._leaving:
            self._exchange.offer(node, values())
        self._leaving = []

    def apply(self, losses: list[Metric], work: float, stop: int) -> Applied:
        self._send()
        sums = self._exchange.finish()
        own = [stop, work, *read_losses(losses), *self._tokens]
        facts = self._ranks.gather(np.array(own, np.float64))
        metrics = [float(x) for fact in facts for x in fact[2 : len(fact) // 2 + 1]]
        tokens = int(sum(x for fact in facts for x in fact[len(fact) // 2 + 1 :]))
        partials = self._norm_of(sums)
        self._apply.write("partials", np.concatenate(self._ranks.gather(partials)))
        self._apply.write("tokens", np.array([tokens * self._factor]))
        if self._size:
            self._apply.write("rate", rate_feed(self._optimizer.config, self._step))
        self._apply.run()
        scale = self._apply.read("scale")
        self._share_weights()
        work, stop = sum(fact[1] for fact in facts), int(max(fact[0] for fact in facts))
        return Applied(lambda: metrics, tokens, float(work), lambda: scale, stop)

    def _norm_of(self, sums: Sums) -> Array:
        """float32: the partial sums of squares of this rank's slice of the whole sum."""
        if self._norm is None:
            return np.zeros(0, np.float32)
        self._backend.store(self._total, fold_tree(self._count, sums))
        self._norm.run()
        return self._norm.read("partials")

    def _share_weights(self) -> None:
        """The own slice of the weights to the others, and theirs onto the device."""
        start, stop = self._part.start, self._part.stop
        if self._size:
            mine = self._host[self._part]
            mine[...] = self._backend.fetch(self._weights(start, stop), into=mine)()
        self._ranks.share(self._host, self._parts)
        for low, high in ((0, start), (stop, self._flat.size)):
            if high > low:
                self._backend.store(self._weights(low, high), self._host[low:high])

    def _weights(self, start: int, stop: int) -> Tensor:
        return self._flat.view(f"weights[{start}:{stop}]", (stop - start,), start)

    def install(self, flat: Array | None) -> None:
        flat = self._ranks.spread(flat, self._flat.size)
        self._backend.write(self._flat, flat)
        if self._optimizer.average and self._size:
            self._backend.write(self._slices["ema"], flat[self._part])

    def average(self) -> Array | None:
        if not self._optimizer.average:
            return None
        whole = np.empty(self._flat.size, np.float32)
        whole[self._part] = self._own("ema")
        self._ranks.share(whole, self._parts)
        return whole

    def _own(self, name: str) -> Array:
        """This rank's slice of a tensor of the optimizer's state."""
        return self._backend.view(self._slices[name]) if self._size else np.zeros(0, np.float32)

    def state(self) -> dict[str, Array] | None:
        found = {name: self._ranks.collect(self._own(name), self._parts) for name in self._slices}
        return {name: flat for name, flat in found.items() if flat is not None} or None

    def restore(self, tensor: Tensor, flat: Array | None) -> None:
        part = self._ranks.deal(flat, self._parts)
        if self._size:
            self._backend.write(self._slices[tensor.name], part)


def open_update(optimizer: AdamW, backend: Backend, lanes: int, count: int, ranks: Ranks) -> Update:
    """The update for these ranks; count: micro-batches of a step."""
    if ranks.size == 1:
        return WholeUpdate(optimizer, backend, lanes, count)
    return ShardedUpdate(optimizer, backend, lanes, count, ranks)


def own_share(count: int, ranks: Ranks) -> range:
    """Micro-batches of this rank; RanksError if any rank would have none."""
    if count < ranks.size:
        raise RanksError(
            f"{ranks.size} processes, but train.micro_batches is {count}: each needs one at least;"
            f" --set train.micro_batches={ranks.size}, or start fewer"
        )
    return shares(count, ranks.size)[ranks.rank]
