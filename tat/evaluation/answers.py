"""Answers of a model to prompts, or the reason why there is none."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from tat.decode.constraint import Constraints
from tat.decode.generator import Generator, Request
from tat.decode.prompt import Prompt
from tat.decode.retrieval import Retriever
from tat.decode.validated import Search, generate_all_valid
from tat.wgsl.sandbox import Sandbox


class Answer(NamedTuple):
    """A text, the prompt's lead included; None is an abstention, and `reason` says why."""

    text: str | None
    reason: str = ""


@dataclass(frozen=True)
class Respondent:
    """A model with all settings that decide its answers; without a retriever no neighbours."""

    generator: Generator
    constraints: Constraints | None
    search: Search
    sandbox: Sandbox
    retriever: Retriever | None = None

    def reads_whole(self, prompt: Prompt) -> bool:
        """Whether the model has room for all of the prompt."""
        return not self.generator.refusal(prompt) and not self.generator.reading(prompt).left_out

    def beside_neighbours(self, prompt: Prompt, code: str) -> Prompt:
        """`prompt` with found functions, none of which gives `code` away."""
        if self.retriever is None:
            return prompt
        found = self.retriever.neighbours(prompt, exclude=code)
        return self.retriever.beside(prompt, found, exclude=code)

    def answers(self, prompts: Iterable[Prompt], most: int | None = None) -> Iterator[Answer]:
        """The answer to each prompt, in order; none if no candidate validates.

        Prompts are taken as they are needed, with up to `most` of them open at a time."""
        parts = self.generator, prompts, self.constraints, self.sandbox, self.search
        neighbours = self.retriever.top if self.retriever and self.retriever.index else 0
        for [outcome] in generate_all_valid(*parts, neighbours, most):
            wrong = str(outcome.problem or "")
            yield Answer(None if wrong else outcome.generation.text, wrong)

    def draws(self, prompt: Prompt, count: int) -> list[Answer]:
        """`count` texts for one prompt, each drawn by itself and none validated."""
        if problem := self.generator.refusal(prompt):
            return [Answer(None, problem)] * count
        sampling = replace(self.search.sampling, draws_first=True)
        constraint = self.constraints.of(prompt) if self.constraints else None
        source = self.generator.source(prompt)
        requests = [
            Request(
                prompt, constraint.copy() if constraint else None,
                sampling.preference(source, number),
            )
            for number in range(count)
        ]  # fmt: skip
        return [Answer(generation.text) for generation in self.generator.generate_all(requests)]
