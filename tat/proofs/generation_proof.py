"""Phase 4, integrator: the trained model generates WGSL, the same text every time."""

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np

from tat import __version__
from tat.checkpoint import load, save
from tat.checks.validator import check_resuming
from tat.cookbook.library import load as cookbook
from tat.data.tokenizer import Special
from tat.decode.constraint import Constraints
from tat.decode.generator import Generation, Generator
from tat.decode.loading import LoadedModel, load_model
from tat.decode.prompt import Prompt
from tat.errors import TatError, one_line
from tat.model.programs import BatchShape, logits_program
from tat.ops.plan import plan
from tat.proofs.phase_run import Context, Findings
from tat.proofs.trained_model import model_of
from tat.resources import program, resource
from tat.wgsl.grammar import Grammar
from tat.wgsl.sandbox import Sandbox

_PROGRAM_SECONDS = 120.0  # before a call of the program counts as failed


def run(context: Context, findings: Findings) -> None:
    """Answer requests of the cookbook in every way, and compare the answers."""
    phases = context.config.phases
    entries = cookbook(tag="starter")[:: max(1, len(cookbook(tag="starter")) // phases.prompts)]
    prompts = [Prompt(entry.request) for entry in entries[: phases.prompts]]
    capacity = min(phases.answer_tokens, context.config.model.max_length)
    answers = Answers(model_of(context, "integrator"), prompts, capacity)
    findings.check("determinism", lambda: check_determinism(answers))
    findings.check("whole pass", lambda: check_whole_pass(answers))
    findings.check("grammar", lambda: check_grammar(answers))
    findings.check("checkpoint", lambda: check_saved(answers))
    findings.check("resuming", lambda: check_resuming("cpu"))
    findings.check("command line", lambda: check_program(answers))
    findings.check("packaging", check_packaging)
    share = valid_share(answers)
    if context.standalone:  # a model of a few steps need not know WGSL yet
        findings.note("answers that validate", share, "of 1")
    else:
        findings.judge("answers that validate", share, "of 1", least=phases.valid_share)


@dataclass(frozen=True)
class Answers:
    """The greedy answers of a checkpoint's model."""

    checkpoint: Path
    prompts: Sequence[Prompt]
    tokens: int  # of an answer, at most

    @cached_property
    def loaded(self) -> LoadedModel:
        """The model on all cores."""
        return load_model(self.checkpoint, load(self.checkpoint), "cpu")

    @cached_property
    def free(self) -> list[list[int]]:
        """Tokens of each answer, without the grammar."""
        return self.tokens_of(self.loaded)

    @cached_property
    def constrained(self) -> list[Generation]:
        """Answers that keep to the grammar and the names in scope."""
        generator, constraints = self.generator(self.loaded), Constraints(self.loaded.tokenizer)
        return [generator.generate(p, constraint=constraints.of(p)) for p in self.prompts]

    def generator(self, loaded: LoadedModel) -> Generator:
        """A generator of another copy of the model."""
        return Generator(loaded, self.tokens)

    def tokens_of(self, loaded: LoadedModel) -> list[list[int]]:
        """The tokens of `free`, from another copy of the model."""
        generator = self.generator(loaded)
        return [list(generator.tokens(generator.source(prompt))) for prompt in self.prompts]


def check_determinism(answers: Answers) -> str:
    """A reloaded model gives the same answers, and each prompt has the same answer again."""
    again = load_model(answers.checkpoint, load(answers.checkpoint), "cpu")
    for _ in range(2):
        if answers.tokens_of(again) != answers.free:
            raise TatError("the same model gives another answer to the same prompt")
    return f"{len(answers.prompts)} prompts, three times the same tokens"


def check_whole_pass(answers: Answers) -> str:
    """One pass over a whole answer chooses each token that was decoded one by one."""
    loaded, count = answers.loaded, 0
    generator = answers.generator(loaded)
    for prompt, tokens in zip(answers.prompts, answers.free, strict=True):
        logits = _whole_pass(loaded, generator.source(prompt), tokens)
        logits[:, [Special.PAD, Special.BOS]] = -np.inf
        wrong = np.flatnonzero(logits.argmax(axis=1) != tokens)
        if wrong.size:
            raise TatError(f"{prompt.description}: token {wrong[0]} is another in the whole pass")
        count += len(tokens)
    return f"{count} tokens are those of the whole pass"


def _whole_pass(loaded: LoadedModel, source: Sequence[int], tokens: Sequence[int]) -> np.ndarray:
    """Logits [T, V] where each token was chosen."""
    shape = BatchShape(rows=1, source=len(source), target=len(tokens))
    executable = loaded.backend.compile(
        plan(logits_program(loaded.model, shape), loaded.backend.memory)
    )
    executable.write("sources", np.array([[source]]))
    executable.write("source_lengths", np.array([[len(source)]]))
    executable.write("inputs", np.array([[int(Special.BOS), *tokens[:-1]]]))
    executable.write("target_lengths", np.array([[len(tokens)]]))
    executable.run()
    return executable.read("logits")


def check_grammar(answers: Answers) -> str:
    """A grammar over bytes accepts each answer that keeps to the grammar over tokens."""
    grammar, ended = Grammar.of_bytes(), 0
    for prompt, answer in zip(answers.prompts, answers.constrained, strict=True):
        matcher, data = grammar.matcher("program"), answer.text.encode()
        whole = matcher.accept(data) == len(data)
        if not whole or (answer.finished and not matcher.whole):
            raise TatError(f"{prompt.description}: the answer breaks the grammar")
        ended += answer.finished
    return f"{len(answers.constrained)} answers keep to it, {ended} of them to their end"


def valid_share(answers: Answers) -> float:
    """The share of the answers that end and that naga validates."""
    with Sandbox() as sandbox:
        valid = [
            answer.finished and sandbox.validate(prompt.module(answer.text)) is None
            for prompt, answer in zip(answers.prompts, answers.constrained, strict=True)
        ]
    return sum(valid) / len(valid)


def check_saved(answers: Answers) -> str:
    """A checkpoint that was loaded and saved again gives the same answers."""
    with tempfile.TemporaryDirectory(prefix="tat-integrator-") as folder:
        copy = Path(folder) / "copy.safetensors"
        save(copy, load(answers.checkpoint))
        if answers.tokens_of(load_model(copy, load(copy), "cpu")) != answers.free:
            raise TatError("a saved copy of the model gives other answers")
    return "a saved copy of the model gives the same answers"


def check_program(answers: Answers) -> str:
    """The program as a user calls it: version, `tat inspect`, and an answer."""
    path = str(answers.checkpoint)
    if (version := _call("--version").strip()) != f"tat {__version__}":
        raise TatError(f"`tat --version` says {version}, not tat {__version__}")
    shown = msgspec.json.decode(_call("inspect", path, "--json"))
    if shown["step"] != answers.loaded.step:
        raise TatError(f"`tat inspect` says step {shown['step']}, not {answers.loaded.step}")
    text = _call(
        "generate", answers.prompts[0].description, "--run", path, "--stream", "--no-grammar",
        "--max-tokens", str(answers.tokens), "--device", "cpu", "-q",
    )  # fmt: skip
    expected = answers.generator(answers.loaded).generate(answers.prompts[0]).text
    if text.rstrip("\n") != expected.rstrip("\n"):
        raise TatError("`tat generate` answers otherwise than the library")
    return "version, inspect and generate agree with the library"


def _call(*arguments: str) -> str:
    """Standard output of a call of the program; TatError if it fails."""
    try:
        done = subprocess.run(
            [*program(), *arguments], capture_output=True, timeout=_PROGRAM_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise TatError(f"`tat {arguments[0]}` does not end") from None
    if done.returncode:
        said = one_line(done.stderr.decode(errors="replace").strip(), 200)
        raise TatError(f"`tat {arguments[0]}` exits with {done.returncode}: {said}")
    return done.stdout.decode(errors="replace")


def check_packaging() -> str:
    """A released file names its parts; anything else is no release."""
    path = resource("sbom.json")
    if not path.is_file():
        return "not a release: no bill of materials"
    try:
        parts = msgspec.json.decode(path.read_bytes())["components"]
    except (msgspec.DecodeError, KeyError, TypeError):
        raise TatError("the bill of materials cannot be read; build the release again") from None
    return f"a release with a bill of {len(parts)} materials"
