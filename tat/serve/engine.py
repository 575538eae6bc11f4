"""All that a service has: a model or none, the library and the validator, for any protocol."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotYetError
from dataclasses import dataclass, replace

from numpy import ndarray as Array

from tat.config_tables import Config, GenerateConfig
from tat.decode.candidates import Candidates, Outcome
from tat.decode.choice import Preference, Sampling, greedy
from tat.decode.prompt import Prompt
from tat.decode.validated import Search, reviewed
from tat.errors import TatError
from tat.serve.decoder import Decoder
from tat.serve.ending import Ending
from tat.serve.judge import Judge
from tat.serve.library import Library
from tat.serve.tasks import NoModelError, Task, Written, constraint_copy

_LOOK = 0.01  # seconds between looks at whether the client is still there

Gone = Callable[[], bool]
"""Whether nobody waits for an answer any more."""


class GoneError(TatError):
    """The client hung up, or the time for its answer is over."""


@dataclass(frozen=True)
class Choice:
    """How the tokens of a text are chosen: the likeliest, or drawn where `sampling` says so."""

    sampling: Sampling | None = None
    number: int = 0  # of the text, where several are drawn for one prompt
    head: str = ""  # its beginning
    given: str = ""  # all of it, where the model is only asked how likely it is

    def preference(self, source: Sequence[int]) -> Preference:
        return self.sampling.preference(source, self.number) if self.sampling else greedy


class Engine:
    """The services behind every protocol: filling gaps, answering, judging, searching."""

    def __init__(
        self, config: Config, decoder: Decoder, judge: Judge, library: Library | None
    ) -> None:
        self.config, self.decoder, self.judge, self.library = config, decoder, judge, library
        # Children of their own: a module that stalls naga holds up no picture and no decoding.
        self.reviews, self.pictures = Judge(), Judge()

    @property
    def settings(self) -> GenerateConfig:
        """How texts are made, as `tat generate` is configured."""
        return self.config.generate

    def close(self) -> None:
        """End the threads and the child process."""
        self.decoder.close()
        for judge in (self.judge, self.reviews, self.pictures):
            judge.close()
        if self.library:
            self.library.close()

    def tasks(
        self, prompt: Prompt, limit: int, choices: list[Choice], ending: Ending,
        emit: Callable[[str], None] | None = None, near: bool = False,
        search: Search | None = None, patience: float = 0.0,
    ) -> list[Task]:  # fmt: skip
        """A task that was submitted for each choice; FullQueueError, NoModelError, UsageError.

        `near` as in `Decoder.prepare`, `patience` as in `Task`. Statements are reviewed as the
        `search` says.
        """
        request = self.decoder.prepare(prompt, near=near)
        generator = self.decoder.require().generator
        source = generator.source(prompt)
        tasks = []
        for choice in choices:
            constraint = None if choice.given else constraint_copy(request.constraint)
            asked = replace(
                request, constraint=constraint, preference=choice.preference(source),
                head=choice.head, given=choice.given,
            )  # fmt: skip
            if search:
                asked = reviewed(
                    asked, source, choice.number, search, self.reviews, generator.pieces
                )
            tasks.append(Task(asked, limit, ending, emit, patience))
        self.decoder.submit(*tasks)
        return tasks

    def written(self, tasks: list[Task], gone: Gone) -> list[Written]:
        """The texts of the tasks; GoneError, with all of them cancelled, once `gone` says so."""
        return list(self.one_by_one(tasks, gone))

    def one_by_one(self, tasks: list[Task], gone: Gone) -> Iterator[Written]:
        """The texts in their order; those that nobody takes any more are cancelled."""
        try:
            for task in tasks:
                yield waited(task.future, gone)
        finally:
            for task in tasks:
                if not task.future.done():
                    task.cancel()

    def answer(self, prompt: Prompt, search: Search, gone: Gone) -> list[Outcome]:
        """Up to `wanted` different texts, the best first: those that `tat generate` prints where it
        weighs nothing. A library's come first: weighing would ask for all texts of the budget."""
        judge = self.judge if search.validates(prompt) else None
        candidates = Candidates(prompt, judge, alone=search.alone)
        if candidates.adapt_first(search.wanted):
            return candidates.best(search.wanted)
        reason = self._refusal(prompt)
        if reason:
            return candidates.without_model(search.wanted, reason)
        asked = 0
        for total in (search.wanted, search.budget):
            enough = candidates.valid >= search.wanted or search.sampling.temperature == 0
            if asked >= total or (asked and enough):
                break
            choices = [Choice(search.sampling, number) for number in range(asked, total)]
            limit = self.decoder.require().generator.max_tokens
            tasks = self.tasks(prompt, limit, choices, Ending(), search=search)
            for text in self.written(tasks, gone):
                candidates.add(text.generation)
            asked = total
        return candidates.best(search.wanted)

    def prompted(self, prompt: Prompt) -> Prompt:
        """The prompt with what the library has for it."""
        if self.library is None or prompt.is_gap:
            return prompt
        service = self.decoder.service
        trained = service.generator.loaded.config.data if service else self.config.data
        prompt = self.library.beside(prompt, trained, self.settings)
        if service or prompt.signature.strip():
            return prompt
        resorts = self.library.nearest(prompt.description, self.settings.adaptations)
        return replace(prompt, last_resorts=resorts)

    def _refusal(self, prompt: Prompt) -> str:
        try:
            return self.decoder.refusal(prompt)
        except NoModelError as error:
            return str(error)

    def likelihoods(self, prompt: Prompt, names: Sequence[str], gone: Gone) -> list[float]:
        """How likely a gap's text goes on with each name: the logit of the first token that is not
        of what was begun."""
        seen: list[Array] = []

        def look(logits: Array, tokens: Sequence[int]) -> Array:
            seen.append(logits.copy())
            return logits

        request = replace(self.decoder.prepare(prompt, constrained=False), preference=look)
        task = Task(request, 1)
        self.decoder.submit(task)
        self.written([task], gone)
        sure = len(task.stream.again)
        tokens = self.decoder.first_tokens([prompt.begun + name for name in names], sure)
        return [float(seen[sure][token]) for token in tokens]


def waited(future: "Future[Written]", gone: Gone) -> Written:
    """The result of a future; GoneError as soon as nobody waits for it any more."""
    while True:
        try:
            result = future.result(_LOOK)
            if gone():
                raise GoneError("too late")
            return result
        except CancelledError:
            raise GoneError("cancelled") from None
        except NotYetError:
            if gone():
                raise GoneError("the client hung up") from None


def until(deadline: float, gone: Gone = lambda: False) -> Gone:
    """Also gone once `time.monotonic()` is past the deadline."""
    return lambda: gone() or time.monotonic() > deadline
