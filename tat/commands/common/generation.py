"""The work of `tat generate` but for its start: reads prompts and a model, and answers."""

import argparse
from dataclasses import replace

from tat.commands.common.answers import Answers, say
from tat.commands.common.checkpoints import named_checkpoint
from tat.commands.common.indexes import bundled_library, named_index
from tat.commands.common.input_lines import InputLines
from tat.commands.common.prompts import read_job
from tat.config import resolve
from tat.config_tables import GenerateConfig
from tat.decode.choice import Sampling
from tat.decode.constraint import Constraints
from tat.decode.generator import AGAIN, Generator
from tat.decode.loading import load_model
from tat.decode.retrieval import Retriever
from tat.decode.validated import Search
from tat.errors import UsageError
from tat.wgsl.grammar import Grammar
from tat.wgsl.sandbox import Sandbox

_DRAWS = ("temperature", "top_k", "top_p", "min_p")  # with any of these the first is drawn, too
_MOST_TEXTS = 1000  # of one prompt: minutes on two cores
_SETTINGS = (*_DRAWS, "repetition_penalty", "seed", "length_penalty", "batch")


def answer(options: argparse.Namespace, sandbox: Sandbox) -> int:
    """Print the answers to the prompts of the arguments; returns the exit code."""
    _check(options)
    grammar = Grammar.of_bytes() if options.grammar else None
    lines = InputLines(options.input, grammar) if options.input else None
    job = None if lines else read_job(options, grammar)
    flags = {f"generate.{name}": getattr(options, name) for name in _SETTINGS}
    flags["generate.adaptations"] = options.adapt
    if options.library is not None:
        flags["generate.library"] = "always" if options.library else "never"
    given = {key: value for key, value in flags.items() if value is not None}
    config = resolve(assignments=options.set, flags=given).config
    settings = config.generate
    path, checkpoint = named_checkpoint(options.run, quiet=options.quiet)
    cookbook = options.index != "cookbook"
    library = bundled_library(settings, options.run, checkpoint, cookbook=cookbook)
    if library and options.validate == 0:  # its functions are answers only where they validate
        library = None
        if not (options.quiet or (job and job.prompt.is_gap)):
            say(
                "library: not asked, for --stream and --validate 0 print the model's unchecked text"
            )
    _check_sources(options, bool(library))
    loaded = load_model(
        path, checkpoint, options.device, options.int8, options.precision or "f32", config.threads
    )
    if loaded.backend.queues and loaded.backend.remark and not options.quiet:
        say(f"device: {loaded.backend.remark}")
    most = min(settings.max_tokens, loaded.config.model.max_length)
    limit = most if options.max_tokens is None else options.max_tokens
    generator = Generator(loaded, limit, settings, AGAIN if options.prefix or lines else 0)
    index = named_index(options.index) if options.index else None
    retriever = None
    if index or library:
        retriever = Retriever(index, loaded.config.data, options.top, settings, library)
    learnt = loaded.config.data.body_comments
    constraints = Constraints(loaded.tokenizer, comments=learnt) if options.grammar else None
    search = _search(options, settings)
    answers = Answers(options, generator, constraints, sandbox, search, retriever)
    return answers.to_lines(lines) if lines else answers.to_one(job)


def _check(options: argparse.Namespace) -> None:
    """UsageError for arguments that do not go together."""
    prompt = ("description", "signature", "context", "prefix", "suffix", "line")
    if options.input and any(getattr(options, name) for name in prompt):
        raise UsageError("--input: give prompts in the file or in the arguments, not both")
    if options.beam > 1 and any(getattr(options, name) is not None for name in _DRAWS):
        raise UsageError(
            "--beam takes the likeliest texts and draws none; leave out --temperature, --top-k,"
            " --top-p and --min-p"
        )
    if 1 < options.beam < options.n_best:
        raise UsageError(f"--n-best {options.n_best} are more texts than --beam {options.beam} has")
    if options.n_best > _MOST_TEXTS:
        raise UsageError(
            f"--n-best {options.n_best} are too many texts to judge; give {_MOST_TEXTS} or fewer"
        )
    if options.top is not None and not options.index:
        raise UsageError("--top is about what --index finds; give an index")
    for text in options.set:
        if not text.startswith(("generate.", "threads=")):
            raise UsageError(
                f"--set {text}: generating reads generate.KEY and threads; other settings come with"
                " the model"
            )
    if options.library and options.validate == 0:
        raise UsageError("--library answers only with what validates; leave out --validate 0")


def _check_sources(options: argparse.Namespace, library: bool) -> None:
    """UsageError for arguments about functions that are found, where there is nothing to search."""
    if options.index or library:
        return
    if options.adapt is not None:
        raise UsageError("--adapt is about functions of --index and --library; give one of them")
    if options.explain:
        raise UsageError(
            "--explain is about functions of --index and --library; give an index or the library"
        )


def _search(options: argparse.Namespace, settings: GenerateConfig) -> Search:
    """The search that the arguments ask for; by default gaps prefer what validates."""
    sampling = Sampling.configured(settings)
    if any(getattr(options, name) is not None for name in _DRAWS):
        sampling = replace(sampling, draws_first=True)
    search = Search(
        sampling, settings.candidates, options.beam, options.n_best, redraws=settings.redraws,
        weighed=settings.weighed,
    )  # fmt: skip
    asked = options.validate is not None
    return replace(search, budget=options.validate) if asked else replace(search, gaps=False)
