"""Beam search: at each token the likeliest few texts go on, side by side."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy import ndarray as Array

from tat.data.tokenizer import Special
from tat.decode.choice import log_softmax
from tat.decode.compiled_programs import next_logits, write_sources
from tat.decode.constraint import Constraint
from tat.decode.generator import Generation, Generator, Request


@dataclass(frozen=True)
class Hypothesis:
    """A text so far, or at its end."""

    tokens: tuple[int, ...]
    score: float  # sum of log-probabilities, in nats
    constraint: Constraint | None
    row: int  # of the batch, where its tokens are cached

    @property
    def last(self) -> int:
        return self.tokens[-1] if self.tokens else int(Special.BOS)

    def followed_by(self, token: int, log_probability: float) -> "Hypothesis | None":
        """The hypothesis with one more token; None where the constraint refuses it."""
        constraint = self.constraint.copy() if self.constraint else None
        if constraint is not None and not constraint.accept([token]):
            return None
        score = self.score + log_probability
        return Hypothesis((*self.tokens, token), score, constraint, self.row)


def beam_search(generator: Generator, request: Request, width: int) -> list[Generation]:
    """Up to `width` texts of a request, finished ones first, then the best first.

    Texts are ordered by log-probability / length^length_penalty, where EOS counts. Each step goes
    through the best continuations until it has `width` that go on. One on the way that ends is
    finished if it is among the best `width`. The search ends when `width` texts are finished (first
    come, first served: Kasai et al., "A Call for Clarity in Beam Search", 2022), when none can go
    on, or at max_tokens. A width of 1 is greedy choice. Probabilities are the model's, without
    regard to tokens that a constraint refuses.
    """
    search = _Search(generator, request, width)
    live = [Hypothesis((), 0.0, request.constraint, 0)]
    done: list[Hypothesis] = []
    while live and len(done) < width and len(live[0].tokens) < search.limit:
        ended, following = search.step(live)
        done += ended
        if not ended and not following:  # no token may follow any of them
            break
        live = following
    rest = live if len(done) < width else []
    found = [generator.generation(request.prompt, h.tokens, h.score) for h in [*done, *rest]]
    ordered = sorted(found, key=lambda text: (text.finished, text.score), reverse=True)
    return ordered[:width]


class _Search:
    """The rows of one search."""

    def __init__(self, generator: Generator, request: Request, width: int) -> None:
        self._request, self._width = request, width
        self._held, again = generator.held(request)
        self.limit = generator.limit(again)
        sources, programs = generator.sources(request.prompt), generator.programs
        shape = programs.shape(width, len(sources))
        self._step, self._reorder = programs.step(shape), programs.reorder(shape)
        ids = np.zeros((width, shape.sources, shape.source), np.int32)
        for k, source in enumerate(sources):
            ids[:, k, : len(source)] = source
            places = range(1 if programs.shares(shape) else width)
            programs.place([(source, [place * shape.sources + k for place in places])], shape)
        lengths = np.tile([len(source) for source in sources], (width, 1))
        write_sources(self._step, ids, lengths, np.zeros(width, np.int32))
        self._reorder.write("back", np.arange(width))

    def step(self, live: Sequence[Hypothesis]) -> tuple[list[Hypothesis], list[Hypothesis]]:
        """The texts that end with the next token, and the best `width` that do not."""
        tokens, lengths = np.zeros((2, self._width), np.int32)
        for hypothesis in live:
            tokens[hypothesis.row] = hypothesis.last
            lengths[hypothesis.row] = len(hypothesis.tokens) + 1
        logits = next_logits(self._step, tokens, lengths)
        logits[:, [Special.PAD, Special.BOS]] = -np.inf
        ended, following = [], []
        for rank, hypothesis in enumerate(self._continuations(live, logits)):
            if hypothesis.last != Special.EOS:
                following.append(hypothesis)
            elif rank < self._width:
                ended.append(hypothesis)
            if len(following) == self._width:
                break
        return ended, self._settled(following)

    def _continuations(self, live: Sequence[Hypothesis], logits: Array) -> Iterator[Hypothesis]:
        """All allowed continuations by one token, the best first."""
        rankings = [self._ranking(h, logits[h.row]) for h in live]
        yield from heapq.merge(*rankings, key=lambda hypothesis: -hypothesis.score)

    def _ranking(self, hypothesis: Hypothesis, logits: Array) -> Iterator[Hypothesis]:
        """The continuations of one text, the best first."""
        logs = log_softmax(self._request.preference(logits, hypothesis.tokens))
        scores, masked = self._held(logits, hypothesis.tokens).copy(), False
        while np.isfinite(scores).any():
            token = int(np.argmax(scores))
            scores[token] = -np.inf
            following = hypothesis.followed_by(token, float(logs[token]))
            if following is not None:
                yield following
                continue
            if not masked:  # after one refusal others are likely
                hypothesis.constraint.mask(scores)
                masked = True
            hypothesis.constraint.rule_out(token, scores)

    def _settled(self, following: Sequence[Hypothesis]) -> list[Hypothesis]:
        """The hypotheses in rows of their own, with the caches of their tokens."""
        rows = [hypothesis.row for hypothesis in following]
        if rows != list(range(len(rows))):
            index, counts = np.full(self._width, -1), np.zeros(self._width, np.int32)
            index[: len(rows)] = rows
            counts[: len(rows)] = len(following[0].tokens)
            self._reorder.write("index", index)
            self._reorder.write("counts", counts)
            self._reorder.run()
        return [Hypothesis(h.tokens, h.score, h.constraint, row) for row, h in enumerate(following)]
