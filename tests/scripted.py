"""A generator whose texts are scripted, a sandbox that knows the right ones, and a library."""

from collections import deque
from dataclasses import replace
from functools import partial

from tat.config import resolve
from tat.decode.candidates import Outcome
from tat.decode.choice import Sampling
from tat.decode.generator import Generation, Request
from tat.decode.prompt import Adaptation, Prompt
from tat.decode.stream import Stream
from tat.decode.validated import Search, generate_valid
from tat.retrieval.query import Hit
from tat.wgsl.sandbox import Diagnostic

PROMPT = Prompt("a", "fn f() -> f32", "struct S { a: f32 }\n\nfn g() -> f32;")
SAMPLING = Sampling(0.7)


class Scripted:
    """A generator that gives these texts one after another, and a sandbox that knows the right.

    A text's score is its place in `likely`, the last being the likeliest.
    """

    settings = replace(resolve(environment={}).config.generate, batch=4)
    pieces = ()

    def __init__(self, *texts: str, right: tuple[str, ...] = (), problem=None,
                 unfinished: str = "", likely: str = "") -> None:  # fmt: skip
        self.texts, self.right, self.unfinished = list(texts), right, unfinished
        self.problem, self.likely = problem or Diagnostic("wrong", 4, 2), likely
        self.choices, self.validated = [], []

    def source(self, prompt):
        return [1, 2, 3]

    def refusal(self, prompt):
        return "prompt: too long" if prompt.description == "long" else ""

    def stream(self, request: Request) -> Stream:
        self.choices.append(request.preference)
        return Stream([[1]], 9, 1, request.constraint, request.preference)

    def run(self, waiting: deque[Stream], sources: int, each):
        while waiting:
            yield waiting.popleft()

    def generation(self, prompt, tokens, score):
        text = self.texts.pop(0)
        place = self.likely.find(text)
        return Generation(text, len(text), text != self.unfinished, float(place))

    def each(self, work, items):
        return [work(item) for item in items]

    def validate(self, source: str):
        self.validated.append(source)
        return None if self.right and source.endswith(self.right) else self.problem

    def best(self, budget: int, prompt: Prompt = PROMPT, **how: object) -> Outcome:
        return generate_valid(self, prompt, None, self, Search(SAMPLING, budget, **how))


def hit(name: str, score: float) -> Hit:
    return Hit("function", name, "", "", "", f"{name}.wgsl", 1, "MIT", score)


LIBRARY = tuple(
    Adaptation(partial(str, text), hit(text, score))
    for text, score in zip("xyz", (9.0, 8.0, 7.0), strict=True)
)
WITH_LIBRARY = replace(PROMPT, adaptations=LIBRARY)
