"""Decoding in tests: a small model that knows nothing, prompts, and decoding by definition."""

from collections.abc import Sequence

import numpy as np

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.config import resolve
from tat.data.tokenizer import Special, Tokenizer
from tat.decode.choice import Preference
from tat.decode.constraint import Constraint, Constraints
from tat.decode.generator import Generator, Request
from tat.decode.loading import LoadedModel
from tat.decode.prompt import Prompt
from tat.model.programs import BatchShape, encode_program, step_program
from tat.model.transformer import Transformer
from tat.ops.plan import plan
from tat.resources import resource

SOURCES = sorted(resource("cookbook", "entries").rglob("*.wgsl"))[:12]
TOKENIZER = Tokenizer.train([path.read_text("utf-8") for path in SOURCES], 420)
CONSTRAINTS = Constraints(TOKENIZER)
PROMPTS = {
    "body": Prompt("area of a circle", "fn area(radius: f32) -> f32"),
    "context": Prompt(
        "noise", "fn f(b: Ball) -> f32", "struct Ball { r: f32 }\nfn g(x: f32) -> f32;"
    ),
    "program": Prompt("something without a signature"),
    "gap": Prompt(prefix="fn f(x: f32) -> f32 { let y = ", suffix="\nreturn y; }"),
}
BEGUN = Prompt(prefix="fn f(x: f32) -> f32 {\n    let y = ", suffix="\n    return y;\n}\n")
ALL_PROMPTS = PROMPTS | {"begun": BEGUN}
_SHAPE = {"layers": 1, "width": 16, "heads": 2, "feed_forward": 32, "max_length": 64}


def new_generator(max_tokens: int = 40, seed: int = 3, **flags: object) -> Generator:
    """A generator with random weights: almost every token that it chooses is refused."""
    model_flags = {f"model.{key}": value for key, value in _SHAPE.items()}
    plain = {"preset": "tiny", "train.steps": 1, "data.buckets": [[16, 16], [64, 64]]}
    more = {name.replace("__", "."): value for name, value in flags.items()}
    config = resolve(flags=plain | model_flags | more, environment={}).config
    model = Transformer(config.model, TOKENIZER.size)
    backend = CpuBackend(threads=1)
    weights.install(backend, model, weights.draw(model.parameters, seed=seed))
    return Generator(LoadedModel(model, backend, TOKENIZER, config, step=0), max_tokens)


class ByDefinition:
    """Logits after each token, from programs of its own without batches."""

    def __init__(self, generator: Generator, sources: Sequence[Sequence[int]]) -> None:
        loaded = generator.loaded
        shape = BatchShape(1, 64, 64, len(sources))
        graphs = encode_program(loaded.model, shape), step_program(loaded.model, shape)
        encode, self._step = (loaded.backend.compile(plan(graph)) for graph in graphs)
        ids = np.zeros((1, len(sources), 64), np.int32)
        for k, source in enumerate(sources):
            ids[0, k, : len(source)] = source
        for executable in (encode, self._step):
            executable.write("source_lengths", np.array([[len(source) for source in sources]]))
            if "sources" in executable.plan.feeds:
                executable.write("sources", ids)
        encode.run()

    def logits(self, token: int, position: int) -> np.ndarray:
        """Logits of the token behind `token`, which stands at `position`."""
        self._step.write("token", np.array([[token]]))
        self._step.write("position", np.array([position]))
        self._step.write("lengths", np.array([[position + 1]]))
        self._step.run()
        logits = np.array(self._step.read("logits")[0])
        logits[[Special.PAD, Special.BOS]] = -np.inf
        return logits


def every_token_masked(
    generator: Generator, prompt: Prompt, constraint: Constraint | None, preference: Preference
) -> tuple[list[int], float]:
    """Tokens and log-probability, where each choice tries every token of the vocabulary."""
    model = ByDefinition(generator, generator.sources(prompt))
    found, total = [], 0.0
    preference, again = generator.held(Request(prompt, preference=preference))
    for position in range(generator.limit(again)):
        logits = model.logits(found[-1] if found else Special.BOS, position)
        scores = preference(logits.copy(), found).copy()
        for token in range(TOKENIZER.size):
            if constraint is not None and not constraint.copy().accept([token]):
                scores[token] = -np.inf
        found.append(int(np.argmax(scores)))
        exact = logits.astype(np.float64)
        total += exact[found[-1]] - np.logaddexp.reduce(exact)
        assert constraint is None or constraint.accept(found[-1:]) == 1
        if found[-1] == Special.EOS:
            break
    return found, total
