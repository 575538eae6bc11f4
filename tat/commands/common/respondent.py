"""The model that `tat eval` judges, set up as its arguments say."""

import argparse
from dataclasses import replace
from pathlib import Path

from tat.commands.common.checkpoints import named_checkpoint
from tat.commands.common.indexes import bundled_library, named_index
from tat.config import resolve
from tat.decode.choice import Sampling
from tat.decode.constraint import Constraints
from tat.decode.generator import Generator
from tat.decode.loading import LoadedModel, load_model
from tat.decode.retrieval import Retriever
from tat.decode.validated import Search
from tat.evaluation.answers import Respondent
from tat.evaluation.result_file import System
from tat.train.agreement import own_device, own_threads
from tat.train.ranks import Ranks
from tat.wgsl.sandbox import Sandbox

_SETTINGS = {
    "temperature": "generate.temperature", "seed": "generate.seed", "batch": "generate.batch",
    "validate": "generate.candidates", "adapt": "generate.adaptations",
}  # fmt: skip


def open_respondent(
    options: argparse.Namespace, sandbox: Sandbox, ranks: Ranks
) -> tuple[Respondent, System]:
    """The model of --run, and the settings that decide its answers, for the report.

    The cookbook as an index is its training split: its test split is what `--cookbook` asks for.
    """
    given = {key: getattr(options, name) for name, key in _SETTINGS.items()}
    given["generate.library"] = "always" if options.library else "never"
    asked = resolve(flags={k: v for k, v in given.items() if v is not None}).config
    settings = asked.generate
    loaded = load_model(
        *named_checkpoint(options.run, quiet=options.quiet), own_device(ranks, options.device),
        options.int8, options.precision or "f32", own_threads(ranks, asked.threads),
    )  # fmt: skip
    limit = min(settings.max_tokens, loaded.config.model.max_length)
    generator = Generator(loaded, limit, settings)
    sampling = Sampling.configured(settings)
    if options.temperature is not None:
        sampling = replace(sampling, draws_first=True)
    index = named_index(options.index, split="train") if options.index else None
    library, retriever = bundled_library(settings, options.run), None
    if index or library:
        retriever = Retriever(index, loaded.config.data, options.top, settings, library)
    learnt = loaded.config.data.body_comments
    constraints = Constraints(loaded.tokenizer, comments=learnt) if options.grammar else None
    search = Search(
        sampling, settings.candidates, redraws=settings.redraws, weighed=settings.weighed
    )
    respondent = Respondent(generator, constraints, search, sandbox, retriever)
    return respondent, _system(options, loaded, respondent)


def _system(options: argparse.Namespace, loaded: LoadedModel, respondent: Respondent) -> System:
    sampling, retriever = respondent.search.sampling, respondent.retriever
    return {
        "model": options.run.name, "step": loaded.step, "int8": options.int8,
        "grammar": options.grammar, "candidates": respondent.search.budget,
        "redraws": respondent.search.redraws,
        "temperature": sampling.temperature, "draws_first": sampling.draws_first,
        "seed": sampling.seed, "index": options.index and Path(options.index).name,
        "library": bool(options.library),
        "neighbours": retriever.top if retriever and retriever.index else 0,
        "adaptations": retriever.adaptations if retriever else 0,
        "last_resorts": retriever.last_resorts if retriever else 0,
        "weighed": respondent.search.weighed if retriever else 0,
    }  # fmt: skip
