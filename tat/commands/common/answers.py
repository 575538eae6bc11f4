"""The answers of `tat generate`: printed as text, or as an object for each line of --input."""

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import msgspec

from tat.commands.common.answer_records import described, place_of, source_record, text_record
from tat.commands.common.input_lines import InputLines, Refused
from tat.commands.common.prompts import Job, refusal, with_neighbours
from tat.decode.candidates import Outcome
from tat.decode.constraint import Constraints
from tat.decode.generator import Generation, Generator
from tat.decode.prompt import Prompt
from tat.decode.retrieval import Retriever
from tat.decode.validated import Search, generate_all_valid
from tat.errors import DeviceError, FileError, InvalidShaderError, UsageError, one_line
from tat.wgsl.sandbox import Sandbox

_EXPLAINED = 5  # functions tried as answers that --explain names


class Answers:
    """Prints the answers to prompts."""

    def __init__(
        self,
        options: argparse.Namespace,
        generator: Generator,
        constraints: Constraints | None,
        sandbox: Sandbox,
        search: Search,
        retriever: Retriever | None,
    ) -> None:
        self._options, self._generator, self._constraints = options, generator, constraints
        self._sandbox, self._search, self._retriever = sandbox, search, retriever
        self._began, self._tokens = time.perf_counter(), 0
        self._answered, self._invalid = 0, 0
        self._failure: Outcome | None = None  # the last one
        self._refused: list[Refused] = []
        self._reachable: bool | None = None  # whether naga can be asked; None before it was

    def to_one(self, job: Job) -> int:
        """Answer one prompt; InvalidShaderError if no text for it validates."""
        job = self._ready([job])[0]
        if reason := refusal(job, self._generator, self._search):
            raise UsageError(reason)
        self._give([job])
        return self._verdict()

    def to_lines(self, lines: InputLines) -> int:
        """Answer the lines as they come, a refused one with an object that says why.

        FileError at the end if lines were refused, InvalidShaderError if a text does not validate.
        """
        try:
            for group in lines.groups():
                self._give_group(group)
        except BrokenPipeError:  # nobody reads on; what is known by now still counts
            if not (self._refused or self._invalid):
                raise
        count = self._answered + len(self._refused)
        if not count:
            raise FileError(f"{lines.name}: has no prompt; write one JSON object a line")
        if self._refused:
            first = self._refused[0].reason
            raise FileError(f"{len(self._refused)} of {count} lines were refused: {first}")
        return self._verdict()

    def _give_group(self, group: Sequence[Job | Refused]) -> None:
        """Answer in order: what stands between two refusals is decoded together."""
        ready = iter(self._ready([job for job in group if isinstance(job, Job)]))
        waiting: list[Job] = []
        for item in group:
            if isinstance(item, Job):
                job = next(ready)
                reason = refusal(job, self._generator, self._search)
                if not reason:
                    waiting.append(job)
                    continue
                item = Refused(job.id or 0, f"{job.origin}: {reason}")
            self._give(waiting)
            waiting = []
            self._refused.append(item)
            _emit(msgspec.json.encode(item.record()).decode() + "\n")
        self._give(waiting)

    def _ready(self, jobs: list[Job]) -> list[Job]:
        """The jobs with what an index has for them, once it is known whether naga can be asked."""
        if self._retriever:
            jobs = [with_neighbours(job, self._retriever) for job in jobs]
        asked = self._options.validate is not None
        wanted = any(self._search.validates(job.prompt) for job in jobs)
        if not asked and wanted and not self._reaches_naga():
            self._search = replace(self._search, budget=0)
        return jobs

    def _reaches_naga(self) -> bool:
        """Whether naga can be asked; once it cannot be, it is said."""
        if self._reachable is None:
            try:
                self._sandbox.validate("")
                self._reachable = True
            except DeviceError as error:
                self._reachable = False
                if not self._options.quiet:
                    say(f"not validated: {error}")
        return self._reachable

    def _give(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._explain(job)
        for job, outcomes in zip(jobs, self._outcomes(jobs), strict=True):
            if outcomes[0].refused and not job.origin:
                raise UsageError(str(outcomes[0].problem))
            self._answered += 1
            self._tokens += sum(outcome.generation.tokens for outcome in outcomes)
            if self._fails(job, outcomes[0]):
                self._invalid, self._failure = self._invalid + 1, outcomes[0]
            self._print(job, outcomes)

    def _verdict(self) -> int:
        if self._options.verbose:
            seconds = time.perf_counter() - self._began
            say(f"{self._tokens} tokens in {seconds:.2f} s")
        if self._failure:
            raise InvalidShaderError(_failure(self._failure, self._invalid, self._answered))
        return 0

    def _explain(self, job: Job) -> None:
        """Name what index and library have for a prompt; answers to --input carry it anyway."""
        if self._options.explain and not job.origin:
            for hit in job.neighbours:
                say(f"read beside it: {place_of(hit)}")
            for adaptation in job.prompt.adaptations[:_EXPLAINED]:
                say(f"tried as an answer: {place_of(adaptation.origin)}")

    def _outcomes(self, jobs: Sequence[Job]) -> Iterable[list[Outcome]]:
        prompts, search = [job.prompt for job in jobs], self._search
        if len(jobs) == 1 and self._comes_at_once(jobs[0]):
            return [[self._written(prompts[0])]]
        parts = self._generator, prompts, self._constraints, self._sandbox, search
        return generate_all_valid(*parts)

    def _comes_at_once(self, job: Job) -> bool:
        """Whether a text is printed while it is written; within a line it is chosen of several."""
        alone = self._search.beams == self._search.wanted == 1 and not job.prompt.within
        return alone and not (self._as_json(job) or self._search.validates(job.prompt))

    def _fails(self, job: Job, outcome: Outcome) -> bool:
        """Whether a text is no answer, for it does not validate; within a line it is told of."""
        if self._search.requires(job.prompt) or outcome.refused:
            return outcome.problem is not None
        block = job.prompt.enclosed and not job.prompt.within and self._search.budget > 0
        return block and self._validity(job, outcome)[0] is False

    def _written(self, prompt: Prompt) -> Outcome:
        """The text of a prompt, printed as it comes."""
        constraint = self._constraints.of(prompt) if self._constraints else None
        preference = self._search.sampling.preference(self._generator.source(prompt))
        generation = self._generator.generate(prompt, _emit, constraint, preference)
        _emit("" if generation.text.endswith("\n") else "\n")
        return Outcome(generation, None, 1)

    def _print(self, job: Job, outcomes: Sequence[Outcome]) -> None:
        """Print an object for a line of --input and for --json, else text; invalid text goes to
        standard error."""
        best, failed = outcomes[0], self._fails(job, outcomes[0])
        if self._as_json(job):
            _emit(msgspec.json.encode(self._record(job, outcomes)).decode() + "\n")
        elif failed:
            print(best.generation.text.removesuffix("\n"), file=sys.stderr)
        elif not self._comes_at_once(job):
            given = [outcome for outcome in outcomes if not outcome.problem] or [best]
            texts = [outcome.generation.text.removesuffix("\n") for outcome in given]
            _emit("\n\n".join(texts) + "\n")
            if len(texts) < self._search.wanted and not self._options.quiet:
                say(f"{len(texts)} of {self._search.wanted} texts: no others came or validate")
        if not self._options.quiet:
            self._remark(job, best)
            if not self._as_json(job):
                self._name_sources(outcomes)
        if self._options.verbose:
            for outcome in outcomes:
                say(described(job, outcome))

    def _as_json(self, job: Job) -> bool:
        return bool(job.origin or self._options.json)

    def _name_sources(self, outcomes: Sequence[Outcome]) -> None:
        """Say of each text whether the model wrote it, where others could have given it."""
        valid = [outcome for outcome in outcomes if outcome.problem is None]
        for number, outcome in enumerate(valid if self._retriever else [], 1):
            which = f"answer {number}" if len(valid) > 1 else "answer"
            if outcome.origin:
                whose = "tat's library" if outcome.source == "library" else "the index"
                say(f"{which}: from {whose}, adapted from {place_of(outcome.origin)}")
            else:
                say(f"{which}: written by the model ({self._options.run})")

    def _remark(self, job: Job, best: Outcome) -> None:
        validated = self._search.validates(job.prompt)
        generation, which = best.generation, f"{job.id}: " if job.origin else ""
        if left_out := self._left_out(job, best):
            whole, longest = self._generator.reading(job.prompt).whole, self._generator.longest
            size = f"prompt: {whole} tokens; to fit {longest}"
            say(f"{which}{size}, it was read without {left_out}")
        if self._constraints and job.prompt.is_gap and self._constraints.of(job.prompt) is None:
            reason = "the prefix is not the start of a module in WGSL's grammar"
            say(f"{which}{reason}: filled without grammar")
        elif not (validated and best.problem is None) and not self._fails(job, best):
            self._doubt(job, best)
        if not (generation.finished or validated):
            say(f"{which}{self._cut(generation)}")
        if best.origin and job.prompt.context and not job.prompt.signature.strip():
            say(
                f"{which}the context is not used: found by words alone, a function comes as it is;"
                " with a signature it takes the context's types"
            )

    def _doubt(self, job: Job, best: Outcome) -> None:
        """Say that a gap's text is not valid in its place, where --validate says nothing of gaps;
        answers to --input and --json are for programs, and have `valid`."""
        asked = self._options.validate is not None or self._as_json(job)
        if not job.prompt.is_gap or asked or not self._reaches_naga():
            return
        if problem := self._sandbox.validate(job.prompt.module(best.generation.text)):
            several = self._search.validates(job.prompt)
            more = "no other is" if several else "--validate 4 tries four texts"
            say(f"with this text the module is not valid: {problem}; {more}")

    def _left_out(self, job: Job, best: Outcome) -> str:
        """The part of the context that the model did not read, if it wrote the best text."""
        unread = best.origin or best.refused
        return "" if unread else self._generator.reading(job.prompt).left_out

    def _cut(self, generation: Generation) -> str:
        longest, limit = self._generator.loaded.config.model.max_length, self._generator.max_tokens
        if generation.tokens < limit:
            return f"ended after {generation.tokens} tokens: nothing that is allowed could follow"
        advice = "--max-tokens allows more" if limit < longest else "the model's limit"
        return f"cut off after {generation.tokens} tokens; {advice}"

    def _validity(self, job: Job, outcome: Outcome) -> tuple[bool | None, object]:
        """Whether a text validates, and its problem; None where nothing is asked, and for a gap
        that lies in no whole module: its prefix begins none, or nothing stands behind it."""
        prompt, problem = job.prompt, outcome.problem
        if self._search.requires(prompt) or outcome.refused:
            return problem is None, problem
        if not prompt.is_gap or self._options.validate is not None or not self._reaches_naga():
            return None, None
        problem = self._sandbox.validate(prompt.module(outcome.generation.text))
        part = not (prompt.suffix or "").strip()
        part = part or bool(self._constraints and self._constraints.of(prompt) is None)
        return (None, None) if problem and part else (problem is None, problem)

    def _record(self, job: Job, outcomes: Sequence[Outcome]) -> dict[str, object]:
        """The object that answers a line of --input, or a prompt with --json."""
        texts = [text_record(outcome, *self._validity(job, outcome)) for outcome in outcomes]
        record = {"id": job.id} if job.origin else {}
        record |= texts[0] if self._search.wanted == 1 else {"texts": texts}
        record["seed"] = self._search.sampling.seed
        if self._options.explain:
            record["sources"] = [source_record(hit) for hit in job.neighbours]
        if left_out := self._left_out(job, outcomes[0]):
            record["read_without"] = left_out
        return record


def _failure(outcome: Outcome, invalid: int, count: int) -> str:
    if count > 1:
        return f"{invalid} of {count} prompts got no text that validates"
    if outcome.refused:
        return str(outcome.problem)
    tried = "the one candidate does not validate"
    if outcome.candidates > 1:
        tried = f"none of {outcome.candidates} candidates validates; the best"
    return f"{tried}: {outcome.problem}"


def _emit(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def say(text: str) -> None:
    print(f"tat: {one_line(text)}", file=sys.stderr)
