"""Workloads around decoding: many texts together, and the grammar with names in scope."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tat.benchmarks.host_workloads import FUNCTION, learnt_tokenizer
from tat.benchmarks.model_workloads import LENGTH, drawn_ids, installed_model
from tat.benchmarks.subject import Setting, Subject
from tat.data.tokenizer import Tokenizer
from tat.decode.batch import Batch
from tat.decode.compiled_programs import Programs
from tat.decode.constraint import Constraints
from tat.decode.loading import LoadedModel
from tat.decode.prompt import Prompt
from tat.decode.stream import Stream
from tat.errors import TatError

ROWS = 16  # texts that are decoded together
_BLOCK = 8  # tokens that the grammar takes at once


@contextmanager
def decode_batch(setting: Setting) -> Iterator[Subject]:
    """Greedy decoding of 16 texts together, encoding and choosing included; the time is that of a
    token."""
    backend, config = setting.backend(), setting.config
    config = replace(config, data=replace(config.data, buckets=((LENGTH, LENGTH),)))
    model = installed_model(config, backend)
    loaded = LoadedModel(model, backend, Tokenizer([]), config, 0)
    programs = Programs(loaded, LENGTH)
    sources = drawn_ids(model, (ROWS, LENGTH), 0).tolist()

    def texts(rows: int, wanted: list[list[int]]) -> list[list[int]]:
        streams = [Stream([source], LENGTH, config.generate.block) for source in wanted]
        for _ in Batch(programs, rows, 1).run(deque(streams)):
            pass
        return [stream.tokens for stream in streams]

    def check() -> None:
        if texts(ROWS, sources)[:2] != [text for s in sources[:2] for text in texts(1, [s])]:
            raise TatError("decode_batch: texts decoded together differ from those decoded alone")

    tokens = sum(map(len, texts(ROWS, sources)))
    yield Subject(lambda: texts(ROWS, sources), check, units=tokens)


@contextmanager
def grammar(setting: Setting) -> Iterator[Subject]:
    """The grammar and the names in scope over the body of a function; the time is that of a
    token."""
    tokenizer = learnt_tokenizer(setting.config)
    code = FUNCTION[FUNCTION.index("fn ") :]
    signature, body = code[: code.index("{")], code[code.index("{") :]
    ids = tokenizer.encode(body.rstrip())
    begun = Constraints(tokenizer).of(Prompt(signature=signature))

    def accepted(tokens: list[int]) -> int:
        constraint = begun.copy()
        blocks = range(0, len(tokens), _BLOCK)
        return sum(constraint.accept(tokens[start : start + _BLOCK]) for start in blocks)

    def check() -> None:
        if accepted(ids) != len(ids):
            raise TatError("grammar: a valid body is refused")
        wrong = tokenizer.encode(body.replace("strength", "strenght"))
        if accepted(wrong) == len(wrong):
            raise TatError("grammar: a name that nothing declares is accepted")

    yield Subject(lambda: accepted(ids), check, units=len(ids))
