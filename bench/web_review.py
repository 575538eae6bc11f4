"""Valid functions of an exported page: by draws alone, and with statements and names reviewed.

    python bench/web_review.py [RUN] [--count 50] [-o bench/results/web_review.json]

The page's own scripts run in Node; the model runs on the CPU and chooses as the page's shaders do,
and naga is the compiler, of statements and of answers. Requests are the cookbook's, evenly spread,
with signature and declarations. "tat" is `tat generate`, which also has the grammar.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np

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


def page_way(loaded: LoadedModel, prompts: list[Prompt], way: dict[str, Any]) -> list[dict]:
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
    with Sandbox() as sandbox, subprocess.Popen(
        ["node", "-e", code + _MAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:  # fmt: skip
        for line in child.stdout:
            question = json.loads(line)
            if "text" in question:
                found.append(question)
            answer = _answer(question, model, sandbox, about, jobs)
            child.stdin.write(json.dumps(answer) + "\n")
            child.stdin.flush()
            if "next" in question and answer is None:
                break
    return found


def _answer(
    question: dict[str, Any], model: Model, sandbox: Sandbox, about: dict, jobs: list
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
    elif problem := sandbox.validate(question["code"]):
        return [{"line": problem.line, "column": problem.column, "message": problem.message}]
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


def judged(prompts: list[Prompt], answers: list[dict]) -> dict[str, float]:
    """The shares of answers that naga takes, and what they cost."""
    with Sandbox() as sandbox:
        valid = [
            sandbox.validate(prompt.head + answer["text"]) is None
            for prompt, answer in zip(prompts, answers, strict=True)
        ]
    first = [ok and answer["number"] == 1 for ok, answer in zip(valid, answers, strict=True)]
    return {
        "valid": sum(valid), "valid_first": sum(first),
        "redrawn": sum(answer["redrawn"] for answer in answers),  # in the texts that were given
        "tokens_begun": sum(answer["begun"] for answer in answers),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", type=Path, default=BUNDLED)
    parser.add_argument("--count", type=int, default=50)
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
        "candidates": loaded.config.generate.candidates, "ways": {},
    }  # fmt: skip
    for name, way in WAYS.items():
        record["ways"][name] = judged(prompts, page_way(loaded, prompts, way))
        print(name, record["ways"][name], flush=True)
    record["ways"]["tat"] = judged(prompts, tat_way(loaded, prompts))
    record |= {"backend": loaded.backend.name, "processor": processor(), "tat": tat.__version__}
    print(json.dumps(record, indent=1))
    if options.output:
        options.output.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
