"""Valid functions of an exported page: by draws alone, and with statements and names reviewed.

    PYTHONPATH=tests python bench/web_review.py [RUN] [--count 50] [--way WAY] [--compiler naga]

The page's own scripts run in Node; the model runs on the CPU and chooses as the page's shaders do.
The compiler of statements and answers is Tint in headless Chromium, which the page itself asks
there, or naga. Requests are the cookbook's, evenly spread, with signature and declarations. "tat"
is `tat generate`, which asks naga and also has the grammar. Both compilers judge all answers.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np
from browser import Browser

from tat.cookbook.library import load
from tat.data.corpus import last_function
from tat.data.tokenizer import Special
from tat.decode.choice import Sampling
from tat.decode.constraint import Constraints
from tat.decode.generator import Generator
from tat.decode.loading import LoadedModel, load_model
from tat.decode.prompt import Prompt
from tat.decode.validated import Search, generate_valid
from tat.draws import Draw, penalised, scores
from tat.export.web.page import SCRIPTS
from tat.model.programs import BatchShape, encode_program, step_program
from tat.ops.plan import plan
from tat.provenance import processor
from tat.resources import BUNDLED, resource
from tat.train.named_checkpoint import load_checkpoint
from tat.wgsl.builtins import ENUMERANTS, NAMES
from tat.wgsl.sandbox import Sandbox

WAYS = {
    "draws": {"redraws": 0},
    "names": {"redraws": 40, "names": True, "statements": False},
    "statements": {"redraws": 40, "names": False, "statements": True},
    "both": {"redraws": 40, "names": True, "statements": True},
}
_MAIN = """
const fs = require('fs');
let rest = '';
function ask(question) {
  fs.writeSync(1, JSON.stringify(question) + '\\n');
  const data = Buffer.alloc(1 << 20);
  while (!rest.includes('\\n')) rest += data.toString('utf8', 0, fs.readSync(0, data));
  const end = rest.indexOf('\\n'), line = rest.slice(0, end);
  rest = rest.slice(end + 1);
  return JSON.parse(line);
}
class Asked {
  constructor(plan) {
    Object.assign(this, { plan, tokenizer: new Tokenizer(plan.merges, plan.special), count: 0 });
  }
  checked(doing, work) { return work(); }
  encode(source) { ask({ encode: source }); }
  program() { return {}; }
  place(sample, source, tokens, draw) { ask({ tokens, draw }); }
  begin(sample, start, count) { this.count += count; return () => ask({ count }); }
  problemsOf(code) { return ask({ code }); }
}
for (const name of ['tokens', 'steps']) Asked.prototype[name] = Player.prototype[name];
(async () => {
  const player = new Asked(ask({ ready: 1 }));
  if (!player.plan.statements) Review.prototype.refused = async () => false;
  for (let job = ask({ next: 1 }); job; ) {
    player.count = 0;
    const made = await write(player, job.request, job.settings);
    const { text, errors, number, redrawn } = made;
    job = ask({ next: 1, text, errors, number, redrawn, begun: player.count });
  }
})();
"""


Problems = Callable[[str], list[dict[str, Any]]]  # of a module: line, column and message of each


class Model:
    """One text at a time, token by token, as the page's sampling program draws them."""

    def __init__(self, loaded: LoadedModel) -> None:
        config, model = loaded.config, loaded.model
        longest = max(source for source, _ in config.data.buckets)
        shape = BatchShape(1, longest, config.generate.max_tokens)
        backend = loaded.backend
        self._encode, self._step = (
            backend.compile(plan(graph, backend.memory))
            for graph in (encode_program(model, shape), step_program(model, shape))
        )
        self._longest, self._tokens = longest, [int(Special.BOS)]
        self._draw = Draw()

    def encode(self, source: list[int]) -> None:
        ids = np.zeros((1, 1, self._longest), np.int32)
        ids[0, 0, : len(source)] = source
        for executable in (self._encode, self._step):
            for name, values in (("sources", ids), ("source_lengths", np.array([[len(source)]]))):
                if name in executable.plan.feeds:
                    executable.write(name, values)
        self._encode.run()

    def place(self, tokens: list[int], draw: dict[str, Any]) -> None:
        """A cache behind these tokens is as it was: only the last one is fed again."""
        self._tokens = [int(Special.BOS), *tokens]
        self._draw = Draw(
            draw.get("temperature", 0.0), draw.get("topK", 0), draw.get("topP", 1.0),
            draw.get("minP", 0.0), draw.get("penalty", 1.0), draw.get("key", 0) % (1 << 32),
        )  # fmt: skip

    def next(self) -> int:
        position = len(self._tokens) - 1
        self._step.write("token", np.array([[self._tokens[-1]]]))
        self._step.write("position", np.array([position]))
        self._step.write("lengths", np.array([[position + 1]]))
        self._step.run()
        logits = np.array(self._step.read("logits")[0])
        logits[[Special.PAD, Special.BOS]] = -np.inf
        logits = penalised(logits, self._tokens[1:], self._draw.repetition_penalty)
        self._tokens.append(int(np.argmax(scores(logits.astype(np.float64), position, self._draw))))
        return self._tokens[-1]


@contextmanager
def naga() -> Iterator[Problems]:
    """The problems of a module, as naga tells them."""
    with Sandbox() as sandbox:

        def problems(code: str) -> list[dict]:
            one = sandbox.validate(code)
            return [{"line": one.line, "column": one.column, "message": one.message}] if one else []

        yield problems


@contextmanager
def tint() -> Iterator[Problems]:
    """The problems of a module, as the page gets them of Chromium."""
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        page = Path(folder, "empty.html")  # a file's page may use WebGPU, about:blank may not
        page.write_text("<!doctype html><title>empty</title>", "utf-8")
        browser.open(page.as_uri())
        browser.evaluate(resource("export", "page", "judge.js").read_text("utf-8") + "\n0")
        device = "(await navigator.gpu.requestAdapter()).requestDevice()"
        browser.evaluate(f"(async () => {{ globalThis.device = await {device}; }})()")
        yield lambda code: browser.evaluate(f"problemsOf(device, {json.dumps(code)})")


COMPILERS = {"tint": tint, "naga": naga}


def page_way(
    loaded: LoadedModel, prompts: list[Prompt], way: dict[str, Any], problems: Problems
) -> list[dict]:
    """What the page's scripts answer to each prompt."""
    folder = resource("export", "page")
    code = "\n".join((folder / name).read_text("utf-8") for name in SCRIPTS if name != "page.js")
    settings = loaded.config.generate
    about = {
        "merges": [token for pair in loaded.tokenizer.merges for token in pair],
        "special": {special.name: int(special) for special in Special},
        "names": sorted(NAMES | ENUMERANTS), "capacity": settings.max_tokens, "block": 16,
        "source": max(source for source, _ in loaded.config.data.buckets),
        "statements": way.get("statements", False),
    }  # fmt: skip
    asked = {
        "candidates": settings.candidates, "temperature": settings.temperature,
        "top_k": settings.top_k, "top_p": settings.top_p, "min_p": settings.min_p,
        "penalty": settings.repetition_penalty, "seed": str(settings.seed),
        "redraws": way["redraws"], **({} if way.get("names", True) else {"names": None}),
    }  # fmt: skip
    jobs = [
        {"request": {"description": p.description, "signature": p.signature, "context": p.context},
         "settings": asked}
        for p in prompts
    ]  # fmt: skip
    model, found = Model(loaded), []
    with subprocess.Popen(
        ["node", "-e", code + _MAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        for line in child.stdout:
            question = json.loads(line)
            if "text" in question:
                found.append(question)
            answer = _answer(question, model, problems, about, jobs)
            child.stdin.write(json.dumps(answer) + "\n")
            child.stdin.flush()
            if "next" in question and answer is None:
                break
    return found


def _answer(
    question: dict[str, Any], model: Model, problems: Problems, about: dict, jobs: list
) -> Any:
    if "ready" in question:
        return about
    if "next" in question:
        return jobs.pop(0) if jobs else None
    if "encode" in question:
        model.encode(question["encode"])
    elif "tokens" in question:
        model.place(question["tokens"], question["draw"])
    elif "count" in question:
        return [model.next() for _ in range(question["count"])]
    else:
        return problems(question["code"])
    return []


def tat_way(loaded: LoadedModel, prompts: list[Prompt]) -> list[dict]:
    """What `tat generate` answers."""
    settings, found = loaded.config.generate, []
    generator = Generator(loaded, settings.max_tokens)
    constraints = Constraints(loaded.tokenizer)
    search = Search(Sampling.configured(settings), settings.candidates, redraws=settings.redraws)
    with Sandbox() as sandbox:
        for prompt in prompts:
            outcome = generate_valid(generator, prompt, constraints, sandbox, search)
            found.append({"text": outcome.generation.text,
                          "number": outcome.candidates, "redrawn": 0, "begun": 0})  # fmt: skip
    return found


def judged(prompts: list[Prompt], answers: list[dict]) -> dict[str, Any]:
    """The shares of answers that each compiler takes, and what they cost."""
    found: dict[str, Any] = {}
    taken = {}
    for name, compiler in COMPILERS.items():
        with compiler() as problems:
            taken[name] = [
                not problems(prompt.head + answer["text"])
                for prompt, answer in zip(prompts, answers, strict=True)
            ]
        first = [ok and answer["number"] == 1 for ok, answer in zip(taken[name], answers)]
        found[name] = {"valid": sum(taken[name]), "valid_first": sum(first)}
    return found | {
        "taken_by_one_alone": sum(a != b for a, b in zip(*taken.values(), strict=True)),
        "redrawn": sum(answer["redrawn"] for answer in answers),  # in the texts that were given
        "tokens_begun": sum(answer["begun"] for answer in answers),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", type=Path, default=BUNDLED)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--compiler", choices=COMPILERS, default="tint")
    parser.add_argument("--way", action="append", choices=[*WAYS, "tat"], default=None)
    parser.add_argument("-o", "--output", type=Path, default=None)
    options = parser.parse_args()
    loaded = load_model(*load_checkpoint(options.run), "cpu")
    entries = load()
    chosen = [entries[i * len(entries) // options.count] for i in range(options.count)]
    functions = [last_function(e.name, e.request, e.code) for e in chosen]
    prompts = [Prompt(f.comment, f.signature, f.context) for f in functions]
    generator = Generator(loaded, loaded.config.generate.max_tokens)
    prompts = [prompt for prompt in prompts if not generator.refusal(prompt)]
    record = {
        "benchmark": "web_review", "run": str(options.run), "prompts": len(prompts),
        "candidates": loaded.config.generate.candidates, "compiler": options.compiler, "ways": {},
    }  # fmt: skip
    for name in options.way or [*WAYS, "tat"]:
        if name == "tat":
            answers = tat_way(loaded, prompts)
        else:
            with COMPILERS[options.compiler]() as problems:
                answers = page_way(loaded, prompts, WAYS[name], problems)
        record["ways"][name] = judged(prompts, answers)
        print(name, record["ways"][name], flush=True)
    record |= {"backend": loaded.backend.name, "processor": processor(), "tat": tat.__version__}
    print(json.dumps(record, indent=1))
    if options.output:
        options.output.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
