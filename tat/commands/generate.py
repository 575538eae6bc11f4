"""`tat generate`: prints a function or a gap's text for each prompt."""

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import msgspec

from tat.commands.common.checkpoints import named_checkpoint
from tat.commands.common.indexes import named_index
from tat.commands.common.prompts import Job, check_lengths, read_jobs, with_neighbours
from tat.config import resolve
from tat.config_tables import GenerateConfig
from tat.data.neighbours import Neighbour
from tat.decode.choice import Sampling
from tat.decode.constraint import Constraints
from tat.decode.generator import Generation, Generator
from tat.decode.loading import load_model
from tat.decode.prompt import Prompt
from tat.decode.retrieval import Retriever
from tat.decode.validated import Outcome, Search, generate_all_valid
from tat.errors import DeviceError, InvalidShaderError, UsageError, one_line
from tat.retrieval.query import Hit
from tat.wgsl.sandbox import Sandbox

_DRAWS = (
    "temperature",
    "top_k",
    "top_p",
    "min_p",
)  # with any of these the first text is drawn, too
_SETTINGS = (*_DRAWS, "repetition_penalty", "seed", "length_penalty", "batch")


def run(options: argparse.Namespace) -> int:
    _check(options)
    jobs = read_jobs(options)
    flags = {f"generate.{name}": getattr(options, name) for name in _SETTINGS}
    flags["generate.adaptations"] = options.adapt
    given = {key: value for key, value in flags.items() if value is not None}
    settings = resolve(flags=given).config.generate
    loaded = load_model(
        *named_checkpoint(options.run, quiet=options.quiet), options.device, options.int8,
        options.precision or "f32",
    )  # fmt: skip
    if loaded.backend.queues and loaded.backend.remark and not options.quiet:
        _say(f"device: {loaded.backend.remark}")
    most = min(settings.max_tokens, loaded.config.model.max_length)
    limit = most if options.max_tokens is None else options.max_tokens
    generator = Generator(loaded, limit, settings)
    if options.index:
        index = named_index(options.index)
        retriever = Retriever(index, loaded.config.data, options.top, settings)
        jobs = [with_neighbours(job, retriever) for job in jobs]
    learnt = loaded.config.data.body_comments
    constraints = Constraints(loaded.tokenizer, comments=learnt) if options.grammar else None
    with Sandbox() as sandbox:
        search = _search(options, settings, jobs, sandbox)
        check_lengths(jobs, generator, search)
        return _Answers(options, generator, constraints, sandbox, search).give(jobs)


def _check(options: argparse.Namespace) -> None:
    """UsageError for arguments that do not go together."""
    if options.beam > 1 and any(getattr(options, name) is not None for name in _DRAWS):
        raise UsageError(
            "--beam takes the likeliest texts and draws none; leave out --temperature, --top-k,"
            " --top-p and --min-p"
        )
    if 1 < options.beam < options.n_best:
        raise UsageError(f"--n-best {options.n_best} are more texts than --beam {options.beam} has")
    about_index = options.explain, options.top is not None, options.adapt is not None
    if not options.index and any(about_index):
        raise UsageError("--top, --adapt and --explain are about what --index finds; give an index")


def _search(
    options: argparse.Namespace, settings: GenerateConfig, jobs: Sequence[Job], sandbox: Sandbox
) -> Search:
    """The search that the arguments ask for; by default gaps are not validated, and nothing is
    where naga is out of reach."""
    sampling = Sampling.configured(settings)
    if any(getattr(options, name) is not None for name in _DRAWS):
        sampling = replace(sampling, draws_first=True)
    search = Search(
        sampling, settings.candidates, options.beam, options.n_best, redraws=settings.redraws
    )
    if options.validate is not None:
        return replace(search, budget=options.validate)
    search = replace(search, gaps=False)
    if any(search.validates(job.prompt) for job in jobs):
        try:
            sandbox.validate("")
        except DeviceError as error:
            if not options.quiet:
                _say(f"not validated: {error}")
            return replace(search, budget=0)
    return search


class _Answers:
    """Prints the answers to prompts."""

    def __init__(
        self,
        options: argparse.Namespace,
        generator: Generator,
        constraints: Constraints | None,
        sandbox: Sandbox,
        search: Search,
    ) -> None:
        self._options, self._generator, self._constraints = options, generator, constraints
        self._sandbox, self._search = sandbox, search

    def give(self, jobs: Sequence[Job]) -> int:
        """Answer each; InvalidShaderError at the end if one got no text that validates."""
        began, tokens, invalid = time.perf_counter(), 0, 0
        for job in jobs:
            self._explain(job)
        for job, outcomes in zip(jobs, self._outcomes(jobs), strict=True):
            if outcomes[0].refused and not job.origin:
                raise UsageError(str(outcomes[0].problem))
            self._print(job, outcomes)
            tokens += sum(outcome.generation.tokens for outcome in outcomes)
            if outcomes[0].problem:
                invalid, failure = invalid + 1, outcomes[0]
        if self._options.verbose:
            seconds = time.perf_counter() - began
            _say(f"{tokens} tokens in {seconds:.2f} s")
        if invalid:
            raise InvalidShaderError(_failure(failure, invalid, len(jobs)))
        return 0

    def _explain(self, job: Job) -> None:
        """Name the origin of functions read beside a prompt; answers to --input carry it anyway."""
        if self._options.explain and not job.origin:
            for hit in job.neighbours:
                _say(f"read beside it: {_place(hit)}")

    def _outcomes(self, jobs: Sequence[Job]) -> Iterable[list[Outcome]]:
        prompts, search = [job.prompt for job in jobs], self._search
        alone = len(jobs) == 1 and not jobs[0].origin and search.beams == search.wanted == 1
        if alone and not search.validates(prompts[0]):
            return [[self._written(prompts[0])]]
        parts = self._generator, prompts, self._constraints, self._sandbox, search
        return generate_all_valid(*parts)

    def _written(self, prompt: Prompt) -> Outcome:
        """The text of a prompt, printed as it comes."""
        constraint = self._constraints.of(prompt) if self._constraints else None
        preference = self._search.sampling.preference(self._generator.source(prompt))
        generation = self._generator.generate(prompt, _emit, constraint, preference)
        _emit("" if generation.text.endswith("\n") else "\n")
        return Outcome(generation, None, 1)

    def _print(self, job: Job, outcomes: Sequence[Outcome]) -> None:
        """Print an object for a line of --input, else text; invalid text goes to standard error."""
        validated, best = self._search.validates(job.prompt), outcomes[0]
        if job.origin:
            _emit(msgspec.json.encode(self._record(job, outcomes)).decode() + "\n")
        elif best.problem:
            print(best.generation.text.removesuffix("\n"), file=sys.stderr)
        elif validated or self._search.beams > 1 or self._search.wanted > 1:
            texts = [o.generation.text.removesuffix("\n") for o in outcomes if not o.problem]
            _emit("\n\n".join(texts) + "\n")
            if len(texts) < self._search.wanted and not self._options.quiet:
                _say(f"{len(texts)} of {self._search.wanted} texts: no others came or validate")
        if not self._options.quiet:
            self._remark(job, best, validated)
            for outcome in outcomes:
                if outcome.origin and not job.origin:
                    _say(f"adapted from {_place(outcome.origin)}")
        if self._options.verbose:
            for outcome in outcomes:
                _say(_described(job, outcome))

    def _remark(self, job: Job, best: Outcome, validated: bool) -> None:
        generation, which = best.generation, f"{job.id}: " if job.origin else ""
        if left_out := self._left_out(job, best):
            whole, longest = self._generator.reading(job.prompt).whole, self._generator.longest
            size = f"prompt: {whole} tokens; to fit {longest}"
            _say(f"{which}{size}, it was read without {left_out}")
        if self._constraints and job.prompt.is_gap and self._constraints.of(job.prompt) is None:
            reason = "the prefix is not the start of a module in WGSL's grammar"
            _say(f"{which}{reason}: filled without grammar")
        if not (generation.finished or validated):
            _say(f"{which}{self._cut(generation)}")

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

    def _record(self, job: Job, outcomes: Sequence[Outcome]) -> dict[str, object]:
        """The line that answers one of --input."""
        validated = self._search.validates(job.prompt)
        texts = [_text(outcome, validated) for outcome in outcomes]
        record = {"id": job.id} | (texts[0] if self._search.wanted == 1 else {"texts": texts})
        if self._options.explain:
            record["sources"] = [_source(hit) for hit in job.neighbours]
        if left_out := self._left_out(job, outcomes[0]):
            record["read_without"] = left_out
        return record


def _text(outcome: Outcome, validated: bool) -> dict[str, object]:
    """A text of an answer; `valid` is null where nothing was validated."""
    generation, problem = outcome.generation, outcome.problem
    valid = problem is None if validated else None
    record = {"text": generation.text, "finished": generation.finished}
    record |= {"score": round(generation.score, 6), "valid": valid}
    if outcome.origin:
        record["adapted_from"] = _source(outcome.origin)
    return record | ({"problem": str(problem)} if problem else {})


def _source(hit: Hit | Neighbour) -> dict[str, object]:
    return {key: getattr(hit, key) for key in ("file", "line", "name", "license")}


def _place(hit: Hit | Neighbour) -> str:
    return f"{hit.file}:{hit.line}: {hit.name} ({hit.license or 'licence unknown'})"


def _described(job: Job, outcome: Outcome) -> str:
    which = f"{job.id}: " if job.origin else ""
    generation, count = outcome.generation, outcome.candidates
    of = f", of {count} candidates" if count > 1 else ""
    return f"{which}{generation.tokens} tokens, score {generation.score:.4f}{of}"


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


def _say(text: str) -> None:
    print(f"tat: {one_line(text)}", file=sys.stderr)
