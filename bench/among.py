"""How often a right function is among the candidates that tat chooses from, by their number.

    python bench/among.py FUNCTIONS.jsonl [--run FILE] [--texts 8] [--every 1] [--work FILE]

For each so-manieth function that can be run: texts of the model as `tat generate` asks for them,
where there is a description every second one for the signature alone, and functions of the bundled
library renamed to the signature, none a near-duplicate of the reference. Each that validates is
judged as `tat eval` judges. Printed: how many functions have a right one among the first texts,
among the library's, and among both. What is chosen of them says `tat eval`. --work keeps the
judged candidates; a call that was stopped goes on from there.
"""

import argparse
import json
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import tat  # noqa: F401  isort: skip  (before numpy: it sets the BLAS threads)
from tat.commands.common.indexes import bundled_library
from tat.config import resolve
from tat.decode.choice import Sampling
from tat.decode.constraint import Constraints
from tat.decode.generator import Generator
from tat.decode.loading import load_model
from tat.decode.prompt import Prompt
from tat.decode.retrieval import Retriever
from tat.decode.validated import Search, asked_for, reviewed
from tat.errors import TatError
from tat.evaluation.functions import (
    ReferenceFunction,
    module_file_of,
    read_functions,
    read_modules,
)
from tat.evaluation.judge import Judge
from tat.resources import BUNDLED
from tat.train.named_checkpoint import load_checkpoint
from tat.wgsl.sandbox_pool import SandboxPool

_TOGETHER = 8  # functions whose texts are written side by side


class Candidates:
    """The texts of a model and the functions of the library, judged."""

    def __init__(self, options: argparse.Namespace, sandbox: SandboxPool) -> None:
        asked = {"generate.library": "always", "generate.batch": _TOGETHER}
        self.settings = resolve(environment={}, flags=asked).config.generate
        loaded = load_model(*load_checkpoint(options.run), "cpu")
        limit = min(self.settings.max_tokens, loaded.config.model.max_length)
        self.generator = Generator(loaded, limit, self.settings)
        learnt = loaded.config.data.body_comments
        self.constraints = Constraints(loaded.tokenizer, comments=learnt)
        library = bundled_library(self.settings, BUNDLED)
        self.retriever = Retriever(None, loaded.config.data, None, self.settings, library)
        self.sampling = Sampling.configured(self.settings)
        modules = module_file_of(options.file)
        self.judge = Judge(sandbox, read_modules(modules) if modules else {})
        self.options, self.sandbox = options, sandbox

    def judged(self, functions: Sequence[ReferenceFunction]) -> Iterator[dict]:
        """A record of each function: whether its texts and its hits, in order, are right."""
        texts = self.texts([function.prompt for function in functions])
        for function, own in zip(functions, texts, strict=True):
            code = f"{function.signature} {function.body}"
            prompt = self.retriever.beside(function.prompt, [], exclude=code)
            hits = [*prompt.adaptations, *prompt.last_resorts][: self.options.hits]
            both = [*own, *(hit.render() for hit in hits)]
            right = dict(zip(set(both), self.right(function, prompt, [*set(both)]), strict=True))
            runs = self.judge.judge(function, function.body).measures.get("behaviour") == 1.0
            yield {
                "id": function.id, "runs": runs, "texts": [right[text] for text in own],
                "hits": [right[text] for text in both[len(own) :]],
            }  # fmt: skip

    def right(
        self, function: ReferenceFunction, prompt: Prompt, texts: Sequence[str]
    ) -> list[bool]:
        """Whether each text validates and behaves like the reference."""

        def behaves(text: str) -> bool:
            if self.sandbox.validate(prompt.module(text)) is not None:
                return False
            body = text.removeprefix(prompt.lead).strip()
            return self.judge.judge(function, body).measures.get("behaviour") == 1.0

        return self.sandbox.each(behaves, texts)

    def texts(self, prompts: Sequence[Prompt]) -> list[list[str]]:
        """The model's finished texts for each prompt; "" for one without end."""
        search = Search(self.sampling, self.options.texts, redraws=self.settings.redraws)
        places, waiting = {}, deque()
        for place, prompt in enumerate(prompts):
            if self.generator.refusal(prompt):
                continue
            readings, constraint = prompt.readings, self.constraints.of(prompt)
            for number in range(self.options.texts):
                turn, which = divmod(number, len(readings))
                read = readings[which]
                source = self.generator.source(read)
                request = asked_for(read, constraint.copy(), None, self.sampling, source, turn)
                pieces = self.generator.pieces
                request = reviewed(request, source, turn, search, self.sandbox, pieces)
                waiting.append(self.generator.stream(request))
                places[waiting[-1]] = place, number
        found = [[""] * self.options.texts for _ in prompts]
        for stream in self.generator.run(waiting, 1, self.sandbox.each):
            place, number = places[stream]
            written = self.generator.generation(prompts[place], stream.tokens, stream.score)
            found[place][number] = written.text if written.finished else ""
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--run", type=Path, default=BUNDLED)
    parser.add_argument("--texts", type=int, default=8)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--hits", type=int, default=24)
    parser.add_argument("--work", type=Path, default=Path("build/among.jsonl"))
    options = parser.parse_args()
    try:
        report(records(options), options.texts)
    except TatError as error:
        print(f"among: {error}", file=sys.stderr)
        return 1
    return 0


def records(options: argparse.Namespace) -> list[dict]:
    """The records of all functions, of which those of --work are taken from there."""
    functions = [f for f in read_functions(options.file)[:: options.every] if f.testable]
    known = options.work.read_text().splitlines() if options.work.exists() else []
    done = {record["id"]: record for record in map(json.loads, known)}
    waiting = [function for function in functions if function.id not in done]
    options.work.parent.mkdir(parents=True, exist_ok=True)
    if waiting:
        with SandboxPool() as sandbox, options.work.open("a") as work:
            candidates = Candidates(options, sandbox)
            for start in range(0, len(waiting), _TOGETHER):
                for record in candidates.judged(waiting[start : start + _TOGETHER]):
                    done[record["id"]] = record
                    work.write(f"{json.dumps(record)}\n")
                work.flush()
    return [done[function.id] for function in functions if done[function.id]["runs"]]


def report(found: Sequence[dict], texts: int) -> None:
    """Prints a line for each number of texts."""
    print(f"{len(found)} functions; a right one among the library's {of(found, 0)}")
    for count in sorted({1, 2, 4, 8, texts}):
        if count <= texts:
            alone = sum(any(record["texts"][:count]) for record in found)
            print(f"{count} texts: among them {alone}, among both {of(found, count)}")


def of(found: Sequence[dict], texts: int) -> int:
    """How many functions have a right one among so many texts and the library's."""
    return sum(any(record["texts"][:texts]) or any(record["hits"]) for record in found)


if __name__ == "__main__":
    sys.exit(main())
