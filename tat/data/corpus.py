"""Files to samples; names and order of the files do not matter.

Samples are sorted by their digest, split by the content of their file, and cut by draws keyed to
their function. All of this depends on the texts and never on their place.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tat.config_tables import DataConfig
from tat.data.generated import generated_functions
from tat.data.module_text import ModuleText
from tat.data.neighbours import with_neighbours
from tat.data.renaming import with_renamings
from tat.data.samples import Function, Sample, digest_of, function_samples
from tat.data.sources import (
    FunctionText,
    Skipped,
    Sources,
    left_out_lines,
    nothing_usable,
    read_sources,
)
from tat.errors import CorpusError, FileError, OneSidedError
from tat.wgsl.declarations import Function as WholeFunction
from tat.wgsl.declarations import broken_functions, functions, split_module
from tat.wgsl.holes import first_hole

_SILENT = "no function with a body"
_BROKEN = "functions without a whole head and body"
_FOR_PREPROCESSOR = "functions with text for a preprocessor or template"


@dataclass(frozen=True)
class Report:
    """Counts of what was read, used and left out."""

    files: int  # files read
    skipped: tuple[Skipped, ...]
    functions: int  # with a body of more than blanks
    completions: int  # samples
    descriptions: int  # samples
    infills: int  # samples
    duplicates: int  # samples dropped because an equal one is kept
    accompanied: int  # samples with neighbours
    others: tuple[Path, ...] = ()  # files of folders that are of other kinds

    def lines(self) -> list[str]:
        """The report in words: a line for the used texts, then one for each kind of unused ones."""
        used = (
            f"{self.files} files, {self.functions} functions: {self.completions} completion,"
            f" {self.descriptions} description and {self.infills} infill samples,"
            f" {self.duplicates} duplicates dropped"
        )
        neighbours = [f"{self.accompanied} samples with neighbours"] if self.accompanied else []
        return [used, *neighbours, *left_out_lines(self.skipped, self.others)]


@dataclass(frozen=True)
class Corpus:
    """All samples, each split sorted by digest."""

    train: tuple[Sample, ...]
    valid: tuple[Sample, ...]
    report: Report

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Both splits."""
        return self.train + self.valid

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all samples, their splits and neighbours, hexadecimal.

        Names of files do not enter.
        """
        parts = ((s.digest, s.split, *s.neighbours) for s in self.samples)
        return digest_of(*(text for of_sample in parts for text in of_sample))

    def texts(self) -> Iterator[str]:
        """The texts to train a tokenizer on: each different one of the training split once.

        Only completions count: the other samples repeat their text.
        """
        yield from dict.fromkeys(
            text
            for sample in self.train
            if sample.kind == "completion"
            for text in (*(text for _, text in sample.source), sample.target)
        )


def load_corpus(paths: Sequence[Path], config: DataConfig, seed: int) -> Corpus:
    """Samples of all functions in .wgsl files and JSON Lines; CorpusError if there are none.

    data.synth generated functions are mixed with them, all in train; without any path they are
    the corpus, and split as files are.
    """
    sources = Sources((), (), (), 0)
    if paths:
        sources = read_sources(paths, config.max_file_bytes, config.defines)
    found, silent = functions_of(sources)
    samples = [sample for f in found for sample in function_samples(f, config, seed)]
    generated = list(generated_functions(config.synth, seed))
    learnt = replace(config, validation_share=0.0) if paths else config
    samples += (sample for f in generated for sample in function_samples(f, learnt, seed))
    found += generated
    skipped = (*sources.skipped, *silent)
    if not samples:
        raise CorpusError(nothing_usable(paths, skipped, sources.others))
    corpus = _assemble(samples, sources.files, skipped, len(found), config)
    corpus = replace(corpus, report=replace(corpus.report, others=sources.others))
    require_training(len(corpus.train))
    return corpus


def require_functions(paths: Sequence[Path], config: DataConfig) -> None:
    """CorpusError if no file of `paths` has a function to train on."""
    sources = read_sources(paths, config.max_file_bytes, config.defines)
    found, silent = functions_of(sources)
    if not found:
        raise CorpusError(nothing_usable(paths, (*sources.skipped, *silent), sources.others))


def require_training(samples: int) -> None:
    """OneSidedError where no sample is left to train on."""
    if not samples:
        raise OneSidedError(
            "corpus: every file fell into the validation split; give more files or set "
            "data.validation_share to 0"
        )


def cookbook_corpus(entries: Iterable[tuple[str, str, str]], config: DataConfig) -> Corpus:
    """Samples of (name, request, code) entries, the request as comment; all in train, no infills.

    The context is all code before the last function, without the comment that belongs to it: the
    request says the same.
    """
    found = [last_function(*entry) for entry in entries]
    learnt_by_heart = replace(config, infill_share=0.0, validation_share=0.0)
    samples = [sample for f in found for sample in function_samples(f, learnt_by_heart, 0)]
    if not samples:
        raise CorpusError("corpus: no cookbook entry was chosen; check the tag")
    return _assemble(samples, len(found), (), len(found), learnt_by_heart)


def last_function(name: str, request: str, code: str) -> Function:
    """The last function of a cookbook entry, with the rest of its code as context."""
    declared = functions(code)
    if not declared:
        raise CorpusError(f"corpus: cookbook entry {name} declares no function; correct its code")
    signature, body = declared[-1].signature, declared[-1].body
    before = code[: code.rfind(signature)].rstrip().split("\n")
    while before and before[-1].lstrip().startswith("//"):
        before.pop()
    context = "\n".join(before).strip()
    return Function(request, signature, body, context, digest_of(code), name)


def functions_of(sources: Sources) -> tuple[list[Function], list[Skipped]]:
    """The functions of all sources, and the modules and lines that give none."""
    found: list[Function] = []
    skipped: list[Skipped] = []
    for module in sources.modules:
        try:
            whole = functions(module.text)
        except FileError as error:
            skipped.append(Skipped(module.origin, f"unreasonable: {error}"))
            continue
        of_module = _functions_of_module(module, whole)
        if not of_module:
            skipped.append(Skipped(module.origin, _SILENT))
        elif broken := broken_functions(module.text, len(whole)):
            skipped.append(Skipped(module.origin, f"{_BROKEN}: {broken}"))
        found += _without_holes(of_module, skipped, module.holes)
    for line in sources.functions:
        if _says_something(line.body):
            found += _without_holes([_function_of_line(line)], skipped)
        else:
            skipped.append(Skipped(line.origin, _SILENT))
    return found, skipped


def _without_holes(
    found: Sequence[Function], skipped: list[Skipped], of_host: tuple[str, ...] = ()
) -> Iterator[Function]:  # fmt: skip
    """The functions that are WGSL but for holes of their host; `skipped` gets the others."""
    for function in found:
        texts = (function.signature, function.body, function.context, *function.calls)
        if hole := next(filter(None, (first_hole(text, of_host) for text in texts)), ""):
            skipped.append(Skipped(function.origin, f"{_FOR_PREPROCESSOR}: {hole}"))
        else:
            yield function


def _functions_of_module(module: ModuleText, whole: Sequence[WholeFunction]) -> list[Function]:
    group = digest_of(module.id) if module.id else module.content_hash
    found: list[Function] = []
    starts = [item.start for item in split_module(module.text) if item.kind == "fn"]
    for f, start in zip(whole, starts, strict=True):
        if _says_something(f.body) and start >= module.front:
            origin = module.place(start)
            texts = f.comment, f.signature, f.body, f.context
            found.append(Function(*texts, group, origin, f.calls))
    return found


def _says_something(body: str) -> bool:
    return bool(body.strip("{} \t\n"))


def _function_of_line(line: FunctionText) -> Function:
    texts = (line.comment, line.signature, line.body, line.context)
    named = (line.module_id,) if line.module_id else texts
    return Function(*texts, digest_of(*named), line.origin, line.calls)


def _assemble(
    samples: Sequence[Sample],
    files: int,
    skipped: tuple[Skipped, ...],
    functions: int,
    config: DataConfig,
) -> Corpus:
    """Drop duplicates, find neighbours, add renamed copies of functions, sort.

    If samples are equal, the one in train stays: the validation split holds nothing that is learnt.
    """
    kept: dict[str, Sample] = {}
    for sample in sorted(samples, key=lambda s: (s.split == "valid", s.group, s.origin)):
        kept.setdefault(sample.digest, sample)
    ordered = [kept[digest] for digest in sorted(kept)]
    if config.neighbours:
        ordered = list(with_neighbours(ordered, config.neighbours))
    if config.renamings:
        ordered = sorted(with_renamings(ordered, config.renamings), key=lambda s: s.digest)
    kinds = Counter(sample.kind for sample in ordered)
    report = Report(
        files=files,
        skipped=skipped,
        functions=functions,
        completions=kinds["completion"],
        descriptions=kinds["description"],
        infills=kinds["infill"],
        duplicates=len(samples) - len(kept),
        accompanied=sum(bool(sample.neighbours) for sample in ordered),
    )
    return Corpus(
        train=tuple(s for s in ordered if s.split == "train"),
        valid=tuple(s for s in ordered if s.split == "valid"),
        report=report,
    )
